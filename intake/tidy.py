"""Puts the file of reports in the order of ids, so that no byte of it says who came first.

The rows are sorted, but SQLite gives each new row the next free pages of the file, and the journal
holds the newest last. Rewriting the file in the order of its keys, and cutting the journal to
nothing, leaves no order but that of the ids, which are random.
"""

import os
import sqlite3
from pathlib import Path

# Nothing can be stored meanwhile. Up to this size that is a few seconds; a larger file waits for the
# next start.
MOST_WHILE_SERVING = 256 * 1024 * 1024


def tidy(connection: sqlite3.Connection, path: Path, *, most_bytes: int | None = None) -> bool:
    """Rewrites the file at `path`, which `connection` has open; False when it is larger than `most_bytes`
    or the disk has no room for a second and a third copy. sqlite3.Error when it cannot be done now.
    """
    size = path.stat().st_size
    disk = os.statvfs(path.parent)
    if (most_bytes is not None and size > most_bytes) or disk.f_bavail * disk.f_frsize < 3 * size:
        return False
    # The copy that is made on the way is as large as the file: on the disk, not in memory, and beside
    # the file, where only ciphertext is expected to be. It has no name, so a crash leaves none.
    os.environ["SQLITE_TMPDIR"] = str(path.parent)
    connection.execute("PRAGMA temp_store = FILE")
    try:
        connection.execute("VACUUM")
    finally:
        connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return True
