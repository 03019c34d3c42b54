"""The intake: sealed posts a second that are durable before they are answered.

The floor is the same application, read and drop, in the same run and under the same load. Then: what two
processes take, how long a post takes at half of the load of one and of two, and what the disk has to do with
it.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import repeat
from multiprocessing import get_context
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
SECONDS, WARMING = 4.0, 1.0
SYNCING = 2.0
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
    """Loads all of them at once, after they have warmed up."""

    def load(seconds: float) -> list[Measured]:
        return list(pool.map(lambda one: post_sealed(one.address, sealed, connections, seconds), servers))

    pids = [one.process.pid for one in servers]
    with ThreadPoolExecutor(len(servers)) as pool:
        if WARMING:
            load(WARMING)
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
        dropping, one, first, second, shared = (
            _new(Path(name) / each, card) for each in ("dropping", "one", "first", "second", "shared")
        )
        whole = _one(dropping, one, sealed, seconds)
        _disk(one, whole)
        apart = _two([first, second], [shared, shared], sealed, seconds)
        rows = [
            _half("one process", [one], sealed, whole.rate / 2, seconds),
            _half("two processes, a file each", [first, second], sealed, apart / 2, seconds),
        ]
    show(
        f"Intake at half load: posts at random moments, whatever it does; median of {ROUNDS}",
        ["half load", "posted /s", "taken /s", "p50 ms", "p99 ms", "p99.9 ms"],
        rows,
    )


def _new(data: Path, card: Path) -> Path:
    directory.make(data, [card], ("report",))
    be_patient(data)
    return data


def _one(dropping: Path, keeping: Path, sealed: bytes, seconds: float) -> Round:
    rows, pairs = [], []
    for connections in CONNECTIONS:
        pairs = [_pair(dropping, keeping, sealed, connections, seconds, turn) for turn in range(ROUNDS)]
        rows.append([str(connections), *_compared(pairs)])
    show(
        f"Intake: posts of {len(sealed):,} bytes, one process; median of {ROUNDS}",
        [
            "connections",
            "dropped /s",
            "durable /s",
            "ratio",
            "dropped, CPU ms",
            "durable, CPU ms",
            "CPU ratio",
            "p50 ms",
            "p99 ms",
        ],
        rows,
    )
    return sorted((pair[1] for pair in pairs), key=lambda one: one.rate)[ROUNDS // 2]


def _pair(
    dropping: Path, keeping: Path, sealed: bytes, connections: int, seconds: float, turn: int
) -> list[Round]:
    """The one that drops and the one that keeps, which take turns in being first.

    Neither runs while the other is measured: one that keeps puts its file in order once nothing comes.
    """
    places: list[tuple[type[Server], Path]] = [(Dropping, dropping), (Server, keeping)]
    found = {}
    for kind, data in places if turn % 2 else places[::-1]:
        with kind(data) as server:
            found[kind] = measure([server], sealed, connections, seconds)
    return [found[Dropping], found[Server]]


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


def _half(label: str, places: Sequence[Path], sealed: bytes, rate: float, seconds: float) -> list[str]:
    """Half of what was taken, posted to all of these by a process for each."""
    share = rate / len(places)
    with ExitStack() as stack:
        addresses = [stack.enter_context(Server(one)).address for one in places]
        pool = stack.enter_context(ProcessPoolExecutor(len(places), mp_context=get_context("spawn")))
        list(pool.map(abs, range(len(places))))
        rounds = [
            list(pool.map(post_steadily, addresses, *(repeat(one) for one in (sealed, share, 2 * seconds))))
            for _ in range(ROUNDS)
        ]
    figures = [
        (
            sum(one.rate for one in found),
            statistics.median(one.p50 for one in found),
            max(one.p99 for one in found),
            max(one.p999 for one in found),
        )
        for found in rounds
    ]
    return [
        label,
        f"{rate:,.0f}",
        *(f"{statistics.median(times):,.1f}" for times in zip(*figures, strict=True)),
    ]


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


def _syncs(path: Path, batch: int) -> float:
    block, number, start = os.urandom(batch), 0, time.perf_counter()
    with path.open("wb", buffering=0) as file:
        while time.perf_counter() < start + SYNCING:
            # Over the same places again, as a journal does, so that the file does not grow.
            file.seek(number % 64 * batch)
            file.write(block)
            os.fdatasync(file.fileno())
            number += 1
    path.unlink()
    return number / SYNCING


def _two(apart: Sequence[Path], shared: Sequence[Path], sealed: bytes, seconds: float) -> float:
    """Prints the table; what two processes with a file each take."""
    found: dict[str, list[float]] = {}
    for name, places in (("a file each", apart), ("one file", shared)):
        with ExitStack() as stack:
            servers = [stack.enter_context(Server(one)) for one in places]
            rounds = [measure(servers, sealed, MANY // 2, seconds) for _ in range(ROUNDS)]
        found[name] = [
            statistics.median(getattr(one, figure) for one in rounds)
            for figure in ("rate", "cpu", "p50", "p99")
        ]
    show(
        f"Intake: two processes, {MANY // 2} connections each; median of {ROUNDS}"
        ' (PostgreSQL: the part "scale")',
        ["two processes", "durable /s", "CPU ms", "p50 ms", "p99 ms"],
        [
            [name, *(f"{one:,.{digits}f}" for one, digits in zip(figures, (0, 3, 1, 1), strict=True))]
            for name, figures in found.items()
        ],
    )
    return found["a file each"][0]
