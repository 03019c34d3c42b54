"""The legs of a report's life at many reports: the time and the peak memory of each, and how they grow.

    python -m tests.bench legs --reports N [--folder DIR]

Measures 1,000, 10,000, ... up to N reports. Each leg is a process of its own (`tests.bench.legwork`). What
it leaves is removed as soon as the next has used it: 40 KB of disk for each report at the most. With a
folder, a run that was cut off goes on with the leg that it was at, or the last one before it that can be
begun again; what was measured there is not measured again.

The same legs with `FIRST` reports say what each costs before the first report. That is shown, and taken
off before costs are compared: at a thousand reports it would be most of what there is to see. Where hardly
more than that is there, there is no cost to compare ("-").
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import TypeAlias

from tests.bench.growth import LIMIT, per_report, times
from tests.bench.legwork import DESK, INTAKE, LEGS, SEALED, STICK
from tests.bench.table import show

FIRST = 50
LEAST = 1000
ROUNDS = 3
# Up to so many reports a round is quick, and the middle one of three is told.
FEW = 10_000
LONGEST_SECONDS = 3600
BYTES_A_REPORT = 42_000
STATE = "state.json"
# A leg that was cut off in the middle begins again here.
BACK = {"intake": "seal", "search index": "open", "patterns": "open"}
# What is not needed any more once a leg is done.
SPENT = {
    "intake": SEALED,
    "export": INTAKE,
    "courier check": f"{STICK}/witnessbox-000001/*.tar",
    "patterns": f"{DESK}/archive/*.tar",
}
# Counts from the start of the command, its seconds from the passphrase: nothing to put beside each other.
UNFIT = {("workbench", "processor")}

Figures: TypeAlias = dict[str, dict[str, float]]


def sizes(most: int) -> list[int]:
    """The numbers of reports that are measured: powers of ten, and the last."""
    found = [LEAST]
    while found[-1] * 10 <= most:
        found.append(found[-1] * 10)
    return found if most in (found[-1], 0) or most < LEAST else [*found, most]


def measure(folder: Path, count: int, legs: Sequence[str] = tuple(LEGS)) -> Figures:
    """What each leg took, in order; those that were measured in this folder are taken from there."""
    state = State.read(folder)
    for leg in legs:
        if leg in state.done:
            _remove(folder, leg)
            continue
        _check_room(folder, leg, count)
        state.begin(leg)
        print(f"  {count:,}: {leg}", file=sys.stderr, flush=True)
        state.end(leg, _leg(folder, leg, count))
        _remove(folder, leg)
    for path in folder.iterdir():
        if path.name != STATE:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return state.done


class State:
    """Which legs were done in a folder, and which was begun."""

    def __init__(self, path: Path, done: Figures) -> None:
        self._path, self.done = path, done

    @classmethod
    def read(cls, folder: Path) -> "State":
        """That of a folder; what a leg that was cut off has spoilt is forgotten, and is done again."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / STATE
        kept = json.loads(path.read_text()) if path.exists() else {"done": {}, "begun": None}
        done, begun = kept["done"], kept["begun"]
        if begun and begun not in done:
            names = list(LEGS)
            done = {leg: done[leg] for leg in names[: names.index(BACK.get(begun, begun))]}
        if not done:
            shutil.rmtree(folder)
            folder.mkdir()
        return cls(path, done)

    def begin(self, leg: str) -> None:
        """Notes that a leg is under way."""
        self._write(leg)

    def end(self, leg: str, figures: dict[str, float]) -> None:
        """Keeps its figures."""
        self.done[leg] = figures
        self._write(leg)

    def _write(self, leg: str) -> None:
        self._path.write_text(json.dumps({"done": self.done, "begun": leg}))


def _check_room(folder: Path, leg: str, count: int) -> None:
    """A disk that fills up in the middle would harm whoever else uses it."""
    if leg == "seal" and (free := shutil.disk_usage(folder).free) < count * BYTES_A_REPORT:
        raise SystemExit(
            f"{folder}: {free / 1e9:.0f} GB free; {count:,} reports need {count * BYTES_A_REPORT / 1e9:.0f}"
        )


def _leg(folder: Path, leg: str, count: int) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.legwork", leg, str(folder), str(count)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        out, _ = process.communicate(timeout=LONGEST_SECONDS)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    if process.returncode:
        raise SystemExit(f"the leg {leg} of {count:,} reports ended with status {process.returncode}")
    found: dict[str, float] = json.loads(out)
    return found


def _remove(folder: Path, leg: str) -> None:
    for path in folder.glob(SPENT.get(leg, "")) if leg in SPENT else ():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _middle(rounds: Sequence[Figures]) -> Figures:
    return {
        leg: {
            what: median(one[leg][what] for one in rounds)
            for what in rounds[0][leg]
            if (leg, what) not in UNFIT
        }
        for leg in rounds[0]
    }


def _measured(folder: Path, count: int) -> Figures:
    rounds = ROUNDS if count <= FEW else 1
    return _middle([measure(folder / f"{count}-{number}", count) for number in range(rounds)])


def run(most: int, folder: str = "") -> None:
    """Prints a table for each number of reports, and one of the growth."""
    with tempfile.TemporaryDirectory() as aside:
        place = Path(folder or aside)
        fixed = _measured(place, FIRST)
        found = {count: _measured(place, count) for count in sizes(most)}
    for count, figures in found.items():
        _show_legs(count, figures, fixed)
    _show_growth(found, fixed)


def _show_legs(count: int, figures: Figures, fixed: Figures) -> None:
    rows = [
        [
            leg,
            f"{took['seconds']:.2f}",
            f"{took['processor']:.2f}" if "processor" in took else "-",
            f"{1e6 * took['seconds'] / count:,.0f}",
            f"{fixed[leg]['seconds']:.2f}",
            f"{took['peak']:,.0f}",
            f"{took['largest']:,.0f}" if took["largest"] else "-",
        ]
        for leg, took in figures.items()
    ]
    head = ["leg", "s", "processor s", "us a report", f"s with {FIRST}", "peak MiB", "largest child MiB"]
    show(f"Legs: {count:,} reports", head, rows)


def _show_growth(found: Mapping[int, Figures], fixed: Figures) -> None:
    rows = []
    for leg in LEGS:
        costs = [
            per_report({count: one[leg][by] for count, one in found.items()}, fixed[leg][by])
            if by in fixed[leg]
            else {}
            for by in ("seconds", "processor")
        ]
        shown = [f"{cost[count]:,.0f}" if count in cost else "-" for cost in costs for count in found]
        rows.append([leg, *shown, *map(times, costs)])
    counts = [f"{count:,}" for count in found]
    show(
        f"Growth: us a report, less what {FIRST} reports take; last, how many times as much at most at a"
        f" larger number as at a smaller one (aim: {LIMIT}); -: too little more than {FIRST} take to tell",
        ["leg", *counts, *(f"CPU {count}" for count in counts), "growth", "CPU growth"],
        rows,
    )
