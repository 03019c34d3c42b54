"""Deletes the words that are due: from the tables, from the search index, and from freed pages.

The log keeps that something was decided, never the words that it was about: quotes, notes and
remarks of a report go with its words, and so do names that stood in no other report. Which group a
report's names were in is kept, like a tick. The archive is `analysis.review.stripping`.
"""

from collections import Counter
from datetime import date
from typing import Any

from analysis.desk import Desk
from analysis.review import spellings
from analysis.review.retention import find_due

_STEPS = (
    """UPDATE "decisions" SET "remark" = NULL WHERE "remark" IS NOT NULL AND "id" IN (
        SELECT "decision" FROM "decided" WHERE "report" IN (SELECT "report" FROM temp."due"))""",
    'UPDATE "quotes" SET "text" = NULL WHERE "report" IN (SELECT "report" FROM temp."due")',
    """UPDATE "attachments" SET "state" = 'deleted', "type" = NULL, "bytes" = NULL, "sha256" = NULL
    WHERE "report" IN (SELECT "report" FROM temp."due")""",
    # Made from what is left: deleting row by row would leave parts of words in the index.
    """INSERT INTO "texts_fts" ("texts_fts") VALUES ('rebuild')""",
)


def purge_tables(desk: Desk, today: date, *, counted: bool = False) -> Counter[str]:
    """Deletes the words that are due today; of how many reports, by what was promised.

    All of it is one transaction. The caller keeps other commands away (`desk.changing`).
    """
    connection = desk.database.conn
    # Freed places are overwritten at once, not when they happen to be used again.
    connection.execute("PRAGMA secure_delete = ON")
    with desk.database.atomic():
        found = find_due(connection, today, counted=counted)
        if found:
            _purge(connection, today)
    # Pages that earlier commands freed may hold parts of the index: none is taken over into the new file.
    connection.execute("VACUUM")
    return found


def _purge(connection: Any, today: date) -> None:
    # Names first, while it is still known which report gave which.
    spellings.keep(connection)
    connection.execute('DELETE FROM "texts" WHERE "report" IN (SELECT "report" FROM temp."due")')
    spellings.forget(connection)
    for step in _STEPS:
        connection.execute(step)
    connection.execute(
        """INSERT OR IGNORE INTO "purges" ("report", "why", "day")
        SELECT "report", "why", ? FROM temp."due" """,
        [today.isoformat()],
    )
    connection.execute('DELETE FROM temp."due"')
