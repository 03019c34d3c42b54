"""Moves an intake from its own files to a PostgreSQL: whole, or not at all.

All rows go into the database in one transaction, under a version that no intake takes, and are read back
from it. Only then does the data directory name the database, and its files get another name;
and only then may an intake use it. Killed at any moment, the same command begins again from the
files, or finishes.
"""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from intake import database, files
from intake.crypto.signing import VerifyKey
from intake.keeping import DatabaseError
from intake.largefile import attach
from intake.postgres import address, schema
from intake.postgres.connection import Connection
from intake.postgres.database import Postgres
from intake.postgres.schema import Raw

AT_ONCE = 256
# How long somebody who only looks is waited for.
BUSY_MILLISECONDS = 5_000
NOTHING = "nothing was changed"


@dataclass(frozen=True, slots=True)
class Table:
    """A table, its columns with their types, and those of its key; a condition on what is moved."""

    name: str
    columns: dict[str, str]
    key: str
    only: str = ""

    def select(self) -> str:
        """All rows, in the order of a key of bytes or numbers, which both databases know alike."""
        return f"SELECT {', '.join(self.columns)} FROM {self.name} {self.only} ORDER BY {self.key}"  # noqa: S608


_ID = {"id": "bytea"}
TABLES = (
    Table("forms", {"digest": "text", "json": "bytea", "bundle": "int4"}, "json"),
    Table("reports", {**_ID, "week": "text", "sealed": "bytea"}, "id"),
    Table("attachments", {**_ID, "week": "text", "length": "int4", "upload": "bytea"}, "id"),
    Table(
        "pieces",
        {"upload": "bytea", "number": "int4", "bytes": "bytea"},
        "upload, number",
        # An upload that was cut off is cleared away, not carried on.
        "WHERE upload IN (SELECT upload FROM attachments)",
    ),
    Table("bundled", {**_ID, "bundle": "int4"}, "id"),
    Table("bundles", {"sequence": "int4", "digest": "text", "gone": "text"}, "sequence"),
    Table("exports", {"place": "int4", "bundle": "int4"}, "place"),
    Table("clock", {"one": "int4", "day": "text", "steady": "int4"}, "one"),
    # Each desk has one sequence; with bytes of the text, the order is the same on both sides.
    Table("acknowledged", {"desk": "text", "bundle": "int4"}, "bundle, CAST(desk AS {bytes})"),
    Table(
        "acknowledgements",
        {"desk": "text", "sequence": "int4", "digest": "text"},
        "sequence, CAST(desk AS {bytes})",
    ),
)


@dataclass(frozen=True, slots=True)
class Moved:
    """What was moved, how often rows of each table; and the files that stand aside now."""

    database: Postgres
    rows: dict[str, int]
    aside: tuple[Path, ...]


def move(data: Path, url: str, server: VerifyKey) -> Moved:
    """Moves the reports of the data directory into the empty database at `url`.

    DatabaseError, and the files are as they were, when a server or a command uses them, or the database
    holds something that is not left from a move of these files.
    """
    try:
        with files.alone(data):
            return _finish(data, url, server) if _is_switched(data) else _move(data, url, server)
    except BlockingIOError:
        raise DatabaseError(f"another command is at work in {data}", "wait until it is done") from None
    except OSError as error:
        raise DatabaseError(f"cannot use {data}: {error.strerror}") from None


def _is_switched(data: Path) -> bool:
    return (data / address.FILE).exists() and not (data / database.FILE).exists()


def _move(data: Path, url: str, server: VerifyKey) -> Moved:
    target = Postgres(data, address.given(url, data / address.FILE), server)
    if (data / address.FILE).exists():
        _clear_half(data, server)
    if left := sorted(data.glob(f"*{database.ASIDE}")):
        raise DatabaseError(f"{left[0]} is left from an earlier move", "remove it when nobody needs it")
    with _closed(data) as source:
        with target.explained(), closing(target.open()) as raw:
            _copy(source, raw, target.owner)
        with target.explained(), closing(target.open()) as raw:
            rows = _compare(source, raw)
        address.write(data / address.FILE, url)
        files.sync_directory(data)
    return Moved(target, rows, _switch(data, target))


