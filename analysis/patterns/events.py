"""Reports with the same answers throughout, and reports that may tell of one event.

What is shared is weighed by how rare it is (analysis.patterns.traits). A pair is proposed when so much
agreement would come about by chance in less than one pair of the whole desk, if answers were independent.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.cipher import Database
from analysis.patterns.alike import ANSWERS, EVENT, Found, Link, sets
from analysis.patterns.reading import Numbers, Reports, read_reports
from analysis.patterns.sketch import MULTIPLIER, Hashes, mixed
from analysis.patterns.traits import (
    MONTH,
    Marks,
    Trait,
    asked_many,
    asked_once,
    by_chance,
    marks,
    name_traits,
    single_traits,
    tick_traits,
)

# What a different answer to the same question takes away: one event seen by two people is told
# differently in about one answer of four.
DIFFERENT = 2.0
# More reports than this of one officer or place in one month, with the same acts, tell nothing of one event.
MOST_OF_BLOCK = 60
# Pairs that are weighed at most.
MOST_PAIRS = 2_000_000
MARKS = "marks"


@dataclass(frozen=True, slots=True)
class Weighed:
    """Pairs of places with the bits that speak for one event, and which questions agree."""

    first: Numbers
    second: Numbers
    bits: NDArray[np.float64]
    agree: dict[str, NDArray[np.bool_]]


def same_answers(database: Database) -> Found:
    """Sets of reports that give the same answer to every coded question, and the same names.

    Reports with few or common answers are the same by chance and left out.
    """
    reports, traits = _read(database)
    named = marks(database, reports)
    codes = np.zeros(len(reports), dtype=np.uint64)
    bits = np.zeros(len(reports))
    for number, trait in enumerate(traits):
        codes += _coded(trait, number)
        bits += trait.worth()
    np.add.at(codes, named.places, mixed(named.marks.astype(np.uint64) * MULTIPLIER))
    np.add.at(bits, named.places, named.bits[named.marks])
    able = np.flatnonzero(bits >= by_chance(len(reports)))
    order = able[np.argsort(codes[able], kind="stable")]
    same = codes[order][1:] == codes[order][:-1]
    pairs = zip(order[:-1][same].tolist(), order[1:][same].tolist(), strict=True)
    why = (*asked_once(database), *asked_many(database))
    links = [Link(first, second, float(bits[first]), why) for first, second in pairs]
    return Found(sets(ANSWERS, reports, links), complete=True)


def same_event(database: Database) -> Found:
    """Sets of reports of one month that share an officer, or a place and all acts, and more than chance."""
    reports, traits = _read(database)
    named = marks(database, reports)
    pairs, complete = _candidates(reports, traits, named)
    weighed = weigh(reports, traits, named, pairs)
    links = [
        Link(int(weighed.first[row]), int(weighed.second[row]), float(weighed.bits[row]), _why(weighed, row))
        for row in np.flatnonzero(weighed.bits >= by_chance(len(reports))).tolist()
    ]
    return Found(sets(EVENT, reports, links), complete)


def weigh(reports: Reports, traits: Sequence[Trait], named: Marks, pairs: Numbers) -> Weighed:
    """The bits of each pair, given as first * len(reports) + second."""
    first, second = pairs // max(len(reports), 1), pairs % max(len(reports), 1)
    bits = np.zeros(len(pairs))
    agree: dict[str, NDArray[np.bool_]] = {}
    for trait in traits:
        one, other = trait.codes[first], trait.codes[second]
        both = (one >= 0) & (other >= 0)
        shared = both & (one == other)
        bits += np.where(shared, np.append(trait.bits, 0.0)[one], 0.0) - DIFFERENT * (both & ~shared)
        agree[trait.question] = agree.get(trait.question, np.zeros(len(pairs), dtype=np.bool_)) | shared
    shared_marks, agree[MARKS] = _shared_marks(reports, named, pairs, first, second)
    return Weighed(first, second, bits + shared_marks, agree)


def _read(database: Database) -> tuple[Reports, list[Trait]]:
    reports = read_reports(database, "week", "channel", *asked_once(database))
    return reports, [
        *single_traits(database, reports),
        *name_traits(database, reports),
        *tick_traits(database, reports),
    ]


def _coded(trait: Trait, number: int) -> Hashes:
    """A hash of each report's answer to a question, 0 where it gives none."""
    told = mixed((trait.codes.astype(np.uint64) + np.uint64(number << 32)) * MULTIPLIER)
    return np.where(trait.codes >= 0, told, np.uint64(0))


def _candidates(reports: Reports, traits: Sequence[Trait], named: Marks) -> tuple[Numbers, bool]:
    """Pairs that are worth weighing, each once, and whether nothing was left out."""
    month = next((trait.codes for trait in traits if trait.question == MONTH), None)
    if month is None:
        return np.zeros(0, dtype=np.int64), True
    dated = month[named.places] >= 0
    places = named.places[dated]
    blocks = [(places, named.marks[dated] * (int(month.max(initial=0)) + 1) + month[places])]
    ticks = _ticked(reports, traits)
    for trait in traits:
        if trait.codes.max(initial=-1) > 0 and _is_place(trait):
            there = np.flatnonzero((trait.codes >= 0) & (month >= 0) & (ticks > 0))
            keys = mixed(ticks[there] + (trait.codes[there].astype(np.uint64) << np.uint64(32)))
            keys = mixed(keys + month[there].astype(np.uint64))
            blocks.append((there, keys.view(np.int64)))
    found = [_of_blocks(*block, len(reports)) for block in blocks]
    pairs = np.unique(np.concatenate([pairs for pairs, _ in found]))
    complete = all(whole for _, whole in found) and len(pairs) <= MOST_PAIRS
    return pairs[:MOST_PAIRS], complete


def _is_place(trait: Trait) -> bool:
    # Names in words come from the pools alone; nothing else has as many different answers.
    return trait.question.endswith("_other") or trait.question == "station"


def _ticked(reports: Reports, traits: Sequence[Trait]) -> Hashes:
    """A hash of all that each report ticked."""
    found = np.zeros(len(reports), dtype=np.uint64)
    for number, trait in enumerate(traits):
        if len(trait.bits) == 1:
            found += _coded(trait, number)
    return found


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


def _why(weighed: Weighed, row: int) -> tuple[str, ...]:
    return tuple(question for question, agrees in weighed.agree.items() if agrees[row])
