"""Takes a report back that nobody has fetched yet: it goes, with its attachments, to the last byte.

A bundle that was begun is written again to the same bytes, so what it has stays, and its sender's
wish travels to the desk as a sealed withdrawal instead.
"""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from intake.database import Connection, opened
from intake.tidy import cut_journal, patient


def take_back(connection: Connection, large: Path, report: bytes, files: Sequence[bytes]) -> bool:
    """Deletes a report and those of its attachments that no bundle has; False when it is not here to delete.

    In a transaction that holds the write lock of the reports, so that no export begins in between; the
    caller commits. Attachments go first: a report without them is only taken back again.
    """
    if not connection.execute(
        "SELECT 1 FROM reports WHERE id = ? AND id NOT IN (SELECT id FROM bundled)", (report,)
    ).fetchone():
        return False
    travelling = {
        one for one in files if connection.execute("SELECT 1 FROM bundled WHERE id = ?", (one,)).fetchone()
    }
    _delete_files(large, [one for one in files if one not in travelling])
    connection.execute("DELETE FROM reports WHERE id = ?", (report,))
    return True


def _delete_files(large: Path, files: Sequence[bytes]) -> None:
    """Each in a transaction of its own: its zeros go through the journal."""
    if not large.exists():
        return
    with closing(opened(large)) as connection, patient(connection):
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
        if [one for one in files if _delete_file(connection, one)]:
            cut_journal(connection)


def _delete_file(connection: Connection, one: bytes) -> bool:
    found = connection.execute("SELECT upload FROM attachments WHERE id = ?", (one,)).fetchone()
    if not found:
        return False
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("DELETE FROM pieces WHERE upload = ?", found)
        connection.execute("DELETE FROM attachments WHERE id = ?", (one,))
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.rollback()
    return True
