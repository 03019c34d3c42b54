import asyncio
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from intake.database import DatabaseError, connect, create
from intake.store import Conflict, Store, Unavailable
from tests.serving import stored

WEEK = "2026-W47"
SEALED = b"sealed" * 100


def opened(folder: Path, *, max_reports: int = 100_000, min_free_bytes: int = 1) -> Store:
    return Store(folder / "reports.db", max_reports=max_reports, min_free_bytes=min_free_bytes)


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


def test_a_report_that_was_put_is_in_the_file(store: Store, folder: Path) -> None:
    asyncio.run(store.put(b"1" * 16, WEEK, SEALED))
    assert stored(folder) == {b"1" * 16: SEALED}


def test_the_same_report_put_twice_is_kept_once(store: Store, folder: Path) -> None:
    async def twice() -> None:
        await asyncio.gather(*(store.put(b"1" * 16, WEEK, SEALED) for _ in range(2)))
        await store.put(b"1" * 16, WEEK, SEALED)

    asyncio.run(twice())
    assert stored(folder) == {b"1" * 16: SEALED}


def test_other_bytes_under_a_known_id_are_a_conflict_and_change_nothing(store: Store, folder: Path) -> None:
    async def both() -> None:
        await store.put(b"1" * 16, WEEK, SEALED)
        with pytest.raises(Conflict, match="another report has this id"):
            await store.put(b"1" * 16, WEEK, b"other" * 100)

    asyncio.run(both())
    assert stored(folder) == {b"1" * 16: SEALED}


def test_a_conflict_does_not_hold_up_the_others_of_its_batch(store: Store, folder: Path) -> None:
    async def mixed() -> list[BaseException | None]:
        await store.put(b"1" * 16, WEEK, SEALED)
        puts = [store.put(b"1" * 16, WEEK, b"other"), store.put(b"2" * 16, WEEK, SEALED)]
        return await asyncio.gather(*puts, return_exceptions=True)

    first, second = asyncio.run(mixed())
    assert isinstance(first, Conflict)
    assert second is None
    assert stored(folder).keys() == {b"1" * 16, b"2" * 16}


def test_all_that_waits_goes_into_few_transactions(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    statements: list[str] = []

    def traced(path: Path) -> sqlite3.Connection:
        connection = connect(path)
        connection.set_trace_callback(statements.append)
        return connection

    monkeypatch.setattr("intake.store.connect", traced)
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


def test_no_more_reports_are_taken_than_the_settings_allow(folder: Path) -> None:
    store = opened(folder, max_reports=2)
    store.start()

    async def three() -> None:
        await store.put(b"1" * 16, WEEK, SEALED)
        await store.put(b"2" * 16, WEEK, SEALED)
        with pytest.raises(Unavailable, match="not stored"):
            await store.put(b"3" * 16, WEEK, SEALED)

    asyncio.run(three())
    store.close()
    assert len(stored(folder)) == 2


def test_nothing_is_taken_when_the_disk_has_too_little_room(folder: Path) -> None:
    store = opened(folder, min_free_bytes=2**62)
    store.start()
    with pytest.raises(Unavailable, match="not stored"):
        asyncio.run(store.put(b"1" * 16, WEEK, SEALED))
    store.close()
    assert stored(folder) == {}


def test_a_closed_store_has_written_what_waited_and_takes_nothing_more(folder: Path) -> None:
    store = opened(folder)
    store.start()

    async def put_and_close() -> None:
        puts = [asyncio.ensure_future(store.put(os.urandom(16), WEEK, SEALED)) for _ in range(50)]
        await asyncio.sleep(0)
        await asyncio.to_thread(store.close)
        await asyncio.gather(*puts)
        with pytest.raises(Unavailable, match="takes nothing more"):
            await store.put(b"1" * 16, WEEK, SEALED)

    asyncio.run(put_and_close())
    assert len(stored(folder)) == 50


def test_reports_stand_in_the_order_of_their_ids(store: Store, folder: Path) -> None:
    async def backwards() -> None:
        for number in range(20, 0, -1):
            await store.put(bytes([number]) * 16, WEEK, SEALED)

    asyncio.run(backwards())
    assert list(stored(folder)) == [bytes([number]) * 16 for number in range(1, 21)]


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
        pytest.param(b"", "is of version 0", id="empty"),
    ],
)
def test_a_file_that_is_none_of_ours_is_named(content: bytes | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "reports.db"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DatabaseError, match=message):
        connect(path)
