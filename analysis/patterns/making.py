"""Makes what the pages of patterns read (analysis.summaries): at the end of an import and of a purge.

What a killed command left undone the workbench does while it is open. Each part is written by itself,
so that nobody waits for all of them; what is held in memory is a few dozen bytes a report.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from analysis import bitmaps, summaries
from analysis.bitmaps import Bitmaps
from analysis.cipher import Database
from analysis.patterns import coded, corpus, events, retold, written
from analysis.patterns.alike import ANSWERS, EVENT, STORY
from analysis.patterns.reading import Counted, read_consenting
from analysis.summaries import Summary

# Told how much there is to do, it gives what is told how much of that was done.
Begin: TypeAlias = Callable[[int], Callable[[int], None]]
IN_PARTS = (corpus.WORDS, retold.SKETCHES, coded.CODED)


@dataclass(frozen=True, slots=True)
class Made:
    """A part of a summary, and the state of the desk's reports that it was made of."""

    name: str
    part: int
    summary: Summary
    state: int


def unseen(_: int) -> Callable[[int], None]:
    """Shows nothing of what is done."""
    return lambda _: None


def refresh(database: Database, begin: Begin = unseen) -> None:
    """Makes all that is missing. The caller keeps other commands away, and has no transaction open.

    `begin` is told how many parts there are to make, and gives what is told of each that is made.
    """
    missing = count_missing(database.conn)
    if not missing:
        return
    progress = begin(missing)
    for made in make(database.conn):
        with database.atomic():
            write(database.conn, made)
        progress(1)


def is_true(connection: Any) -> bool:
    """Whether every summary covers the newest report."""
    return not count_missing(connection)


def count_missing(connection: Any) -> int:
    """How many parts of summaries do not cover all of their reports."""
    (newest,) = connection.execute('SELECT coalesce(max("id"), 0) FROM "reports"').fetchone()
    whole = (STORY, ANSWERS, EVENT, *(f"names:{pool.id}" for pool in written.pools(_all(connection))))
    lacking = [name for name in whole if summaries.until(connection, name) != newest]
    return len(lacking) + sum(len(list(summaries.missing(connection, name, newest))) for name in IN_PARTS)


def make(connection: Any) -> Iterator[Made]:
    """The parts that are missing or out of date, one after the other; each is to be written before the next.

    Nothing is made of bits that do not tell of every change yet.
    """
    (newest,) = connection.execute('SELECT coalesce(max("id"), 0) FROM "reports"').fetchone()
    database, state = _all(connection), bitmaps.state(connection)
    for name, parts in _makers(connection, newest):
        if bitmaps.state(connection) != state:
            database, state = _all(connection), bitmaps.state(connection)
        for part, summary in parts(database):
            yield Made(name, part, summary, state)
            # What was kept of the summary before is out of date; the bits are not.
            database.bits.forget()


def write(connection: Any, made: Made) -> bool:
    """Writes a part unless reports changed meanwhile; whether it did. Belongs in a transaction."""
    if bitmaps.state(connection) != made.state:
        return False
    summaries.write(connection, made.name, made.part, made.summary)
    return True


def _all(connection: Any) -> Counted:
    return read_consenting(connection, Bitmaps.of(connection))


_Maker: TypeAlias = Callable[[Counted], Iterable[tuple[int, Summary]]]


def _makers(connection: Any, newest: int) -> Iterator[tuple[str, _Maker]]:
    """What makes each summary, those first that are made soonest and that others are made of."""
    for pool in written.pools(_all(connection)):
        yield from _whole(connection, f"names:{pool.id}", newest, partial(written.make_names, pool=pool))
    yield corpus.WORDS, partial(corpus.make_words, newest=newest)
    yield retold.SKETCHES, partial(retold.make_sketches, newest=newest)
    yield coded.CODED, partial(coded.make_coded, newest=newest)
    yield from _whole(connection, STORY, newest, retold.make_sets)
    yield from _whole(connection, ANSWERS, newest, events.make_answers)
    yield from _whole(connection, EVENT, newest, events.make_events)


def _whole(
    connection: Any, name: str, newest: int, make: Callable[..., Summary]
) -> Iterator[tuple[str, _Maker]]:
    if summaries.until(connection, name) != newest:
        yield name, lambda database: [(0, make(database, newest=newest))]
