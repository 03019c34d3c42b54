"""Keeps sealed attachments, in a file of their own so that a large one holds up no report.

An upload is written in pieces as it comes, and is an attachment only once its last transaction names
it; what was begun and not finished is swept away. Rows stand in the order of random numbers, and
say no more of who sent them than a report's do.
"""

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from intake.body import SLOWEST
from intake.database import ATTACHMENTS, BUSY_MILLISECONDS, DatabaseError, explained
from intake.store import IDLE_SHARE, LEAST_TO_TIDY, QUIET_SECONDS, TIDY_SHARE, Conflict, Unavailable
from intake.tidy import MOST_BYTES, tidy

FILE = ATTACHMENTS
VERSION = 1
PIECE = 1024 * 1024
# Each takes up to a piece of memory and a part of the disk's time.
MOST_UPLOADS = 32
# When all places are taken, an upload loses its place that has had so many seconds and was slower than
# SLOWEST bytes a second. Otherwise 32 connections that send nothing would keep everybody's files out.
SECONDS_TO_START = 15
# Attachments leave the last of the disk to reports: they stop at this many times the least free space.
RESERVE = 4
# The journal keeps no more than this of the disk when it is idle.
JOURNAL = 16 * PIECE
SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS {{0}}.attachments
    (id BLOB PRIMARY KEY, week TEXT NOT NULL, length INTEGER NOT NULL, upload BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS {{0}}.pieces
    (upload BLOB, number INTEGER, bytes BLOB NOT NULL, PRIMARY KEY (upload, number)) WITHOUT ROWID;
PRAGMA {{0}}.user_version = {VERSION};
COMMIT;
"""
_UNFINISHED = "DELETE FROM pieces WHERE upload NOT IN (SELECT upload FROM attachments)"
# What a request that was given up had named already stays: its transaction was on its way.
_DROPPED = """DELETE FROM pieces WHERE upload = :upload
AND NOT EXISTS (SELECT 1 FROM attachments WHERE upload = :upload)"""
_SAME = """SELECT count(*) FROM pieces AS one JOIN pieces AS other USING (number, bytes)
WHERE one.upload = ? AND other.upload = ?"""

_Result = TypeVar("_Result")


class Attachments:
    """The attachments of one data directory. Use from one event loop."""

    def __init__(self, path: Path, *, min_free_bytes: int) -> None:
        self._path = path
        self._min_free_bytes = RESERVE * min_free_bytes
        self._writer: ThreadPoolExecutor | None = None
        self._under_way: list[Upload] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._quiet: asyncio.TimerHandle | None = None
        self._may_tidy_at = 0.0
        self._left = 1.0

    @property
    def queued(self) -> float:
        """The part of the places for uploads that is taken, 0 to 1; no pressure before all are."""
        return float(len(self._under_way) >= MOST_UPLOADS)

    @property
    def room(self) -> float:
        """The part of the room for attachments that is left, 0 to 1."""
        return self._left

    def start(self) -> None:
        """Opens the file, which is made if need be; DatabaseError when it cannot be used."""
        connection = open_file(self._path)
        try:
            with explained(self._path):
                connection.execute(_UNFINISHED)
                # What a server that was killed left in the order of arrival.
                tidy(connection, self._path)
        except BaseException:
            connection.close()
            raise
        self._connection, self._untidy = connection, 0
        self._free_bytes()
        # One thread, so that one job follows the other, and a job that is given up is still cleared away.
        self._writer = ThreadPoolExecutor(1, "attachments")

    def close(self) -> None:
        """Stops after what is under way."""
        if self._quiet:
            self._quiet.cancel()
        if self._writer:
            writer, self._writer = self._writer, None
            writer.submit(self._tidy, 1)
            writer.shutdown()
            self._connection.close()

    @contextmanager
    def upload(self) -> Iterator["Upload"]:
        """An upload, of which nothing stays unless it is finished; Unavailable when there are too many."""
        if not self._writer or (len(self._under_way) >= MOST_UPLOADS and not self._drop_a_slow_one()):
            raise Unavailable("no attachment can be taken now")
        upload = Upload(self)
        self._under_way.append(upload)
        try:
            yield upload
        finally:
            if not upload.dropped:
                self._under_way.remove(upload)
            if self._writer:
                self._writer.submit(self._settle, upload)
                self._wait_for_quiet()

    def settle(self) -> None:
        """Has the file put in order soon: somebody took an attachment back."""
        if self._writer:
            self._loop = asyncio.get_running_loop()
            self._writer.submit(self._note_change)
            self._wait_for_quiet()

    def _note_change(self) -> None:
        self._untidy += 1

    async def run(self, job: Callable[[sqlite3.Connection], _Result], size: int) -> _Result:
        """What `job` returns after its transaction is durable; Unavailable when it was not."""
        if not self._writer:
            raise Unavailable("the attachments are closed")
        self._loop = asyncio.get_running_loop()
        return await self._loop.run_in_executor(self._writer, self._transact, job, size)

    def _drop_a_slow_one(self) -> bool:
        """Takes the place of the slowest of those that are too slow; says whether there is one."""
        slow = [one for one in self._under_way if one.is_slow()]
        if slow:
            slowest = min(slow, key=Upload.speed)
            slowest.dropped = True
            self._under_way.remove(slowest)
        return bool(slow)

    def _wait_for_quiet(self) -> None:
        """Has the file put in order when nothing comes for a while, as the file of reports is."""
        if self._quiet:
            self._quiet.cancel()
        if self._loop:
            wait = max(QUIET_SECONDS, self._may_tidy_at - time.monotonic())
            self._quiet = self._loop.call_later(wait, self._tidy_in_the_quiet)

    def _tidy_in_the_quiet(self) -> None:
        if self._writer and not self._under_way:
            self._writer.submit(self._tidy, 1)

    def _free_bytes(self) -> int:
        """The bytes that may still be taken; notes which part of the room they are."""
        disk = os.statvfs(self._path.parent)
        free = disk.f_bavail * disk.f_frsize - self._min_free_bytes
        self._left = free / (free + self._path.stat().st_size) if free > 0 else 0.0
        return free

    def _transact(self, job: Callable[[sqlite3.Connection], _Result], size: int) -> _Result:
        try:
            if self._free_bytes() < size:
                raise Unavailable("the disk is full")
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                result = job(self._connection)
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.rollback()
        except (sqlite3.Error, OSError):
            raise Unavailable("the attachment was not stored") from None
        return result

    def _settle(self, upload: "Upload") -> None:
        # What cannot be dropped now is swept away at the next start.
        with suppress(sqlite3.Error):
            if not upload.finished:
                self._connection.execute(_DROPPED, {"upload": upload.key})
            (count,) = self._connection.execute("SELECT count(*) FROM attachments").fetchone()
            self._untidy += 1
            self._tidy(max(LEAST_TO_TIDY, count // TIDY_SHARE))

    def _tidy(self, least: int) -> None:
        """Puts the file in order when so many uploads came since it last was, and it can be done."""
        if self._untidy >= least:
            self._untidy, start = 0, time.monotonic()
            with suppress(sqlite3.Error, OSError):
                tidy(self._connection, self._path, most_bytes=MOST_BYTES)
            self._may_tidy_at = time.monotonic() + IDLE_SHARE * (time.monotonic() - start)


class Upload:
    """One attachment as it arrives, sealed."""

    def __init__(self, attachments: Attachments) -> None:
        self.key = os.urandom(16)
        self.length = 0
        self.ended = False
        self.finished = False
        self.dropped = False
        self._attachments = attachments
        self._waiting = bytearray()
        self._pieces = 0
        self._start = time.monotonic()

    def speed(self) -> float:
        """Bytes a second since it began."""
        return self.length / (time.monotonic() - self._start)

    def is_slow(self) -> bool:
        """Whether it may lose its place; one of which nothing more is to come may not."""
        age = time.monotonic() - self._start
        return not self.ended and age > SECONDS_TO_START and self.length < age * SLOWEST

    async def write(self, sealed: bytes) -> None:
        """Takes more of it; Unavailable when it cannot be kept."""
        self._waiting += sealed
        self.length += len(sealed)
        while len(self._waiting) >= PIECE:
            await self._put(bytes(self._waiting[:PIECE]))
            del self._waiting[:PIECE]

    async def finish(self, attachment_id: bytes, week: str) -> None:
        """Returns when the attachment is durable under its id, or was held already with the same bytes.

        Raises Conflict when other bytes are held under the id, Unavailable when it was not stored.
        """
        await self._put(bytes(self._waiting))
        row = (attachment_id, week, self.length, self.key)

        def name(connection: sqlite3.Connection) -> bool:
            held = connection.execute("SELECT upload FROM attachments WHERE id = ?", row[:1]).fetchone()
            if held is None:
                connection.execute("INSERT INTO attachments VALUES (?, ?, ?, ?)", row)
                return True
            (same,) = connection.execute(_SAME, (self.key, held[0])).fetchone()
            if same != self._pieces:
                raise Conflict("another attachment has this id")
            return False

        self.finished = await self._attachments.run(name, 0)

    async def take_back(self, attachment_id: bytes) -> None:
        """Gives up what this upload brought under that id, not what was held before. Or Unavailable."""

        def forget(connection: sqlite3.Connection) -> None:
            connection.execute(
                "DELETE FROM attachments WHERE id = ? AND upload = ?", (attachment_id, self.key)
            )

        if self.finished:
            await self._attachments.run(forget, 0)
            self.finished = False

    async def _put(self, piece: bytes) -> None:
        if self.dropped:
            raise Unavailable("the attachment came too slowly")
        row = (self.key, self._pieces, piece)
        self._pieces += 1
        await self._attachments.run(
            lambda connection: connection.execute("INSERT INTO pieces VALUES (?, ?, ?)", row), len(piece)
        )


def open_file(path: Path) -> sqlite3.Connection:
    """A connection to the file of attachments, made if need be; DatabaseError when it is another file."""
    path.touch(0o600)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version not in (0, VERSION):
            raise DatabaseError(f"{path} is of version {version}, and this program reads version {VERSION}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute(f"PRAGMA journal_size_limit = {JOURNAL}")
        connection.executescript(SCHEMA.format("main"))
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.Error):
            raise DatabaseError(f"{path} is not a file of attachments") from None
        raise
    return connection


def tidy_file(path: Path) -> None:
    """Puts the file in order, where there is one that is not too large."""
    if path.exists():
        with closing(open_file(path)) as connection:
            tidy(connection, path, most_bytes=MOST_BYTES)


def attach(connection: sqlite3.Connection, path: Path) -> None:
    """Makes the file `path` the schema `large` of a connection; an empty one stands for a missing file."""
    if path.exists():
        with closing(open_file(path)):
            pass
        connection.execute("ATTACH ? AS large", (str(path),))
    else:
        connection.execute("ATTACH ':memory:' AS large")
        connection.executescript(SCHEMA.format("large"))


def read(connection: sqlite3.Connection, attachment_id: bytes) -> bytes:
    """The sealed attachment of that id in the schema `large`."""
    rows = connection.execute(
        "SELECT bytes FROM large.pieces WHERE upload ="
        " (SELECT upload FROM large.attachments WHERE id = ?) ORDER BY number",
        (attachment_id,),
    )
    return b"".join(row[0] for row in rows)
