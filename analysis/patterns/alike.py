"""Sets of reports that may tell one thing twice: proposals, which a person decides.

Three things make two reports alike: nearly the same words (analysis.patterns.retold), the same answers
throughout, or the same event (both in analysis.patterns.events). A set is all that such links connect.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from analysis.cipher import Database
from analysis.patterns.reading import Reports, is_small, read_reports

STORY, ANSWERS, EVENT = "story", "answers", "event"
# As many alike reports in one week by one channel are a flood.
FLOOD = 10


@dataclass(frozen=True, slots=True)
class Link:
    """Two reports that are alike, by their places among the counted ones: how much, and in what."""

    first: int
    second: int
    likeness: float
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alike:
    """A set of reports, all of them, in rising order.

    `likeness` is that of the weakest link: for STORY the share of their words in threes, 0 to 1; for
    ANSWERS and EVENT the bits of surprise in what they share. `why` names the questions that its strongest
    link agrees in. `weeks`, `channels` and `largest` (in one week by one channel) as for places.
    """

    kind: str
    reports: tuple[int, ...]
    likeness: float
    why: tuple[str, ...]
    weeks: int
    channels: int
    largest: int

    @property
    def n(self) -> int:
        return len(self.reports)


@dataclass(frozen=True, slots=True)
class Found:
    """Sets of one kind, the largest first; `complete` is False where a bound was reached."""

    sets: tuple[Alike, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class Flood:
    """A week and channel in which `alike` of `n` reports stand in one set, the `place`th of those given."""

    week: str
    channel: str
    place: int
    alike: int
    n: int
    small: bool


def sets(kind: str, reports: Reports, links: Iterable[Link]) -> tuple[Alike, ...]:
    """What the links connect, the largest first. `reports` needs the columns week and channel."""
    tree, best, worst = Tree(), dict[int, Link](), dict[int, float]()
    kept = list(links)
    for link in kept:
        tree.join(link.first, link.second)
    for link in kept:
        root = tree.root(link.first)
        worst[root] = min(worst.get(root, link.likeness), link.likeness)
        if root not in best or link.likeness > best[root].likeness:
            best[root] = link
    members = tree.members()
    made = [_alike(kind, reports, members[root], worst[root], best[root].why) for root in sorted(members)]
    return tuple(sorted(made, key=lambda one: (-one.n, -one.likeness, one.reports)))


def floods(database: Database, found: Sequence[Alike]) -> tuple[Flood, ...]:
    """The weeks and channels in which one set has FLOOD reports or more, the largest first."""
    reports = read_reports(database, "week", "channel")
    week, channel = (reports.columns[name] for name in ("week", "channel"))
    totals = Counter(zip(week.codes.tolist(), channel.codes.tolist(), strict=True))
    places = {number: place for place, number in enumerate(reports.ids.tolist())}
    made = []
    for place, one in enumerate(found):
        where = [places[number] for number in one.reports if number in places]
        cells = Counter((int(week.codes[at]), int(channel.codes[at])) for at in where)
        made += [
            Flood(week.values[w], channel.values[c], place, n, totals[w, c], is_small(n))
            for (w, c), n in cells.items()
            if n >= FLOOD
        ]
    return tuple(sorted(made, key=lambda flood: (-flood.alike, flood.week, flood.channel, flood.place)))


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


def _alike(
    kind: str, reports: Reports, places: Sequence[int], likeness: float, why: tuple[str, ...]
) -> Alike:
    week, channel = (reports.columns[name].codes for name in ("week", "channel"))
    cells = Counter((int(week[place]), int(channel[place])) for place in places)
    return Alike(
        kind,
        tuple(int(reports.ids[place]) for place in places),
        likeness,
        why,
        len({week for week, _ in cells}),
        len({channel for _, channel in cells}),
        max(cells.values()),
    )
