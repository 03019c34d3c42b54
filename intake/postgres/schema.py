"""The tables in PostgreSQL, made step by step: a database of an older version is brought forward.

What stands here is what stands in the files of SQLite, and two things more. `counters` says how much is
held, so that a limit holds for all machines together. The tables that are UNLOGGED are the doors' (see
`doors.py`): nothing of them is in the database's log, and a crash of the database empties them.
"""

import re
from typing import Any

import psycopg
from psycopg import sql

from intake.keeping import DatabaseError

# Many rows to count in, so that machines seldom wait for each other.
SLOTS = 64
# So many may export at once.
PLACES = 16

_REPORTS = (
    "CREATE TABLE reports (id BYTEA PRIMARY KEY, week TEXT NOT NULL, sealed BYTEA NOT NULL)",
    # What is sealed cannot be compressed.
    "ALTER TABLE reports ALTER COLUMN sealed SET STORAGE EXTERNAL",
    "CREATE TABLE bundled (id BYTEA PRIMARY KEY, bundle INTEGER NOT NULL)",
    "CREATE INDEX bundled_by_bundle ON bundled (bundle)",
    "CREATE TABLE bundles (sequence INTEGER PRIMARY KEY, digest TEXT, gone TEXT)",
    "CREATE TABLE acknowledged (desk TEXT, bundle INTEGER, PRIMARY KEY (desk, bundle))",
    "CREATE TABLE acknowledgements (desk TEXT PRIMARY KEY, sequence INTEGER NOT NULL, digest TEXT NOT NULL)",
    "CREATE TABLE clock"
    " (one INTEGER PRIMARY KEY CHECK (one = 1), day TEXT NOT NULL, steady INTEGER NOT NULL)",
    "CREATE TABLE forms (digest TEXT PRIMARY KEY, json BYTEA NOT NULL, bundle INTEGER)",
    "CREATE TABLE attachments"
    " (id BYTEA PRIMARY KEY, week TEXT NOT NULL, length INTEGER NOT NULL, upload BYTEA NOT NULL)",
    "CREATE TABLE pieces (upload BYTEA, number INTEGER, bytes BYTEA NOT NULL, PRIMARY KEY (upload, number))",
    "ALTER TABLE pieces ALTER COLUMN bytes SET STORAGE EXTERNAL",
    "CREATE INDEX attachments_by_upload ON attachments (upload)",
    "CREATE TABLE unfinished (upload BYTEA PRIMARY KEY, day TEXT NOT NULL)",
    "CREATE TABLE counters (slot INTEGER PRIMARY KEY, reports BIGINT NOT NULL, bytes BIGINT NOT NULL,"
    " untidy BIGINT NOT NULL)",
    f"INSERT INTO counters SELECT slot, 0, 0, 0 FROM generate_series(0, {SLOTS - 1}) AS slot",  # noqa: S608
    # Whose row somebody has locked does what only one may do at a time.
    "CREATE TABLE turns (name TEXT PRIMARY KEY)",
    "INSERT INTO turns VALUES ('command'), ('change')",
)
_DOORS = (
    "CREATE UNLOGGED TABLE door (one INTEGER PRIMARY KEY, key BYTEA NOT NULL, start BIGINT NOT NULL)",
    "CREATE UNLOGGED TABLE spent (challenge BYTEA PRIMARY KEY, lot BIGINT NOT NULL)",
    "CREATE UNLOGGED TABLE budgets"
    " (name TEXT PRIMARY KEY, level DOUBLE PRECISION NOT NULL, at DOUBLE PRECISION NOT NULL)",
)
_NEWS = (
    "CREATE TABLE news (desk TEXT PRIMARY KEY, said BYTEA NOT NULL)",
    "CREATE TABLE boxes (digest TEXT, number INTEGER, bytes BYTEA NOT NULL, PRIMARY KEY (digest, number))",
    "ALTER TABLE boxes ALTER COLUMN bytes SET STORAGE EXTERNAL",
)
_EXPORTS = (
    "CREATE TABLE exports (place INTEGER PRIMARY KEY, bundle INTEGER)",
    # An export that was cut off when an older program ran.
    "INSERT INTO exports SELECT 1, sequence FROM bundles WHERE digest IS NULL",
    # Whose row somebody has locked exports from that place.
    "CREATE TABLE places (place INTEGER PRIMARY KEY)",
    f"INSERT INTO places SELECT generate_series(1, {PLACES})",
)
# What brings a database from each version to the next. A step is never changed once it was released.
STEPS = (_REPORTS, _DOORS, _NEWS, _EXPORTS)
VERSION = len(STEPS)
# The tables of a move that is not finished have their version below zero: no intake uses them.
_MADE = (re.match(r"CREATE (?:UNLOGGED )?TABLE (\w+)", statement) for step in STEPS for statement in step)
OURS = frozenset({"intake", *(found[1] for found in _MADE if found)})

