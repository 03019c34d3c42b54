"""Deletes sealed reports and attachments so that their bytes are in no file of ours any more.

A bundle is deleted as a whole: what is left of one would make other bytes of it, and a bundle may
be written again only to the same bytes. `bundles.gone` says that it is to be deleted, and why; it is
noted first and durable, so that a deletion which is cut off is finished by the next. The bundle's
digest stays, because the next bundle names it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from intake import attachments
from intake.tidy import MOST_BYTES, cut_journal, tidy

# Why a bundle is gone.
ACKNOWLEDGED = "acknowledged"
EXPIRED = "expired"
# In one transaction: a running server waits no longer than that takes.
LOT = 256

_OF_GONE = "SELECT id FROM bundled JOIN bundles ON bundle = sequence WHERE gone IS NOT NULL"
_UNBUNDLED = "NOT IN (SELECT id FROM bundled)"


@dataclass(slots=True)
class Deleted:
    """How many reports and attachments were deleted."""

    reports: int = 0
    attachments: int = 0

    def __bool__(self) -> bool:
        return bool(self.reports or self.attachments)


def delete_gone(connection: sqlite3.Connection) -> Deleted:
    """Deletes all that bundles hold which are gone. The attachments are the schema `large`."""
    deleted = Deleted()
    while lot := connection.execute(f"{_OF_GONE} ORDER BY id LIMIT {LOT}").fetchall():
        _delete(connection, lot, deleted)
    return deleted


def delete_waiting(connection: sqlite3.Connection, weeks: tuple[str, ...]) -> Deleted:
    """Deletes what came in these weeks and is in no bundle."""
    deleted = Deleted()
    for week in weeks:
        for table in ("reports", "large.attachments"):
            query = f"SELECT id FROM {table} WHERE week = ? AND id {_UNBUNDLED} LIMIT {LOT}"  # noqa: S608
            while lot := connection.execute(query, (week,)).fetchall():
                _delete(connection, lot, deleted)
    return deleted


def wipe(connection: sqlite3.Connection, database: Path) -> bool:
    """Leaves no byte of what was deleted in either file and its journal; False when somebody was in the way.

    Closes the connection.
    """
    # First the journal, so that the zeros of `secure_delete` reach the pages that the rewriting frees.
    done = cut_journal(connection)
    tidy(connection, database, most_bytes=MOST_BYTES)
    done &= cut_journal(connection)
    connection.close()
    large = database.with_name(attachments.FILE)
    if large.exists():
        with closing(attachments.open_file(large)) as connection:
            done &= cut_journal(connection)
            tidy(connection, large, most_bytes=MOST_BYTES)
            done &= cut_journal(connection)
    return done


def _delete(connection: sqlite3.Connection, lot: list[tuple[bytes]], deleted: Deleted) -> None:
    # Two files are not written in one: an attachment that outlived its place in a bundle would leave in
    # another one, so it goes first.
    with _transaction(connection):
        connection.executemany(
            "DELETE FROM large.pieces WHERE upload = (SELECT upload FROM large.attachments WHERE id = ?)", lot
        )
        cursor = connection.executemany("DELETE FROM large.attachments WHERE id = ?", lot)
        deleted.attachments += cursor.rowcount
    with _transaction(connection):
        cursor = connection.executemany("DELETE FROM reports WHERE id = ?", lot)
        deleted.reports += cursor.rowcount
        connection.executemany("DELETE FROM bundled WHERE id = ?", lot)


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """What happens in the block happens as a whole."""
    connection.execute("BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.rollback()
