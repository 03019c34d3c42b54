"""Keeps sealed reports, and says so only when the disk has them.

One thread writes. All that waits goes into one transaction, and whoever waits is told after its
COMMIT, which with synchronous=FULL returns after the sync. Nothing here looks into a report.
"""

import asyncio
import os
import sqlite3
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

from intake.database import connect
from intake.tidy import MOST_WHILE_SERVING, tidy

# 512 reports of the common size are 9 MB: one transaction's worth, and a bounded wait.
MOST_IN_A_BATCH = 512
MOST_WAITING = 1024
# The file is put in order when nothing comes for so long, or after so long when something always
# comes; and not so often that it takes more than a part in IDLE_SHARE of the time.
QUIET_SECONDS = 2.0
BUSY_SECONDS = 60.0
IDLE_SHARE = 10


class StoreError(Exception):
    """Base of what can keep a report from being stored; never raised itself."""


class Conflict(StoreError):
    """Another report is held under this id."""


class Unavailable(StoreError):
    """The report was not stored: no room, or the file cannot be written."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    id: bytes
    week: str
    sealed: bytes
    kept: asyncio.Future[None]


class Store:
    """The reports of one data directory, written by one thread. Use from one event loop."""

    def __init__(self, path: Path, *, max_reports: int, min_free_bytes: int) -> None:
        self._path = path
        self._max_reports = max_reports
        self._min_free_bytes = min_free_bytes
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._writer: _Writer | None = None

    @property
    def queued(self) -> float:
        """The part of the waiting places that is taken, 0 to 1."""
        return self._queue.qsize() / MOST_WAITING

    @property
    def room(self) -> float:
        """The part of the room for reports that was left when the last one was written, 0 to 1."""
        return self._writer.room if self._writer else 0.0

    def start(self) -> None:
        """Opens the file and starts the writer; DatabaseError when the file cannot be used."""
        connection = connect(self._path)
        (count,) = connection.execute("SELECT count(*) FROM reports").fetchone()
        writer = _Writer(connection, self._path, self._max_reports, self._min_free_bytes, count)
        # What a server left behind that was killed in the middle.
        writer.tidy()
        self._writer = writer
        self._thread = Thread(target=self._run, args=(writer,), name="store", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops the writer after all that waits is written."""
        if self._thread:
            thread, self._thread = self._thread, None
            self._queue.put(None)
            thread.join()

    async def put(self, report_id: bytes, week: str, sealed: bytes) -> None:
        """Returns when the report is durable, or was held already with the same bytes.

        Raises Conflict when other bytes are held under the id, Unavailable when it was not stored.
        """
        if not self._thread or self._queue.qsize() >= MOST_WAITING:
            raise Unavailable("the store takes nothing more now")
        kept = asyncio.get_running_loop().create_future()
        self._queue.put(_Waiting(report_id, week, sealed, kept))
        await kept

    def _run(self, writer: "_Writer") -> None:
        while batch := self._next_batch(writer):
            outcomes = writer.write(batch)
            # The loop is gone when the server was stopped at once; nobody waits then.
            with suppress(RuntimeError):
                batch[0].kept.get_loop().call_soon_threadsafe(_tell, batch, outcomes)
        writer.connection.close()

    def _next(self, writer: "_Writer") -> _Waiting | None:
        """What comes next; while nothing comes, the file is put in order."""
        if writer.is_overdue():
            writer.tidy(MOST_WHILE_SERVING)
        while writer.untidy:
            try:
                return self._queue.get(timeout=max(QUIET_SECONDS, writer.rest()))
            except Empty:
                writer.tidy(MOST_WHILE_SERVING)
        return self._queue.get()

    def _next_batch(self, writer: "_Writer") -> list[_Waiting]:
        """All that waits, at least one and not too many; empty when the store was closed."""
        first = self._next(writer)
        batch: list[_Waiting] = []
        while first is not None:
            batch.append(first)
            if len(batch) == MOST_IN_A_BATCH:
                return batch
            try:
                first = self._queue.get_nowait()
            except Empty:
                return batch
        if batch:
            self._queue.put(None)
        return batch


