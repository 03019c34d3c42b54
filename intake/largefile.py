"""The file of sealed attachments: beside the file of reports, so that a large one holds up no report."""

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from intake.database import ATTACHMENTS, BUSY_MILLISECONDS, Connection, explained, opened
from intake.keeping import DatabaseError
from intake.tidy import MOST_BYTES, cut_journal, patient, tidy

FILE = ATTACHMENTS
VERSION = 1
# The journal keeps no more than this of the disk when it is idle.
JOURNAL = 16 * 1024 * 1024
SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS {{0}}.attachments
    (id BLOB PRIMARY KEY, week TEXT NOT NULL, length INTEGER NOT NULL, upload BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS {{0}}.pieces
    (upload BLOB, number INTEGER, bytes BLOB NOT NULL, PRIMARY KEY (upload, number)) WITHOUT ROWID;
PRAGMA {{0}}.user_version = {VERSION};
COMMIT;
"""
_UNFINISHED = "DELETE FROM pieces WHERE upload NOT IN (SELECT upload FROM attachments)"


class Files:
    """The file as the server writes it."""

    def __init__(self, path: Path, min_free_bytes: int) -> None:
        self._path, self._min_free_bytes = path, min_free_bytes
        self.left = 1.0
        self.connection = open_file(path)

    def free_bytes(self) -> int:
        """The bytes that may still be taken; notes which part of the room they are."""
        disk = os.statvfs(self._path.parent)
        free = disk.f_bavail * disk.f_frsize - self._min_free_bytes
        self.left = free / (free + self._path.stat().st_size) if free > 0 else 0.0
        return free

    def sweep(self) -> None:
        """Clears away what was begun and never finished, and the order in which files came."""
        try:
            with explained(self._path):
                self.connection.execute(_UNFINISHED)
                # What a server that was killed left in the order of arrival.
                tidy(self.connection, self._path)
        except BaseException:
            self.connection.close()
            raise

    def tidy(self) -> bool:
        """Puts the file in order, if it is not too large, and cuts its journal; False when that waits."""
        with suppress(sqlite3.Error, OSError), patient(self.connection):
            tidy(self.connection, self._path, most_bytes=MOST_BYTES)
            return cut_journal(self.connection)
        return False

    def close(self) -> None:
        """Ends the connection."""
        self.connection.close()


def open_file(path: Path) -> Connection:
    """A connection to the file of attachments, made if need be; DatabaseError when it is another file."""
    path.touch(0o600)
    connection = opened(path)
    try:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version not in (0, VERSION):
            raise DatabaseError(
                f"{path} is of version {version}, and this program reads up to version {VERSION}",
                "use the newer program; an older one could lose what it does not know",
            )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute(f"PRAGMA journal_size_limit = {JOURNAL}")
        connection.executescript(SCHEMA.format("main"))
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.Error):
            raise DatabaseError(f"{path} is not a file of attachments") from None
        raise
    return connection


def tidy_file(path: Path) -> None:
    """Puts the file in order, where there is one that is not too large."""
    if path.exists():
        with closing(open_file(path)) as connection:
            tidy(connection, path, most_bytes=MOST_BYTES)


def attach(connection: sqlite3.Connection, path: Path) -> None:
    """Makes the file `path` the schema `large` of a connection; an empty one stands for a missing file."""
    if path.exists():
        with closing(open_file(path)):
            pass
        connection.execute("ATTACH ? AS large", (str(path),))
    else:
        connection.execute("ATTACH ':memory:' AS large")
        connection.executescript(SCHEMA.format("large"))
