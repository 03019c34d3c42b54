"""Reports with the same answers throughout, and reports that may tell of one event.

What is shared is weighed by how rare it is (analysis.patterns.weighing). A pair is proposed when so much
agreement would come about by chance in less than one pair of the whole desk, if answers were independent.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis import summaries
from analysis.patterns import shares
from analysis.patterns.alike import (
    ANSWERS,
    EVENT,
    Found,
    Link,
    read_links,
    to_summary,
)
from analysis.patterns.coded import Coded, asked, hash_of, read_coded
from analysis.patterns.ranked import read_found
from analysis.patterns.reading import Counted, Numbers, distinct
from analysis.patterns.sketch import MULTIPLIER, Hashes, mixed
from analysis.patterns.together import row_codes
from analysis.patterns.traits import MONTH, asked_once, by_chance, is_told, read_marks
from analysis.patterns.weighing import Told, Weighed, ends, pack, sum_ticks, unpack, weigh
from analysis.patterns.written import pools, read_told
from analysis.summaries import Summary

# More reports than this of one officer or place in one month, with the same acts, tell nothing of one event.
MOST_OF_BLOCK = 60
# Pairs that are weighed at most.
MOST_PAIRS = 2_000_000
# Pairs that are weighed at once.
LOT = 250_000
ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs that are worth weighing, each once; `whole` is False where a crowded month was left out.

    Where there were more than MOST_PAIRS the first are there, and `all` is False.
    """

    pairs: Numbers
    whole: bool
    all: bool


def same_answers(database: Counted, apart: Collection[Collection[int]] = ()) -> Found:
    """Sets of reports that give the same answer to every coded question, and the same names.

    Reports with few or common answers are the same by chance and left out.
    """
    return read_found(database, ANSWERS, apart)


def same_event(database: Counted, apart: Collection[Collection[int]] = ()) -> Found:
    """Sets of reports of one month that share an officer, or a place and all acts, and more than chance."""
    return read_found(database, EVENT, apart)


def make_answers(database: Counted, newest: int) -> Summary:
    """The sets of `same_answers`; `database` has all reports that may be counted."""
    among, coded = shares.among(database, newest), read_coded(database)
    codes = coded.once + coded.ticks + _named_codes(database, coded)
    order = np.argsort(codes, kind="stable")
    starts = np.append(True, codes[order][1:] != codes[order][:-1])[: len(order)]
    run = np.cumsum(starts) - 1
    worth = _worth(database, among, coded.reports[order], starts)
    again = np.flatnonzero(~starts & (worth >= by_chance(len(among)))[run])
    pairs = pack(coded.reports[order[again - 1]], coded.reports[order[again]])
    rising = np.argsort(pairs)
    pairs, likeness = pairs[rising], worth[run[again[rising]]]
    found = weigh(Told.by(database, among, ends(pairs)), pairs)
    return to_summary(newest, _links(pairs, found, np.arange(len(pairs)), likeness), complete=True)


