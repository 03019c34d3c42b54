"""Puts a file of reports or attachments in the order of its keys, so that no byte of it says who came first.

The rows are sorted, but SQLite gives each new row the next free pages of the file, and the journal
holds the newest last. Rewriting the file in the order of its keys, and cutting the journal to
nothing, leaves no order but that of the keys, which are random.

Where the rows have had no order from the start (`places.py`), it is enough to rewrite what is sorted by id.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from intake.keeping import Connection

# While the file is rewritten nothing else is kept; two gigabytes take about twenty seconds.
MOST_BYTES = 2 * 1024**3
# The copy that is made on the way and the journal are each as large as the file.
ROOM = 3
# Reports wait meanwhile, so nobody is waited for long.
PATIENCE_MILLISECONDS = 2_000
# What stands before the page numbers in the journal's index (sqlite.org/walformat.html, section 2).
INDEX_HEADER = 136


def tidy(connection: Connection, path: Path, *, most_bytes: int | None = None) -> bool:
    """Rewrites the file at `path`, which `connection` has open, and cuts its journal; whether both were done.

    Cuts the journal alone when the file has more than `most_bytes`, or when the disk has no room for the
    copies. Where somebody else uses the file the order comes with the next time. sqlite3.Error when it is
    damaged.
    """
    # What is still in the journal counts too; pages that are free are not copied.
    (size,) = connection.execute(
        "SELECT (page_count - freelist_count) * page_size"
        " FROM pragma_page_count, pragma_freelist_count, pragma_page_size"
    ).fetchone()
    disk = os.statvfs(path.parent)
    fits = (most_bytes is None or size <= most_bytes) and disk.f_bavail * disk.f_frsize >= ROOM * size
    rewritten = fits and _rewrite(connection, path)
    return cut_journal(connection) and rewritten


def _rewrite(connection: Connection, path: Path) -> bool:
    # The copy does not fit into memory, and goes beside the file, where nothing but ciphertext is
    # expected to be. It has no name, so a crash leaves none.
    os.environ["SQLITE_TMPDIR"] = str(path.parent)
    connection.execute("PRAGMA temp_store = FILE")
    try:
        connection.execute("VACUUM")
    except sqlite3.OperationalError:
        return False
    finally:
        connection.execute("PRAGMA temp_store = MEMORY")
    return True


def settle(connection: Connection) -> bool:
    """Rewrites the index of ids, whose pages tell which of them came last, and cuts the journal.

    False when somebody is in the way, or the disk is full: then it has to be done again.
    """
    rewritten = False
    with suppress(sqlite3.OperationalError):
        connection.execute("REINDEX places_by_id")
        rewritten = True
    return cut_journal(connection) and rewritten


def cut_journal(connection: Connection) -> bool:
    """Brings what the journal holds into the file, and leaves nothing in it and in its index.

    False when somebody reads it, or writes.
    """
    try:
        (busy, _, _) = connection.execute("PRAGMA main.wal_checkpoint(TRUNCATE)").fetchone()
        return not busy and _empty_index(connection)
    except sqlite3.OperationalError:
        return False


def _empty_index(connection: Connection) -> bool:
    """Writes zeros over the page numbers in the journal's index, which tell what was written after what.

    SQLite leaves there those of the journal that was cut, and does the same as this when it needs the room.
    While nobody may write, and the journal is empty, nobody reads them. It is done through SQLite's own
    descriptor: to close another one of the same file would end the locks of this process.
    """
    (name,) = connection.execute("SELECT file FROM pragma_database_list WHERE name = 'main'").fetchone()
    connection.execute("BEGIN IMMEDIATE")
    try:
        if os.stat(f"{name}-wal").st_size:
            return False
        index = os.stat(f"{name}-shm")
        for descriptor in map(int, os.listdir("/dev/fd")):
            with suppress(OSError):
                if os.path.samestat(os.fstat(descriptor), index):
                    os.pwrite(descriptor, bytes(index.st_size - INDEX_HEADER), INDEX_HEADER)
                    return True
        return False
    except FileNotFoundError:
        return True  # there is neither
    finally:
        connection.execute("ROLLBACK")


@contextmanager
def patient(connection: Connection) -> Iterator[None]:
    """Waits for nobody long in the block."""
    (before,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute(f"PRAGMA busy_timeout = {PATIENCE_MILLISECONDS}")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA busy_timeout = {before}")