def _clear_half(data: Path, server: VerifyKey) -> None:
    """A move was killed when the directory named both: the files are still what holds."""
    target = Postgres.of(data, server)
    with target.explained(), closing(target.open()) as raw:
        if not schema.is_half(raw, server.public.hex()):
            raise DatabaseError(
                f"{data} has both {address.FILE} and {database.FILE}",
                "leave the one in which the reports are",
            )
    (data / address.FILE).unlink()


@contextmanager
def _closed(data: Path) -> Iterator[database.Connection]:
    """The files, which nobody else has open as long as the block lasts, nor can open."""
    path = data / database.FILE
    # Brings an older file forward.
    database.connect(path).close()
    with database.explained(path), closing(database.opened(path)) as source:
        source.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
        try:
            source.execute("PRAGMA locking_mode = EXCLUSIVE")
            source.execute("SELECT count(*) FROM reports").fetchone()
            source.execute("BEGIN IMMEDIATE")
            source.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                raise DatabaseError(
                    f"a server uses {data}", f"stop it, and all of its kind; {NOTHING}"
                ) from None
            raise
        attach(source, data / database.ATTACHMENTS)
        yield source


def _copy(source: database.Connection, raw: Raw, owner: str) -> None:
    with raw.transaction():
        schema.make_half(raw, owner)
        for table in TABLES:
            _copy_table(source, raw, table)
        (reports, small) = source.execute(
            "SELECT count(*), coalesce(sum(length(sealed)), 0) FROM reports"
        ).fetchone()
        (large,) = source.execute("SELECT coalesce(sum(length), 0) FROM attachments").fetchone()
        Connection(raw).changed(reports, small + large)


def _copy_table(source: database.Connection, raw: Raw, table: Table) -> None:
    into = f"COPY {table.name} ({', '.join(table.columns)}) FROM STDIN (FORMAT BINARY)"
    with raw.cursor() as cursor, cursor.copy(into.encode()) as copy:
        copy.set_types(list(table.columns.values()))
        for row in source.execute(table.select().format(bytes="BLOB")):
            copy.write_row(row)


def _compare(source: database.Connection, raw: Raw) -> dict[str, int]:
    """How many rows each table has, when each row came out of the database as it is in the files."""
    counts = {}
    with raw.transaction():
        for table in TABLES:
            with raw.cursor("compare", binary=True) as cursor:
                cursor.itersize = AT_ONCE
                theirs = _digest(cursor.execute(table.select().format(bytes="BYTEA").encode()))
            ours = _digest(source.execute(table.select().format(bytes="BLOB")))
            if ours != theirs:
                raise DatabaseError(f"{table.name} did not come out of the database as it went in", NOTHING)
            counts[table.name] = ours[0]
    return counts


def _digest(rows: Iterable[Sequence[Any]]) -> tuple[int, str]:
    """How many rows there are, and the SHA-256 of all of them."""
    count, hashing = 0, hashlib.sha256()
    for row in rows:
        count += 1
        for value in row:
            part = value if isinstance(value, bytes) else repr(value).encode()
            hashing.update(b"%d:" % len(part) + part)
    return count, hashing.hexdigest()


def _switch(data: Path, target: Postgres) -> tuple[Path, ...]:
    """Puts the files aside, and lets intakes use the database."""
    # Without the first, this is what is done again when it was cut off.
    for name in (database.FILE, database.ATTACHMENTS):
        if (data / name).exists():
            (data / name).rename(data / f"{name}{database.ASIDE}")
    files.sync_directory(data)
    with target.explained(), closing(target.open()) as raw:
        schema.make_whole(raw, target.owner)
    return tuple(sorted(data.glob(f"*{database.ASIDE}")))


def _finish(data: Path, url: str, server: VerifyKey) -> Moved:
    """A move was killed after its last row was compared; or there is nothing to do."""
    target = Postgres.of(data, server)
    if not address.same(target.url, url):
        raise DatabaseError(f"the reports of {data} are in {target} already", NOTHING)
    aside = _switch(data, target)
    with closing(target.connect()) as connection, target.explained(), connection.snapshot():
        rows = {
            table.name: connection.execute(f"SELECT count(*) FROM {table.name}").fetchone()[0]  # noqa: S608
            for table in TABLES
        }
    return Moved(target, rows, aside)
