"""Lays what a reviewer decided about names over what likeness proposes.

A name that was put into a group counts there; one that was said to stand alone is not proposed again with
those that it was told from. A name that reads the same as a decided one follows it. What is left in a set
of alike names is a proposal, `near` to the decided ones of the same set.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from analysis.patterns.grouping import Joined
from analysis.patterns.names import Name

# A name as it is told from others: its question, and its letters or the code of a choice.
Key: TypeAlias = tuple[str, str]
# What a name belongs to by decision: a group by its number, or itself by how it is read.
Unit: TypeAlias = int | Name


@dataclass(frozen=True, slots=True)
class Decisions:
    """The names of one question that were decided about, the groups' labels, and reports without words."""

    groups: Mapping[Key, int]
    alone: frozenset[Key]
    labels: Mapping[int, str]
    kept: Mapping[int, Sequence[int]]

    def __contains__(self, key: object) -> bool:
        return key in self.groups or key in self.alone

    def unit(self, key: Key, name: Name) -> Unit | None:
        """What a name belongs to; None where nothing was decided about it."""
        return self.groups.get(key) or (name if key in self.alone else None)


@dataclass(frozen=True, slots=True)
class Member:
    """A name of the pattern in a set: what it is there, how it is read, and what it was put with."""

    key: Key
    name: Name
    joined: Joined


@dataclass(slots=True)
class Set:
    """Names that belong together by decision (`unit`), or seem to; `near` are the decided ones like them."""

    unit: Unit | None
    members: list[Member] = field(default_factory=list)
    near: set[Unit] = field(default_factory=set)

    @property
    def group(self) -> int | None:
        """The number of its group, if a decision made it one."""
        return self.unit if isinstance(self.unit, int) else None

    @property
    def waits(self) -> bool:
        """Whether somebody should decide: two names are alike, or one is like names that were decided."""
        return self.unit is None and (len({one.name for one in self.members}) > 1 or bool(self.near))


def read_decisions(connection: Any, question: str) -> Decisions:
    """What was decided about the names of a question, and of the list that it completes (analysis/review)."""
    rows = connection.execute(
        'SELECT "s"."question", "s"."text", "named"."group", "g"."label" FROM "named" '
        'JOIN "decisions" AS "d" ON "d"."id" = "named"."decision" '
        'JOIN "spellings" AS "s" ON "s"."id" = "named"."spelling" '
        'LEFT JOIN "groups" AS "g" ON "g"."id" = "named"."group" WHERE "d"."value" = ?',
        [question],
    ).fetchall()
    named = {(asked, text): group for asked, text, group, _ in rows if text is not None}
    return Decisions(
        {key: group for key, group in named.items() if group is not None},
        frozenset(key for key, group in named.items() if group is None),
        {group: label for _, _, group, label in rows if group is not None},
        _read_kept(connection, question),
    )


def _read_kept(connection: Any, question: str) -> Mapping[int, Sequence[int]]:
    """By a group's number: the reports that gave one of its names, and whose words were deleted."""
    rows = connection.execute(
        'SELECT DISTINCT "g"."id", "k"."report" FROM "named" '
        'JOIN "groups" AS "g" ON "g"."id" = "named"."group" '
        'JOIN "kept_names" AS "k" ON "k"."spelling" = "named"."spelling" '
        'WHERE "g"."question" = ? ORDER BY 1, 2',
        [question],
    )
    found: dict[int, list[int]] = {}
    for group, report in rows:
        found.setdefault(group, []).append(report)
    return found


def settle(alike: Iterable[Sequence[Member]], decisions: Decisions) -> list[Set]:
    """The sets of alike names as they stand after all decisions; a group without names is among them."""
    clusters = list(alike)
    follow = _followed((one for members in clusters for one in members), decisions)
    decided: dict[Unit, Set] = {number: Set(number) for number in decisions.labels}
    open_sets = []
    for members in clusters:
        left = Set(None)
        for one in members:
            units = follow.get(one.name, set())
            unit = decisions.unit(one.key, one.name) or (next(iter(units)) if len(units) == 1 else None)
            if unit is None:
                left.members.append(one)
            else:
                decided.setdefault(unit, Set(unit)).members.append(one)
            left.near.update({unit} if unit is not None else units)
        if left.members:
            open_sets.append(left)
    return [*decided.values(), *open_sets]


def _followed(members: Iterable[Member], decisions: Decisions) -> Mapping[Name, set[Unit]]:
    """By how a name is read: where the decided spellings of it belong."""
    found: dict[Name, set[Unit]] = {}
    for one in members:
        unit = decisions.unit(one.key, one.name)
        if unit is not None:
            found.setdefault(one.name, set()).add(unit)
    return found
