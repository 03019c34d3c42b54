"""Several machines: durable posts a second, and the processor's time for each, with both databases.

Load generators, intakes and PostgreSQL share this machine's processors, so the posts a second are what all
of them together can do here. The processor's time for a report says more: it tells what one process can
carry where it has a processor of its own.
"""

import os
import statistics
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from analysis.identity import HybridIdentity
from intake import directory
from intake.crypto.padding import SIZE_CLASSES
from intake.crypto.seal import seal_bytes
from tests.bench import process
from tests.bench.load import post_sealed
from tests.bench.table import show
from tests.cards import write_card
from tests.cluster import Cluster
from tests.running import be_patient
from tests.serving import Server
from tests.sharing import other_machine

CONNECTIONS = 32
ROUNDS = 3
SECONDS = 5.0
# How many processes, on which database.
MACHINES = (("SQLite", 1), ("PostgreSQL", 1), ("PostgreSQL", 2), ("PostgreSQL", 4))


@dataclass(frozen=True, slots=True)
class Round:
    """Posts a second of all processes, their times, and milliseconds of a processor for each post."""

    rate: float
    p50: float
    p99: float
    intake: float
    database: float


def run(seconds: float = SECONDS) -> None:
    """Prints the table."""
    recipient = HybridIdentity.generate().recipient
    sealed = seal_bytes(b"{}".ljust(SIZE_CLASSES[0]), [recipient])
    rows = []
    with tempfile.TemporaryDirectory() as name, Cluster() as cluster:
        card = write_card(Path(name) / "desk.pub", recipient)
        for kind, machines in MACHINES:
            data = Path(name) / f"{kind}{machines}"
            url = cluster.url(cluster.new_database()) if kind == "PostgreSQL" else None
            directory.make(data, [card], ("report",), url)
            be_patient(data)
            with _running(data, machines) as servers:
                rounds = [_measure(servers, cluster if url else None, sealed, seconds) for _ in range(ROUNDS)]
            rows.append(_row(kind, machines, rounds))
    show(
        f"Scale: posts of {len(sealed):,} bytes, {CONNECTIONS} connections a process,"
        f" {os.cpu_count()} processors shared by all; median of {ROUNDS}",
        ["database", "processes", "durable /s", "p50 ms", "p99 ms", "intake CPU ms", "database CPU ms"],
        rows,
    )


@contextmanager
def _running(data: Path, machines: int) -> Iterator[list[Server]]:
    folders = [data, *(other_machine(data, f"{data.name}-{number}") for number in range(1, machines))]
    with ExitStack() as stack:
        yield [stack.enter_context(Server(folder)) for folder in folders]


def _measure(servers: list[Server], cluster: Cluster | None, sealed: bytes, seconds: float) -> Round:
    before = _used(servers, cluster)
    with ThreadPoolExecutor(len(servers)) as pool:
        found = list(pool.map(lambda one: post_sealed(one.address, sealed, CONNECTIONS, seconds), servers))
    after, posts = _used(servers, cluster), sum(one.count for one in found)
    spent = [1000 * (one - other) / posts for one, other in zip(after, before, strict=True)]
    return Round(
        sum(one.rate for one in found),
        statistics.median(one.p50 for one in found),
        max(one.p99 for one in found),
        *spent,
    )


def _used(servers: list[Server], cluster: Cluster | None) -> tuple[float, float]:
    """Seconds of a processor that the intakes and the database have used."""
    database = sum(map(process.seconds, cluster.children())) if cluster else 0.0
    return sum(process.seconds(server.process.pid) for server in servers), database


def _row(kind: str, machines: int, rounds: list[Round]) -> list[str]:
    def median(name: str) -> float:
        return statistics.median(getattr(one, name) for one in rounds)

    return [
        kind,
        str(machines),
        f"{median('rate'):,.0f}",
        *(f"{median(name):.1f}" for name in ("p50", "p99")),
        *(f"{median(name):.2f}" for name in ("intake", "database")),
    ]
