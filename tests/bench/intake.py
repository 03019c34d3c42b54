"""The intake: sealed posts a second that are durable before they are answered.

The floor is the same application, read and drop, in the same run and under the same load. Then: what two
processes take, how long a post takes at half of the load, and what the disk has to do with it.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from analysis.identity import HybridIdentity
from intake import directory
from intake.crypto.padding import SIZE_CLASSES
from intake.crypto.seal import seal_bytes
from tests.bench import process
from tests.bench.load import Measured, post_sealed, post_steadily
from tests.bench.table import show
from tests.cards import write_card
from tests.running import be_patient
from tests.serving import Server

ROUNDS = 3
SECONDS = 4.0
CONNECTIONS = (1, 8, 32)
# Connections to each of two processes.
MANY = 32


class Dropping(Server):
    """The same, but for one thing: what is posted to /sealed is read and dropped."""

    command = (sys.executable, "-m", "tests.bench.discard")


@dataclass(frozen=True, slots=True)
class Round:
    """One round against some servers at once; milliseconds of a processor, and bytes written, for a post."""

    all: Sequence[Measured]
    cpu: float
    written: float

    @property
    def rate(self) -> float:
        return sum(one.rate for one in self.all)

    @property
    def p50(self) -> float:
        return statistics.median(one.p50 for one in self.all)

    @property
    def p99(self) -> float:
        return max(one.p99 for one in self.all)


def measure(servers: Sequence[Server], sealed: bytes, connections: int, seconds: float = SECONDS) -> Round:
    """Loads all of them at once, after a second to warm up."""

    def load(seconds: float) -> list[Measured]:
        return list(pool.map(lambda one: post_sealed(one.address, sealed, connections, seconds), servers))

    pids = [one.process.pid for one in servers]
    with ThreadPoolExecutor(len(servers)) as pool:
        load(1)
        cpu, written = sum(map(process.seconds, pids)), sum(map(_written, pids))
        found = load(seconds)
    posts = sum(one.count for one in found)
    cpu, written = sum(map(process.seconds, pids)) - cpu, sum(map(_written, pids)) - written
    return Round(found, 1000 * cpu / posts, written / posts)


def _written(pid: int) -> float:
    try:
        return process.written(pid)
    except PermissionError:
        return float("nan")


def run(seconds: float = SECONDS) -> None:
    """Prints the tables."""
    recipient = HybridIdentity.generate().recipient
    sealed = seal_bytes(b"{}".ljust(SIZE_CLASSES[0]), [recipient])
    with tempfile.TemporaryDirectory() as name:
        card = write_card(Path(name) / "desk.pub", recipient)
        folders = [Path(name) / number for number in ("one", "two")]
        for folder in folders:
            directory.make(folder, [card], ("report",))
            be_patient(folder)
        whole = _one(folders[0], sealed, seconds)
        _half(folders[0], sealed, whole.rate / 2, seconds)
        _disk(folders[0], whole)
        _two(folders, sealed, seconds)


def _one(data: Path, sealed: bytes, seconds: float) -> Round:
    rows, pairs = [], []
    with _dropping(data) as dropping, Server(data) as keeping:
        for connections in CONNECTIONS:
            pairs = [
                [measure([one], sealed, connections, seconds) for one in (dropping, keeping)]
                for _ in range(ROUNDS)
            ]
            rows.append([str(connections), *_compared(pairs)])
    show(
        f"Intake: posts of {len(sealed):,} bytes, one process; median of {ROUNDS}",
        [
            "connections",
            "dropped /s",
            "durable /s",
            "ratio",
            "CPU ms",
            "CPU ms",
            "CPU ratio",
            "p50 ms",
            "p99 ms",
        ],
        rows,
    )
    return sorted((pair[1] for pair in pairs), key=lambda one: one.rate)[ROUNDS // 2]


def _compared(pairs: Sequence[Sequence[Round]]) -> list[str]:
    """Rates, processor's time, and how much of the one that drops is left to the one that keeps."""

    def median(values: Iterator[float], digits: int) -> str:
        return f"{statistics.median(values):,.{digits}f}"

    return [
        *(median((pair[which].rate for pair in pairs), 0) for which in (0, 1)),
        median((pair[1].rate / pair[0].rate for pair in pairs), 2),
        *(median((pair[which].cpu for pair in pairs), 3) for which in (0, 1)),
        median((pair[0].cpu / pair[1].cpu for pair in pairs), 2),
        median((pair[1].p50 for pair in pairs), 1),
        median((pair[1].p99 for pair in pairs), 1),
    ]


@contextmanager
def _dropping(data: Path) -> Iterator[Dropping]:
    """Beside the one that keeps, on a directory of its own."""
    other = data.with_name(f"{data.name}-dropping")
    subprocess.run(["cp", "-a", str(data), str(other)], check=True)
    with Dropping(other) as server:
        yield server


def _half(data: Path, sealed: bytes, rate: float, seconds: float) -> None:
    with Server(data) as server:
        found = [post_steadily(server.address, sealed, rate, 2 * seconds) for _ in range(ROUNDS)]
    figures = [(one.rate, one.p50, one.p99, one.p999) for one in found]
    show(
        f"Intake at half load: {rate:,.0f} posts a second at random moments, whatever it does;"
        f" median of {ROUNDS}",
        ["taken /s", "p50 ms", "p99 ms", "p99.9 ms"],
        [[f"{statistics.median(times):,.1f}" for times in zip(*figures, strict=True)]],
    )


def _disk(data: Path, whole: Round) -> None:
    """What is written for a post, beside what this disk takes when every so many bytes are synced."""
    batch = 256 * 1024
    syncs = _syncs(data.with_name("plain"), batch)
    disk, ours = syncs * batch / 2**20, whole.rate * whole.written / 2**20
    show(
        "Intake and the disk: bytes written for a post, and a plain file that is written and synced"
        f" (fdatasync) every {batch // 1024} KiB",
        ["KiB a post", "MiB/s written", "plain file: syncs/s", "MiB/s", "part"],
        [
            [
                f"{whole.written / 1024:.0f}",
                f"{ours:.0f}",
                f"{syncs:,.0f}",
                f"{disk:.0f}",
                f"{ours / disk:.2f}",
            ]
        ],
    )


def _syncs(path: Path, batch: int, seconds: float = 2.0) -> float:
    block, number, start = os.urandom(batch), 0, time.perf_counter()
    with path.open("wb", buffering=0) as file:
        while time.perf_counter() < start + seconds:
            # Over the same places again, as a journal does, so that the file does not grow.
            file.seek(number % 64 * batch)
            file.write(block)
            os.fdatasync(file.fileno())
            number += 1
    path.unlink()
    return number / seconds


def _two(folders: Sequence[Path], sealed: bytes, seconds: float) -> None:
    rows = []
    for name, places in (("a file each", folders), ("one file", [folders[0]] * 2)):
        with ExitStack() as stack:
            servers = [stack.enter_context(Server(one)) for one in places]
            rounds = [measure(servers, sealed, MANY // 2, seconds) for _ in range(ROUNDS)]
        figures = [
            statistics.median(getattr(one, figure) for one in rounds)
            for figure in ("rate", "cpu", "p50", "p99")
        ]
        rows.append(
            [name, *(f"{one:,.{digits}f}" for one, digits in zip(figures, (0, 3, 1, 1), strict=True))]
        )
    show(
        f"Intake: two processes, {MANY // 2} connections each; median of {ROUNDS}"
        " (PostgreSQL: python -m tests.bench.scale)",
        ["two processes", "durable /s", "CPU ms", "p50 ms", "p99 ms"],
        rows,
    )
