"""Opens the reports of a shard, in this process or in several.

Opening is nearly all of an import's work, and does not run faster in threads.
"""

import itertools
import os
import signal
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeAlias

from analysis import worker
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


class _Worker(NamedTuple):
    """A process that opens reports, and the pipe to it, which ends when either side does."""

    process: BaseProcess
    pipe: "Connection[Any, Any]"


class Together:
    """Opens in several processes, which read the shard themselves by offset.

    Each has a pipe of its own and answers in order, so this process only ever waits for one that is at
    work, and learns at once when that one has died. A shared queue, as a pool has it, can be left
    locked for ever by a process that is killed.
    """

    def __init__(self, workers: Sequence[_Worker]) -> None:
        self._pipes = [worker.pipe for worker in workers]

    def open(self, shard: Path, batches: Batches) -> Results:
        """See Crew. A window of batches bounds what waits in memory. Raises LostWorker."""
        under_way: deque[tuple[Connection[Any, Any], int]] = deque()
        try:
            for (entries, known), pipe in zip(batches, itertools.cycle(self._pipes), strict=False):
                pipe.send((shard, entries))
                under_way.append((pipe, known))
                if len(under_way) >= WINDOW * len(self._pipes):
                    yield _next_result(under_way)
            while under_way:
                yield _next_result(under_way)
        except (ConnectionError, EOFError):
            raise LostWorker(
                f"{shard}: a process that opened reports was ended from outside",
                "memory may have run out; nothing was lost: import again with --processes 1",
            ) from None


def _next_result(under_way: "deque[tuple[Connection[Any, Any], int]]") -> tuple[list[Outcome], int]:
    pipe, known = under_way.popleft()
    result = pipe.recv()
    if isinstance(result, Exception):
        raise result
    return result, known


@contextmanager
def _together(keys: str, codings: Mapping[str, Coding], processes: int) -> Iterator[Together]:
    workers: list[_Worker] = []
    try:
        # Starting it lets Ctrl-C through again, so it has to be there before that is held back.
        resource_tracker.ensure_running()
        # Ctrl-C reaches them all, and is for this one.
        with _interrupts_later():
            workers.extend(_start() for _ in range(processes))
        for one in workers:
            # One that is gone is noticed when it is given work.
            with suppress(ConnectionError):
                one.pipe.send((keys, codings))
        yield Together(workers)
    finally:
        # They hold nothing that this process does not have.
        for one in workers:
            one.pipe.close()
            one.process.kill()
            one.process.join()


def _start() -> _Worker:
    # A forked process would share the database connection; a spawned one starts empty.
    context = get_context("spawn")
    here, there = context.Pipe()
    # What starts a process goes through a pipe that this one holds at both ends: it has to be little, or
    # a process that dies before it has read it would keep this one waiting. Keys and forms come after.
    process = context.Process(target=worker.serve, args=(there,), daemon=True)
    process.start()
    there.close()
    return _Worker(process, here)


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
    return _together(keys, codings, processes)
