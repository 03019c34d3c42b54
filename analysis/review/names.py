"""Groups of names: which ways of writing a clinic, a station or a landlord mean the same one.

A pattern proposes, a reviewer decides. Each decision says for some names which group they are in,
or that they stand alone; the last one that stands holds, so undoing one brings back what was before.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from analysis.desk import Desk
from analysis.review.errors import UnknownName
from analysis.review.log import deciding, record
from analysis.review.people import Reviewer, tidy
from analysis.review.spellings import Listed, Name, find, reports_with

LONGEST_GROUP = 80


KINDS = ("accept", "split", "merge", "reject")


@dataclass(frozen=True, slots=True)
class Put:
    """What a decision did with names: those of each group that it made, and those that it let stand alone.

    `forgotten` counts the names whose letters were deleted since.
    """

    groups: tuple[tuple[str, tuple[Name, ...]], ...]
    alone: tuple[Name, ...]
    forgotten: int


@dataclass(frozen=True, slots=True)
class Group:
    """Names that mean the same; `names` are those that still stand in some report's words, or in a list.

    `label` is empty where it repeated a name that was deleted with its words.
    """

    id: int
    question: str
    label: str
    names: tuple[Name, ...]


def accept(
    desk: Desk,
    question: str,
    names: Collection[Name],
    label: str,
    by: Reviewer,
    *,
    apart: Collection[Name] = (),
    remark: str = "",
    today: date | None = None,
) -> int:
    """Makes a group of these names, taking them out of others; the number of the group.

    Those in `apart` were proposed with them, and stand alone. Raises UnknownName when one of them stands
    in no report's answer to `question`, BadName.
    """
    with deciding(desk) as connection:
        spellings = find(connection, question, names)
        others = find(connection, question, apart) if apart else []
        decision = record(connection, "accept", by, value=question, remark=remark, today=today)
        _put(connection, decision, sorted(set(others) - set(spellings)), None)
        return _group(connection, decision, question, label, spellings)


def split(
    desk: Desk,
    group: int,
    parts: Mapping[str, Collection[Name]],
    by: Reviewer,
    *,
    joined: Collection[Name] = (),
    remark: str = "",
    today: date | None = None,
) -> list[int]:
    """Makes a group of each of the parts (label: names) of one; names in no part stand alone again.

    Names of the group whose letters were deleted stay with its first part. In `joined` are names that no
    decision put into it, though they are counted with it because they read the same. The numbers of the
    new groups. Raises UnknownName when a name is not in the group, or in two parts.
    """
    with deciding(desk) as connection:
        question, members = _members(connection, group)
        also = find(connection, question, joined) if joined else []
        chosen = [find(connection, question, names) for names in parts.values()]
        taken = [spelling for part in chosen for spelling in part]
        if len(set(taken)) != len(taken) or not set(taken) <= {*members, *also}:
            raise UnknownName("a part has a name that is not in the group, or in another part too")
        unnamed = _unnamed(connection, members)
        if chosen:
            chosen[0] += unnamed
            taken += unnamed
        decision = record(connection, "split", by, value=question, remark=remark, today=today)
        _put(connection, decision, sorted({*members, *also} - set(taken)), None)
        return [
            _group(connection, decision, question, label, part)
            for label, part in zip(parts, chosen, strict=True)
        ]


def merge(
    desk: Desk,
    groups: Collection[int],
    label: str,
    by: Reviewer,
    *,
    names: Collection[Name] = (),
    remark: str = "",
    today: date | None = None,
) -> int:
    """Makes one group of all names of several, and of `names` with them; its number.

    Raises UnknownName for groups that are none, of different questions, or too few.
    """
    with deciding(desk) as connection:
        found = [_members(connection, group) for group in sorted(set(groups))]
        if not found or len(found) + bool(names) < 2 or len({question for question, _ in found}) != 1:
            raise UnknownName("two groups or more, of one question, can be merged")
        question = found[0][0]
        others = find(connection, question, names) if names else []
        decision = record(connection, "merge", by, value=question, remark=remark, today=today)
        members = {spelling for _, spellings in found for spelling in spellings}
        return _group(connection, decision, question, label, sorted({*members, *others}))


def reject(
    desk: Desk,
    question: str,
    names: Collection[Name],
    by: Reviewer,
    *,
    remark: str = "",
    today: date | None = None,
) -> int:
    """Says that these names mean different things, so that they are not proposed again; the decision."""
    with deciding(desk) as connection:
        spellings = find(connection, question, names)
        decision = record(connection, "reject", by, value=question, remark=remark, today=today)
        _put(connection, decision, spellings, None)
    return decision


def read_groups(connection: Any, question: str | None = None) -> list[Group]:
    """The groups that stand, with their names, in the order of their labels."""
    rows = connection.execute(
        'SELECT "g"."id", "g"."question", "g"."label", "s"."question", "s"."text" FROM "named" '
        'JOIN "groups" AS "g" ON "g"."id" = "named"."group" '
        'JOIN "spellings" AS "s" ON "s"."id" = "named"."spelling" '
        'WHERE ? IS NULL OR "g"."question" = ? ORDER BY "g"."label", "g"."id", "s"."text"',
        [question, question],
    )
    found: dict[tuple[int, str, str], list[Name]] = {}
    for group, asked, label, answered, text in rows:
        names = found.setdefault((group, asked, label), [])
        if text is not None:
            names.append(text if answered == asked else Listed(answered, text))
    return [Group(*key, tuple(names)) for key, names in found.items()]


def made_by(connection: Any, group: int) -> tuple[str, str, str]:
    """Who made a group, on which day, and why; the reason is empty once it was deleted with the names."""
    row = connection.execute(
        'SELECT "d"."who", "d"."day", coalesce("d"."remark", \'\') FROM "groups" AS "g" '
        'JOIN "decisions" AS "d" ON "d"."id" = "g"."decision" WHERE "g"."id" = ?',
        [group],
    ).fetchone()
    return row[0], row[1], row[2]


def read_put(connection: Any, decision: int) -> Put:
    """What a decision about names says, whether it stands or not."""
    rows = connection.execute(
        'SELECT "d"."group", "g"."label", "s"."question", "s"."text", "one"."value" FROM "grouped" AS "d" '
        'JOIN "decisions" AS "one" ON "one"."id" = "d"."decision" '
        'JOIN "spellings" AS "s" ON "s"."id" = "d"."spelling" '
        'LEFT JOIN "groups" AS "g" ON "g"."id" = "d"."group" '
        'WHERE "d"."decision" = ? ORDER BY "d"."group", "s"."text"',
        [decision],
    ).fetchall()
    made: dict[tuple[int, str], list[Name]] = {}
    alone: list[Name] = []
    for group, label, answered, text, asked in rows:
        into = alone if group is None else made.setdefault((group, label), [])
        if text is not None:
            into.append(text if answered == asked else Listed(answered, text))
    return Put(
        tuple((label, tuple(names)) for (_, label), names in made.items()),
        tuple(alone),
        sum(text is None for _, _, _, text, _ in rows),
    )


def reports_of(connection: Any, group: int) -> list[int]:
    """The reports that give one of a group's names, also those whose words were deleted since."""
    names = connection.execute(
        'SELECT "s"."id", "s"."question", "s"."text" FROM "named" '
        'JOIN "spellings" AS "s" ON "s"."id" = "named"."spelling" WHERE "named"."group" = ?',
        [group],
    ).fetchall()
    found: set[int] = set()
    for number, question, text in names:
        if text is not None:
            found.update(reports_with(connection, question, text))
        kept = connection.execute('SELECT "report" FROM "kept_names" WHERE "spelling" = ?', [number])
        found.update(report for (report,) in kept)
    return sorted(found)


