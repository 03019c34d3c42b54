"""Opens the reports of a shard, in this process or in several.

Opening is nearly all of an import's work, and does not run faster in threads.
"""

import os
import pickle
import signal
import zlib
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager, nullcontext
from multiprocessing import get_context
from pathlib import Path
from typing import Protocol, Self, TypeAlias

from analysis import opening
from analysis.desk import Desk
from analysis.desk_errors import LostWorker
from analysis.opening import Coding, Opener, Outcome
from intake.crypto.shard import Entry

# Batches that are under way or wait for the database, for each process.
WINDOW = 4
# Starting a process costs as much as opening this many reports.
WORTH_A_PROCESS = 6000

# Each batch comes with how many reports were left out of it because they are known.
Batches: TypeAlias = Iterator[tuple[list[Entry], int]]
Results: TypeAlias = Iterator[tuple[list[Outcome], int]]


class Crew(Protocol):
    """Whoever opens the batches of a shard."""

    def open(self, shard: Path, batches: Batches) -> Results:
        """What the reports of each batch say, with the batch's count of known ones."""


class Alone:
    """Opens in this process."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener

    def open(self, shard: Path, batches: Batches) -> Results:
        """See Crew."""
        for entries, known in batches:
            yield self._opener.open_all(shard, entries), known


class Together:
    """Opens in several processes, which read the shard themselves by offset."""

    def __init__(self, keys: str, codings: Mapping[str, Coding], processes: int) -> None:
        self._window = WINDOW * processes
        # Small, because a process that dies before it has read more than a pipe holds (64 KiB) would keep
        # this one waiting for ever.
        packed = zlib.compress(pickle.dumps(codings))
        # A forked process would share the database connection; a spawned one starts empty.
        self._pool = ProcessPoolExecutor(
            processes, mp_context=get_context("spawn"), initializer=opening.start, initargs=(keys, packed)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def open(self, shard: Path, batches: Batches) -> Results:
        """See Crew. A window of batches bounds what waits in memory. Raises LostWorker."""
        under_way: deque[tuple[Future[list[Outcome]], int]] = deque()
        try:
            for entries, known in batches:
                under_way.append((self._submit(shard, entries), known))
                if len(under_way) >= self._window:
                    future, skipped = under_way.popleft()
                    yield future.result(), skipped
            for future, skipped in under_way:
                yield future.result(), skipped
        except BrokenProcessPool:
            raise LostWorker(
                f"{shard}: a process that opened reports was ended from outside",
                "memory may have run out; nothing was lost: import again with --processes 1",
            ) from None

    def _submit(self, shard: Path, entries: list[Entry]) -> Future[list[Outcome]]:
        # A process is started here when one is wanted. Ctrl-C reaches them all, and is for this one.
        with _interrupts_later():
            return self._pool.submit(opening.work, shard, entries)


@contextmanager
def _interrupts_later() -> Iterator[None]:
    """Holds Ctrl-C back meanwhile; a process that is started in here never hears of it."""
    pressed: list[int] = []
    # Two ways at once: a new process inherits what is blocked, and forgets what is handled; other
    # threads of this one may not have it blocked.
    handled = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        signal.signal(signal.SIGINT, handled)
    if pressed:
        raise KeyboardInterrupt


def gather(
    desk: Desk, codings: Mapping[str, Coding], processes: int | None, reports: int
) -> AbstractContextManager[Crew]:
    """A crew of `processes`, or of as many as pay off for that many reports when that is None."""
    if processes is None:
        processes = len(os.sched_getaffinity(0)) if reports >= WORTH_A_PROCESS else 1
    if processes == 1:
        return nullcontext(Alone(Opener(desk.identities, codings)))
    keys = "\n".join(identity.reveal() for identity in desk.identities)
    return Together(keys, codings, processes)
