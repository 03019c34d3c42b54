"""Who writes reports into a file of SQLite, and in which order they stand there."""

import asyncio
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from intake.database import DatabaseError, connect, create, explained
from intake.pace import LEAST_TO_TIDY
from intake.sqlite import Sqlite
from intake.store import Store, Unavailable
from tests.chance import noise, tau
from tests.serving import order_on_disk, stored

WEEK = "2026-W47"
SEALED = b"sealed" * 100


def opened(folder: Path, *, max_reports: int = 100_000, min_free_bytes: int = 1) -> Store:
    return Store(Sqlite(folder / "reports.db"), max_reports=max_reports, min_free_bytes=min_free_bytes)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    create(tmp_path / "reports.db")
    return tmp_path


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    store = opened(folder)
    store.start()
    yield store
    store.close()


def test_all_that_waits_goes_into_few_transactions(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    statements: list[str] = []

    def traced(path: Path) -> sqlite3.Connection:
        connection = connect(path)
        connection.set_trace_callback(statements.append)
        return connection

    monkeypatch.setattr("intake.writer.connect", traced)
    store = opened(folder)
    store.start()

    async def many() -> None:
        with closing(sqlite3.connect(folder / "reports.db", isolation_level=None)) as other:
            # The writer waits for this lock with what came first, so the rest gather behind it.
            other.execute("BEGIN IMMEDIATE")
            puts = asyncio.gather(*(store.put(os.urandom(16), WEEK, SEALED) for _ in range(1_000)))
            await asyncio.sleep(0.2)
            other.execute("COMMIT")
            await puts

    asyncio.run(many())
    store.close()
    assert len(stored(folder)) == 1_000
    assert statements.count("COMMIT") <= 4


def test_a_locked_file_refuses_and_stores_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("intake.database.BUSY_MILLISECONDS", 50)
    store = opened(folder)
    store.start()
    with closing(sqlite3.connect(folder / "reports.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="not stored"):
            asyncio.run(store.put(b"1" * 16, WEEK, SEALED))
        other.execute("ROLLBACK")
    assert stored(folder) == {}
    asyncio.run(store.put(b"1" * 16, WEEK, SEALED))
    store.close()
    assert len(stored(folder)) == 1


def test_nothing_is_taken_when_the_disk_has_too_little_room(folder: Path) -> None:
    store = opened(folder, min_free_bytes=2**62)
    store.start()
    with pytest.raises(Unavailable, match="not stored"):
        asyncio.run(store.put(b"1" * 16, WEEK, SEALED))
    store.close()
    assert stored(folder) == {}


def test_a_report_that_is_held_is_acknowledged_again_when_nothing_can_be_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intake.database.BUSY_MILLISECONDS", 50)
    store = opened(folder)
    store.start()
    asyncio.run(store.put(b"1" * 16, WEEK, SEALED))

    async def both() -> list[BaseException | None]:
        puts = [store.put(one * 16, WEEK, SEALED) for one in (b"1", b"2", b"2")]
        return await asyncio.gather(*puts, return_exceptions=True)

    with closing(sqlite3.connect(folder / "reports.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        held, *new = asyncio.run(both())
        other.execute("ROLLBACK")
    store.close()
    assert held is None
    assert [type(outcome) for outcome in new] == [Unavailable, Unavailable]


LONG = 1_000


def check_no_order(file: Path, ids: Sequence[bytes]) -> None:
    """Whether reports stand in the file in an order that says nothing of that in which they came."""
    found = order_on_disk(file, ids)
    assert sorted(found) == sorted(ids)
    assert abs(tau([ids.index(one) for one in found])) < noise(len(ids))


def put_backwards(store: Store, numbers: range) -> list[bytes]:
    """Puts reports one after the other, the last id first; the ids in the order in which they came."""
    ids = [b"r%015d" % number for number in reversed(numbers)]

    async def put() -> None:
        for report_id in ids:
            await store.put(report_id, WEEK, report_id * LONG)

    asyncio.run(put())
    return ids


def test_no_byte_of_the_file_says_who_came_first_once_it_was_put_in_order(store: Store, folder: Path) -> None:
    first = put_backwards(store, range(LEAST_TO_TIDY))
    # The writer puts the file in order before it takes the next one, so this waits for that.
    later = put_backwards(store, range(100, 101))
    check_no_order(folder / "reports.db", first)
    # The last one may have sent one of the others to another place.
    assert len(order_on_disk(folder / "reports.db-wal", first)) <= 1
    assert order_on_disk(folder / "reports.db-wal", later) == later


def test_a_stopped_store_leaves_no_order_of_arrival_behind(store: Store, folder: Path) -> None:
    ids = put_backwards(store, range(40))
    assert order_on_disk(folder / "reports.db-wal", ids) == ids, "the journal has an order"
    store.close()
    check_no_order(folder / "reports.db", ids)
    assert not (folder / "reports.db-wal").exists()


def test_a_store_that_was_killed_is_put_in_order_at_the_next_start(store: Store, folder: Path) -> None:
    ids = put_backwards(store, range(40))
    left = folder / "left"
    left.mkdir()
    for name in ("reports.db", "reports.db-wal"):
        shutil.copy(folder / name, left / name)
    again = opened(left)
    again.start()
    check_no_order(left / "reports.db", ids)
    assert order_on_disk(left / "reports.db-wal", ids) == []
    again.close()


def test_the_file_is_put_in_order_less_often_the_more_it_holds(folder: Path) -> None:
    with closing(connect(folder / "reports.db")) as connection:
        rows = [(b"old%013d" % number, WEEK, b"s") for number in range(4 * LEAST_TO_TIDY)]
        connection.executemany("INSERT INTO reports (id, week, sealed) VALUES (?, ?, ?)", rows)
    store = opened(folder)
    store.start()
    ids = put_backwards(store, range(LEAST_TO_TIDY + 1))
    assert order_on_disk(folder / "reports.db-wal", ids) == ids
    store.close()


def test_the_reports_of_one_batch_stand_in_no_order_of_arrival_on_the_disk(
    store: Store, folder: Path
) -> None:
    ids = [b"r%015d" % number for number in range(40, 0, -1)]

    async def together() -> None:
        with closing(sqlite3.connect(folder / "reports.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            first = asyncio.ensure_future(store.put(b"0" * 16, WEEK, SEALED))
            await asyncio.sleep(0.2)
            # The writer waits with the first; the rest come in one batch after it.
            rest = asyncio.gather(*(store.put(report_id, WEEK, report_id * LONG) for report_id in ids))
            await asyncio.sleep(0)
            other.execute("ROLLBACK")
            await asyncio.gather(first, rest)

    asyncio.run(together())
    check_no_order(folder / "reports.db-wal", ids)


def test_the_file_syncs_every_commit_and_overwrites_what_is_deleted(folder: Path) -> None:
    with closing(connect(folder / "reports.db")) as connection:
        pragmas = {
            name: connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "secure_delete", "temp_store")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "temp_store": 2}


def test_nothing_but_id_week_and_sealed_bytes_is_kept_of_a_report(folder: Path) -> None:
    with closing(connect(folder / "reports.db")) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(reports)")]
    assert columns == ["id", "week", "sealed"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(None, "there is no", id="missing"),
        pytest.param(b"no database" * 100, "is not a file of reports", id="foreign"),
        pytest.param(b"", "is not a file of reports", id="empty"),
    ],
)
def test_a_file_that_is_none_of_ours_is_named(content: bytes | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "reports.db"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DatabaseError, match=message):
        connect(path)


def test_a_file_in_use_is_not_called_a_foreign_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("intake.database.BUSY_MILLISECONDS", 50)
    with closing(sqlite3.connect(folder / "reports.db", isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DatabaseError, match=r"reports\.db is in use by another program"):
            connect(folder / "reports.db")


def test_a_file_that_may_not_be_opened_is_not_called_a_foreign_one(folder: Path) -> None:
    (folder / "reports.db-wal").mkdir()
    with pytest.raises(DatabaseError, match=r"reports\.db may not be opened"):
        connect(folder / "reports.db")


def test_a_full_disk_is_not_called_a_foreign_file(folder: Path) -> None:
    with closing(connect(folder / "reports.db")) as connection:
        connection.execute("PRAGMA max_page_count = 1")
        with (
            pytest.raises(DatabaseError, match="there is no room on the disk of here"),
            explained(Path("here")),
        ):
            connection.execute("INSERT INTO forms (digest, json) VALUES ('a', zeroblob(100000))")


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        pytest.param("DROP TABLE places", "is not a file of reports", id="without its table"),
        pytest.param("page", "is damaged", id="a page of nonsense"),
    ],
)
def test_a_store_does_not_start_on_a_file_that_is_broken(harm: str, message: str, folder: Path) -> None:
    path = folder / "reports.db"
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'places'").fetchone()
        if harm != "page":
            connection.execute(harm)
    if harm == "page":
        data = bytearray(path.read_bytes())
        data[(page - 1) * 4096 : page * 4096] = b"\xff" * 4096
        path.write_bytes(data)
    with pytest.raises(DatabaseError, match=message):
        opened(folder).start()
