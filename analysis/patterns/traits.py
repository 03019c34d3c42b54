"""What reports say, as numbers to compare them by, and how surprising each answer is.

An answer that one report in a hundred gives is worth log2(100) = 6.6 bits when two reports share it: the
agreement weight of Fellegi and Sunter, "A theory for record linkage", JASA 64 (1969), with the share of
the answer as the chance that two strangers agree. Answers depend on each other, so the sum says too much;
it orders what a person then reads.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.bitmaps import flags, holds
from analysis.patterns.reading import (
    Codes,
    Counted,
    Numbers,
    Reports,
    Ticks,
    choices,
    distinct,
    questions,
)
from analysis.patterns.written import pools, read_told

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


def single_traits(database: Counted, reports: Reports, among: Counted) -> Iterator[Trait]:
    """The single choices, whole numbers and exact months of reports; shares are those `among` the counted."""
    for question in asked_once(database):
        values, codes = database.bits.codes_of(database.conn, question, reports.ids)
        yield _trait(among, question, values, codes)


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


def tick_traits(database: Counted, reports: Reports, among: Counted) -> Iterator[Tick]:
    """Each choice of each multiple question, which is shared where both ticked it."""
    total = max(len(among), 1)
    for question in asked_many(database):
        for choice in choices(database, question):
            bits = database.column(question).get(choice.id)
            if bits is not None and (ticked := holds(bits, reports.ids)).any():
                yield Tick(question, ticked, -math.log2(max(among.among(bits), 1) / total))


def name_traits(database: Counted, reports: Reports, among: Counted) -> Iterator[Trait]:
    """The names of places in words, as they are read; marks are several to a report, see `marks`."""
    counted = flags(among.which)
    for pool in pools(database):
        if not pool.holds_marks:
            told = read_told(database, pool)
            counts = np.bincount(told.named[counted[told.reports]], minlength=len(told.read))
            codes = np.full(len(counted), -1, dtype=np.int32)
            codes[told.reports] = told.named
            yield Trait(pool.words, NAME, codes[reports.ids], _bits(counts))


@dataclass(frozen=True, slots=True)
class Marks:
    """Who names which officer: row i says that the report at `places[i]` names mark `marks[i]`."""

    places: Numbers
    marks: Numbers
    bits: NDArray[np.float64]


def marks(database: Counted, reports: Reports, among: Counted) -> Marks:
    """The officers' marks of reports, each once a report, in the order of the reports."""
    told, found = read_marks(database)
    counted = flags(among.which)
    counts = np.bincount(found[counted[told]], minlength=int(found.max(initial=-1)) + 1)
    bits = -np.log2(np.maximum(counts, 1) / max(len(among), 1))
    wanted = flags(database.bits.of_numbers(reports.ids))[told]
    return Marks(np.searchsorted(reports.ids, told[wanted]), found[wanted], bits)


def read_marks(database: Counted) -> tuple[Numbers, Numbers]:
    """The reports that name officers and the number of each mark: each once a report, in their order."""
    # A report and a mark in one number, so that all of them are sorted and made different at once.
    rows = [np.zeros(0, dtype=np.int64)]
    for pool in pools(database):
        if pool.holds_marks:
            told = read_told(database, pool)
            rows.append((told.reports << _MARK_BITS) + told.named)
    pairs = distinct(np.concatenate(rows))
    return pairs >> _MARK_BITS, pairs & ((1 << _MARK_BITS) - 1)


def by_chance(reports: int) -> float:
    """The bits above which less than one pair of independent reports in the whole desk would agree."""
    return math.log2(max(reports * (reports - 1) / 2, 1))


def is_told(question: str, value: object) -> bool:
    """Whether an answer tells anything: of a month, only an exact one."""
    if question != MONTH:
        return value is not None
    return isinstance(value, str) and len(value) == len("2026-05") and value[4] == "-"


def _trait(among: Counted, question: str, values: Sequence[Any], codes: Codes) -> Trait:
    told = np.array([is_told(question, value) for value in values])
    column = among.column(question)
    counts = [among.among(column[value]) if told[place] else 0 for place, value in enumerate(values)]
    return Trait(question, ONE, np.where(told[codes], codes, -1).astype(np.int32), _bits(np.array(counts)))


def _bits(counts: Numbers) -> NDArray[np.float64]:
    """Of each value among those who gave any; one that nobody among them gave is worth what one has."""
    bits: NDArray[np.float64] = -np.log2(np.maximum(counts, 1) / max(int(counts.sum()), 1))
    return bits
