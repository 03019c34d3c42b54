"""What senders added to their reports: read beside the report, and marked as read by who read it.

A follow-up never counts as a report. One whose report is not here is kept: it may come yet.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from analysis.cipher import Database
from analysis.desk import Desk
from analysis.review.errors import UnknownReport
from analysis.review.log import deciding, record
from analysis.review.people import Reviewer
from analysis.workbench.search import phrase

READ = "read"
# A search of so many takes about a second, and some hundred megabytes of memory.
MOST_SEARCHED = 100_000
_READ = f"""SELECT "value" FROM "standing" WHERE "kind" = '{READ}'"""  # noqa: S608 - a constant
_COLUMNS = f"""SELECT "f"."id", "f"."week", "f"."lang", "f"."sealed_by", "f"."text", "r"."id",
    "f"."name" NOT IN ({_READ})
    FROM "followups" AS "f" LEFT JOIN "reports" AS "r" ON "r"."name" = "thread" """  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What a sender added; `report` is None where that is not here, `new` until somebody read it."""

    id: int
    week: str
    lang: str
    sealed_by: str
    text: str
    report: int | None
    new: bool


def of_report(connection: Any, report: int) -> list[FollowUp]:
    """What was added to a report, by the week in which it came."""
    query = f'{_COLUMNS} WHERE "r"."id" = ? ORDER BY "f"."week", "f"."name"'
    return [_made(row) for row in connection.execute(query, [report])]


def waiting(connection: Any, most: int) -> list[FollowUp]:
    """Those that nobody has read yet."""
    query = f'{_COLUMNS} WHERE "f"."name" NOT IN ({_READ}) ORDER BY "f"."week", "f"."name" LIMIT ?'
    return [_made(row) for row in connection.execute(query, [most])]


def count(connection: Any) -> int:
    """How many there are."""
    return int(connection.execute('SELECT count(*) FROM "followups"').fetchone()[0])


def count_waiting(connection: Any) -> int:
    """How many nobody has read yet."""
    query = f'SELECT count(*) FROM "followups" WHERE "name" NOT IN ({_READ})'  # noqa: S608 - a constant
    return int(connection.execute(query).fetchone()[0])


def find(connection: Any, words: str, most: int) -> tuple[list[FollowUp], int]:
    """Those in which words are found, newest first, as among the reports (`analysis.workbench.search`);
    `most` of them, and how many there are among the newest MOST_SEARCHED.

    Follow-ups are few, so their index is made when somebody asks, in memory, and is gone with the answer.
    """
    wanted = phrase(words)
    if not wanted:
        return [], 0
    numbers = _matching(connection, wanted)
    query = f'''{_COLUMNS} WHERE "f"."id" IN (SELECT "value" FROM json_each(?))
        ORDER BY "f"."week" DESC, "f"."name"'''  # noqa: S608 - a constant
    rows = connection.execute(query, [str(numbers)]).fetchmany(most)
    return [_made(row) for row in rows], len(numbers)


def _matching(connection: Any, wanted: str) -> list[int]:
    index = Database(memory=True)
    try:
        index.conn.execute('CREATE VIRTUAL TABLE "added" USING fts5 ("text", tokenize="porter unicode61")')
        index.conn.executemany(
            'INSERT INTO "added" ("rowid", "text") VALUES (?, ?)',
            connection.execute(
                'SELECT "id", "text" FROM "followups" ORDER BY "id" DESC LIMIT ?', [MOST_SEARCHED]
            ),
        )
        found = index.conn.execute('SELECT "rowid" FROM "added" WHERE "added" MATCH ?', [wanted])
        return [number for (number,) in found]
    finally:
        index.close()


def mark_read(desk: Desk, followup: int, by: Reviewer, *, today: date | None = None) -> int:
    """Says that somebody read it; the number of the decision. Raises UnknownReport."""
    with deciding(desk) as connection:
        query = """SELECT "followups"."name", "reports"."id" FROM "followups"
            LEFT JOIN "reports" ON "reports"."name" = "thread" WHERE "followups"."id" = ?"""
        row = connection.execute(query, [followup]).fetchone()
        if row is None:
            raise UnknownReport("there is no such follow-up; it may have been taken back")
        reports = [] if row[1] is None else [row[1]]
        return record(connection, READ, by, value=row[0], reports=reports, today=today)


def _made(row: Any) -> FollowUp:
    number, week, lang, sealed_by, text, report, new = row
    return FollowUp(number, week, lang, sealed_by, text, report, bool(new))
