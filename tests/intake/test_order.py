"""P3: neither the rows nor the bytes of the file tell who came first."""

import math
import os
import signal
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from analysis.identity import HybridIdentity
from intake.crypto.signing import SigningKey
from intake.export import export
from intake.pace import LEAST_TO_TIDY
from intake.sqlite import Sqlite
from tests.serving import Server, sealed_body, stored

REPORTS = 150


def tau(values: Sequence[int]) -> float:
    """Kendall's tau between the order of a sequence and its values: 1 when they rise, 0 by chance."""
    pairs = [(one, other) for index, one in enumerate(values) for other in values[index + 1 :]]
    return sum(1 if one < other else -1 for one, other in pairs) / len(pairs)


def noise(count: int) -> float:
    """Four standard deviations of tau among so many values in no order."""
    return 4 * math.sqrt(2 * (2 * count + 5) / (9 * count * (count - 1)))


def arrive(server: Server, identity: HybridIdentity, reports: int = REPORTS) -> list[bytes]:
    """Sends reports one after the other; their ids in that order."""
    bodies = [sealed_body([identity.recipient]) for _ in range(reports)]
    assert {server.post_sealed(body).status_code for body in bodies} == {201}
    return [body[:16] for body in bodies]


def places(data: Path, ids: Sequence[bytes]) -> list[int]:
    """Where in the file each report begins, in the order of `ids`."""
    content, sealed = (data / "reports.db").read_bytes(), stored(data)
    # So far into a report all bytes are random, and stand in a page of their own.
    return [content.index(sealed[one][6_000:6_016]) for one in ids]


def rows(data: Path) -> list[bytes]:
    with closing(sqlite3.connect(data / "reports.db")) as connection:
        return [one for (one,) in connection.execute("SELECT id FROM reports")]


def check_no_order(data: Path, arrived: list[bytes]) -> None:
    kept = rows(data)
    assert len(kept) == len(arrived)
    assert abs(tau([kept.index(one) for one in arrived])) < noise(len(arrived))
    assert abs(tau(places(data, arrived))) < noise(len(arrived))
    in_order_of_ids = places(data, sorted(arrived))
    assert in_order_of_ids == sorted(in_order_of_ids)
    journal = data / "reports.db-wal"
    assert not journal.exists() or journal.stat().st_size == 0


def wait_for_quiet(data: Path) -> None:
    """Until the server has put its file in order, 20 seconds at most."""
    journal = data / "reports.db-wal"
    end = time.monotonic() + 20
    while journal.stat().st_size and time.monotonic() < end:
        time.sleep(0.2)


def test_stored_order_says_nothing_about_arrival_order(server: Server, identity: HybridIdentity) -> None:
    arrived = arrive(server, identity)
    wait_for_quiet(server.data)
    check_no_order(server.data, arrived)


def test_the_order_that_a_killed_server_left_is_gone_after_the_next_start(
    data: Path, identity: HybridIdentity
) -> None:
    with Server(data) as server:
        # So few that the server has had no reason yet to put them in order.
        arrived = arrive(server, identity, LEAST_TO_TIDY - 4)
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait(10)
    with closing(sqlite3.connect(data / "reports.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert tau(places(data, arrived)) > 0.5, "this test sees an order where there is one"
    with Server(data):
        check_no_order(data, arrived)


def test_an_export_leaves_no_order_behind(data: Path, tmp_path: Path, identity: HybridIdentity) -> None:
    with Server(data) as server:
        arrived = arrive(server, identity)
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait(10)
    assert export(Sqlite(data / "reports.db"), tmp_path, SigningKey.generate())
    check_no_order(data, arrived)


@pytest.mark.parametrize("count", [2, 150])
def test_tau_is_one_for_what_rises(count: int) -> None:
    assert tau(range(count)) == 1
    assert tau(range(count)[::-1]) == -1
