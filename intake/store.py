"""Keeps sealed reports, and says so only when the disk has them; gives back what is taken back.

One thread writes. All that waits goes into one transaction, and whoever waits is told after its
COMMIT, which with synchronous=FULL returns after the sync. Nothing here looks into a report.
"""

import asyncio
import logging
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock, Thread

from intake import withdrawal
from intake.database import ATTACHMENTS, connect, explained
from intake.guard import place
from intake.tidy import MOST_BYTES, cut_journal, tidy

# 512 reports of the common size are 9 MB: one transaction's worth, and a bounded wait.
MOST_IN_A_BATCH = 512
MOST_WAITING = 1024
# The file is put in order after as many new reports as a quarter of what it holds, and no fewer than
# this: so that the work for each report stays the same, however many there are.
LEAST_TO_TIDY = 64
TIDY_SHARE = 4
# And when nothing comes for so long, though it may not take more than one part in IDLE_SHARE of the time:
# the last report is the one whose sender somebody may have seen.
QUIET_SECONDS = 2.0
IDLE_SHARE = 10

log = logging.getLogger("intake")


class StoreError(Exception):
    """Base of what can keep a report from being stored; never raised itself."""


class Conflict(StoreError):
    """Another report is held under this id."""


class Unavailable(StoreError):
    """The report was not stored: no room, or the file cannot be written."""


class Missing(Unavailable):
    """No report is held under this id; or none that may be taken back."""


Outcome = StoreError | None


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Who wants a report kept, or only asks for it, when `sealed` is None.

    Or wants it taken back, with its `attachments`, when these are given.
    """

    id: bytes
    week: str
    sealed: bytes | None
    kept: asyncio.Future[None]
    attachments: Sequence[bytes] | None = None


class Store:
    """The reports of one data directory, written by one thread. Use from one event loop."""

    def __init__(self, path: Path, *, max_reports: int, min_free_bytes: int) -> None:
        self._path = path
        self._max_reports = max_reports
        self._min_free_bytes = min_free_bytes
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._thread: Thread | None = None
        # Held while something is put in the queue, so that nothing is put there after the writer ended.
        self._lock = Lock()
        self._taking = False
        self._writer: _Writer | None = None

    @property
    def queued(self) -> float:
        """The part of the waiting places that is taken, 0 to 1."""
        return self._queue.qsize() / MOST_WAITING

    @property
    def room(self) -> float:
        """The part of the room for reports that was left after the last batch, 0 to 1."""
        return self._writer.left if self._writer else 1.0

    def start(self) -> None:
        """Opens the file and starts the writer; DatabaseError when the file cannot be used."""
        connection = connect(self._path)
        try:
            with explained(self._path):
                # What a server that was killed left: bytes that were taken back, and the order of arrival.
                cut_journal(connection)
                tidy(connection, self._path)
                writer = _Writer(connection, self._path, self._max_reports, self._min_free_bytes)
        except BaseException:
            connection.close()
            raise
        self._writer = writer
        self._taking = True
        self._thread = Thread(target=self._run, args=(writer,), name="store", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops the writer after all that waits is written."""
        if self._thread:
            thread, self._thread = self._thread, None
            with self._lock:
                self._taking = False
                self._queue.put(None)
            thread.join()

    async def put(self, report_id: bytes, week: str, sealed: bytes) -> None:
        """Returns when the report is durable, or was held already with the same bytes.

        Raises Conflict when other bytes are held under the id, Unavailable when it was not stored.
        """
        await self._ask(report_id, week, sealed)

    async def find(self, report_id: bytes) -> None:
        """Returns when a report is durable under this id, whatever its bytes; Unavailable when none is."""
        with suppress(Conflict):
            await self._ask(report_id, "", None)

    async def holds(self, report_id: bytes) -> bool:
        """Whether a report is durable under this id; Unavailable when that cannot be said now."""
        try:
            await self.find(report_id)
        except Missing:
            return False
        return True

    async def withdraw(self, report_id: bytes, attachments: Sequence[bytes] = ()) -> bool:
        """Takes a report back, with those attachments that it may have; returns when that is durable.

        False, and nothing is deleted, when it is not here, or in a bundle that was begun. Unavailable when
        it could not be done now.
        """
        try:
            await self._ask(report_id, "", None, tuple(attachments))
        except Missing:
            return False
        return True

    async def _ask(
        self, report_id: bytes, week: str, sealed: bytes | None, attachments: Sequence[bytes] | None = None
    ) -> None:
        kept = asyncio.get_running_loop().create_future()
        with self._lock:
            if not self._taking or self._queue.qsize() >= MOST_WAITING:
                raise Unavailable("the store takes nothing more now")
            self._queue.put(_Waiting(report_id, week, sealed, kept, attachments))
        await kept

    def _run(self, writer: "_Writer") -> None:
        batch: list[_Waiting] = []
        try:
            while batch := self._next_batch(writer):
                keeping = [one for one in batch if one.attachments is None]
                _answer(keeping, writer.write(keeping))
                # What is taken back may be large, and holds up nobody who has waited before.
                batch = [one for one in batch if one.attachments is not None]
                _answer(batch, writer.take_back(batch))
                writer.tidy_when_due()
            writer.tidy()
        finally:
            # Whatever ended the writer, nobody is left to wait for it.
            writer.connection.close()
            with self._lock:
                self._taking = False
                left = [*batch, *self._drain()]
            _answer(left, [Unavailable("the store has stopped") for _ in left])

    def _drain(self) -> Iterator[_Waiting]:
        with suppress(Empty):
            while True:
                if waiting := self._queue.get_nowait():
                    yield waiting

    def _next(self, writer: "_Writer") -> _Waiting | None:
        """What comes next; while nothing comes, the file is put in order."""
        while writer.untidy:
            try:
                return self._queue.get(timeout=max(QUIET_SECONDS, writer.rest()))
            except Empty:
                writer.tidy()
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
class _Room:
    """What there is room for: so many more reports, of so many bytes together."""

    reports: int
    bytes: int

    def take(self, size: int) -> bool:
        """Whether one more of that size fits; if so, its room is taken."""
        if self.reports < 1 or self.bytes < size:
            return False
        self.reports -= 1
        self.bytes -= size
        return True


