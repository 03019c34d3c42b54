"""Reports with the same answers throughout, and reports that may tell of one event.

What is shared is weighed by how rare it is (analysis.patterns.traits). A pair is proposed when so much
agreement would come about by chance in less than one pair of the whole desk, if answers were independent.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.patterns.alike import ANSWERS, EVENT, Found, Link, read_found, to_summary
from analysis.patterns.reading import Codes, Counted, Numbers, Reports, read_reports
from analysis.patterns.sketch import MULTIPLIER, Hashes, mixed
from analysis.patterns.together import row_codes
from analysis.patterns.traits import (
    MONTH,
    NAME,
    Marks,
    Tick,
    Trait,
    asked_once,
    by_chance,
    marks,
    name_traits,
    single_traits,
    tick_traits,
)
from analysis.summaries import Summary

# What a different answer to the same question takes away: one event seen by two people is told
# differently in about one answer of four.
DIFFERENT = 2.0
# More reports than this of one officer or place in one month, with the same acts, tell nothing of one event.
MOST_OF_BLOCK = 60
# Pairs that are weighed at most.
MOST_PAIRS = 2_000_000
# Pairs that are weighed at once.
LOT = 250_000
ROUNDING = 1e-6
# Ticks are numbered apart from the other answers, of which there are fewer.
FIRST_TICK = 1 << 20
MARKS = "marks"


@dataclass(frozen=True, slots=True)
class Weighed:
    """Pairs of places with the bits that speak for one event, and which questions agree."""

    first: Numbers
    second: Numbers
    bits: NDArray[np.float64]
    agree: dict[str, NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class _Ticked:
    """For each report all that it ticked: as one number, 0 for nothing, and the bits of it."""

    codes: Hashes
    bits: NDArray[np.float64]


def same_answers(database: Counted, apart: Collection[Collection[int]] = ()) -> Found:
    """Sets of reports that give the same answer to every coded question, and the same names.

    Reports with few or common answers are the same by chance and left out.
    """
    return read_found(database, ANSWERS, apart)


def same_event(database: Counted, apart: Collection[Collection[int]] = ()) -> Found:
    """Sets of reports of one month that share an officer, or a place and all acts, and more than chance."""
    return read_found(database, EVENT, apart)


def make_answers(database: Counted, newest: int) -> Summary:
    """The sets of `same_answers`, found anew; `database` has all reports that may be counted."""
    reports = _read(database)
    named, ticks = marks(database, reports), _sum_ticks(database, reports)
    codes, bits = ticks.codes.copy(), ticks.bits.copy()
    for number, trait in enumerate(_traits(database, reports)):
        places, told = trait.told()
        codes[places] += _coded(told, number)
        bits[places] += trait.bits[told]
    np.add.at(codes, named.places, mixed(named.marks.astype(np.uint64) * MULTIPLIER))
    np.add.at(bits, named.places, named.bits[named.marks])
    able = np.flatnonzero(bits >= by_chance(len(reports)))
    order = able[np.argsort(codes[able], kind="stable")]
    same = codes[order][1:] == codes[order][:-1]
    pairs = order[:-1][same] * len(reports) + order[1:][same]
    found = weigh(reports, _traits(database, reports), tick_traits(database, reports), named, pairs)
    rows = np.arange(len(pairs))
    return to_summary(newest, _links(reports, found, rows, bits[found.first]), complete=True)


def make_events(database: Counted, newest: int, *, slack: float = 0.0) -> Summary:
    """The sets of `same_event`, found anew; `database` has all reports that may be counted.

    With `slack`, so many bits less are enough: more is found, and more of it came about by chance.
    """
    reports = _read(database)
    named, ticks = marks(database, reports), _sum_ticks(database, reports)
    enough = by_chance(len(reports)) - slack
    pairs, complete = _candidates(database, reports, named, ticks)
    pairs = _likely(database, reports, named, ticks, pairs, enough)
    found = weigh(reports, _traits(database, reports), tick_traits(database, reports), named, pairs)
    rows = np.flatnonzero(found.bits >= enough)
    return to_summary(newest, _links(reports, found, rows, found.bits), complete=complete)


def _likely(
    database: Counted, reports: Reports, named: Marks, ticks: _Ticked, pairs: Numbers, enough: float
) -> Numbers:
    """The pairs that may have enough bits when all that one of them ticked is shared: few of a million."""
    traits = list(_traits(database, reports))
    kept = [np.zeros(0, np.int64)]
    for start in range(0, len(pairs), LOT):
        found = weigh(reports, traits, (), named, pairs[start : start + LOT])
        most = found.bits + np.minimum(ticks.bits[found.first], ticks.bits[found.second])
        # A sum in another order differs in its last digits.
        kept.append(pairs[start : start + LOT][most >= enough - ROUNDING])
    return np.concatenate(kept)


def _sum_ticks(database: Counted, reports: Reports) -> _Ticked:
    found = _Ticked(np.zeros(len(reports), np.uint64), np.zeros(len(reports)))
    for number, tick in enumerate(tick_traits(database, reports), start=FIRST_TICK):
        found.codes[tick.ticked] += mixed(np.array([number], np.uint64) * MULTIPLIER)
        found.bits[tick.ticked] += tick.bits
    return found


def _links(reports: Reports, found: Weighed, rows: Numbers, likeness: NDArray[np.float64]) -> list[Link]:
    first, second = reports.ids[found.first].tolist(), reports.ids[found.second].tolist()
    agreeing = np.zeros((len(rows), len(found.agree)), dtype=np.bool_)
    for place, agrees in enumerate(found.agree.values()):
        agreeing[:, place] = agrees[rows]
    patterns, which = np.unique(row_codes(agreeing), return_inverse=True)
    named: list[tuple[str, ...]] = [()] * len(patterns)
    for row in np.unique(which, return_index=True)[1]:
        agreed = zip(found.agree, agreeing[row], strict=True)
        named[which[row]] = tuple(question for question, agrees in agreed if agrees)
    both = zip(rows.tolist(), which.tolist(), strict=True)
    return [Link(first[row], second[row], float(likeness[row]), named[why]) for row, why in both]


def weigh(
    reports: Reports, traits: Iterable[Trait], ticks: Iterable[Tick], named: Marks, pairs: Numbers
) -> Weighed:
    """The bits of each pair, given as first * len(reports) + second."""
    first, second = pairs // max(len(reports), 1), pairs % max(len(reports), 1)
    bits, placed = np.zeros(len(pairs)), np.zeros(len(pairs))
    agree: dict[str, NDArray[np.bool_]] = {}
    for trait in traits:
        one, other = trait.codes[first], trait.codes[second]
        both = (one >= 0) & (other >= 0)
        shared = both & (one == other)
        gained = placed if trait.kind == NAME else bits
        gained += np.where(shared, np.append(trait.bits, 0.0)[one], 0.0)
        bits -= DIFFERENT * (both & ~shared)
        # What everyone answers is no agreement.
        agree[trait.question] = shared & (np.append(trait.bits, 0.0)[one] > 0)
    for tick in ticks:
        shared = tick.ticked[first] & tick.ticked[second]
        bits[shared] += tick.bits
        agree.setdefault(tick.question, np.zeros(len(pairs), dtype=np.bool_))
        agree[tick.question] |= shared & (tick.bits > 0)
    shared_marks, agree[MARKS] = _shared_marks(reports, named, pairs, first, second)
    # An officer is mostly met in one place: who shares the one shares the other, and it adds nothing.
    bits += shared_marks + np.where(agree[MARKS], 0.0, placed)
    return Weighed(first, second, bits, agree)


def _read(database: Counted) -> Reports:
    return read_reports(database, "week", "channel", *asked_once(database))


def _traits(database: Counted, reports: Reports) -> Iterator[Trait]:
    """What a report answers once."""
    yield from single_traits(database, reports)
    yield from name_traits(database, reports)


def _coded(codes: Codes, number: int) -> Hashes:
    """A hash of each of these answers to a question."""
    return mixed((codes.astype(np.uint64) + np.uint64(number << 32)) * MULTIPLIER)


def _candidates(database: Counted, reports: Reports, named: Marks, ticks: _Ticked) -> tuple[Numbers, bool]:
    """Pairs that are worth weighing, each once, and whether nothing was left out."""
    month = np.full(len(reports), -1, dtype=np.int32)
    for trait in single_traits(database, reports):
        if trait.question == MONTH:
            month = trait.codes
    dated = named.places[month[named.places] >= 0], named.marks[month[named.places] >= 0]
    blocks = [(dated[0], _keyed(dated[1], month[dated[0]]))]
    for trait in name_traits(database, reports):
        there = np.flatnonzero((trait.codes >= 0) & (month >= 0) & (ticks.codes > 0))
        blocks.append((there, _keyed(trait.codes[there], month[there], ticks.codes[there])))
    found = [_of_blocks(*block, len(reports)) for block in blocks]
    pairs = np.unique(np.concatenate([pairs for pairs, _ in found]))
    complete = all(whole for _, whole in found) and len(pairs) <= MOST_PAIRS
    return pairs[:MOST_PAIRS], complete


def _keyed(*parts: NDArray[Any]) -> Numbers:
    """One number for what several say together."""
    key = np.zeros(len(parts[0]), dtype=np.uint64)
    for part in parts:
        key = mixed(key * MULTIPLIER + part.astype(np.uint64))
    return key.view(np.int64)


def _of_blocks(places: Numbers, keys: Numbers, reports: int) -> tuple[Numbers, bool]:
    """All pairs of places under the same key; keys of more than MOST_OF_BLOCK are left out."""
    order = np.lexsort((places, keys))
    places, keys = places[order], keys[order]
    starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])) if len(keys) else np.zeros(0, np.int64)
    lengths = np.diff(np.append(starts, len(keys)))
    size = np.repeat(lengths, lengths)
    end = np.repeat(starts + lengths, lengths)
    rows = np.arange(len(keys))
    found = [np.zeros(0, dtype=np.int64)]
    for step in range(1, min(MOST_OF_BLOCK, int(lengths.max(initial=0)))):
        left = rows[(rows + step < end) & (size <= MOST_OF_BLOCK)]
        found.append(places[left] * reports + places[left + step])
    return np.concatenate(found), bool((lengths <= MOST_OF_BLOCK).all())


def _shared_marks(
    reports: Reports, named: Marks, pairs: Numbers, first: Numbers, second: Numbers
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The bits of the officers that both reports of a pair name, and whether there are any."""
    bits = np.zeros(len(pairs))
    shared = np.zeros(len(pairs), dtype=np.bool_)
    known = named.places * (len(named.bits) + 1) + named.marks
    starts = np.searchsorted(named.places, np.arange(len(reports) + 1))
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
