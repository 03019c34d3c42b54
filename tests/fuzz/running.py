"""Runs targets under the engine, each in a process of its own, and reads what the engine says of itself."""

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.fuzz.target import ROOT

# A busy machine takes minutes to instrument what a target imports; the engine's own seconds begin after that.
PATIENCE = 900
_COUNT = re.compile(r"stat::number_of_executed_units: (\d+)")
_MEMORY = re.compile(r"stat::peak_rss_mb: +(\d+)")
_COVERED = re.compile(r"\bcov: (\d+)")
_SECONDS = re.compile(r"Done \d+ runs in (\d+) second")
# A target that tried fewer inputs than this, or than it was asked for, has shown nothing.
LEAST = 200
ENGINE = (sys.executable, "-m", "tests.fuzz.engine")
# Of a finding: the last lines that the engine prints before its own.
_SAID = re.compile(
    r"^(?:\w+\.)*\w*(?:Error|Exception|Malformed|Interrupt)\b.*|.*ERROR: libFuzzer: .*", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Run:
    """What the engine says of one target. `findings` are files of inputs, or what is wrong with the run."""

    target: str
    inputs: int
    seconds: int
    edges: int
    megabytes: int
    findings: tuple[str, ...]
    said: str

    @property
    def rate(self) -> int:
        """Inputs a second."""
        return self.inputs // max(self.seconds, 1)

    def to_json(self) -> dict[str, object]:
        """For --json."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Plan:
    """What the engine is told, after how many seconds it ends by itself, and when it is given up."""

    options: Sequence[str]
    seconds: int
    least: int = LEAST
    patience: float = PATIENCE
    engine: Sequence[str] = ENGINE


def fuzz(name: str, folder: Path, plan: Plan) -> Run:
    """One target. A run that says nothing, or is given up, is a finding like any other."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "log"
    wrong = _run([*plan.engine, name, str(folder), *plan.options], log, plan.seconds + plan.patience)
    said = log.read_text(errors="replace")
    inputs = _number(_COUNT, said)
    found = [
        str(one) for kind in ("crash", "timeout", "oom", "leak") for one in sorted(folder.glob(f"{kind}-*"))
    ]
    if not found and wrong:
        found = [f"{wrong}: {log}"]
    if not found and inputs < plan.least:
        found = [f"tried {inputs} inputs, and {plan.least} are the least: {log}"]
    return Run(
        name,
        inputs,
        _number(_SECONDS, said),
        _number(_COVERED, said),
        _number(_MEMORY, said),
        tuple(found),
        " / ".join(_SAID.findall(said)[-2:]) if found else "",
    )


def _run(line: Sequence[str], log: Path, seconds: float) -> str:
    """What is wrong with how it ended, or nothing."""
    with log.open("wb") as file:
        try:
            done = subprocess.run(line, stdout=file, stderr=file, cwd=ROOT, check=False, timeout=seconds)
        except subprocess.TimeoutExpired:
            return f"did not end in {seconds:.0f} seconds"
    return f"ended with {done.returncode}" if done.returncode else ""


def fuzz_all(names: Sequence[str], folder: Path, plan: Plan, jobs: int) -> Iterator[Run]:
    """All of them, so many at once, as they are done."""
    with ThreadPoolExecutor(jobs) as pool:
        waiting = [pool.submit(fuzz, name, folder / name, plan) for name in names]
        for done in as_completed(waiting):
            yield done.result()


def _number(pattern: re.Pattern[str], text: str) -> int:
    found = pattern.findall(text)
    return int(found[-1]) if found else 0
