"""Clears away uploads that were begun and never finished.

Which machine still works at one, nobody can say. So what is unfinished is noted with the day, and
deleted when it is unfinished still after a whole day has passed between: no upload takes so long.
"""

from datetime import date, timedelta

from intake.deletion import delete_pieces
from intake.keeping import Connection

_UNFINISHED = """SELECT DISTINCT upload FROM pieces
WHERE NOT EXISTS (SELECT 1 FROM attachments WHERE attachments.upload = pieces.upload)"""


def sweep(connection: Connection, today: date) -> None:
    """Deletes what was noted two days ago or before, and notes what is unfinished now."""
    with connection.transaction():
        old = connection.execute(
            f"SELECT upload FROM ({_UNFINISHED}) AS begun JOIN unfinished USING (upload) WHERE day < ?",  # noqa: S608
            ((today - timedelta(1)).isoformat(),),
        ).fetchall()
        for (upload,) in old:
            delete_pieces(connection, upload)
        connection.execute(
            "DELETE FROM unfinished"
            " WHERE NOT EXISTS (SELECT 1 FROM pieces WHERE pieces.upload = unfinished.upload)"
            " OR EXISTS (SELECT 1 FROM attachments WHERE attachments.upload = unfinished.upload)"
        )
        connection.execute(
            f"INSERT INTO unfinished SELECT upload, ? FROM ({_UNFINISHED}) AS begun ON CONFLICT DO NOTHING",  # noqa: S608
            (today.isoformat(),),
        )
