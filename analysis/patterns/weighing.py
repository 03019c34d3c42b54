"""Weighs pairs of reports: how much speaks for their telling of one thing.

What is shared is weighed by how rare it is (analysis.patterns.traits), whatever the pair and whenever it is
weighed: a report's answers do not change, and shares only as `analysis.patterns.shares` says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from analysis.patterns.reading import Counted, Numbers, Reports, distinct
from analysis.patterns.traits import (
    NAME,
    Marks,
    Tick,
    Trait,
    marks,
    name_traits,
    single_traits,
    tick_traits,
)

# What a different answer to the same question takes away: one event seen by two people is told
# differently in about one answer of four.
DIFFERENT = 2.0
MARKS = "marks"
# The later report of a pair in the upper half of a number, so that a later import has pairs that come later.
_HALF = 32
# A sum in another order differs in its last digits.
_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Told:
    """What some reports answered, and what each answer is worth."""

    reports: Reports
    traits: Sequence[Trait]
    ticks: Sequence[Tick]
    named: Marks

    @classmethod
    def by(cls, database: Counted, among: Counted, reports: Numbers, *, ticks: bool = True) -> Self:
        """By these reports, in rising order; without their ticks where those are not asked for."""
        read = Reports(reports, {})
        traits = [*single_traits(database, read, among), *name_traits(database, read, among)]
        ticked = list(tick_traits(database, read, among)) if ticks else []
        return cls(read, traits, ticked, marks(database, read, among))

    def bits(self) -> NDArray[np.float64]:
        """What all that a report answered is worth."""
        found = np.zeros(len(self.reports))
        for trait in self.traits:
            found += np.append(trait.bits, 0.0)[trait.codes]
        for tick in self.ticks:
            found[tick.ticked] += tick.bits
        np.add.at(found, self.named.places, self.named.bits[self.named.marks])
        return found


@dataclass(frozen=True, slots=True)
class Weighed:
    """The bits that speak for each pair, and which questions agree."""

    bits: NDArray[np.float64]
    agree: dict[str, NDArray[np.bool_]]


def pack(first: Numbers, second: Numbers) -> Numbers:
    """Pairs of reports as one number each, of which the later report comes first."""
    packed: Numbers = second.astype(np.int64) << _HALF | first
    return packed


def unpack(pairs: Numbers) -> tuple[Numbers, Numbers]:
    """The earlier and the later report of each pair."""
    return pairs & ((1 << _HALF) - 1), pairs >> _HALF


def ends(pairs: Numbers) -> Numbers:
    """The reports of which pairs are made, each once."""
    return distinct(np.concatenate(unpack(pairs)))


def sum_ticks(database: Counted, among: Counted, reports: Numbers) -> NDArray[np.float64]:
    """What all that each of these reports ticked is worth."""
    found = np.zeros(len(reports))
    for tick in tick_traits(database, Reports(reports, {}), among):
        found[tick.ticked] += tick.bits
    return found


def weigh(told: Told, pairs: Numbers) -> Weighed:
    """The bits of each pair."""
    first, second = (np.searchsorted(told.reports.ids, side) for side in unpack(pairs))
    bits, placed = np.zeros(len(pairs)), np.zeros(len(pairs))
    agree: dict[str, NDArray[np.bool_]] = {}
    for trait in told.traits:
        one, other = trait.codes[first], trait.codes[second]
        both = (one >= 0) & (other >= 0)
        shared = both & (one == other)
        gained = placed if trait.kind == NAME else bits
        gained += np.where(shared, np.append(trait.bits, 0.0)[one], 0.0)
        bits -= DIFFERENT * (both & ~shared)
        # What everyone answers is no agreement.
        agree[trait.question] = shared & (np.append(trait.bits, 0.0)[one] > 0)
    for tick in told.ticks:
        shared = tick.ticked[first] & tick.ticked[second]
        bits[shared] += tick.bits
        agree.setdefault(tick.question, np.zeros(len(pairs), dtype=np.bool_))
        agree[tick.question] |= shared & (tick.bits > 0)
    shared_marks, agree[MARKS] = _shared_marks(told, first, second)
    # An officer is mostly met in one place: who shares the one shares the other, and it adds nothing.
    bits += shared_marks + np.where(agree[MARKS], 0.0, placed)
    return Weighed(np.round(bits, _DIGITS), agree)


def _shared_marks(
    told: Told, first: Numbers, second: Numbers
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The bits of the officers that both reports of a pair name, and whether there are any."""
    named = told.named
    bits = np.zeros(len(first))
    shared = np.zeros(len(first), dtype=np.bool_)
    known = named.places * (len(named.bits) + 1) + named.marks
    starts = np.searchsorted(named.places, np.arange(len(told.reports) + 1))
    counts = np.diff(starts)
    for step in range(int(counts.max(initial=0))):
        rows = np.flatnonzero(counts[first] > step)
        mark = named.marks[starts[first[rows]] + step]
        wanted = second[rows] * (len(named.bits) + 1) + mark
        at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
        hit = rows[known[at] == wanted]
        np.add.at(bits, hit, named.bits[mark[known[at] == wanted]])
        shared[hit] = True
    bits[(counts[first] > 0) & (counts[second] > 0) & ~shared] -= DIFFERENT
    return bits, shared