def _members(connection: Any, group: int) -> tuple[str, list[int]]:
    """The question of a group that stands, and the numbers of its names."""
    row = connection.execute('SELECT "question" FROM "groups" WHERE "id" = ?', [group]).fetchone()
    query = 'SELECT "spelling" FROM "named" WHERE "group" = ?'
    spellings = [one[0] for one in connection.execute(query, [group])]
    if not row or not spellings:
        raise UnknownName(f"group {group} does not stand", "look at the names once more")
    return str(row[0]), spellings


def _unnamed(connection: Any, spellings: Iterable[int]) -> list[int]:
    query = 'SELECT 1 FROM "spellings" WHERE "id" = ? AND "text" IS NULL'
    return [number for number in spellings if connection.execute(query, [number]).fetchone()]


def _group(connection: Any, decision: int, question: str, label: str, spellings: Sequence[int]) -> int:
    row = connection.execute(
        'INSERT INTO "groups" ("question", "label", "decision") VALUES (?, ?, ?) RETURNING "id"',
        [question, tidy(label, LONGEST_GROUP, "a group's name"), decision],
    ).fetchone()
    _put(connection, decision, spellings, row[0])
    return int(row[0])


def _put(connection: Any, decision: int, spellings: Iterable[int], group: int | None) -> None:
    connection.executemany(
        'INSERT INTO "grouped" ("decision", "spelling", "group") VALUES (?, ?, ?)',
        [(decision, spelling, group) for spelling in spellings],
    )
