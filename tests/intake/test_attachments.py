import asyncio
import os
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from itertools import pairwise
from pathlib import Path

import pytest

from intake.attachments import MOST_UPLOADS, PIECE, Attachments
from intake.database import DatabaseError
from intake.keeping import Database
from intake.largefile import open_file
from intake.sqlite import Sqlite
from intake.store import Conflict, Unavailable
from tests.attaching import left_over as left_in_file
from tests.attaching import stored_files
from tests.sharing import held_files, left_over

WEEK = "2026-W47"
SEALED = random.Random(5).randbytes(2 * PIECE + 100)


@pytest.fixture
def attachments(database: Database) -> Iterator[Attachments]:
    """A store in each kind of database."""
    store = Attachments(database, min_free_bytes=1)
    store.start()
    yield store
    store.close()


@pytest.fixture
def in_a_file(tmp_path: Path) -> Iterator[Attachments]:
    """A store in a file of its own."""
    store = Attachments(Sqlite(tmp_path / "reports.db"), min_free_bytes=1)
    store.start()
    yield store
    store.close()


async def put(attachments: Attachments, name: bytes, sealed: bytes, step: int = 100_000) -> None:
    with attachments.upload() as upload:
        for start in range(0, len(sealed), step):
            await upload.write(sealed[start : start + step])
        await upload.finish(name, WEEK)


@pytest.mark.parametrize("length", [1, PIECE, PIECE + 1, 3 * PIECE])
def test_an_attachment_comes_out_as_it_went_in(
    length: int, attachments: Attachments, database: Database
) -> None:
    sealed = os.urandom(length)
    asyncio.run(put(attachments, b"1" * 16, sealed))
    assert held_files(database) == {b"1" * 16: sealed}


def test_the_same_bytes_cut_otherwise_are_the_same_attachment(
    attachments: Attachments, database: Database
) -> None:
    for step in (70_000, 3 * PIECE):
        asyncio.run(put(attachments, b"1" * 16, SEALED, step))
    attachments.close()
    assert held_files(database) == {b"1" * 16: SEALED}
    assert left_over(database) == 0


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda sealed: sealed[:-1] + b"?", id="the last byte"),
        pytest.param(lambda sealed: b"?" + sealed[1:], id="the first byte"),
        pytest.param(lambda sealed: sealed[:PIECE], id="shorter by pieces"),
        pytest.param(lambda sealed: sealed + sealed, id="longer by pieces"),
    ],
)
def test_other_bytes_under_a_known_id_change_nothing(
    change: Callable[[bytes], bytes], attachments: Attachments, database: Database
) -> None:
    asyncio.run(put(attachments, b"1" * 16, SEALED))
    with pytest.raises(Conflict, match="another attachment has this id"):
        asyncio.run(put(attachments, b"1" * 16, change(SEALED)))
    attachments.close()
    assert held_files(database) == {b"1" * 16: SEALED}
    assert left_over(database) == 0


def test_what_is_not_finished_is_gone_at_once(attachments: Attachments, database: Database) -> None:
    asyncio.run(begin(attachments, database))
    attachments.close()
    assert left_over(database) == 0


async def begin(attachments: Attachments, database: Database) -> None:
    with attachments.upload() as upload:
        await upload.write(SEALED)
        assert left_over(database) == 2


def test_what_a_killed_server_left_in_the_file_is_gone_after_a_start(
    in_a_file: Attachments, tmp_path: Path
) -> None:
    in_a_file.close()
    with closing(sqlite3.connect(tmp_path / "attachments.db")) as connection, connection:
        connection.execute("INSERT INTO pieces VALUES (?, 0, ?)", (b"killed", SEALED))
    in_a_file.start()
    assert left_in_file(tmp_path) == 0


def test_only_so_many_uploads_run_at_once(attachments: Attachments) -> None:
    with ExitStack() as uploads:
        for _ in range(MOST_UPLOADS):
            uploads.enter_context(attachments.upload())
        with pytest.raises(Unavailable, match="no attachment can be taken now"):
            uploads.enter_context(attachments.upload())
    with attachments.upload():
        pass


