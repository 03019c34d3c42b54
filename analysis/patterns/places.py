"""Places and actors that come up again: stations, clinics, landlords, officers' marks.

Names come from short answers in words and from lists. What is written in one way is counted; what
seems to be one name is proposed as a group with the evidence, and a person decides (analysis/review).
Officers' marks with a digit are never matched by likeness: that would accuse somebody's neighbour.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.bitmaps import numbers
from analysis.patterns.alike import spread, spread_each
from analysis.patterns.grouping import MOST_NAMES
from analysis.patterns.names import MARKS
from analysis.patterns.reading import Counted, Numbers, distinct, is_small
from analysis.patterns.settled import Decisions, Key, Member, Set, Unit, read_decisions, settle
from analysis.patterns.written import Names, Pool, pools, read_names

__all__ = ["DECIDED", "MARKS", "Group", "Places", "Pool", "Spelling", "places", "pools"]

# Beside the reasons of analysis.patterns.grouping: somebody said so.
DECIDED = "decided"


@dataclass(frozen=True, slots=True)
class Spelling:
    """A name as it was written in answer to `question`, or a `choice` of a list; n reports.

    `why` and `score` say how it came to the group's name (analysis.patterns.grouping.Joined), or DECIDED;
    `weeks` and `channels` how many different ones its reports came by. `key` tells it from others.
    """

    key: Key
    question: str
    written: str
    choice: int | None
    n: int
    weeks: int
    channels: int
    score: int
    why: str


@dataclass(frozen=True, slots=True)
class Group:
    """One place or actor, or several spellings that may be one.

    `weeks` and `channels` are how many different ones its reports came by, and `largest` the most that
    came in one week by one channel: when nearly all did, one hand may have written them. `names` is how
    many of its spellings are left after the rules of spelling: above 1, likeness or a decision put them
    together. `unit` is what a decision made of it, `near` the decided ones that it is like, and `waits`
    whether it is for somebody to decide; `digest` is another one once anything of that is.
    """

    name: str
    digest: str
    unit: Unit | None
    near: tuple[Unit, ...]
    waits: bool
    n: int
    weeks: int
    channels: int
    largest: int
    names: int
    spellings: tuple[Spelling, ...]
    small: bool

    @property
    def accepted(self) -> int | None:
        """The number of the group that a decision made, if one did."""
        return self.unit if isinstance(self.unit, int) else None


@dataclass(frozen=True, slots=True)
class Places:
    """The names in one pool: `n` reports name somebody, in `groups` the most frequent first.

    `found` is the number of all groups; `compared` is False when there were too many names to compare
    all of them, and the rarest stand alone. Of `waiting` groups that somebody should decide about those of
    most reports are in `proposed`; `decided` are all that somebody made, and those near to the proposed.
    `newer` counted reports came after the names were put together, and are not in it; None says that they
    were not put together yet.
    """

    pool: Pool
    n: int
    found: int
    compared: bool
    newer: int | None
    groups: tuple[Group, ...]
    waiting: int
    proposed: tuple[Group, ...]
    decided: tuple[Group, ...]


def places(database: Counted, pool: Pool, *, limit: int = 200) -> Places:
    """The groups of names in a pool, at most `limit` of them."""
    names = read_names(database, pool)
    if names is None:
        return Places(pool, 0, 0, True, None, (), 0, (), ())
    decisions = read_decisions(database.conn, pool.words)
    sets, found, waiting = _settled(names, decisions, 2 * limit)
    kept = {number: _counted(database, reports) for number, reports in decisions.kept.items()}
    ranked = sorted(sets, key=lambda one: -_most(one, names, kept.get(one.group or 0)))
    # A report that names two spellings of a group counts once, so the order is settled afterwards.
    looked_at = _looked_at(ranked, 2 * limit)
    made = [(one, _group(database, names, one, decisions, kept.get(one.group or 0))) for one in looked_at]
    made.sort(key=lambda pair: (-pair[1].n, pair[1].name))
    proposed = [shown for _, shown in made if shown.waits][:limit]
    near = {unit for one in proposed for unit in one.near}
    return Places(
        pool,
        names.naming(_union(kept.values())),
        found,
        names.different <= MOST_NAMES,
        names.newer(),
        tuple([shown for _, shown in made if shown.n][:limit]),
        waiting,
        tuple(proposed),
        tuple(shown for _, shown in made if shown.accepted or shown.unit in near),
    )


def _settled(names: Names, decisions: Decisions, most: int) -> tuple[list[Set], int, int]:
    """The sets that a decision touches, and of the others those of most reports and those that wait, as many
    of each; how many sets there are in all, and how many of them wait.

    All spellings of a name stand in one set of alike names, so no decision reaches beyond the sets in which
    it has a name. Of the others, which may be very many, the numbers alone are looked at.
    """
    rows = (names.row(key) for key in (*decisions.groups, *decisions.alone))
    touched = sorted({int(names.group[row]) for row in rows if row is not None and names.n[row]})
    settled = settle(([*_members(names, head)] for head in touched), decisions)
    free = names.of_group.copy()
    free[touched] = 0
    several = names.several() & (free > 0)
    order = np.argsort(-free, kind="stable")
    frequent = order[:most][free[order[:most]] > 0]
    waiting = order[several[order]][:most]
    heads = sorted({*frequent.tolist(), *waiting.tolist()})
    return (
        [*settled, *(Set(None, [*_members(names, head)]) for head in heads)],
        len(settled) + int(np.count_nonzero(free)),
        sum(one.waits for one in settled) + int(np.count_nonzero(several)),
    )


def _members(names: Names, head: int) -> Iterator[Member]:
    for row in names.rows(head):
        yield Member(names.key(row), names.name(row), names.joined(row))


def _rows(names: Names, one: Set) -> list[int]:
    return [row for member in one.members if (row := names.row(member.key)) is not None]


def _most(one: Set, names: Names, kept: Numbers | None) -> int:
    """The reports of a set, some of them perhaps twice."""
    return (0 if kept is None else len(kept)) + int(names.n[_rows(names, one)].sum())


def _looked_at(ranked: Sequence[Set], most: int) -> list[Set]:
    """The sets of most reports, all groups, and as many of those that wait, with what is near to them."""
    waiting = [one for one in ranked if one.waits][:most]
    near = {unit for one in waiting for unit in one.near}
    wanted = {id(one) for one in (*ranked[:most], *waiting)}
    return [one for one in ranked if one.group or id(one) in wanted or one.unit in near]


def _counted(database: Counted, reports: Sequence[int]) -> Numbers:
    """Those of reports that are counted: their words were deleted after their names were put into a group."""
    return numbers(database.bits.of_numbers(reports) & database.which)


def _union(reports: Iterable[Numbers]) -> Numbers:
    return distinct(np.concatenate([np.zeros(0, np.int64), *reports]))


def _group(database: Counted, names: Names, one: Set, decisions: Decisions, kept: Numbers | None) -> Group:
    rows = _rows(names, one)
    told, place = names.told_by(rows)
    spellings = _spellings(database, names, one, decisions, told, place)
    reports = _union([told] if kept is None else [told, kept])
    weeks, channels, largest = spread(database, reports)
    label = decisions.labels.get(one.group, "") if one.group else ""
    return Group(
        name=label or (spellings[0].written if spellings else ""),
        digest=_digest(one.unit, (each.key for each in spellings)),
        unit=one.unit,
        near=tuple(sorted(one.near, key=str)),
        waits=one.waits,
        n=len(reports),
        weeks=weeks,
        channels=channels,
        largest=largest,
        names=len({member.name for member in one.members}),
        spellings=spellings,
        small=is_small(len(reports)),
    )


def _spellings(
    database: Counted, names: Names, one: Set, decisions: Decisions, told: Numbers, place: Numbers
) -> tuple[Spelling, ...]:
    rows = _rows(names, one)
    weeks, channels = spread_each(database, told, place, len(rows))
    found = []
    for number, (member, row) in enumerate(zip(one.members, rows, strict=True)):
        _, written, choice = names.spelling(row)
        why = DECIDED if member.key in decisions else member.joined.why
        counts = int(names.n[row]), int(weeks[number]), int(channels[number])
        found.append(Spelling(member.key, member.key[0], written, choice, *counts, member.joined.score, why))
    # A name of a list comes before what people wrote in its place.
    return tuple(sorted(found, key=lambda one: (one.choice is None, -one.n, one.written)))


def _digest(unit: Unit | None, keys: Iterable[Key]) -> str:
    """What tells a set of names from every other one, and from what it becomes by a decision."""
    return hashlib.sha256(repr((unit, sorted(keys))).encode()).hexdigest()[:32]