Raw = psycopg.Connection[tuple[Any, ...]]


def make(raw: Raw, server: str, version: int = VERSION) -> None:
    """Makes the tables for a new intake with that public key; DatabaseError when there are any."""
    with raw.transaction():
        raw.execute("CREATE TABLE IF NOT EXISTS intake (server TEXT PRIMARY KEY, version INTEGER NOT NULL)")
        if raw.execute("SELECT 1 FROM intake").fetchone():
            raise DatabaseError(
                "the database holds the tables of an intake already", "make an empty one (createdb)"
            )
        if others := sorted(set(_tables(raw)) - {"intake"}):
            raise DatabaseError(
                f'the database holds a table "{others[0]}", which is not of an intake',
                "make an empty one (createdb)",
            )
        raw.execute("INSERT INTO intake VALUES (%s, 0)", (server,))
        bring_forward(raw, server, version)


def make_half(raw: Raw, server: str) -> None:
    """Makes the tables that a move fills, in a transaction; those of an earlier one of that intake go."""
    if is_half(raw, server):
        for name in OURS.intersection(_tables(raw)):
            raw.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(name)))
    make(raw, server)
    raw.execute("UPDATE intake SET version = -version")


def _tables(raw: Raw) -> list[str]:
    rows = raw.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()").fetchall()
    return [str(name) for (name,) in rows]


def is_half(raw: Raw, server: str) -> bool:
    """Whether the tables are those of an unfinished move of that intake."""
    (there,) = raw.execute("SELECT to_regclass('intake') IS NOT NULL").fetchone() or (False,)
    if not there:
        return False
    rows = raw.execute("SELECT server FROM intake WHERE version < 0").fetchall()
    return rows == [(server,)]


def make_whole(raw: Raw, server: str) -> None:
    """Lets an intake use the tables that a move has filled."""
    if is_half(raw, server):
        raw.execute("UPDATE intake SET version = -version")


def bring_forward(raw: Raw, server: str, version: int = VERSION) -> None:
    """Brings the tables that an older program made to this one's version.

    Raises DatabaseError when a newer program made them, or they are of another intake.
    """
    with raw.transaction():
        # One at a time; and nobody reads a version that another is about to change.
        raw.execute("LOCK TABLE intake IN ACCESS EXCLUSIVE MODE")
        for step in STEPS[_version(raw, server) : version]:
            for statement in step:
                raw.execute(statement.encode())
        raw.execute("UPDATE intake SET version = %s WHERE server = %s", (version, server))


def check(raw: Raw, server: str) -> None:
    """DatabaseError when the tables are not those of this program and of this intake."""
    version = _version(raw, server)
    if version < VERSION:
        raise DatabaseError(f"the database is of version {version}, and this program of version {VERSION}")


def _version(raw: Raw, server: str) -> int:
    rows = raw.execute("SELECT server, version FROM intake").fetchall()
    if not rows:
        return 0
    ((owner, version),) = rows
    if owner != server:
        raise DatabaseError(
            "the database is of another intake", "give each intake a database of its own (createdb)"
        )
    if version < 0:
        raise DatabaseError(
            "the database is filled by a move that is not finished",
            "the same witnessbox-intake move finishes it",
        )
    if version > VERSION:
        raise DatabaseError(
            f"the database is of version {version}, and this program reads up to version {VERSION}",
            "install the newer program on this machine too",
        )
    return int(version)
