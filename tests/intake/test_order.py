"""P3: neither the rows nor the bytes of the file tell who came first."""

import os
import signal
import sqlite3
import struct
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
from tests.chance import noise, tau
from tests.serving import Server, sealed_body, stored
from tests.sharing import connected

REPORTS = 150


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
        return [one for (one,) in connection.execute("SELECT id FROM places ORDER BY place")]


def pages(data: Path) -> list[int]:
    """The numbers of pages that the journal's index names, in the order in which they were written.

    Its blocks of 32 KiB begin with 4,096 of them, the first with a header in place of 34 (walformat.html).
    """
    path, found = data / "reports.db-shm", list[int]()
    content = path.read_bytes() if path.exists() else b""
    for start in range(0, len(content), 32_768):
        names = content[max(start, 136) : start + 16_384]
        found += [number for (number,) in struct.iter_unpack("<I", names)]
    return [number for number in found if number]


def check_no_order_in_the_file(data: Path, arrived: list[bytes]) -> None:
    kept = rows(data)
    assert len(kept) == len(arrived)
    assert abs(tau([kept.index(one) for one in arrived])) < noise(len(arrived))
    assert abs(tau(places(data, arrived))) < noise(len(arrived))


def check_no_order(data: Path, arrived: list[bytes]) -> None:
    check_no_order_in_the_file(data, arrived)
    journal = data / "reports.db-wal"
    assert not journal.exists() or journal.stat().st_size == 0
    assert pages(data) == []


def wait_for_quiet(data: Path, seconds: float = 30) -> None:
    """Until the server has put its file in order, so many seconds at most."""
    journal = data / "reports.db-wal"
    end = time.monotonic() + seconds
    while (journal.stat().st_size or pages(data)) and time.monotonic() < end:
        time.sleep(0.2)


def test_stored_order_says_nothing_about_arrival_order(server: Server, identity: HybridIdentity) -> None:
    arrived = arrive(server, identity)
    assert pages(server.data), "this test sees an order where there is one"
    wait_for_quiet(server.data)
    check_no_order(server.data, arrived)


def test_a_reader_who_was_in_the_way_leaves_no_order_behind(server: Server, identity: HybridIdentity) -> None:
    arrived = arrive(server, identity, 40)
    with closing(sqlite3.connect(server.data / "reports.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM reports").fetchone()
        # Longer than it waits until it puts the file in order, and for a reader.
        time.sleep(6)
        assert (server.data / "reports.db-wal").stat().st_size
        reader.execute("ROLLBACK")
    wait_for_quiet(server.data, 60)
    check_no_order(server.data, arrived)


def test_a_killed_server_leaves_no_order_in_its_file_even_before_the_next_start(
    data: Path, identity: HybridIdentity
) -> None:
    with Server(data) as server:
        # So few that the server has had no reason yet to put them in order.
        arrived = arrive(server, identity, LEAST_TO_TIDY - 4)
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait(10)
    with closing(sqlite3.connect(data / "reports.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    check_no_order_in_the_file(data, arrived)
    with Server(data):
        check_no_order(data, arrived)


def test_the_order_of_what_was_added_past_the_server_is_gone_after_the_next_start(data: Path) -> None:
    added = [(os.urandom(16), "2026-W47", os.urandom(18_000)) for _ in range(40)]
    with connected(data) as connection:
        for row in added:
            connection.execute("INSERT INTO reports (id, week, sealed) VALUES (?, ?, ?)", row)
    ids = [row[0] for row in added]
    assert tau(places(data, ids)) > 0.5, "this test sees an order where there is one"
    with Server(data):
        check_no_order(data, ids)


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