@dataclass(slots=True)
class _Writer:
    """The one who writes: all that is new in a batch is one transaction, kept as a whole or not at all."""

    connection: sqlite3.Connection
    path: Path
    max_reports: int
    min_free_bytes: int
    count: int = 0
    untidy: int = 0
    left: float = 0.0
    may_tidy_at: float = 0.0
    version: int | None = None
    # Whether the journal may hold bytes of what was taken back.
    unwiped: bool = False

    def __post_init__(self) -> None:
        self._follow()
        self.left = self._left()

    def write(self, batch: list[_Waiting]) -> list[Outcome]:
        """What became of each, in the order of `batch`, which is left sorted by id."""
        if not batch:
            return []
        try:
            # Pages are filled in this order; it must say nothing about who came first.
            batch.sort(key=lambda waiting: waiting.id)
            self._follow()
            room = self._room()
            before = self.connection.total_changes
            self.connection.execute("BEGIN IMMEDIATE")
            outcomes = [self._keep(waiting, room) for waiting in batch]
            self.connection.execute("COMMIT")
        except Exception as error:
            if not isinstance(error, (sqlite3.Error, OSError)):
                log.error("the store met %s", place(error))
            return self._give_up(batch)
        new = self.connection.total_changes - before
        self.count += new
        self.untidy += new
        self.left = self._left()
        return outcomes

    def take_back(self, batch: Sequence[_Waiting]) -> list[Outcome]:
        """What became of each report that was to be taken back; what is gone is in no file any more."""
        if not batch:
            return []
        large = self.path.with_name(ATTACHMENTS)
        try:
            self._follow()
            self.connection.execute("BEGIN IMMEDIATE")
            gone = [
                withdrawal.take_back(self.connection, large, one.id, one.attachments or ()) for one in batch
            ]
            self.connection.execute("COMMIT")
        except Exception as error:
            if not isinstance(error, (sqlite3.Error, OSError)):
                log.error("the store met %s", place(error))
            with suppress(sqlite3.Error):
                self.connection.rollback()
            return [Unavailable("the report was not taken back") for _ in batch]
        if number := sum(gone):
            self.count -= number
            self.untidy += number
            self.unwiped = True
            self._wipe()
        return [None if one else Missing("there is no report to take back") for one in gone]

    def _wipe(self) -> None:
        """Empties the journal of what was taken back, or leaves that to the next time."""
        with suppress(sqlite3.Error):
            self.unwiped = self.unwiped and not withdrawal.wipe(self.connection)

    def tidy_when_due(self) -> None:
        """Puts the file in order when enough reports came since it last was."""
        if self.untidy >= max(LEAST_TO_TIDY, self.count // TIDY_SHARE):
            self.tidy()

    def tidy(self) -> None:
        """Puts the file in order when reports came since it last was, and it can be done."""
        if self.untidy:
            # First, so that zeros stand in the pages that the rewriting frees.
            self._wipe()
            # Somebody was in the way: it is done when nothing comes for a while.
            self.untidy, start = int(self.unwiped), time.monotonic()
            with suppress(sqlite3.Error, OSError):
                tidy(self.connection, self.path, most_bytes=MOST_BYTES)
            self.may_tidy_at = time.monotonic() + IDLE_SHARE * (time.monotonic() - start)

    def rest(self) -> float:
        """The seconds until the file may be put in order again because nothing comes."""
        return self.may_tidy_at - time.monotonic()

    def _follow(self) -> None:
        """Counts anew when another command wrote: it may have deleted what the desks acknowledged."""
        (version,) = self.connection.execute("PRAGMA data_version").fetchone()
        if version != self.version:
            (self.count,) = self.connection.execute("SELECT count(*) FROM reports").fetchone()
            self.version = version

    def _left(self) -> float:
        """The part that is left of the reports that may be kept, or of the disk, whichever is less."""
        try:
            room, taken = self._room(), self.path.stat().st_size
        except OSError:
            return 0.0
        of_disk = room.bytes / (room.bytes + taken) if room.bytes > 0 else 0.0
        return max(0.0, min(room.reports / self.max_reports, of_disk))

    def _room(self) -> _Room:
        disk = os.statvfs(self.path.parent)
        free = disk.f_bavail * disk.f_frsize - self.min_free_bytes
        return _Room(self.max_reports - self.count, free)

    def _keep(self, waiting: _Waiting, room: _Room) -> Outcome:
        """Adds one report, unless it is held already or there is no room for it."""
        outcome = self._look_up(waiting)
        if waiting.sealed is None or not isinstance(outcome, Unavailable):
            return outcome
        if not room.take(len(waiting.sealed)):
            return outcome
        self.connection.execute(
            "INSERT INTO reports (id, week, sealed) VALUES (?, ?, ?)",
            (waiting.id, waiting.week, waiting.sealed),
        )
        return None

    def _look_up(self, waiting: _Waiting) -> Outcome:
        """None when the report is held, Conflict when another is under its id, or that none is."""
        found = self.connection.execute(
            "SELECT sealed = ? FROM reports WHERE id = ?", (waiting.sealed, waiting.id)
        ).fetchone()
        if not found:
            return (Unavailable if waiting.sealed else Missing)("the report was not stored")
        return None if found[0] else Conflict("another report has this id")

    def _give_up(self, batch: Sequence[_Waiting]) -> list[Outcome]:
        """Takes back what was begun. A report that was durable before is held all the same."""
        self.left = self._left()
        try:
            self.connection.rollback()
            return [self._look_up(waiting) for waiting in batch]
        except Exception:
            return [Unavailable("the report was not stored") for _ in batch]


def _answer(batch: Sequence[_Waiting], outcomes: Sequence[Outcome]) -> None:
    """Tells those who wait, in their own thread."""
    # The loop is gone when the server was stopped at once; nobody waits then.
    with suppress(RuntimeError):
        if batch:
            batch[0].kept.get_loop().call_soon_threadsafe(_tell, batch, outcomes)


def _tell(batch: Sequence[_Waiting], outcomes: Sequence[Outcome]) -> None:
    for waiting, outcome in zip(batch, outcomes, strict=True):
        if waiting.kept.done():  # whoever waited has gone
            continue
        if outcome is None:
            waiting.kept.set_result(None)
        else:
            waiting.kept.set_exception(outcome)
