"""Time as dimensions: months in quarters in years, of the events and of their receipt; a date's sides.

The months of a tree come from the periods that were published, never from the reports. A report that
tells the year alone lies in the year beside its quarters; one that tells no date, in ".unknown".
"""

import datetime
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from analysis.findings.control.lattice import Tree
from analysis.findings.model import Tie
from analysis.findings.released import Category

MONTH, RECEIVED = "month", "received"
BEFORE, SINCE, UNKNOWN = "before", "since", ".unknown"
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_YEAR = re.compile(r"[0-9]{4}")
_MOST_YEARS = 60
_SIDE = "side."


@dataclass(frozen=True, slots=True, order=True)
class Months:
    """From the first month to the last, such as "2026-01" and "2026-06"; ValueError where it is none."""

    first: str
    last: str

    def __post_init__(self) -> None:
        if not (_MONTH.fullmatch(self.first) and _MONTH.fullmatch(self.last)):
            raise ValueError('a month is written as in "2026-01"')
        if self.first > self.last:
            raise ValueError("it ends before it begins")
        if int(self.last[:4]) - int(self.first[:4]) > _MOST_YEARS:
            raise ValueError(f"it is longer than {_MOST_YEARS} years")

    def __contains__(self, month: str) -> bool:
        return self.first <= month <= self.last

    def __iter__(self) -> Iterator[str]:
        year, month = map(int, self.first.split("-"))
        while (name := f"{year:04d}-{month:02d}") <= self.last:
            yield name
            year, month = (year, month + 1) if month < 12 else (year + 1, 1)

    def holds(self, when: str | None) -> bool | None:
        """Whether an answer lies in it: a month, or a whole year; None for no date and "not_sure"."""
        if when and _MONTH.fullmatch(when):
            return when in self
        if when and _YEAR.fullmatch(when):
            return f"{when}-01" in self and f"{when}-12" in self
        return None

    def covers(self, other: "Months") -> bool:
        """Whether the other lies in it, from end to end."""
        return self.first <= other.first and other.last <= self.last

    def meets(self, other: "Months") -> bool:
        """Whether they share a month."""
        return self.first <= other.last and other.first <= self.last


def quarter(month: str) -> str:
    """The quarter of a month, as "2026-Q2"."""
    return f"{month[:4]}-Q{(int(month[5:]) + 2) // 3}"


def some_time_in(year: str) -> str:
    """The node of reports that tell the year alone."""
    return f"{year}.year"


def tree(name: str, months: Months, *, years_alone: bool = False) -> Tree:
    """Months in quarters in years, and ".unknown"."""
    quarters: dict[str, list[str]] = {}
    years: dict[str, list[str]] = {}
    for month in months:
        own = quarters.setdefault(quarter(month), [])
        if not own:
            years.setdefault(month[:4], []).append(quarter(month))
        own.append(month)
    if years_alone:
        for year, parts in years.items():
            if months.holds(year):
                parts.append(some_time_in(year))
    groups = {**years, **quarters}
    return Tree(name, "all", {"all": (*years, UNKNOWN)} | {node: tuple(own) for node, own in groups.items()})


def categories(tree: Tree, months: Months) -> tuple[Category, ...]:
    """The rows of a table of the months of one release: what of the tree lies in them."""
    own = set(months)
    found = []
    for node, level, parent in _walk(tree, tree.root, 0, None):
        leaves = _leaves(tree, node)
        if node == UNKNOWN or any(leaf in own or months.holds(leaf[:4]) is True for leaf in leaves):
            found.append(Category(node, {}, parent, level))
    return tuple(found)


def node_of(when: str | None, tree: Tree) -> str:
    """The leaf that an answer lies in."""
    if when and when in tree.parents:
        return some_time_in(when) if _YEAR.fullmatch(when) else when
    return UNKNOWN


def month_of_week(week: str) -> str:
    """The month of an ISO week: that of its Thursday, as a week belongs to the year of its Thursday."""
    year, _, number = week.partition("-W")
    return datetime.date.fromisocalendar(int(year), int(number), 4).isoformat()[:7]


def outside(tree: Tree, months: Months, *, undated: bool) -> Iterator[str]:
    """The nodes that nobody can lie in whose reports are all of these months."""
    for node in tree.nodes:
        if node == tree.root:
            continue
        leaves = _leaves(tree, node)
        if leaves == (UNKNOWN,):
            if not undated:
                yield node
        elif not any(months.holds(leaf.removesuffix(".year")) for leaf in leaves):
            yield node


def side_tree(campaign: str) -> Tree:
    """Before a month, and from it on."""
    return Tree(side_name(campaign), "all", {"all": (BEFORE, SINCE, UNKNOWN)})


def side_name(campaign: str) -> str:
    """The name of the tree of a campaign's month."""
    return f"{_SIDE}{campaign}"


def is_side(tree: str) -> bool:
    """Whether a tree is that of the sides of some campaign's month."""
    return tree.startswith(_SIDE)


def campaign_of(tree: str) -> str:
    """The month of a tree of sides."""
    return tree.removeprefix(_SIDE)


def side_of(leaf: str, campaign: str) -> str:
    """On which side of a month a leaf of the months lies; a year alone that the month divides, on none."""
    if leaf == UNKNOWN:
        return UNKNOWN
    year = leaf[:4]
    if leaf == some_time_in(year):
        if year == campaign[:4]:
            return SINCE if campaign.endswith("-01") else UNKNOWN
        return BEFORE if year < campaign[:4] else SINCE
    return BEFORE if leaf < campaign else SINCE


def side_ties(months: Tree, campaign: str) -> Iterator[Tie]:
    """A side is the sum of its months."""
    for side in (BEFORE, SINCE, UNKNOWN):
        leaves = [leaf for leaf in months.leaves if side_of(leaf, campaign) == side]
        parts = tuple((-1, (f"{months.name}={leaf}",)) for leaf in sorted(leaves))
        yield Tie(((1, (f"{side_name(campaign)}={side}",)), *parts), True)


def union(periods: Iterable[Months]) -> Months:
    """From the first month of all to the last."""
    all_of_them = list(periods)
    return Months(min(one.first for one in all_of_them), max(one.last for one in all_of_them))


def _walk(tree: Tree, node: str, level: int, parent: str | None) -> Iterator[tuple[str, int, str | None]]:
    for child in tree.children.get(node, ()):
        yield child, level, parent
        yield from _walk(tree, child, level + 1, child)


def _leaves(tree: Tree, node: str) -> Sequence[str]:
    below = tree.children.get(node)
    return (node,) if below is None else tuple(leaf for child in below for leaf in _leaves(tree, child))
