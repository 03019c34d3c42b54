"""Brings the tables of an earlier version to those of today: all of them, or none.

    4 -> 5   follow-ups, withdrawals and messages; a report that was taken back leaves the log as well
    5 -> 6   the places that releases named in words

What reports said is not touched, so a desk of a million reports takes no longer than an empty one.
"""

from collections.abc import Mapping

from analysis.cipher import Database
from analysis.findings import kept
from analysis.review import tables as review
from analysis.threads import tables as threads

STEPS: Mapping[int, str] = {
    4: f'DROP TRIGGER "decided_stand";\n{review.DECIDED_STAND}\n{threads.TABLES}',
    5: kept.PLACES,
}


def migrate(database: Database, newest: int) -> None:
    """Brings a database to the `newest` version, where there is a way from its own.

    A kill leaves it as it was. Two commands that begin at once do it once.
    """
    connection = database.conn
    while (version := _version(database)) in STEPS and version < newest:
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Another command may have done it since.
            if _version(database) == version:
                for statement in _statements(STEPS[version]):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {version + 1}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise


def _version(database: Database) -> int:
    return int(database.conn.execute("PRAGMA user_version").fetchone()[0])


def _statements(script: str) -> list[str]:
    """The statements of a script, of which `executescript` would make transactions of its own."""
    found, begun = [], ""
    for line in script.splitlines():
        begun += f"{line}\n"
        # A trigger has a statement within, which ends its line as well.
        if line.endswith(";") and ("CREATE TRIGGER" not in begun or line.endswith("END;")):
            found.append(begun.strip())
            begun = ""
    return found
