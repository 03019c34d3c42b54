"""The reports behind a pattern: their numbers, a page at a time, so that a reader can open them."""

import itertools

from analysis.patterns.names import LONGEST, marks
from analysis.patterns.reading import RELATION, Counted

PAGE = 50
LONGEST_NAME = LONGEST


def with_name(
    database: Counted, question: str, written: str, *, after: int = 0, limit: int = PAGE
) -> tuple[int, ...]:
    """Counted reports whose answer to a question is exactly this, in the order of their numbers."""
    query = f"""SELECT "report" FROM "texts"
        WHERE "question" = ? AND "text" = ? AND length("text") <= {LONGEST_NAME}
        AND "report" > ? AND EXISTS (SELECT 1 FROM "{RELATION}" WHERE "id" = "report")
        ORDER BY "report" LIMIT ?"""  # noqa: S608 - no value stands in the text
    rows = database.conn.execute(query, [question, written, after, limit]).fetchall()
    return tuple(report for (report,) in rows)


def with_mark(
    database: Counted, question: str, written: str, *, after: int = 0, limit: int = PAGE
) -> tuple[int, ...]:
    """Counted reports in whose answer, which may name several officers, this mark stands as written."""
    query = f"""SELECT "report", "text" FROM "texts"
        WHERE "question" = ? AND length("text") <= {LONGEST_NAME} AND instr("text", ?)
        AND "report" > ? AND EXISTS (SELECT 1 FROM "{RELATION}" WHERE "id" = "report")
        ORDER BY "report" """  # noqa: S608 - no value stands in the text
    rows = database.conn.execute(query, [question, written, after])
    found = (report for report, text in rows if written in marks(text))
    return tuple(itertools.islice(found, limit))
