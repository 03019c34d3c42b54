"""The file that keeps sealed reports: SQLite, a row a report, and nothing about who sent it.

The order of rows is the order of ids, which are random. Which bundle a report left in stands in a
table of its own: to change a column beside a sealed report would write the whole of it again.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from intake.errors import IntakeError

FILE = "reports.db"
VERSION = 1
BUSY_MILLISECONDS = 5_000
SCHEMA = f"""
BEGIN;
CREATE TABLE reports (id BLOB PRIMARY KEY, week TEXT NOT NULL, sealed BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE bundled (id BLOB PRIMARY KEY, bundle INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE bundles (sequence INTEGER PRIMARY KEY, digest TEXT);
CREATE TABLE forms (digest TEXT PRIMARY KEY, json BLOB NOT NULL, bundle INTEGER) WITHOUT ROWID;
CREATE INDEX bundled_by_bundle ON bundled (bundle);
PRAGMA user_version = {VERSION};
COMMIT;
"""


class DatabaseError(IntakeError):
    """The file of reports cannot be used."""


def create(path: Path) -> None:
    """Makes the empty file. WAL mode stays with the file, so it is set before any server starts."""
    # The journal's files take the mode of this one.
    path.touch(0o600)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(SCHEMA)


def connect(path: Path) -> sqlite3.Connection:
    """A connection that commits only where it is told to, and returns only what the disk has.

    Raises DatabaseError when the file is missing or not one of ours.
    """
    if not path.is_file():
        raise DatabaseError(f"there is no {path}", "witnessbox-intake init makes a data directory")
    # The store opens it in one thread and writes in another, never both at once.
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.Error:
        connection.close()
        raise DatabaseError(f"{path} is not a file of reports") from None
    if version != VERSION:
        connection.close()
        raise DatabaseError(f"{path} is of version {version}, and this program reads version {VERSION}")
    return connection


def keep_forms(path: Path, forms: Iterable[tuple[str, bytes]]) -> None:
    """Keeps each form (digest, JSON) that reports may name, so that every later bundle can carry it."""
    with closing(connect(path)) as connection:
        connection.executemany("INSERT OR IGNORE INTO forms (digest, json) VALUES (?, ?)", forms)
