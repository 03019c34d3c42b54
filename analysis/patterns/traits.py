"""What reports say, as numbers to compare them by, and how surprising each answer is.

An answer that one report in a hundred gives is worth log2(100) = 6.6 bits when two reports share it: the
agreement weight of Fellegi and Sunter, "A theory for record linkage", JASA 64 (1969), with the share of
the answer as the chance that two strangers agree. Answers depend on each other, so the sum says too much;
it orders what a person then reads.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.bitmaps import flags
from analysis.patterns.reading import (
    Codes,
    Column,
    Counted,
    Numbers,
    Reports,
    Ticks,
    choices,
    questions,
)
from analysis.patterns.written import Pool, pools, read_names

# Consent and whether a reporter wrote before are answers about the report, not about the event.
ABOUT_THE_REPORT = "ops"
MONTH = "when"
_MARK_BITS = 32
ONE, NAME = "one", "name"


@dataclass(frozen=True, slots=True)
class Tick:
    """One choice of many: which reports ticked it, and the bits that sharing it is worth."""

    question: str
    ticked: Ticks
    bits: float


@dataclass(frozen=True, slots=True)
class Trait:
    """One answer of each report: codes, with -1 for none, and the bits that sharing each is worth.

    `kind` is ONE for a question with one coded answer, NAME for a place's name.
    """

    question: str
    kind: str
    codes: Codes
    bits: NDArray[np.float64]

    def told(self) -> tuple[Numbers, Codes]:
        """The places of the reports that give an answer, and its codes."""
        places = np.flatnonzero(self.codes >= 0)
        return places, self.codes[places]


def single_traits(database: Counted, reports: Reports) -> Iterator[Trait]:
    """The single choices, whole numbers and exact months; `reports` needs their columns."""
    for question in asked_once(database):
        yield _trait(question, reports.columns[question], only_months=question == MONTH)


def asked_once(database: Counted) -> tuple[str, ...]:
    """The questions with one coded answer about the event or the reporter."""
    return tuple(
        name
        for name, one in questions(database).items()
        if one.kind in ("select_one", "integer", "month") and one.role != ABOUT_THE_REPORT
    )


def asked_many(database: Counted) -> tuple[str, ...]:
    """The questions with any number of coded answers."""
    return tuple(
        name
        for name, one in questions(database).items()
        if one.kind == "select_multiple" and one.role != ABOUT_THE_REPORT
    )


def tick_traits(database: Counted, reports: Reports) -> Iterator[Tick]:
    """Each choice of each multiple question, which is shared where both ticked it."""
    for question in asked_many(database):
        for choice in choices(database, question):
            bits = database.column(question).get(choice.id)
            if bits is not None and (ticked := flags(bits)[reports.ids]).any():
                yield Tick(question, ticked, -math.log2(np.count_nonzero(ticked) / len(reports)))


def name_traits(database: Counted, reports: Reports) -> Iterator[Trait]:
    """The names of places in words, as they are read; marks are several to a report, see `mark_pairs`."""
    for pool in pools(database):
        if not pool.holds_marks:
            places, named = _named(database, reports, pool)
            codes = np.full(len(reports), -1, dtype=np.int32)
            codes[places] = named
            counts = np.bincount(named, minlength=int(named.max(initial=-1)) + 1)
            yield Trait(pool.words, NAME, codes, _bits(counts))


@dataclass(frozen=True, slots=True)
class Marks:
    """Who names which officer: row i says that the report at `places[i]` names mark `marks[i]`."""

    places: Numbers
    marks: Numbers
    bits: NDArray[np.float64]


def marks(database: Counted, reports: Reports) -> Marks:
    """The officers' marks of all reports, each once a report, in the order of the reports."""
    # A place and a mark in one number, so that all of them are sorted and made different at once.
    rows = [np.zeros(0, dtype=np.int64)]
    for pool in pools(database):
        if pool.holds_marks:
            places, named = _named(database, reports, pool)
            rows.append((places << _MARK_BITS) + named)
    pairs = np.unique(np.concatenate(rows))
    found = pairs & ((1 << _MARK_BITS) - 1)
    counts = np.bincount(found, minlength=int(found.max(initial=-1)) + 1)
    bits = -np.log2(np.maximum(counts, 1) / max(len(reports), 1))
    return Marks(pairs >> _MARK_BITS, found, bits)


def by_chance(reports: int) -> float:
    """The bits above which less than one pair of independent reports in the whole desk would agree."""
    return math.log2(max(reports * (reports - 1) / 2, 1))


def _trait(question: str, column: Column, *, only_months: bool) -> Trait:
    told = [
        value is not None and (not only_months or (len(value) == len("2026-05") and value[4] == "-"))
        for value in column.values
    ]
    codes = np.where(np.array(told)[column.codes], column.codes, -1).astype(np.int32)
    counts = np.bincount(codes[codes >= 0], minlength=len(column.values))
    return Trait(question, ONE, codes, _bits(counts))


def _bits(counts: Numbers) -> NDArray[np.float64]:
    """Of each value among those who gave any; a value that nobody gives is never shared."""
    bits: NDArray[np.float64] = -np.log2(np.maximum(counts, 1) / max(int(counts.sum()), 1))
    return bits


def _named(database: Counted, reports: Reports, pool: Pool) -> tuple[Numbers, Numbers]:
    """Who names whom in words: the places of reports, and for each the number of a name as it is read."""
    names = read_names(database, pool)
    if names is None:
        raise LookupError("names are put together before events are looked for")
    told, named = names.told()
    there = np.isin(told, reports.ids)
    return reports.places(told[there]), named[there]
