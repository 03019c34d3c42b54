"""Names as they stand in reports: what a decision about names points to, and which reports give one.

A name is its letters in answer to a question, or a choice of the list that the question completes. Of an
answer that names several officers each mark is a name of its own. Letters that no report gives any more
are forgotten with the words; a choice is a tick, and stays.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from analysis.patterns.names import LONGEST, MARKS, OTHER, marks
from analysis.review.errors import UnknownName
from analysis.review.people import key


@dataclass(frozen=True, slots=True, order=True)
class Listed:
    """A choice of the list that a question in words completes."""

    question: str
    code: str


Name: TypeAlias = str | Listed


def find(connection: Any, question: str, names: Iterable[Name]) -> list[int]:
    """The numbers of names that some report gave. Raises UnknownName for others, and for none at all."""
    numbers = [_number(connection, question, name) for name in sorted(set(names), key=str)]
    if not numbers:
        raise UnknownName("a decision about names needs a name")
    return numbers


def _number(connection: Any, question: str, name: Name) -> int:
    asked, text = (name.question, name.code) if isinstance(name, Listed) else (question, name)
    if isinstance(name, Listed) != (asked != question) or not _stands(connection, question, asked, text):
        raise UnknownName("one of the names stands in no report's answer to that question")
    connection.execute('INSERT OR IGNORE INTO "spellings" ("question", "text") VALUES (?, ?)', [asked, text])
    query = 'SELECT "id" FROM "spellings" WHERE "question" = ? AND "text" = ?'
    return int(connection.execute(query, [asked, text]).fetchone()[0])


def _stands(connection: Any, question: str, asked: str, text: str) -> bool:
    if asked != question:
        query = 'SELECT 1 FROM "choices" WHERE "question" = ? AND "code" = ?'
        found = connection.execute(query, [asked, text]).fetchone()
        return asked + OTHER == question and found is not None
    return next(reports_with(connection, question, text), None) is not None


def reports_with(connection: Any, question: str, text: str) -> Iterator[int]:
    """The reports that give a name: the letters of an answer, a mark in it, or a choice by its code."""
    choice = connection.execute(
        'SELECT "id" FROM "choices" WHERE "question" = ? AND "code" = ?', [question, text]
    ).fetchone()
    if choice:
        # The name of a column: a question that has this choice, from a form whose ids are checked.
        query = f'SELECT "id" FROM "reports" WHERE "{question}" = ? ORDER BY "id"'  # noqa: S608
        yield from (report for (report,) in connection.execute(query, [choice[0]]))
        return
    is_mark = question == MARKS
    query = f"""SELECT "report", "text" FROM "texts" WHERE "question" = ? AND length("text") <= {LONGEST}
        AND {'instr("text", ?)' if is_mark else '"text" = ?'} ORDER BY "report" """  # noqa: S608 - constants
    for report, answer in connection.execute(query, [question, text]):
        if not is_mark or text in marks(answer):
            yield report


def keep(connection: Any) -> None:
    """Remembers which group the names of reports are in whose words are due (`temp.due`), like a tick."""
    connection.execute(
        f"""INSERT OR IGNORE INTO "kept_names" SELECT "t"."report", "s"."id" FROM "texts" AS "t"
        JOIN "spellings" AS "s" ON "s"."question" = "t"."question" AND "s"."text" = "t"."text"
        JOIN "named" ON "named"."spelling" = "s"."id" AND "named"."group" IS NOT NULL
        WHERE "t"."report" IN (SELECT "report" FROM temp."due") AND length("t"."text") <= {LONGEST}"""  # noqa: S608
    )
    grouped = dict(
        connection.execute(
            'SELECT "s"."text", "s"."id" FROM "spellings" AS "s" '
            'JOIN "named" ON "named"."spelling" = "s"."id" '
            'WHERE "s"."question" = ? AND "s"."text" IS NOT NULL AND "named"."group" IS NOT NULL',
            [MARKS],
        ).fetchall()
    )
    due = connection.execute(
        'SELECT "report", "text" FROM "texts" WHERE "question" = ? '
        'AND "report" IN (SELECT "report" FROM temp."due")',
        [MARKS],
    ).fetchall()
    connection.executemany(
        'INSERT OR IGNORE INTO "kept_names" VALUES (?, ?)',
        [(report, grouped[one]) for report, text in due for one in marks(text) if one in grouped],
    )


def forget(connection: Any) -> None:
    """Empties the names that no report gives any more, and what was written about them.

    A group's name that repeats one of them goes too; its number stays, and what it counts.
    """
    left, gone = _left_and_gone(connection)
    for numbers in gone.values():
        values = [(number,) for number in numbers]
        connection.executemany(
            'UPDATE "decisions" SET "remark" = NULL WHERE "remark" IS NOT NULL AND "id" IN '
            '(SELECT "decision" FROM "grouped" WHERE "spelling" = ?)',
            values,
        )
        connection.executemany('UPDATE "spellings" SET "text" = NULL WHERE "id" = ?', values)
    for number, question, label in connection.execute(
        'SELECT "id", "question", "label" FROM "groups"'
    ).fetchall():
        if label and key(label) in {key(text) for text in gone.get(question, {}).values()} - left[question]:
            connection.execute('UPDATE "groups" SET "label" = \'\' WHERE "id" = ?', [number])


def _left_and_gone(
    connection: Any,
) -> tuple[Mapping[str, set[str]], Mapping[str, Mapping[int, str]]]:
    """By question: how the names read that some report still gives, and the others by their number."""
    left: dict[str, set[str]] = defaultdict(set)
    gone: dict[str, dict[int, str]] = {}
    rows = connection.execute(
        'SELECT "id", "question", "text" FROM "spellings" WHERE "text" IS NOT NULL '
        'AND "question" NOT IN (SELECT "question" FROM "choices")'
    ).fetchall()
    for number, question, text in rows:
        if next(reports_with(connection, question, text), None) is None:
            gone.setdefault(question, {})[number] = text
        else:
            left[question].add(key(text))
    return left, gone
