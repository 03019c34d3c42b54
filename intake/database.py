"""The file that keeps sealed reports: SQLite, a row a report, and nothing about who sent it.

Reports stand in places that are dealt at random (`places.py`). Ids and weeks have a table of their own, so
that they are found, counted and put in order without touching a sealed byte. Which bundle a report left in
stands in another: to change a column beside a sealed report would write the whole of it again. To read, and
to delete, `reports` is all of them.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from intake.keeping import DatabaseError

FILE = "reports.db"
# Stands beside it, where a form takes files.
ATTACHMENTS = "attachments.db"
# At the end of the names of both when their reports were moved into another database.
ASIDE = ".moved"
# Longer than an export holds the file while it puts it in order.
BUSY_MILLISECONDS = 30_000
_REPORTS = (
    "CREATE TABLE reports (id BLOB PRIMARY KEY, week TEXT NOT NULL, sealed BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE bundled (id BLOB PRIMARY KEY, bundle INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE bundles (sequence INTEGER PRIMARY KEY, digest TEXT)",
    "CREATE TABLE forms (digest TEXT PRIMARY KEY, json BLOB NOT NULL, bundle INTEGER) WITHOUT ROWID",
    "CREATE INDEX bundled_by_bundle ON bundled (bundle)",
)
_ACKNOWLEDGED = (
    "ALTER TABLE bundles ADD COLUMN gone TEXT",
    "CREATE TABLE acknowledged (desk TEXT, bundle INTEGER, PRIMARY KEY (desk, bundle)) WITHOUT ROWID",
    "CREATE TABLE acknowledgements"
    " (desk TEXT PRIMARY KEY, sequence INTEGER NOT NULL, digest TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE clock"
    " (one INTEGER PRIMARY KEY CHECK (one = 1), day TEXT NOT NULL, steady INTEGER NOT NULL)",
)
_EXPORTS = (
    "CREATE TABLE exports (place INTEGER PRIMARY KEY, bundle INTEGER)",
    # An export that was cut off when an older program ran.
    "INSERT INTO exports SELECT 1, sequence FROM bundles WHERE digest IS NULL",
)
_PLACES = (
    "ALTER TABLE reports RENAME TO before",
    "CREATE TABLE places (place INTEGER PRIMARY KEY, id BLOB NOT NULL, week TEXT NOT NULL)",
    "CREATE TABLE bodies (place INTEGER PRIMARY KEY, sealed BLOB NOT NULL)",
    # By the ids, which are random.
    "INSERT INTO places (id, week) SELECT id, week FROM before ORDER BY id",
    "INSERT INTO bodies (place, sealed)"
    " SELECT place, sealed FROM places CROSS JOIN before USING (id) ORDER BY place",
    "CREATE UNIQUE INDEX places_by_id ON places (id)",
    "DROP TABLE before",
    # What asks for no sealed byte must not look whether there is one.
    "CREATE VIEW reports (id, week, sealed) AS"
    " SELECT id, week, sealed FROM places LEFT JOIN bodies USING (place)",
    # Whoever adds a report past the writer deals it no place of its own; the next rewriting moves it there.
    """CREATE TRIGGER added INSTEAD OF INSERT ON reports BEGIN
    INSERT INTO places (place, id, week) VALUES (abs(random() % 1000000000000), NEW.id, NEW.week);
    INSERT INTO bodies (place, sealed) SELECT place, NEW.sealed FROM places WHERE id = NEW.id;
    END""",
    """CREATE TRIGGER deleted INSTEAD OF DELETE ON reports BEGIN
    DELETE FROM bodies WHERE place = (SELECT place FROM places WHERE id = OLD.id);
    DELETE FROM places WHERE id = OLD.id;
    END""",
)
# What brings a file from each version to the next. A step is never changed once it was released.
STEPS = (_REPORTS, _ACKNOWLEDGED, _EXPORTS, _PLACES)
VERSION = len(STEPS)

NOT_OURS = "{} is not a file of reports"
DAMAGED = "{} is damaged"
FORBIDDEN = "{} may not be opened, or not be written to"
IN_USE = "{} is in use by another program"
# What is said for SQLite's result codes (sqlite.org/rescode.html): a sentence, and perhaps a hint.
_REASONS: dict[int, tuple[str, str | None]] = {
    sqlite3.SQLITE_NOTADB: (NOT_OURS, None),
    # A table that is not there, or is another.
    sqlite3.SQLITE_ERROR: (NOT_OURS, None),
    sqlite3.SQLITE_CORRUPT: (DAMAGED, "copy the whole data directory before anything else is tried"),
    sqlite3.SQLITE_FULL: ("there is no room on the disk of {}", "make room, and start again"),
    sqlite3.SQLITE_IOERR: ("the disk of {} failed, or is full", None),
    sqlite3.SQLITE_PERM: (FORBIDDEN, None),
    sqlite3.SQLITE_READONLY: (FORBIDDEN, None),
    sqlite3.SQLITE_CANTOPEN: (FORBIDDEN, None),
    sqlite3.SQLITE_BUSY: (IN_USE, "wait until it is done, and start again"),
    sqlite3.SQLITE_LOCKED: (IN_USE, "wait until it is done, and start again"),
}


class Connection(sqlite3.Connection):
    """A connection with the blocks that `keeping.Connection` asks for."""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What happens in the block happens as a whole, and nobody else writes meanwhile."""
        self.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.execute("COMMIT")
        finally:
            if self.in_transaction:
                self.rollback()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """What is read in the block is one state of the file, whatever a running server does meanwhile."""
        self.execute("BEGIN")
        try:
            yield
        finally:
            self.rollback()

    def changed(self, reports: int, length: int) -> None:
        """The file is counted, and its disk asked, when that is needed."""


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns an error of SQLite into a DatabaseError that says which of the ways to fail it was."""
    try:
        yield
    except sqlite3.Error as error:
        # The low byte is the kind; the rest of an extended code is a detail of it.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_INTERNAL) & 0xFF
        message, hint = _REASONS.get(code, ("{} cannot be used", None))
        raise DatabaseError(message.format(path), hint) from None


def create(path: Path) -> None:
    """Makes the empty file. WAL mode stays with the file, so it is set before any server starts."""
    # The journal's files take the mode of this one.
    path.touch(0o600)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        _bring_forward(connection, 0)


def connect(path: Path) -> Connection:
    """A connection that commits only where it is told to, and returns only what the disk has.

    Raises DatabaseError when the file is missing, not one of ours, or cannot be opened.
    """
    if not path.is_file():
        raise DatabaseError(f"there is no {path}", "witnessbox-intake init makes a data directory")
    with explained(path):
        connection = opened(path)
    try:
        with explained(path):
            _prepare(connection, path)
    except DatabaseError:
        connection.close()
        raise
    return connection


def opened(path: Path) -> Connection:
    """The file as it is."""
    # The store opens it in one thread and writes in another, never both at once.
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False, factory=Connection)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA temp_store = MEMORY")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise DatabaseError(
            f"{path} is of version {version}, and this program reads up to version {VERSION}",
            "use the newer program; an older one could lose what it does not know",
        )
    if version == 0:
        raise DatabaseError(NOT_OURS.format(path))
    if version < VERSION:
        _bring_forward(connection, version)


def _bring_forward(connection: sqlite3.Connection, least: int) -> None:
    """Brings a file that is of version `least` or more to this program's version, whole or not at all."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another command may have done it meanwhile.
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        for step in STEPS[max(version, least) :]:
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.rollback()


def keep_forms(path: Path, forms: Iterable[tuple[str, bytes]]) -> None:
    """Keeps each form (digest, JSON) that reports may name, so that every later bundle can carry it."""
    with closing(connect(path)) as connection, explained(path):
        connection.executemany("INSERT INTO forms (digest, json) VALUES (?, ?) ON CONFLICT DO NOTHING", forms)
