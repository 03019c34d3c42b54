"""Stories that are nearly the same, word for word, among a million.

Sketches name the candidates (analysis.patterns.sketch); each is then compared exactly, so that no pair
is proposed that does not share as much as is said. Short stories are left alone.

Reports are taken in the order of their numbers, each against those before it alone. So it is all the
same whether they came together or in a hundred imports, and an import compares its own reports.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis import summaries
from analysis.bitmaps import numbers
from analysis.patterns.alike import STORY, Found, Link, Tree, read_links, to_summary
from analysis.patterns.ranked import read_found
from analysis.patterns.reading import STORIES, Counted, Numbers, read_stories, story_questions
from analysis.patterns.sketch import BINS, Hashes, Sketcher, Sketches, bands, shares, similarity
from analysis.summaries import Summary

# The share of their runs of three words that two stories must have in common.
ENOUGH = 0.6
# Sketches that are equal in so large a part are worth a look at the stories: of two stories at the limit
# nine in ten are, of two that share a third of their text one in a hundred.
LIKELY = 0.5
# A story is compared with all of so many that share a band with it; among more, with the first few alone.
CROWD, FIRST = 8, 2
# Stories that one story is compared with exactly, the likeliest first.
MOST_OF_ONE = 8
# Pairs of which the sketches are compared at once.
LOT = 500_000
SKETCHES = "sketches"
_CACHED = 4096


@dataclass(frozen=True, slots=True)
class Told:
    """The stories that are long enough: their reports in rising order, sketches, a hash of the whole."""

    reports: Numbers
    sketches: Sketches
    whole: Hashes


def stories(database: Counted, apart: Collection[Collection[int]] = ()) -> Found:
    """Sets of nearly the same story."""
    return read_found(database, STORY, apart)


def make_sketches(database: Counted, newest: int) -> Iterator[tuple[int, Summary]]:
    """The parts that are missing, or that do not have the newest reports yet."""
    asked, told = story_questions(database), numbers(database.which)
    for part, first, last in summaries.missing(database.conn, SKETCHES, newest):
        before = summaries.read(database.conn, SKETCHES, part)
        fresh = told[(told >= first) & (told <= last)]
        yield part, _extended(database, asked, fresh, before, last)


def _extended(
    database: Counted, asked: Sequence[str], fresh: Numbers, before: Summary | None, last: int
) -> Summary:
    sketcher = Sketcher()
    made: list[tuple[Any, ...]] = [
        tuple(before.columns.values())
        if before
        else (np.zeros(0, np.int64), np.zeros((0, BINS), np.uint8), np.zeros(0, np.uint64))
    ]
    for start in range(0, len(fresh), STORIES):
        if read := list(read_stories(database, fresh[start : start + STORIES], asked)):
            reports, told = zip(*read, strict=True)
            sketches, enough, whole = sketcher.sketches(told)
            made.append((np.array(reports, np.int64)[enough], sketches[enough], whole[enough]))
    joined = [np.concatenate(parts) for parts in zip(*made, strict=True)]
    return Summary(last, {}, dict(zip(("reports", "sketches", "whole"), joined, strict=True)))


def read_told(database: Counted) -> Told:
    """All sketches."""
    parts = [tuple(one.columns.values()) for _, one in summaries.read_parts(database.conn, SKETCHES)]
    if not parts:
        return Told(np.zeros(0, np.int64), np.zeros((0, BINS), np.uint8), np.zeros(0, np.uint64))
    return Told(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def make_sets(database: Counted, newest: int) -> Summary:
    """Sets of nearly the same story, from the sketches; those of earlier reports are added to."""
    before = summaries.read(database.conn, STORY)
    told = read_told(database)
    found = _Finding(database, told)
    since = 0
    if before:
        since = int(np.searchsorted(told.reports, before.until + 1))
        found.take(before)
    found.look(since)
    return to_summary(newest, found.links, complete=found.complete)


class _Finding:
    """Compares stories that differ in some words; what is connected is not compared again."""

    def __init__(self, database: Counted, told: Told) -> None:
        self._database, self._told = database, told
        self._asked = story_questions(database)
        self._sketcher, self._tree = Sketcher(), Tree()
        self._shingles = lru_cache(maxsize=_CACHED)(self._read)
        self.links: list[Link] = []
        self.complete = True

    def take(self, before: Summary) -> None:
        """Begins with the links that were found earlier."""
        self.complete = bool(before.words["complete"])
        for link in read_links(before):
            self._add(link.first, link.second, link.likeness)

    def look(self, since: int) -> None:
        """Compares the rows from this one on with all before them."""
        heads = _heads(self._told.whole)
        copies = np.flatnonzero(heads != np.arange(len(heads)))
        for row in copies[copies >= since].tolist():
            self._add(int(self._told.reports[heads[row]]), int(self._told.reports[row]), 1.0)
        different = np.flatnonzero(heads == np.arange(len(heads)))
        row, likely = -1, list[int]()
        for one, other in candidates(self._told.sketches, different, since):
            if one != row:
                self._compare(row, likely)
                row, likely = one, []
            likely.append(other)
        self._compare(row, likely)

    def _compare(self, row: int, likely: Sequence[int]) -> None:
        compared = 0
        for other in likely:
            first, second = int(self._told.reports[other]), int(self._told.reports[row])
            if self._tree.root(first) == self._tree.root(second):
                continue
            if compared == MOST_OF_ONE:
                self.complete = False
                return
            compared += 1
            likeness = similarity(self._shingles(first), self._shingles(second))
            if likeness >= ENOUGH:
                self._add(first, second, likeness)

    def _add(self, first: int, second: int, likeness: float) -> None:
        self._tree.join(first, second)
        self.links.append(Link(first, second, likeness, self._asked))

    def _read(self, report: int) -> frozenset[int]:
        ((_, story),) = read_stories(self._database, np.array([report]), self._asked)
        return self._sketcher.shingles(story)


def _heads(whole: Hashes) -> Numbers:
    """For each story the first row that says exactly the same."""
    _, firsts, inverse = np.unique(whole, return_index=True, return_inverse=True)
    heads: Numbers = firsts[inverse]
    return heads


def candidates(sketches: Sketches, rows: Numbers, since: int) -> Iterator[tuple[int, int]]:
    """Each of these rows from `since` on with those before it that are likely; the likeliest first."""
    size = len(sketches) + 1
    found = [_of_band(band, rows, since, size) for band in bands(sketches[rows])]
    pairs = np.unique(np.concatenate(found))
    kept, equal = [np.zeros(0, np.int64)], [np.zeros(0)]
    for start in range(0, len(pairs), LOT):
        lot = pairs[start : start + LOT]
        share = shares(sketches[lot // size], sketches[lot % size])
        kept.append(lot[share >= LIKELY])
        equal.append(share[share >= LIKELY])
    pairs, share = np.concatenate(kept), np.concatenate(equal)
    for pair in pairs[np.lexsort((pairs, -share, pairs // size))].tolist():
        yield divmod(pair, size)


def _of_band(band: NDArray[np.uint32], rows: Numbers, since: int, size: int) -> Numbers:
    """Pairs of rows with the same value, as later * size + earlier, of which the later one is new."""
    if since:
        known = np.isin(band, band[rows >= since])
        band, rows = band[known], rows[known]
    order = np.argsort(band, kind="stable")
    band, rows = band[order], rows[order]
    starts = np.flatnonzero(np.append(True, band[1:] != band[:-1])) if len(band) else np.zeros(0, np.int64)
    start = np.repeat(starts, np.diff(np.append(starts, len(band))))
    place = np.arange(len(band)) - start
    found = [np.zeros(0, np.int64)]
    for step in range(CROWD):
        later = np.flatnonzero((place > step) & ((place < CROWD) | (step < FIRST)) & (rows >= since))
        found.append(rows[later] * size + rows[start[later] + step])
    return np.concatenate(found)
