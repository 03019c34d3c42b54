"""Keeps sealed reports, and says so only when a disk has them; gives back what is taken back.

One thread writes. All that waits goes into one transaction, and whoever waits is told after its
COMMIT, which returns after the sync. Nothing here looks into a report.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from time import monotonic

from intake.keeping import Conflict, Database, Missing, Outcome, Unavailable, Waiting, Writer
from intake.pace import QUIET_SECONDS

# 512 reports of the common size are 9 MB: one transaction's worth, and a bounded wait.
MOST_IN_A_BATCH = 512
MOST_WAITING = 1024
# A disk that only lets itself be read says so when something is written. A report that was turned away
# counts for so long, unless another one was kept since: then somebody has to be let in to find out.
SECONDS_TO_DOUBT = 60.0


class Store:
    """The reports of one intake, written by one thread. Use from one event loop."""

    def __init__(self, database: Database, *, max_reports: int, min_free_bytes: int) -> None:
        self._database = database
        self._max_reports = max_reports
        self._min_free_bytes = min_free_bytes
        self._queue: SimpleQueue[Waiting | None] = SimpleQueue()
        self._coming: list[Waiting] = []
        self._thread: Thread | None = None
        # Held while something is put in the queue, so that nothing is put there after the writer ended.
        self._lock = Lock()
        self._taking = False
        self._writer: Writer | None = None
        self._doubted_until = 0.0

    @property
    def doubtful(self) -> bool:
        """Whether the last report that came, a moment ago, could not be kept."""
        return monotonic() < self._doubted_until

    @property
    def queued(self) -> float:
        """The part of the waiting places that is taken, 0 to 1."""
        return (self._queue.qsize() + len(self._coming)) / MOST_WAITING

    @property
    def room(self) -> float:
        """The part of the room for reports that was left after the last batch, 0 to 1."""
        return self._writer.left if self._writer else 1.0

    def start(self) -> None:
        """Starts the writer; DatabaseError when the database cannot be used."""
        writer = self._database.writer(self._max_reports, self._min_free_bytes)
        self._writer = writer
        self._taking = True
        self._thread = Thread(target=self._run, args=(writer,), name="store", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops the writer after all that waits is written."""
        if self._thread:
            self._hand_over()
            thread, self._thread = self._thread, None
            with self._lock:
                self._taking = False
                self._queue.put(None)
            thread.join()

    async def put(self, report_id: bytes, week: str, sealed: bytes) -> None:
        """Returns when the report is durable, or was held already with the same bytes.

        Raises Conflict when other bytes are held under the id, Unavailable when it was not stored.
        """
        try:
            await self._ask(report_id, week, sealed)
        except Unavailable:
            self._doubted_until = monotonic() + SECONDS_TO_DOUBT
            raise
        self._doubted_until = 0.0

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
        loop = asyncio.get_running_loop()
        kept = loop.create_future()
        if not self._taking or self._queue.qsize() + len(self._coming) >= MOST_WAITING:
            raise Unavailable("the store takes nothing more now")
        if not self._coming:
            loop.call_soon(self._hand_over)
        self._coming.append(Waiting(report_id, week, sealed, kept, attachments))
        await kept

    def _hand_over(self) -> None:
        """Gives the writer what came in one turn of the loop: it is woken once, and writes it together."""
        coming, self._coming = self._coming, []
        with self._lock:
            if self._taking:
                for waiting in coming:
                    self._queue.put(waiting)
                return
        _tell(coming, [Unavailable("the store takes nothing more now")] * len(coming))

    def _run(self, writer: Writer) -> None:
        batch: list[Waiting] = []
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
            writer.close()
            with self._lock:
                self._taking = False
                left = [*batch, *self._drain()]
            _answer(left, [Unavailable("the store has stopped") for _ in left])

    def _drain(self) -> Iterator[Waiting]:
        with suppress(Empty):
            while True:
                if waiting := self._queue.get_nowait():
                    yield waiting

    def _next(self, writer: Writer) -> Waiting | None:
        """What comes next; while nothing comes, the reports are put in order."""
        while writer.untidy:
            try:
                return self._queue.get(timeout=max(QUIET_SECONDS, writer.rest()))
            except Empty:
                writer.tidy()
        return self._queue.get()

    def _next_batch(self, writer: Writer) -> list[Waiting]:
        """All that waits, at least one and not too many; empty when the store was closed."""
        first = self._next(writer)
        batch: list[Waiting] = []
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


def _answer(batch: Sequence[Waiting], outcomes: Sequence[Outcome]) -> None:
    """Tells those who wait, in their own thread."""
    # The loop is gone when the server was stopped at once; nobody waits then.
    with suppress(RuntimeError):
        if batch:
            batch[0].kept.get_loop().call_soon_threadsafe(_tell, batch, outcomes)


def _tell(batch: Sequence[Waiting], outcomes: Sequence[Outcome]) -> None:
    for waiting, outcome in zip(batch, outcomes, strict=True):
        if waiting.kept.done():  # whoever waited has gone
            continue
        if outcome is None:
            waiting.kept.set_result(None)
        else:
            waiting.kept.set_exception(outcome)
