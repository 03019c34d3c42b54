"""The sets of alike reports as they stand now: without what was left out, in the order to look at them.

There may be thousands. Their order is worked out from their sizes; a set is read when it is shown.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis import summaries
from analysis.bitmaps import count, flags
from analysis.patterns.alike import BY, Alike, Found, read_why, spread, to_summary
from analysis.patterns.reading import Counted, Numbers, is_small
from analysis.summaries import Summary

# The sets that a page shows.
SHOWN = 30
# As many alike reports in one week by one channel are a flood.
FLOOD = 10
# Sets of so many reports that floods are looked for in; the largest come first.
LOOKED_AT = 60


@dataclass(frozen=True, slots=True)
class Flood:
    """A week and channel in which `alike` of `n` reports stand in one set, which is at `place` of all."""

    week: str
    channel: str
    place: int
    alike: int
    n: int
    small: bool


@dataclass(frozen=True, slots=True)
class Ranked:
    """The sets of a kind in their order, without those that are left with one report; none is read yet.

    `number`, `reports`, `waiting`, `complete` and `newer` are those of Found.
    """

    kind: str
    kept: Summary
    counted: NDArray[np.bool_]
    order: Numbers
    closed: NDArray[np.bool_]
    n: Numbers
    newer: int | None

    @property
    def number(self) -> int:
        return len(self.order)

    @property
    def reports(self) -> int:
        return int(self.n[self.order].sum())

    @property
    def waiting(self) -> int:
        return self.number - int(self.closed[self.order].sum())

    @property
    def complete(self) -> bool:
        return bool(self.kept.words["complete"])

    def at(self, database: Counted, place: int) -> Alike:
        """The set at a place."""
        columns, number = self.kept.columns, int(self.order[place])
        reports = self.members(place)
        why = read_why(self.kept, int(columns["why"][number]))
        likeness, is_open = float(columns["weakest"][number]), not self.closed[number]
        return Alike(
            self.kind,
            tuple(reports.tolist()),
            likeness,
            why,
            *spread(database, reports),
            open=bool(is_open),
        )

    def members(self, place: int) -> Numbers:
        """The counted reports of the set at a place."""
        sizes, number = self.kept.columns["sizes"], int(self.order[place])
        start = int(sizes[:number].sum())
        there = slice(start, start + int(sizes[number]))
        found: Numbers = self.kept.columns["members"][there][self.counted[there]]
        return found

    def place(self, report: int) -> int | None:
        """The place of the set in which a counted report stands, if it stands in any."""
        columns = self.kept.columns
        at = np.flatnonzero((columns["members"] == report) & self.counted)
        if not len(at):
            return None
        number = int(np.searchsorted(np.cumsum(columns["sizes"]), at[0], side="right"))
        places = np.flatnonzero(self.order == number)
        return int(places[0]) if len(places) else None


def read_found(
    database: Counted, kind: str, apart: Collection[Collection[int]] = (), most: int = SHOWN
) -> Found:
    """The first sets that are kept, without the reports that are not counted; at most so many of them.

    `apart` are sets of reports that somebody said to be different.
    """
    ranked = rank(database, kind, apart)
    return found(database, ranked, range(min(most, ranked.number)))


def found(database: Counted, ranked: Ranked, places: Iterable[int]) -> Found:
    """The sets at these places of their order."""
    sets = tuple(ranked.at(database, place) for place in places)
    return Found(sets, ranked.number, ranked.reports, ranked.waiting, ranked.complete, ranked.newer)


def rank(database: Counted, kind: str, apart: Collection[Collection[int]] = ()) -> Ranked:
    """The sets of a kind as they are kept: those that are open first, then the largest."""
    kept = database.bits.keep((kind,), lambda: summaries.read(database.conn, kind))
    if kept is None:
        return replace(rank_kept(database, kind, to_summary(0, [], complete=True)), newer=None)
    return rank_kept(database, kind, kept, apart)


def rank_kept(database: Counted, kind: str, kept: Summary, apart: Collection[Collection[int]] = ()) -> Ranked:
    """The same of a summary that was read before."""
    which = flags(database.which)
    members, sizes = kept.columns["members"], kept.columns["sizes"]
    ends = np.cumsum(sizes)
    counted = which[members]
    left = np.concatenate([[0], np.cumsum(counted)])
    n = left[ends] - left[ends - sizes]
    # The members stand in rising order, so that the first set of two alike ones has the oldest report.
    closed = _closed(kept, which, n, apart)
    order = np.lexsort((-kept.columns["weakest"], -n, closed))
    newer = count(database.which) - int(which[: kept.until + 1].sum())
    return Ranked(kind, kept, counted, order[n[order] > 1], closed, n, newer)


def _closed(
    kept: Summary, which: NDArray[np.bool_], n: Numbers, apart: Collection[Collection[int]]
) -> NDArray[np.bool_]:
    """Of each set whether all of its counted reports are among some that were said to be different."""
    found = np.zeros(len(n), np.bool_)
    if not apart:
        return found
    place = np.full(len(which), -1, np.int64)
    place[kept.columns["members"]] = np.repeat(np.arange(len(n)), kept.columns["sizes"])
    for known in apart:
        reports = np.array([one for one in known if one < len(which)], np.int64)
        sets, counts = np.unique(place[reports[which[reports]]], return_counts=True)
        whole = sets[(sets >= 0) & (counts == n[sets])]
        found[whole] = True
    return found


def floods(database: Counted, ranked: Ranked) -> tuple[Flood, ...]:
    """The weeks and channels in which one of the first sets has FLOOD reports or more, the largest first."""
    (weeks, week), (channels, channel) = (database.bits.codes(database.conn, one) for one in BY)
    made = []
    for place in np.flatnonzero(ranked.n[ranked.order] >= FLOOD)[:LOOKED_AT].tolist():
        reports = ranked.members(place)
        cells = np.bincount(week[reports] * len(channels) + channel[reports])
        for cell in np.flatnonzero(cells >= FLOOD).tolist():
            named = weeks[cell // len(channels)], channels[cell % len(channels)]
            both = [database.column(name)[value] for name, value in zip(BY, named, strict=True)]
            n = database.among(both[0] & both[1])
            made.append(Flood(*named, place, int(cells[cell]), n, is_small(n)))
    return tuple(sorted(made, key=lambda flood: (-flood.alike, flood.week, flood.channel, flood.place)))
