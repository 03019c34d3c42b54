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
# Of a finding: the last lines that the engine prints before its own.
_SAID = re.compile(
    r"^(?:\w+\.)*\w*(?:Error|Exception|Malformed|Interrupt)\b.*|.*ERROR: libFuzzer: .*", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Run:
    """What the engine says of one target. `crashes` are the files of the inputs that are findings."""

    target: str
    inputs: int
    seconds: int
    edges: int
    megabytes: int
    crashes: tuple[str, ...]
    said: str

    @property
    def rate(self) -> int:
        """Inputs a second."""
        return self.inputs // max(self.seconds, 1)

    def to_json(self) -> dict[str, object]:
        """For --json."""
        return asdict(self)


def fuzz(name: str, folder: Path, options: Sequence[str], seconds: int) -> Run:
    """One target, with these options of the engine, which ends by itself after so many seconds."""
    folder.mkdir(parents=True, exist_ok=True)
    line = [sys.executable, "-m", "tests.fuzz.engine", name, str(folder), *options]
    with (folder / "log").open("wb") as log:
        done = subprocess.run(line, stdout=log, stderr=log, cwd=ROOT, check=False, timeout=seconds + PATIENCE)
    said = (folder / "log").read_text(errors="replace")
    found = tuple(
        str(one) for kind in ("crash", "timeout", "oom", "leak") for one in sorted(folder.glob(f"{kind}-*"))
    )
    if done.returncode and not found:
        found = (f"ended with {done.returncode}: {folder / 'log'}",)
    why = _SAID.findall(said)
    return Run(
        name,
        _number(_COUNT, said),
        _number(_SECONDS, said),
        _number(_COVERED, said),
        _number(_MEMORY, said),
        found,
        " / ".join(why[-2:]) if found else "",
    )


def fuzz_all(
    names: Sequence[str], folder: Path, options: Sequence[str], seconds: int, jobs: int
) -> Iterator[Run]:
    """All of them, so many at once, as they are done."""
    with ThreadPoolExecutor(jobs) as pool:
        waiting = [pool.submit(fuzz, name, folder / name, options, seconds) for name in names]
        for done in as_completed(waiting):
            yield done.result()


def _number(pattern: re.Pattern[str], text: str) -> int:
    found = pattern.findall(text)
    return int(found[-1]) if found else 0
