"""Sealed files that came in no bundle, beside the same reports in a bundle: what each costs at the desk.

Each way begins with files on a stick and ends with rows that are searched, counted and in patterns.
"""

import hashlib
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from analysis import courier, loading, loose
from analysis.desk import Desk
from analysis.identity import HybridIdentity, format_identity
from analysis.pinning import pin
from intake.crypto.shard import Member
from tests.analysis.making import Server, pack
from tests.bench import process
from tests.bench.desk import make_members
from tests.bench.table import show

ROUNDS = 3
EVERYONE = len(os.sched_getaffinity(0))
BATCH = 500
SHARD = 3000


def write_files(members: Sequence[Member], folder: Path) -> list[Path]:
    """Each as a file of its own, under its id."""
    folder.mkdir()
    paths = [folder / f"{member.name.id.hex()}.age" for member in members]
    for path, member in zip(paths, members, strict=True):
        path.write_bytes(member.sealed)
    return paths


def write_batches(members: Sequence[Member], folder: Path) -> list[Path]:
    """In batches, as the one-file form saves them."""
    folder.mkdir()
    paths = []
    for start in range(0, len(members), BATCH):
        data, _ = pack(members[start : start + BATCH])
        paths.append(folder / f"witnessbox-batch-{hashlib.sha256(data).hexdigest()[:16]}.tar")
        paths[-1].write_bytes(data)
    return paths


def write_bundle(members: Sequence[Member], server: Server, stick: Path) -> Path:
    """In one bundle."""
    return server.bundle(stick, *(members[start : start + SHARD] for start in range(0, len(members), SHARD)))


def _cost(
    identity: HybridIdentity, server: Server, folder: Path, way: Callable[[Desk], int]
) -> tuple[float, float]:
    """Seconds by the clock, and of the processors, that a report takes."""
    path = Path(tempfile.mkdtemp(dir=folder)) / "desk"
    Desk.create(path, format_identity(identity), None)
    desk = Desk.unlock(path, lambda: "")
    pin(desk, server.public(path.parent))
    start, used = time.perf_counter(), process.own_seconds()
    with desk.changing():
        added = way(desk)
    costs = (time.perf_counter() - start) / added, (process.own_seconds() - used) / added
    desk.close()
    return costs


def run(count: int = 10_000) -> None:
    """Prints what a report costs each way, with one process and with all."""
    identity, server = HybridIdentity.generate(), Server()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        members = make_members(identity, count)
        bundle = write_bundle(members, server, folder)
        files, batches = write_files(members, folder / "files"), write_batches(members, folder / "batches")
        for processes in sorted({1, EVERYONE}):

            def by_bundle(desk: Desk, processes: int = processes) -> int:
                return loading.load_delivery(desk, courier.receive(desk, bundle), processes=processes).added

            def by_files(desk: Desk, processes: int = processes) -> int:
                return loose.take(desk, files, processes=processes).result.added

            def by_batches(desk: Desk, processes: int = processes) -> int:
                return loose.take(desk, batches, processes=processes).result.added

            ways = (by_bundle, by_files, by_batches)
            rounds = [[_cost(identity, server, folder, way) for way in ways] for _ in range(ROUNDS)]
            for place, kind in enumerate(("clock", "processors")):
                costs = [[cost[place] for cost in one] for one in rounds]
                medians = [statistics.median(column) for column in zip(*costs, strict=True)]
                ratios = [statistics.median(one[way] / one[0] for one in costs) for way in (1, 2)]
                figures = [f"{1e6 * one:,.0f}" for one in medians] + [f"{one:.2f}" for one in ratios]
                rows.append([str(processes), kind, *figures])
    show(
        f"Desk: {count:,} reports off a stick, microseconds a report; median of {ROUNDS}",
        [
            "processes",
            "by",
            "a bundle",
            "loose files",
            f"batches of {BATCH}",
            "files / bundle",
            "batches / bundle",
        ],
        rows,
    )
