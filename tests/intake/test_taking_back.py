"""The store takes back what no bundle has, as a whole, whoever else reads or writes meanwhile."""

import asyncio
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from intake import largefile, tidy
from intake.database import create
from intake.sqlite import Sqlite
from intake.store import Store, Unavailable
from tests.serving import stored

WEEK = "2026-W47"
ONE, OTHER = b"1" * 16, b"2" * 16
SEALED = b"these bytes are nobody's " * 800


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    create(tmp_path / "reports.db")
    return tmp_path


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    store = Store(Sqlite(folder / "reports.db"), max_reports=1_000, min_free_bytes=1)
    store.start()
    yield store
    store.close()


def attach(folder: Path, *names: bytes) -> None:
    """Puts attachments beside the reports."""
    with closing(largefile.open_file(folder / "attachments.db")) as connection:
        for name in names:
            upload = os.urandom(16)
            connection.execute("INSERT INTO pieces VALUES (?, 0, ?)", (upload, SEALED))
            connection.execute(
                "INSERT INTO attachments VALUES (?, ?, ?, ?)", (name, WEEK, len(SEALED), upload)
            )


def attached(folder: Path) -> set[bytes]:
    with closing(sqlite3.connect(folder / "attachments.db")) as connection:
        return {name for (name,) in connection.execute("SELECT id FROM attachments")}


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("*.db*"))


def test_a_store_says_whether_it_holds_a_report(store: Store) -> None:
    async def ask() -> list[bool]:
        await store.put(ONE, WEEK, SEALED)
        return [await store.holds(ONE), await store.holds(OTHER)]

    assert asyncio.run(ask()) == [True, False]


def test_a_closed_store_says_neither_yes_nor_no(store: Store) -> None:
    store.close()
    for question in (store.holds(ONE), store.withdraw(ONE)):
        with pytest.raises(Unavailable, match="takes nothing more"):
            asyncio.run(question)


def test_reports_that_come_and_go_at_once_are_each_done_right(store: Store, folder: Path) -> None:
    names = [os.urandom(16) for _ in range(120)]

    async def mixed() -> list[bool]:
        await asyncio.gather(*(store.put(name, WEEK, SEALED) for name in names[:80]))
        results = await asyncio.gather(
            *(store.withdraw(name) for name in names[:40]),
            *(store.put(name, WEEK, SEALED) for name in names[80:]),
            *(store.withdraw(name) for name in names[:40]),
        )
        return [one for one in results if one is not None]

    found = asyncio.run(mixed())
    assert found == [True] * 40 + [False] * 40
    assert stored(folder).keys() == set(names[40:])


def test_a_report_without_a_place_for_attachments_is_taken_back(store: Store, folder: Path) -> None:
    async def both() -> bool:
        await store.put(ONE, WEEK, SEALED)
        return await store.withdraw(ONE, [OTHER])

    assert asyncio.run(both())
    assert SEALED[:200] not in bytes_of(folder)
    assert not (folder / "attachments.db").exists()


def test_nothing_goes_while_somebody_writes_the_attachments(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tidy, "PATIENCE_MILLISECONDS", 50)
    attach(folder, OTHER)
    with closing(sqlite3.connect(folder / "attachments.db", isolation_level=None)) as busy:
        busy.execute("BEGIN IMMEDIATE")
        asyncio.run(store.put(ONE, WEEK, SEALED))
        with pytest.raises(Unavailable, match="was not taken back"):
            asyncio.run(store.withdraw(ONE, [OTHER]))
        busy.execute("ROLLBACK")
    assert (stored(folder).keys(), attached(folder)) == ({ONE}, {OTHER})
    assert asyncio.run(store.withdraw(ONE, [OTHER]))
    assert (stored(folder), attached(folder)) == ({}, set())


def test_bytes_that_a_reader_kept_in_the_journal_go_when_it_is_done(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tidy, "PATIENCE_MILLISECONDS", 50)
    asyncio.run(store.put(ONE, WEEK, SEALED))
    with closing(sqlite3.connect(folder / "reports.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM reports").fetchone()
        assert asyncio.run(store.withdraw(ONE))
        assert SEALED[:200] in bytes_of(folder), "this test sees the bytes where there are any"
        reader.execute("ROLLBACK")
    end = time.monotonic() + 60
    while SEALED[:200] in bytes_of(folder) and time.monotonic() < end:
        time.sleep(0.2)
    assert SEALED[:200] not in bytes_of(folder)


def test_a_store_that_starts_empties_the_journal_of_one_that_was_killed(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "reports.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("INSERT INTO reports VALUES (?, ?, ?)", (ONE, WEEK, SEALED))
        connection.execute("DELETE FROM reports")
        # Closing would empty it: a copy is what a kill leaves.
        copies = {path.name: path.read_bytes() for path in folder.glob("*.db*")}
    killed = folder / "killed"
    killed.mkdir()
    for name, content in copies.items():
        (killed / name).write_bytes(content)
    assert SEALED[:200] in bytes_of(killed)
    store = Store(Sqlite(killed / "reports.db"), max_reports=10, min_free_bytes=1)
    store.start()
    assert SEALED[:200] not in bytes_of(killed)
    store.close()
