"""Groups of names: which ways of writing a clinic, a station or a landlord mean the same one.

A pattern proposes, a reviewer decides. Each decision says for some names which group they are in,
or that they stand alone; the last one that stands holds, so undoing one brings back what was before.
Names are told by their question and their letters, as they were written.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from analysis.desk import Desk
from analysis.review.errors import UnknownName
from analysis.review.log import deciding, record
from analysis.review.people import Reviewer, tidy

LONGEST_GROUP = 80


@dataclass(frozen=True, slots=True)
class Group:
    """Names that mean the same; `names` are those that still stand in some report's words."""

    id: int
    question: str
    label: str
    names: tuple[str, ...]


def accept(
    desk: Desk,
    question: str,
    names: Collection[str],
    label: str,
    by: Reviewer,
    *,
    remark: str = "",
    today: date | None = None,
) -> int:
    """Makes a group of these names, taking them out of others; the number of the group.

    Raises UnknownName when one of them stands in no report's answer to `question`, BadName.
    """
    with deciding(desk) as connection:
        spellings = _spellings(connection, question, names)
        decision = record(connection, "accept", by, value=question, remark=remark, today=today)
        return _group(connection, decision, question, label, spellings)


def split(
    desk: Desk,
    group: int,
    parts: Mapping[str, Collection[str]],
    by: Reviewer,
    *,
    remark: str = "",
    today: date | None = None,
) -> list[int]:
    """Makes a group of each of the parts (label: names) of one; names in no part stand alone again.

    The numbers of the new groups. Raises UnknownName when a name is not in the group, or in two parts.
    """
    with deciding(desk) as connection:
        question, members = _members(connection, group)
        chosen = [_spellings(connection, question, names) for names in parts.values()]
        taken = [spelling for part in chosen for spelling in part]
        if len(set(taken)) != len(taken) or not set(taken) <= set(members):
            raise UnknownName("a part has a name that is not in the group, or in another part too")
        decision = record(connection, "split", by, value=question, remark=remark, today=today)
        _put(connection, decision, sorted(set(members) - set(taken)), None)
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
    remark: str = "",
    today: date | None = None,
) -> int:
    """Makes one group of all names of several; its number. Raises UnknownName for groups that are none,
    or of different questions.
    """
    with deciding(desk) as connection:
        found = [_members(connection, group) for group in sorted(set(groups))]
        if len(found) < 2 or len({question for question, _ in found}) != 1:
            raise UnknownName("two groups or more, of one question, can be merged")
        question = found[0][0]
        decision = record(connection, "merge", by, value=question, remark=remark, today=today)
        members = sorted({spelling for _, spellings in found for spelling in spellings})
        return _group(connection, decision, question, label, members)


def reject(
    desk: Desk,
    question: str,
    names: Collection[str],
    by: Reviewer,
    *,
    remark: str = "",
    today: date | None = None,
) -> int:
    """Says that these names mean different things, so that they are not proposed again; the decision."""
    with deciding(desk) as connection:
        spellings = _spellings(connection, question, names)
        decision = record(connection, "reject", by, value=question, remark=remark, today=today)
        _put(connection, decision, spellings, None)
    return decision


def read_groups(connection: Any, question: str | None = None) -> list[Group]:
    """The groups that stand, with their names, in the order of their labels."""
    rows = connection.execute(
        'SELECT "g"."id", "g"."question", "g"."label", "s"."text" FROM "named" '
        'JOIN "groups" AS "g" ON "g"."id" = "named"."group" '
        'JOIN "spellings" AS "s" ON "s"."id" = "named"."spelling" '
        'WHERE ? IS NULL OR "g"."question" = ? ORDER BY "g"."label", "g"."id", "s"."text"',
        [question, question],
    )
    found: dict[tuple[int, str, str], list[str]] = {}
    for group, asked, label, text in rows:
        found.setdefault((group, asked, label), []).extend([text] if text is not None else [])
    return [Group(*key, tuple(names)) for key, names in found.items()]


def read_rejected(connection: Any, question: str) -> list[frozenset[str]]:
    """The sets of names that were said to mean different things, by decisions that stand."""
    rows = connection.execute(
        'SELECT "d"."id", "s"."text" FROM "standing" AS "d" '
        'JOIN "grouped" AS "g" ON "g"."decision" = "d"."id" '
        'JOIN "spellings" AS "s" ON "s"."id" = "g"."spelling" '
        'WHERE "d"."kind" = \'reject\' AND "d"."value" = ? AND "s"."text" IS NOT NULL',
        [question],
    )
    found: dict[int, set[str]] = {}
    for decision, text in rows:
        found.setdefault(decision, set()).add(text)
    return [frozenset(names) for names in found.values()]


def reports_of(connection: Any, group: int) -> list[int]:
    """The reports that name one of a group's names, also those whose words were deleted since."""
    rows = connection.execute(
        'SELECT "t"."report" FROM "named" CROSS JOIN "spellings" AS "s" ON "s"."id" = "named"."spelling" '
        'CROSS JOIN "texts" AS "t" ON "t"."question" = "s"."question" AND "t"."text" = "s"."text" '
        'WHERE "named"."group" = ? AND length("t"."text") <= 120 UNION '
        'SELECT "k"."report" FROM "named" JOIN "kept_names" AS "k" ON "k"."spelling" = "named"."spelling" '
        'WHERE "named"."group" = ? ORDER BY 1',
        [group, group],
    )
    return [row[0] for row in rows]


def _spellings(connection: Any, question: str, names: Iterable[str]) -> list[int]:
    """The numbers of names that some report gave in answer to a question."""
    numbers = []
    for name in sorted(set(names)):
        stands = connection.execute(
            'SELECT 1 FROM "texts" WHERE "question" = ? AND "text" = ? AND length("text") <= 120',
            [question, name],
        ).fetchone()
        if not stands:
            raise UnknownName("one of the names stands in no report's answer to that question")
        connection.execute(
            'INSERT OR IGNORE INTO "spellings" ("question", "text") VALUES (?, ?)', [question, name]
        )
        query = 'SELECT "id" FROM "spellings" WHERE "question" = ? AND "text" = ?'
        numbers.append(int(connection.execute(query, [question, name]).fetchone()[0]))
    if not numbers:
        raise UnknownName("a decision about names needs a name")
    return numbers


def _members(connection: Any, group: int) -> tuple[str, list[int]]:
    """The question of a group that stands, and the numbers of its names."""
    row = connection.execute('SELECT "question" FROM "groups" WHERE "id" = ?', [group]).fetchone()
    query = 'SELECT "spelling" FROM "named" WHERE "group" = ?'
    spellings = [one[0] for one in connection.execute(query, [group])]
    if not row or not spellings:
        raise UnknownName(f"group {group} does not stand", "look at the names once more")
    return str(row[0]), spellings


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
