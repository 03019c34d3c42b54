"""Deletes sealed reports and attachments so that their bytes are in no file of ours any more.

A bundle is deleted as a whole: what is left of one would make other bytes of it, and a bundle may
be written again only to the same bytes. `bundles.gone` says that it is to be deleted, and why; it is
noted first and durable, so that a deletion which is cut off is finished by the next. The bundle's
digest stays, because the next bundle names it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from intake.keeping import Connection

# Why a bundle is gone.
ACKNOWLEDGED = "acknowledged"
EXPIRED = "expired"
# In one transaction: a running server waits no longer than that takes.
LOT = 256

_GONE = """SELECT sequence FROM bundles WHERE gone IS NOT NULL
AND EXISTS (SELECT 1 FROM bundled WHERE bundle = sequence)"""


@dataclass(slots=True)
class Deleted:
    """How many reports and attachments were deleted, and whether no byte of them is left."""

    reports: int = 0
    attachments: int = 0
    wiped: bool = True

    def __bool__(self) -> bool:
        return bool(self.reports or self.attachments)


def delete_gone(connection: Connection) -> Deleted:
    """Deletes all that bundles hold which are gone."""
    deleted = Deleted()
    for (bundle,) in connection.execute(_GONE).fetchall():
        ids = connection.execute("SELECT id FROM bundled WHERE bundle = ? ORDER BY id", (bundle,)).fetchall()
        _delete(connection, ids, deleted)
    return deleted


def delete_waiting(connection: Connection, weeks: tuple[str, ...]) -> Deleted:
    """Deletes what came in these weeks and is in no bundle."""
    deleted = Deleted()
    for week in weeks:
        ids = connection.execute(
            "SELECT id FROM (SELECT id, week FROM reports UNION SELECT id, week FROM attachments) AS held"
            " WHERE week = ? AND NOT EXISTS (SELECT 1 FROM bundled WHERE bundled.id = held.id) ORDER BY id",
            (week,),
        ).fetchall()
        _delete(connection, ids, deleted)
    return deleted


def _delete(connection: Connection, ids: list[tuple[bytes]], deleted: Deleted) -> None:
    for start in range(0, len(ids), LOT):
        lot = [one for (one,) in ids[start : start + LOT]]
        # Two files are not written in one: an attachment that outlived its place in a bundle would leave in
        # another one, so it goes first.
        for one in lot:
            deleted.attachments += _delete_attachment(connection, one)
        with connection.transaction():
            deleted.reports += delete_reports(connection, lot)
            connection.execute(f"DELETE FROM bundled WHERE id IN ({_holes(lot)})", lot)  # noqa: S608


def delete_reports(connection: Connection, lot: Sequence[bytes]) -> int:
    """Deletes those of these reports that are held, in a transaction; how many these were."""
    gone = connection.execute(
        f"DELETE FROM reports WHERE id IN ({_holes(lot)}) RETURNING length(sealed)",  # noqa: S608
        lot,
    ).fetchall()
    connection.changed(-len(gone), -sum(length for (length,) in gone))
    return len(gone)


def _delete_attachment(connection: Connection, one: bytes) -> int:
    """Each by itself: its zeros go through the journal, and the disk may be nearly full."""
    found = connection.execute("SELECT upload FROM attachments WHERE id = ?", (one,)).fetchone()
    if not found:
        return 0
    with connection.transaction():
        delete_pieces(connection, found[0])
        return connection.execute("DELETE FROM attachments WHERE id = ?", (one,)).rowcount


def delete_pieces(connection: Connection, upload: bytes) -> None:
    """Deletes the pieces of an upload, in a transaction."""
    gone = connection.execute("DELETE FROM pieces WHERE upload = ? RETURNING length(bytes)", (upload,))
    connection.changed(0, -sum(length for (length,) in gone.fetchall()))


def _holes(lot: Sequence[bytes]) -> str:
    return ", ".join("?" * len(lot))
