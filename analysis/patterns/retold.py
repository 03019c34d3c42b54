"""Stories that are nearly the same, word for word, among a million.

Sketches name the candidates (analysis.patterns.sketch); each is then compared exactly, so that no pair
is proposed that does not share as much as is said. Short stories are left alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from analysis.cipher import Database
from analysis.patterns.alike import STORY, Found, Link, Tree, sets
from analysis.patterns.reading import STORIES, Numbers, Reports, read_reports, read_stories, story_questions
from analysis.patterns.sketch import BANDS, Hashes, Sketcher, similarity

# The share of their runs of three words that two stories must have in common.
ENOUGH = 0.6
# A band that more stories share is compared with its first few alone, which is enough to connect them.
CROWD, FIRST = 8, 2
# Pairs that are compared exactly; beyond it those that share the fewest bands are left out.
MOST_PAIRS = 200_000
MOST_OF_BAND = 1_000_000
_CACHED = 4096


@dataclass(frozen=True, slots=True)
class Sketches:
    """The stories that are long enough: their places among the reports, bands, and a hash of the whole."""

    places: Numbers
    bands: Hashes
    whole: Hashes


def stories(database: Database) -> Found:
    """Sets of nearly the same story."""
    reports = read_reports(database, "week", "channel")
    asked = story_questions(database)
    sketches = sketch_all(database, reports, asked)
    same, different = _word_for_word(sketches, asked)
    near, complete = _Near(database, reports, asked).links(sketches, different)
    return Found(sets(STORY, reports, [*same, *near]), complete)


def sketch_all(database: Database, reports: Reports, asked: Sequence[str]) -> Sketches:
    """Reads every story once."""
    sketcher = Sketcher()
    made: list[tuple[Numbers, Hashes, Hashes]] = []
    for lot, told in _lots(database, reports, asked):
        bands, enough, whole = sketcher.bands(told)
        made.append((reports.places(lot)[enough], bands[enough], whole[enough]))
    if not made:
        empty = np.zeros(0, dtype=np.uint64)
        return Sketches(np.zeros(0, dtype=np.int64), empty.reshape(0, BANDS), empty)
    return Sketches(*(np.concatenate(parts) for parts in zip(*made, strict=True)))


def _lots(database: Database, reports: Reports, asked: Sequence[str]) -> Iterator[tuple[Numbers, list[str]]]:
    for start in range(0, len(reports), STORIES):
        read = list(read_stories(database, reports.ids[start : start + STORIES], asked))
        if read:
            numbers, told = zip(*read, strict=True)
            yield np.array(numbers, dtype=np.int64), list(told)


def _word_for_word(sketches: Sketches, why: tuple[str, ...]) -> tuple[list[Link], Numbers]:
    """Links from the first of each story to those that say exactly the same, and those firsts."""
    order = np.argsort(sketches.whole, kind="stable")
    whole = sketches.whole[order]
    is_first = np.ones(len(order), dtype=np.bool_)
    is_first[1:] = whole[1:] != whole[:-1]
    firsts = order[is_first]
    heads = firsts[np.cumsum(is_first) - 1]
    pairs = sketches.places[heads[~is_first]].tolist(), sketches.places[order[~is_first]].tolist()
    return [Link(*pair, 1.0, why) for pair in zip(*pairs, strict=True)], np.sort(firsts)


class _Near:
    """Compares stories that differ in some words; what is connected is not compared again."""

    def __init__(self, database: Database, reports: Reports, asked: tuple[str, ...]) -> None:
        self._database, self._reports, self._asked = database, reports, asked
        self._sketcher = Sketcher()
        self._shingles = lru_cache(maxsize=_CACHED)(self._read)

    def links(self, sketches: Sketches, different: Numbers) -> tuple[list[Link], bool]:
        """The links between these rows of the sketches, and whether all candidates were compared."""
        tree, found, compared = Tree(), list[Link](), 0
        places = sketches.places[different]
        for one, other in candidates(sketches.bands[different]):
            first, second = int(places[one]), int(places[other])
            if tree.root(first) == tree.root(second):
                continue
            if compared == MOST_PAIRS:
                return found, False
            compared += 1
            likeness = similarity(self._shingles(first), self._shingles(second))
            if likeness >= ENOUGH:
                tree.join(first, second)
                found.append(Link(first, second, likeness, self._asked))
        return found, True

    def _read(self, place: int) -> frozenset[int]:
        ((_, story),) = read_stories(self._database, self._reports.ids[place : place + 1], self._asked)
        return self._sketcher.shingles(story)


def candidates(bands: Hashes) -> Iterator[tuple[int, int]]:
    """Pairs of rows that share a band, those that share most of them first."""
    size = max(len(bands), 1)
    found = [_of_band(band)[:MOST_OF_BAND] for band in bands.T]
    pairs, shared = np.unique(np.concatenate(found), return_counts=True)
    for pair in pairs[np.argsort(-shared, kind="stable")]:
        yield divmod(int(pair), size)


def _of_band(band: Hashes) -> Numbers:
    """Pairs of rows with the same value, small runs first, as first * rows + second."""
    order = np.argsort(band, kind="stable").astype(np.int64)
    changes = np.flatnonzero(band[order][1:] != band[order][:-1]) + 1
    starts = np.concatenate([[0], changes]).astype(np.int64)
    lengths = np.diff(np.append(starts, len(order)))
    found = [np.zeros(0, dtype=np.int64)]
    for run in np.argsort(lengths, kind="stable")[np.count_nonzero(lengths < 2) :].tolist():
        rows = order[starts[run] : starts[run] + lengths[run]]
        compared = len(rows) if len(rows) <= CROWD else FIRST
        found += [rows[one] * len(band) + rows[one + 1 :] for one in range(compared)]
    return np.concatenate(found)
