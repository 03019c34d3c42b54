"""What the review adds to a backup, and how it comes back into a database that was made anew.

A database that was made anew numbers its reports in another order, so a backup names them by their
ids instead. Which reports a release had counted is not known afterwards: their words wait for the
next release. A backup holds the words of quotes, notes and names; it is sealed, and a purge does
not reach it.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from analysis.review.log import derive
from analysis.review.tables import KEPT as TABLES

__all__ = ["TABLES", "restore", "selected"]

REPORT, NEWEST = "report", "newest"


def selected(table: str, column: str) -> str:
    """What stands in a backup for a column of a table."""
    if column == REPORT:
        return f'(SELECT "name" FROM "reports" WHERE "reports"."id" = "{table}"."report")'  # noqa: S608
    return "0" if (table, column) == ("releases", NEWEST) else f'"{column}"'


def restore(connection: Any, tables: Iterable[tuple[str, Sequence[str], Sequence[Sequence[Any]]]]) -> None:
    """Brings back the log, unless one stands here; the reports must be there before.

    Two logs are never mixed, because each numbers its own decisions. What is said of a report that
    did not come back is left out. Belongs in a transaction of the caller.
    """
    if connection.execute('SELECT 1 FROM "decisions" UNION ALL SELECT 1 FROM "purges" LIMIT 1').fetchone():
        return
    given = {name: (columns, rows) for name, columns, rows in tables}
    for name in TABLES:
        columns, rows = given.get(name, ((), ()))
        if rows:
            listed = ", ".join(f'"{column}"' for column in columns)
            holes = ", ".join(_hole(column) for column in columns)
            connection.executemany(f'INSERT OR IGNORE INTO "{name}" ({listed}) VALUES ({holes})', rows)  # noqa: S608
    derive(connection)


def _hole(column: str) -> str:
    return '(SELECT "id" FROM "reports" WHERE "name" = ?)' if column == REPORT else "?"
