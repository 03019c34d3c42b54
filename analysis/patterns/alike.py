"""Sets of reports that may tell one thing twice: proposals, which a person decides.

Three things make two reports alike: nearly the same words (analysis.patterns.retold), the same answers
throughout, or the same event (both in analysis.patterns.events). A set is all that such links connect.

Sets are found among all reports that may be counted, and kept (analysis.summaries). Whoever was left out
is dropped from them when they are read (analysis.patterns.ranked), and there again when that is undone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.patterns.reading import Counted, Numbers
from analysis.summaries import Summary

STORY, ANSWERS, EVENT = "story", "answers", "event"
BY = ("week", "channel")


@dataclass(frozen=True, slots=True)
class Link:
    """Two reports that are alike: how much, and in what."""

    first: int
    second: int
    likeness: float
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alike:
    """A set of reports, all of them, in rising order.

    `likeness` is that of the weakest link: for STORY the share of their words in threes, 0 to 1; for
    ANSWERS and EVENT the bits of surprise in what they share. `why` names the questions that its strongest
    link agrees in. `weeks`, `channels` and `largest` (in one week by one channel) as for places. `open` is
    False once somebody said that all of them are different.
    """

    kind: str
    reports: tuple[int, ...]
    likeness: float
    why: tuple[str, ...]
    weeks: int
    channels: int
    largest: int
    open: bool

    @property
    def n(self) -> int:
        return len(self.reports)


@dataclass(frozen=True, slots=True)
class Found:
    """Sets of one kind, the largest first, out of `number` sets of `reports` in all.

    Of those `waiting` are open, and come before the others. `complete` is False where a bound was reached.
    `newer` counted reports came after the sets were found; None says that they were not found yet.
    """

    sets: tuple[Alike, ...]
    number: int
    reports: int
    waiting: int
    complete: bool
    newer: int | None


def to_summary(
    until: int, links: Sequence[Link], *, complete: bool, known: Mapping[str, Any] | None = None
) -> Summary:
    """The links, and what they connect, as they are kept: the same, in whatever order they were found.

    `known` is what they depend on beside the reports up to `until`.
    """
    links = sorted(links, key=lambda link: (link.second, link.first))
    tree = Tree()
    for link in links:
        tree.join(link.first, link.second)
    members = tree.members()
    best, weakest = dict[int, Link](), dict[int, float]()
    for link in links:
        root = tree.root(link.first)
        weakest[root] = min(weakest.get(root, link.likeness), link.likeness)
        if root not in best or link.likeness > best[root].likeness:
            best[root] = link
    whys = list(dict.fromkeys(link.why for link in links))
    numbered = {why: number for number, why in enumerate(whys)}
    columns: dict[str, NDArray[np.generic]] = {
        "first": np.array([link.first for link in links], np.int64),
        "second": np.array([link.second for link in links], np.int64),
        "likeness": np.array([link.likeness for link in links], np.float64),
        "because": np.array([numbered[link.why] for link in links], np.int32),
        "members": np.array([one for root in members for one in members[root]], np.int64),
        "sizes": np.array([len(members[root]) for root in members], np.int64),
        "weakest": np.array([weakest[root] for root in members], np.float64),
        "why": np.array([numbered[best[root].why] for root in members], np.int64),
    }
    questions = {one: place for place, one in enumerate(dict.fromkeys(one for why in whys for one in why))}
    # As numbers: thousands of lists of words take a tenth of a second to read.
    columns["agree"] = np.array([questions[one] for why in whys for one in why], np.int16)
    columns["agree_until"] = np.cumsum([len(why) for why in whys], dtype=np.int64)
    return Summary(until, {"complete": complete, "questions": list(questions), **(known or {})}, columns)


def read_why(kept: Summary, number: int) -> tuple[str, ...]:
    """The questions in which a link agrees, by the number that stands for them."""
    until = kept.columns["agree_until"]
    agree = kept.columns["agree"][int(until[number - 1]) if number else 0 : int(until[number])]
    return tuple(kept.words["questions"][one] for one in agree.tolist())


def read_links(kept: Summary) -> list[Link]:
    """The links of which sets were made."""
    names = ("first", "second", "likeness", "because")
    rows = zip(*(kept.columns[name].tolist() for name in names), strict=True)
    whys = [read_why(kept, number) for number in range(len(kept.columns["agree_until"]))]
    return [Link(first, second, likeness, whys[why]) for first, second, likeness, why in rows]


class Tree:
    """Which places are connected: a forest with path halving (Tarjan and van Leeuwen, JACM 31, 1984)."""

    def __init__(self) -> None:
        self._above: dict[int, int] = {}

    def root(self, place: int) -> int:
        """The least place that is connected to this one."""
        above = self._above
        above.setdefault(place, place)
        while above[place] != place:
            above[place] = above[above[place]]
            place = above[place]
        return place

    def join(self, first: int, second: int) -> None:
        """Connects two places."""
        least, other = sorted((self.root(first), self.root(second)))
        self._above[other] = least

    def members(self) -> Mapping[int, list[int]]:
        """All places that were named, by their root, in rising order."""
        found: dict[int, list[int]] = {}
        for place in sorted(self._above):
            found.setdefault(self.root(place), []).append(place)
        return found


def spread(database: Counted, reports: Numbers) -> tuple[int, int, int]:
    """By how many weeks and channels reports came, and the most that came in one week by one channel."""
    (weeks, week), (channels, channel) = (database.bits.codes(database.conn, one) for one in BY)
    cells = np.bincount(
        week[reports] * len(channels) + channel[reports], minlength=len(weeks) * len(channels)
    )
    filled = cells.reshape(len(weeks), len(channels))
    return (
        int(np.count_nonzero(filled.any(axis=1))),
        int(np.count_nonzero(filled.any(axis=0))),
        int(cells.max(initial=0)),
    )


def spread_each(database: Counted, reports: Numbers, place: Numbers, places: int) -> tuple[Numbers, Numbers]:
    """By how many weeks, and by how many channels, the reports of each of so many places came."""
    found = []
    for name in BY:
        values, codes = database.bits.codes(database.conn, name)
        seen = np.zeros((places, len(values)), dtype=np.bool_)
        seen[place, codes[reports]] = True
        found.append(np.count_nonzero(seen, axis=1))
    return found[0], found[1]