@dataclass(slots=True)
class _Writer:
    """The one who writes: a batch is one transaction, all of it kept or none."""

    connection: sqlite3.Connection
    path: Path
    max_reports: int
    min_free_bytes: int
    count: int
    room: float = field(init=False, default=0.0)
    untidy: bool = field(init=False, default=False)
    _tidied: float = field(init=False, default=0.0)
    _took: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self.room = self._room()

    def tidy(self, most_bytes: int | None = None) -> None:
        """Puts the file in order if it can be done; what could not be done waits for more reports."""
        start = time.monotonic()
        with suppress(sqlite3.Error, OSError):
            tidy(self.connection, self.path, most_bytes=most_bytes)
        self.untidy = False
        self._tidied = time.monotonic()
        self._took = self._tidied - start

    def rest(self) -> float:
        """The seconds until the file may be put in order again."""
        return self._tidied + IDLE_SHARE * self._took - time.monotonic()

    def is_overdue(self) -> bool:
        """Whether reports have come for so long that there was no quiet time to put the file in order."""
        return self.untidy and self.rest() < 0 and time.monotonic() > self._tidied + BUSY_SECONDS

    def write(self, batch: list[_Waiting]) -> list[StoreError | None]:
        """What became of each, in the order of `batch`, which is left sorted by id."""
        # Pages are filled in this order; it must say nothing about who came first.
        batch.sort(key=lambda waiting: waiting.id)
        try:
            self._check_room(batch)
            self.connection.execute("BEGIN IMMEDIATE")
            inserted = [self._insert(waiting) for waiting in batch]
            outcomes: list[StoreError | None] = [
                None if new else self._held(waiting) for new, waiting in zip(inserted, batch, strict=True)
            ]
            self.connection.execute("COMMIT")
        except (sqlite3.Error, OSError, Unavailable):
            with suppress(sqlite3.Error):
                self.connection.rollback()
            self.room = self._room()
            return [Unavailable("the report was not stored") for _ in batch]
        self.count += sum(inserted)
        self.untidy = True
        self.room = self._room()
        return outcomes

    def _room(self) -> float:
        """The part that is left of the reports that may be kept, or of the disk, whichever is less."""
        try:
            disk, taken = os.statvfs(self.path.parent), self.path.stat().st_size
        except OSError:
            return 0.0
        free = disk.f_bavail * disk.f_frsize - self.min_free_bytes
        return max(0.0, min(1 - self.count / self.max_reports, free / (free + taken) if free > 0 else 0.0))

    def _check_room(self, batch: Sequence[_Waiting]) -> None:
        disk = os.statvfs(self.path.parent)
        needed = sum(len(waiting.sealed) for waiting in batch)
        if disk.f_bavail * disk.f_frsize < self.min_free_bytes + needed:
            raise Unavailable("the disk is full")
        if self.count + len(batch) > self.max_reports:
            raise Unavailable("there are as many reports as the settings allow")

    def _insert(self, waiting: _Waiting) -> bool:
        cursor = self.connection.execute(
            "INSERT INTO reports (id, week, sealed) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (waiting.id, waiting.week, waiting.sealed),
        )
        return cursor.rowcount == 1

    def _held(self, waiting: _Waiting) -> Conflict | None:
        (same,) = self.connection.execute(
            "SELECT sealed = ? FROM reports WHERE id = ?", (waiting.sealed, waiting.id)
        ).fetchone()
        return None if same else Conflict("another report has this id")


def _tell(batch: Sequence[_Waiting], outcomes: Sequence[StoreError | None]) -> None:
    for waiting, outcome in zip(batch, outcomes, strict=True):
        if waiting.kept.done():  # whoever waited has gone
            continue
        if outcome is None:
            waiting.kept.set_result(None)
        else:
            waiting.kept.set_exception(outcome)
