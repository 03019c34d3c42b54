"""Keeps sealed attachments, by a writer of their own so that a large one holds up no report.

An upload is written in pieces as it comes, and is an attachment only once its last transaction names
it; what was begun and not finished is swept away. Rows stand in the order of random numbers, and
say no more of who sent them than a report's do.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TypeVar

from intake.body import SLOWEST
from intake.keeping import Conflict, Connection, Database, Files, Unavailable
from intake.pace import QUIET_SECONDS, Pace

PIECE = 1024 * 1024
# Each takes up to a piece of memory and a part of the disk's time.
MOST_UPLOADS = 32
# When all places are taken, an upload loses its place that has had so many seconds and was slower than
# SLOWEST bytes a second. Otherwise 32 connections that send nothing would keep everybody's files out.
SECONDS_TO_START = 15
# Attachments leave the last of the disk to reports: they stop at this many times the least free space.
RESERVE = 4
# What a request that was given up had named already stays: its transaction was on its way.
_DROPPED = """DELETE FROM pieces WHERE upload = ?
AND NOT EXISTS (SELECT 1 FROM attachments WHERE attachments.upload = pieces.upload) RETURNING length(bytes)"""
_SAME = """SELECT count(*) FROM pieces AS one JOIN pieces AS other USING (number, bytes)
WHERE one.upload = ? AND other.upload = ?"""

_Result = TypeVar("_Result")


class Attachments:
    """The attachments of one data directory. Use from one event loop."""

    def __init__(self, database: Database, *, min_free_bytes: int) -> None:
        self._database = database
        self._min_free_bytes = RESERVE * min_free_bytes
        self._failures: tuple[type[Exception], ...] = (OSError, *database.errors)
        self._files: Files | None = None
        self._writer: ThreadPoolExecutor | None = None
        self._under_way: list[Upload] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._quiet: asyncio.TimerHandle | None = None
        self._pace = Pace()

    @property
    def queued(self) -> float:
        """The part of the places for uploads that is taken, 0 to 1; no pressure before all are."""
        return float(len(self._under_way) >= MOST_UPLOADS)

    @property
    def room(self) -> float:
        """The part of the room for attachments that is left, 0 to 1."""
        return self._files.left if self._files else 1.0

    def start(self) -> None:
        """Opens the file, which is made if need be; DatabaseError when it cannot be used."""
        files = self._database.files(self._min_free_bytes)
        files.sweep()
        files.free_bytes()
        self._files = files
        # One thread, so that one job follows the other, and a job that is given up is still cleared away.
        self._writer = ThreadPoolExecutor(1, "attachments")

    def close(self) -> None:
        """Stops after what is under way."""
        if self._quiet:
            self._quiet.cancel()
        if self._writer:
            writer, self._writer = self._writer, None
            writer.submit(self._tidy_files)
            writer.shutdown()
            self._opened.close()

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
        self._pace.untidy += 1

    @property
    def _opened(self) -> Files:
        assert self._files  # noqa: S101 - the writer runs only after `start`
        return self._files

    async def run(self, job: Callable[[Connection], _Result], size: int) -> _Result:
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
            wait = max(QUIET_SECONDS, self._pace.rest())
            self._quiet = self._loop.call_later(wait, self._tidy_in_the_quiet)

    def _tidy_in_the_quiet(self) -> None:
        if self._writer and not self._under_way:
            self._writer.submit(self._tidy_files)

    def _transact(self, job: Callable[[Connection], _Result], size: int) -> _Result:
        files = self._opened
        try:
            if files.free_bytes() < size:
                raise Unavailable("the disk is full")
            with files.connection.transaction():
                return job(files.connection)
        except self._failures:
            raise Unavailable("the attachment was not stored") from None

    def _settle(self, upload: "Upload") -> None:
        # What cannot be dropped now is swept away later.
        with suppress(*self._database.errors):
            connection = self._opened.connection
            if not upload.finished:
                with connection.transaction():
                    dropped = connection.execute(_DROPPED, (upload.key,)).fetchall()
                    connection.changed(0, -sum(length for (length,) in dropped))
            (count,) = connection.execute("SELECT count(*) FROM attachments").fetchone()
            self._pace.untidy += 1
            if self._pace.due(count):
                self._tidy_files()

    def _tidy_files(self) -> None:
        """Puts the file in order when uploads came since it last was, and it can be done."""
        if self._pace.untidy:
            self._pace.do(self._tidy_now)

    def _tidy_now(self) -> None:
        if not self._opened.tidy():
            self._pace.untidy += 1
            if self._loop:
                # The loop is gone when the server was stopped at once.
                with suppress(RuntimeError):
                    self._loop.call_soon_threadsafe(self._wait_for_quiet)


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

        def name(connection: Connection) -> bool:
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

        def forget(connection: Connection) -> None:
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

        def add(connection: Connection) -> None:
            connection.execute("INSERT INTO pieces VALUES (?, ?, ?)", row)
            connection.changed(0, len(piece))

        await self._attachments.run(add, len(piece))


def read(connection: Connection, attachment_id: bytes) -> bytes:
    """The sealed attachment of that id in the schema `large`."""
    rows = connection.execute(
        "SELECT bytes FROM pieces WHERE upload ="
        " (SELECT upload FROM attachments WHERE id = ?) ORDER BY number",
        (attachment_id,),
    )
    return b"".join(row[0] for row in rows)