def test_a_slow_upload_loses_its_place_when_all_are_taken_and_a_whole_one_does_not(
    attachments: Attachments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intake.attachments.SECONDS_TO_START", 0)

    async def run() -> None:
        with ExitStack() as uploads:
            others = [uploads.enter_context(attachments.upload()) for _ in range(MOST_UPLOADS)]
            for one in others:
                one.ended = True
            with pytest.raises(Unavailable, match="no attachment can be taken now"):
                uploads.enter_context(attachments.upload())
            others[3].ended = False
            await put(attachments, b"1" * 16, SEALED)
            with pytest.raises(Unavailable, match="too slowly"):
                await others[3].write(SEALED)
            await others[4].write(SEALED)

    asyncio.run(run())


def test_an_upload_that_is_given_up_as_it_is_named_is_whole_or_nothing(
    attachments: Attachments, database: Database
) -> None:
    async def give_up(number: int, wait: float) -> None:
        async def finish() -> None:
            with attachments.upload() as upload:
                await upload.write(SEALED)
                await upload.finish(number.to_bytes(16, "big"), WEEK)

        task = asyncio.ensure_future(finish())
        await asyncio.wait({task}, timeout=wait)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    # How long one takes depends on the machine; the last is given all the time it wants.
    for number in range(60):
        asyncio.run(give_up(number, number / 2_000 if number < 59 else 60))
    attachments.close()
    kept = held_files(database)
    assert 0 < len(kept) < 60, "some were given up in time, and some too late"
    assert set(kept.values()) == {SEALED}
    assert left_over(database) == 0


def test_an_upload_that_is_given_up_after_it_was_named_keeps_its_bytes(
    attachments: Attachments, database: Database
) -> None:
    async def run() -> None:
        with suppress(asyncio.CancelledError), attachments.upload() as upload:
            await upload.write(SEALED)
            await upload.finish(b"1" * 16, WEEK)
            # As it is when the request is given up between the transaction and its answer.
            upload.finished = False
            raise asyncio.CancelledError

    asyncio.run(run())
    attachments.close()
    assert held_files(database) == {b"1" * 16: SEALED}


def test_the_file_is_put_in_order_when_nothing_comes_for_a_while(
    in_a_file: Attachments, tmp_path: Path
) -> None:
    arrived = [os.urandom(16) + os.urandom(PIECE) for _ in range(12)]
    journal = tmp_path / "attachments.db-wal"

    async def run() -> None:
        for one in arrived:
            await put(in_a_file, one[:16], one)
        assert journal.stat().st_size
        for _ in range(100):
            await asyncio.sleep(0.1)
            if not journal.stat().st_size:
                return

    asyncio.run(run())
    assert journal.stat().st_size == 0
    text = (tmp_path / "attachments.db").read_bytes()
    with closing(sqlite3.connect(tmp_path / "attachments.db")) as connection:
        rows = connection.execute("SELECT id FROM attachments ORDER BY upload").fetchall()
    in_file = [one[:16] for one in sorted(arrived, key=lambda one: place_of(one, text))]
    assert in_file == [row[0] for row in rows]


def test_the_room_that_is_left_shrinks_as_the_file_grows(tmp_path: Path) -> None:
    """Others write to this disk too, and take back what they wrote: one of ten files must show."""
    disk = os.statvfs(tmp_path)
    free = disk.f_bavail * disk.f_frsize
    with closing(Attachments(Sqlite(tmp_path / "reports.db"), min_free_bytes=free // 8)) as store:
        store.start()
        rooms = [store.room]
        for number in range(10):
            asyncio.run(put(store, bytes([number]) * 16, SEALED))
            rooms.append(store.room)
        assert rooms[0] <= 1
        assert any(after < before for before, after in pairwise(rooms))


def test_a_closed_store_takes_nothing(attachments: Attachments) -> None:
    attachments.close()
    with pytest.raises(Unavailable, match="no attachment can be taken now"):
        asyncio.run(put(attachments, b"1" * 16, SEALED))


def test_nothing_is_taken_when_the_disk_has_too_little_room(tmp_path: Path) -> None:
    with closing(Attachments(Sqlite(tmp_path / "reports.db"), min_free_bytes=2**62)) as store:
        store.start()
        with pytest.raises(Unavailable, match="the disk is full"):
            asyncio.run(put(store, b"1" * 16, SEALED))
    assert stored_files(tmp_path) == {}


def place_of(content: bytes, text: bytes) -> int:
    """Where some of it stands in the file, whose pages cut it into parts."""
    parts = (content[start : start + 40] for start in range(8_000, 12_000, 500))
    return next(found for part in parts if (found := text.find(part)) >= 0)


def test_after_a_start_the_place_of_an_attachment_in_the_file_says_nothing_of_when_it_came(
    in_a_file: Attachments, tmp_path: Path
) -> None:
    arrived = [os.urandom(16) + os.urandom(PIECE) for _ in range(12)]
    for one in arrived:
        asyncio.run(put(in_a_file, one[:16], one))
    in_a_file.close()
    in_a_file.start()
    in_a_file.close()
    text = (tmp_path / "attachments.db").read_bytes()
    with closing(sqlite3.connect(tmp_path / "attachments.db")) as connection:
        rows = connection.execute("SELECT id FROM attachments ORDER BY upload").fetchall()
    in_file = [one[:16] for one in sorted(arrived, key=lambda one: place_of(one, text))]
    assert in_file == [row[0] for row in rows]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"no database" * 100, "is not a file of attachments", id="foreign"),
        pytest.param(None, "is of version 9", id="of another version"),
    ],
)
def test_a_file_that_is_none_of_ours_is_named(content: bytes | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "attachments.db"
    if content is None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA user_version = 9")
    else:
        path.write_bytes(content)
    with pytest.raises(DatabaseError, match=message):
        open_file(path)


def test_the_file_is_readable_by_its_owner_alone_and_syncs_every_commit(tmp_path: Path) -> None:
    with closing(open_file(tmp_path / "attachments.db")) as connection:
        pragmas = [
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "secure_delete", "temp_store")
        ]
    assert pragmas == ["wal", 2, 1, 2]
    assert (tmp_path / "attachments.db").stat().st_mode & 0o777 == 0o600