def _worth(
    database: Counted, among: Counted, reports: Numbers, starts: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """What the answers of each run of reports that answer the same are worth; 0 for a report alone.

    One of a run is looked at: the others have the same.
    """
    first = np.flatnonzero(starts)
    several = np.diff(np.append(first, len(reports))) > 1
    heads = reports[first[several]]
    rising = np.argsort(heads)
    found, bits = np.zeros(len(first)), np.zeros(len(heads))
    bits[rising] = Told.by(database, among, heads[rising]).bits()
    found[several] = bits
    return found


def make_events(database: Counted, newest: int, *, slack: float = 0.0) -> Summary:
    """The sets of `same_event`; `database` has all reports that may be counted.

    Pairs of earlier reports were weighed before, as long as shares are those of then. With `slack`, so many
    bits less are enough: more is found, and more of it came about by chance.
    """
    among = shares.among(database, newest)
    candidates = find_candidates(database)
    known = {"among": shares.until(newest), "asked": asked(database), "all": candidates.all}
    before = None if slack else summaries.read(database.conn, EVENT)
    fresh, links = candidates.pairs, list[Link]()
    if before and candidates.all and all(before.words.get(name) == known[name] for name in known):
        links = _still(before, candidates.pairs)
        fresh = fresh[unpack(fresh)[1] > before.until]
    enough = by_chance(len(among)) - slack
    pairs = likely(database, among, fresh, enough)
    found = weigh(Told.by(database, among, ends(pairs)), pairs)
    links += _links(pairs, found, np.flatnonzero(found.bits >= enough), found.bits)
    return to_summary(newest, links, complete=candidates.whole and candidates.all, known=known)


def likely(database: Counted, among: Counted, pairs: Numbers, enough: float) -> Numbers:
    """The pairs that may have enough bits when all that one of them ticked is shared: few of a million."""
    reports = ends(pairs)
    told, ticks = Told.by(database, among, reports, ticks=False), sum_ticks(database, among, reports)
    kept = [np.zeros(0, np.int64)]
    for start in range(0, len(pairs), LOT):
        lot = pairs[start : start + LOT]
        first, second = (np.searchsorted(reports, side) for side in unpack(lot))
        most = weigh(told, lot).bits + np.minimum(ticks[first], ticks[second])
        # A sum in another order differs in its last digits.
        kept.append(lot[most >= enough - ROUNDING])
    return np.concatenate(kept)


def _still(before: Summary, pairs: Numbers) -> list[Link]:
    """The links that were found earlier, without those of months that were crowded since."""
    known = pack(before.columns["first"], before.columns["second"])
    at = np.searchsorted(pairs, known)
    there = np.append(pairs, -1)[at] == known
    return [one for one, holds in zip(read_links(before), there.tolist(), strict=True) if holds]


def _links(pairs: Numbers, found: Weighed, rows: Numbers, likeness: NDArray[np.float64]) -> list[Link]:
    first, second = (side.tolist() for side in unpack(pairs))
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


def _named_codes(database: Counted, coded: Coded) -> Hashes:
    """For each report a number of the names in it, the same where these are."""
    found = np.zeros(database.which.size * 8, np.uint64)
    for pool in pools(database):
        told = read_told(database, pool)
        hashes = np.array([hash_of(pool.words, *name) for name in told.read], np.uint64)
        if pool.holds_marks:
            reports, marks = read_marks(database)
            np.add.at(found, reports, hashes[marks])
        else:
            found[told.reports] += hashes[told.named]
    codes: Hashes = found[coded.reports]
    return codes


def find_candidates(database: Counted) -> Candidates:
    """Pairs of one exact month that share an officer, or a place and all acts."""
    coded, size = read_coded(database), database.which.size * 8
    month, ticks = _months(database), np.zeros(size, np.uint64)
    ticks[coded.reports] = coded.ticks
    told, named = read_marks(database)
    blocks = [_dated(told, named, month)]
    for pool in pools(database):
        if not pool.holds_marks:
            names = read_told(database, pool)
            order = np.argsort(names.reports, kind="stable")
            order = order[ticks[names.reports[order]] > 0]
            blocks.append(_dated(names.reports[order], names.named[order], month, ticks))
    found = [_of_blocks(*block) for block in blocks]
    pairs = distinct(np.concatenate([pairs for pairs, _ in found]))
    return Candidates(pairs[:MOST_PAIRS], all(whole for _, whole in found), len(pairs) <= MOST_PAIRS)


def _months(database: Counted) -> NDArray[np.int32]:
    """The month of each report as a number; 0 where there is none, or none that is exact."""
    if MONTH not in asked_once(database):
        return np.zeros(database.which.size * 8, np.int32)
    values, codes = database.bits.codes(database.conn, MONTH)
    exact = np.array([is_told(MONTH, value) for value in values])
    return np.where(exact[codes], codes, 0).astype(np.int32)


def _dated(told: Numbers, named: Numbers, month: NDArray[np.int32], *more: Hashes) -> tuple[Numbers, Numbers]:
    """The reports with a month, and what they must share beside it in one number."""
    there = month[told] > 0
    told = told[there]
    return told, _keyed(named[there], month[told], *(part[told] for part in more))


def _keyed(*parts: NDArray[Any]) -> Numbers:
    """One number for what several say together."""
    key = np.zeros(len(parts[0]), dtype=np.uint64)
    for part in parts:
        key = mixed(key * MULTIPLIER + part.astype(np.uint64))
    return key.view(np.int64)


def _of_blocks(reports: Numbers, keys: Numbers) -> tuple[Numbers, bool]:
    """All pairs of reports, which come in rising order, under a key of at most MOST_OF_BLOCK reports."""
    order = np.argsort(keys, kind="stable")
    reports, keys = reports[order], keys[order]
    starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])) if len(keys) else np.zeros(0, np.int64)
    lengths = np.diff(np.append(starts, len(keys)))
    size = np.repeat(lengths, lengths)
    end = np.repeat(starts + lengths, lengths)
    # A report alone under its key, as most are, is no pair.
    rows = np.flatnonzero((size > 1) & (size <= MOST_OF_BLOCK))
    found = [np.zeros(0, dtype=np.int64)]
    for step in range(1, min(MOST_OF_BLOCK, int(lengths.max(initial=0)))):
        rows = rows[rows + step < end[rows]]
        found.append(pack(reports[rows], reports[rows + step]))
    return np.concatenate(found), bool((lengths <= MOST_OF_BLOCK).all())
