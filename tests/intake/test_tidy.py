"""The journal and its index are emptied for good, and harm nobody who reads or writes meanwhile."""

import multiprocessing
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from intake import tidy
from intake.database import Connection, connect, create
from intake.keeping import Waiting
from intake.places import Places
from intake.tidy import cut_journal, patient, settle
from intake.writer import Writer
from tests.intake.test_order import pages
from tests.intake.test_places import report

WEEK = "2026-W47"
EACH = 40


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    create(tmp_path / "reports.db")
    return tmp_path


@pytest.fixture
def connection(folder: Path) -> Iterator[Connection]:
    with closing(connect(folder / "reports.db")) as opened:
        yield opened


def add(connection: Connection, number: int, count: int = 1) -> None:
    with connection.transaction():
        places = Places()
        places.read(connection)
        places.add(connection, [report(number + one, 6_000) for one in range(count)])


# 5,000 pages are more than one block of the index holds.
@pytest.mark.parametrize("count", [1, 40, 2_500])
def test_the_index_of_an_empty_journal_names_no_page(
    count: int, connection: Connection, folder: Path
) -> None:
    add(connection, 0, count)
    assert len(pages(folder)) >= count
    assert cut_journal(connection)
    assert pages(folder) == []
    assert (folder / "reports.db-wal").stat().st_size == 0
    add(connection, count)
    assert connection.execute("SELECT count(*) FROM reports").fetchone() == (count + 1,)


@pytest.mark.parametrize("begin", ["BEGIN", "BEGIN IMMEDIATE"])
def test_whoever_reads_or_writes_is_waited_for_and_it_is_said(
    begin: str, connection: Connection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tidy, "PATIENCE_MILLISECONDS", 50)
    add(connection, 0)
    with closing(sqlite3.connect(folder / "reports.db", isolation_level=None)) as other:
        other.execute(begin)
        other.execute("SELECT count(*) FROM reports").fetchone()
        with patient(connection):
            assert not cut_journal(connection)
            assert not settle(connection)
        assert pages(folder)
        other.execute("ROLLBACK")
    assert settle(connection)
    assert pages(folder) == []


def test_a_writer_that_starts_beside_another_puts_the_file_in_order_later(
    folder: Path, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tidy, "PATIENCE_MILLISECONDS", 50)
    add(connection, 0)
    connection.execute("BEGIN IMMEDIATE")
    with closing(Writer(folder / "reports.db", 1_000, 0)) as writer:
        assert writer.untidy
        connection.execute("ROLLBACK")
        writer.tidy()
        assert not writer.untidy
        assert pages(folder) == []


def _write(path: Path) -> None:
    with closing(connect(path)) as connection:
        for _ in range(EACH):
            with connection.transaction():
                places = Places()
                places.read(connection)
                new = os.urandom(16)
                one = Waiting(new, WEEK, new * 400, None)  # type: ignore[arg-type]
                places.add(connection, [one])
            cut_journal(connection)


def test_two_who_write_and_cut_and_one_who_reads_lose_nothing(folder: Path, connection: Connection) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(folder / "reports.db",)) for _ in range(2)]
    for one in writers:
        one.start()
    seen = 0
    while any(one.is_alive() for one in writers):
        with connection.snapshot():
            (now,) = connection.execute("SELECT count(*) FROM places").fetchone()
            whole = "SELECT count(*) FROM reports WHERE length(sealed) = 6400 AND substr(sealed, 6385) = id"
            assert connection.execute(whole).fetchone() == (now,)
        assert now >= seen
        seen = now
        time.sleep(0.01)
    assert [one.exitcode for one in writers] == [0, 0]
    assert connection.execute("SELECT count(*) FROM reports").fetchone() == (2 * EACH,)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
