"""Puts a file of reports or attachments in the order of its keys, so that no byte of it says who came first.

The rows are sorted, but SQLite gives each new row the next free pages of the file, and the journal
holds the newest last. Rewriting the file in the order of its keys, and cutting the journal to
nothing, leaves no order but that of the keys, which are random.

Where the rows have had no order from the start (`places.py`), it is enough to rewrite what is sorted by id.
"""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from intake.keeping import Connection

# While the file is rewritten nothing else is kept; two gigabytes take about twenty seconds.
MOST_BYTES = 2 * 1024**3
# The copy that is made on the way and the journal are each as large as the file.
ROOM = 3


def tidy(connection: Connection, path: Path, *, most_bytes: int | None = None) -> bool:
    """Rewrites the file at `path`, which `connection` has open; says whether that could be done.

    Leaves it as it is when it has more than `most_bytes`, when the disk has no room for the copies,
    or when somebody else uses it: the order comes with the next time. sqlite3.Error when it is damaged.
    """
    # What is still in the journal counts too; pages that are free are not copied.
    (size,) = connection.execute(
        "SELECT (page_count - freelist_count) * page_size"
        " FROM pragma_page_count, pragma_freelist_count, pragma_page_size"
    ).fetchone()
    disk = os.statvfs(path.parent)
    if (most_bytes is not None and size > most_bytes) or disk.f_bavail * disk.f_frsize < ROOM * size:
        return False
    # The copy does not fit into memory, and goes beside the file, where nothing but ciphertext is
    # expected to be. It has no name, so a crash leaves none.
    os.environ["SQLITE_TMPDIR"] = str(path.parent)
    connection.execute("PRAGMA temp_store = FILE")
    done = False
    with suppress(sqlite3.OperationalError):
        connection.execute("VACUUM")
        done = True
    with suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    connection.execute("PRAGMA temp_store = MEMORY")
    return done


def settle(connection: Connection) -> None:
    """Rewrites the index of ids, whose pages tell which of them came last, and cuts the journal.

    sqlite3.Error when somebody writes, or the disk is full.
    """
    connection.execute("REINDEX places_by_id")
    cut_journal(connection)


def cut_journal(connection: Connection) -> bool:
    """Brings what the journal holds into the file, and cuts it to nothing; False when somebody reads it."""
    (busy, _, _) = connection.execute("PRAGMA main.wal_checkpoint(TRUNCATE)").fetchone()
    return not busy
