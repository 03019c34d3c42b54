"""The reports behind a pattern: their numbers, a page at a time, so that a reader can open them."""

import itertools
from collections.abc import Sequence

import numpy as np

from analysis.cipher import Database
from analysis.patterns.names import LONGEST, marks
from analysis.patterns.reading import RELATION, Numbers, parse, questions, read_reports

PAGE = 50
LONGEST_NAME = LONGEST
NONE: Numbers = np.zeros(0, dtype=np.int64)


def with_choices(
    database: Database, choices: Sequence[int], *, after: int = 0, limit: int = PAGE
) -> tuple[int, ...]:
    """Counted reports that ticked all of these choices, in the order of their numbers, from `after` on."""
    first, *others = choices
    rest = "".join(
        ' AND EXISTS (SELECT 1 FROM "answers" WHERE "report" = "a"."report" AND "choice" = ?)' for _ in others
    )
    query = f"""SELECT "a"."report" FROM "answers" "a" WHERE "a"."choice" = ? AND "a"."report" > ?{rest}
        AND EXISTS (SELECT 1 FROM "{RELATION}" WHERE "id" = "a"."report")
        ORDER BY "a"."report" LIMIT ?"""  # noqa: S608 - no value stands in the text
    rows = database.conn.execute(query, [first, after, *others, limit]).fetchall()
    return tuple(report for (report,) in rows)


def with_name(
    database: Database, question: str, written: str, *, after: int = 0, limit: int = PAGE
) -> tuple[int, ...]:
    """Counted reports whose answer to a question is exactly this, in the order of their numbers."""
    query = f"""SELECT "report" FROM "texts"
        WHERE "question" = ? AND "text" = ? AND length("text") <= {LONGEST_NAME}
        AND "report" > ? AND EXISTS (SELECT 1 FROM "{RELATION}" WHERE "id" = "report")
        ORDER BY "report" LIMIT ?"""  # noqa: S608 - no value stands in the text
    rows = database.conn.execute(query, [question, written, after, limit]).fetchall()
    return tuple(report for (report,) in rows)


def with_mark(
    database: Database, question: str, written: str, *, after: int = 0, limit: int = PAGE
) -> tuple[int, ...]:
    """Counted reports in whose answer, which may name several officers, this mark stands as written."""
    query = f"""SELECT "report", "text" FROM "texts"
        WHERE "question" = ? AND length("text") <= {LONGEST_NAME} AND instr("text", ?)
        AND "report" > ? AND EXISTS (SELECT 1 FROM "{RELATION}" WHERE "id" = "report")
        ORDER BY "report" """  # noqa: S608 - no value stands in the text
    rows = database.conn.execute(query, [question, written, after])
    found = (report for report, text in rows if written in marks(text))
    return tuple(itertools.islice(found, limit))


def all_with_choice(database: Database, choice: int) -> Numbers:
    """The numbers of all counted reports with a choice, of a single or a multiple question."""
    reports = read_reports(database)
    row = database.conn.execute('SELECT "question" FROM "choices" WHERE "id" = ?', [choice]).fetchone()
    asked = questions(database, row[0]) if row else {}
    if asked and asked[row[0]].kind == "select_one":
        reports = read_reports(database, row[0])
        column = reports.columns[row[0]]
        return reports.ids[column.codes == column.values.index(choice)] if choice in column.values else NONE
    numbers = database.conn.execute(
        'SELECT group_concat("report") FROM (SELECT "report" FROM "answers" WHERE "choice" = ? '
        'ORDER BY "report")',
        [choice],
    )
    return reports.ids[reports.places(parse(numbers.fetchone()[0]))]
