"""The intake's server as a process that is killed and started again, and what it takes of the machine."""

import os
import re
import signal
import statistics
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.faults.chain import INTAKE, Chain

SECONDS = 120
KIBIBYTE = 1024


@dataclass(frozen=True, slots=True)
class Sample:
    """What one process took at one moment: seconds, bytes, open files, or None where these are not shown.

    `life` counts the processes: on a busy machine a later one soon has the number of one that has ended.
    """

    life: int
    at: float
    memory: int
    files: int | None


class Machine:
    """Starts and ends the server; `up` is set while it takes reports at `address`."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._process: subprocess.Popen[str] | None = None
        self.address = ""
        self.up = threading.Event()
        self.said: list[str] = []
        self.starts = self.kills = self.stops = 0
        self.samples: list[Sample] = []

    @property
    def pid(self) -> int:
        """The process of now."""
        assert self._process
        return self._process.pid

    def start(self) -> None:
        """Returns when it takes reports."""
        self._process = self._chain.start(INTAKE, "serve", "--data", self._chain.data, "--port", "0")
        assert self._process.stdout
        found = re.search(r"http://\S+", self._process.stdout.readline())
        assert found, "the intake did not start"
        self.address = found[0].rstrip("/")
        self.starts += 1
        self.up.set()
        self.sample()

    def kill(self) -> None:
        """Gives it no time to do anything more."""
        self.kills += 1
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ends it in order."""
        self.stops += 1
        assert self._end(signal.SIGTERM) == 0

    def _end(self, number: signal.Signals) -> int:
        assert self._process
        self.up.clear()
        self._process.send_signal(number)
        _, errors = self._process.communicate(timeout=SECONDS)
        self.said += errors.splitlines()
        return self._process.returncode

    def sample(self) -> None:
        """Notes what it takes now."""
        if self.up.is_set():
            # It may be killed just now.
            with suppress(OSError, StopIteration):
                self.samples.append(taken_by(self.pid, self.starts))


def taken_by(pid: int, life: int) -> Sample:
    """What a process takes now, in that life.

    The server lets nobody attach to it, and so only root is shown which files it has open.
    """
    try:
        files = open_files(pid)
    except PermissionError:
        files = None
    return Sample(life, time.monotonic(), memory_of(pid), files)


def memory_of(pid: int) -> int:
    """The bytes that a process has in memory now; anybody is told."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return KIBIBYTE * next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def open_files(pid: int) -> int:
    """How many files a process has open now; PermissionError where that is not shown."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def longest_life(samples: Sequence[Sample]) -> list[Sample]:
    """What was noted of the process that lived longest, once it was warm: after a quarter of its life."""
    lives: dict[int, list[Sample]] = {}
    for one in samples:
        lives.setdefault(one.life, []).append(one)
    if not lives:
        return []
    life = max(lives.values(), key=lambda life: life[-1].at - life[0].at)
    warm = life[0].at + (life[-1].at - life[0].at) / 4
    return [one for one in life if one.at >= warm]


def growth(course: Sequence[tuple[float, int]]) -> float:
    """What is gained in an hour, of what was there at so many seconds: the slope of a straight line."""
    if len(course) < 3:
        return 0.0
    return statistics.linear_regression(
        [at / 3_600 for at, _ in course], [float(value) for _, value in course]
    ).slope


def memory_course(life: Sequence[Sample]) -> list[tuple[float, int]]:
    """The bytes in memory at each moment."""
    return [(one.at, one.memory) for one in life]


def files_course(life: Sequence[Sample]) -> list[tuple[float, int]]:
    """The open files at each moment at which they were shown."""
    return [(one.at, one.files) for one in life if one.files is not None]
