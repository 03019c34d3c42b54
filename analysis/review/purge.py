"""Deletes the words that are due: from the tables, the search index, saved questions, and freed pages.

The log keeps that something was decided, never the words that it was about: quotes, notes and
remarks of a report go with its words, and so do names that stood in no other report. Which group a
report's names were in is kept, like a tick. The archive is `analysis.review.stripping`.
"""

from collections import Counter
from datetime import date
from typing import Any

from analysis import bitmaps, compacting, schema
from analysis.desk import Desk
from analysis.review import spellings
from analysis.review.retention import find_due
from analysis.workbench import saved

_FOLLOWUPS = """SELECT "followups"."name" FROM "followups" JOIN "reports" ON "reports"."name" = "thread"
    WHERE "reports"."id" IN (SELECT "report" FROM temp."due")"""
FORGET_REMARKS = """UPDATE "decisions" SET "remark" = NULL WHERE "remark" IS NOT NULL AND "id" IN (
    SELECT "decision" FROM "decided" WHERE "report" IN (SELECT "report" FROM temp."due")
        -- What was remarked on after an earlier purge may repeat what was deleted by it.
        OR "report" IN (SELECT "report" FROM "purges"))"""
_STEPS = (
    'UPDATE "quotes" SET "text" = NULL WHERE "report" IN (SELECT "report" FROM temp."due")',
    """UPDATE "attachments" SET "state" = 'deleted', "type" = NULL, "bytes" = NULL, "sha256" = NULL
    WHERE "report" IN (SELECT "report" FROM temp."due")""",
    # What was added to a report is its sender's words too. It goes out of the archive with what is gone.
    f"""INSERT OR IGNORE INTO "gone" ("name") {_FOLLOWUPS}""",
    f"""DELETE FROM "followups" WHERE "name" IN ({_FOLLOWUPS})""",  # noqa: S608 - a constant
)
# Taking a text out of the search index costs as much as putting so many into a new one.
_CHEAPER = 15
# Stands in the header of the file until it was written anew: the copy does not take it over.
_UNFINISHED = 0x57425055


def purge_tables(desk: Desk, today: date, *, counted: bool = False) -> tuple[Counter[str], int]:
    """Deletes the words that are due today; of how many reports, by what was promised, and how many
    saved questions went with them.

    All of it is one transaction, after which the file is written anew. The caller keeps other commands
    away (`desk.changing`).
    """
    database = desk.database
    # Freed places are overwritten at once, not when they happen to be used again.
    database.conn.execute("PRAGMA secure_delete = ON")
    with database.atomic():
        # What an import that was killed left out of the index cannot be taken out of it.
        schema.index_texts(database)
        found, lost = find_due(database.conn, today, counted=counted), 0
        if found:
            questions = saved.at_risk(database.conn)
            _purge(database.conn, today)
            lost = saved.forget_lost(database.conn, questions)
            bitmaps.refresh(database)
            leave_unfinished(database.conn)
    finish(desk)
    return found, lost


def leave_unfinished(connection: Any) -> None:
    """Remembers that the file is to be written anew. Belongs in the transaction that deletes."""
    connection.execute(f"PRAGMA application_id = {_UNFINISHED}")


def finish(desk: Desk) -> None:
    """Writes the file anew where something was deleted from it, also by a command that was killed since.

    Pages that earlier commands freed may hold parts of the index, and so may gaps within pages.
    """
    if desk.database.conn.execute("PRAGMA application_id").fetchone()[0] == _UNFINISHED:
        compacting.compact(desk)
    else:
        # Killed after that, it left its copy.
        compacting.clear_away(desk.path)


def _purge(connection: Any, today: date) -> None:
    afterwards = unindex(connection)
    # Names first, while it is still known which report gave which.
    spellings.keep(connection)
    forget_words(connection, afterwards)
    for step in _STEPS:
        connection.execute(step)
    connection.execute(
        """INSERT OR IGNORE INTO "purges" ("report", "why", "day")
        SELECT "report", "why", ? FROM temp."due" """,
        [today.isoformat()],
    )
    connection.execute('DELETE FROM temp."due"')


def forget_words(connection: Any, afterwards: str) -> None:
    """Deletes the texts of the reports in `due`, which the index has no more, and what is of them."""
    connection.execute('DELETE FROM "texts" WHERE "report" IN (SELECT "report" FROM temp."due")')
    spellings.forget(connection)
    connection.execute(FORGET_REMARKS)
    # Without this the index would keep the words, marked as deleted, or parts of them.
    connection.execute('INSERT INTO "texts_fts" ("texts_fts") VALUES (?)', [afterwards])


def unindex(connection: Any) -> str:
    """Takes a few texts out of the search index; what the index has to be told when they are gone."""
    due = 'FROM "texts" WHERE "report" IN (SELECT "report" FROM temp."due")'
    (going,) = connection.execute(f"SELECT count(*) {due}").fetchone()
    (every,) = connection.execute('SELECT count(*) FROM "texts"').fetchone()
    if going * _CHEAPER > every:
        return "rebuild"
    connection.execute(
        f"""INSERT INTO "texts_fts" ("texts_fts", "rowid", "text") SELECT 'delete', "id", "text" {due}"""
    )
    return "optimize"
