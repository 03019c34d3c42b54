"""A connection to PostgreSQL that speaks as `keeping.Connection` does.

Values are always sent beside a statement, never inside it, so that none stands in a log or in the list
of what the server does just now.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import errors

from intake.keeping import Cursor, DatabaseError
from intake.postgres.schema import SLOTS, Raw

# A command may hold its turn for as long as a stick takes; who writes waits no longer than for a file. A
# machine that lost its power holds nothing for longer than a minute.
SESSION = (
    "SET idle_in_transaction_session_timeout = 0; SET lock_timeout = '30s';"
    " SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3"
)
NOT_OURS = "{} holds no tables of an intake"
# What is said for an error: a sentence, and perhaps a hint. The server's own words may quote a row.
_REASONS: tuple[tuple[type[psycopg.Error], str, str | None], ...] = (
    (errors.InvalidPassword, "{} does not take this user or password", None),
    (errors.InvalidAuthorizationSpecification, "{} does not take this user or password", None),
    (errors.InvalidCatalogName, "there is no {}", "createdb makes a database"),
    (errors.UndefinedTable, NOT_OURS, "witnessbox-intake init --database makes them"),
    (errors.UndefinedColumn, NOT_OURS, None),
    (errors.InsufficientPrivilege, "{} does not let this user read or write", None),
    (
        errors.ReadOnlySqlTransaction,
        "{} cannot be written: it is a standby",
        "give the address of the primary",
    ),
    (errors.DiskFull, "there is no room on the disk of {}", "make room, and start again"),
    (errors.LockNotAvailable, "{} is in use by another program", "wait until it is done, and start again"),
    (errors.DataCorrupted, "{} is damaged", "copy it as a whole before anything else is tried"),
    (errors.IndexCorrupted, "{} is damaged", "copy it as a whole before anything else is tried"),
)


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Turns an error of the library into a DatabaseError that says which of the ways to fail it was."""
    try:
        yield
    except psycopg.Error as error:
        for kind, message, hint in _REASONS:
            if isinstance(error, kind):
                raise DatabaseError(message.format(name), hint) from None
        raise DatabaseError(f"{name} {_kind(error)}") from None


def _kind(error: psycopg.Error) -> str:
    """What went wrong with an error that the server gave no number, or another one."""
    # The library's words for a connection that was refused; the server's for a database that is not there.
    if isinstance(error, psycopg.OperationalError) and not error.sqlstate:
        said = str(error)
        if "password" in said or "authentication" in said or "pg_hba" in said:
            return "does not take this user or password"
        if "certificate" in said or "SSL" in said:
            return "did not prove who it is: see its certificate, and sslrootcert in the url"
        if "does not exist" in said:
            return "has no such database or user: createdb and createuser make them"
        return "cannot be reached"
    return "cannot be used"


class Connection:
    """Speaks the commands' SQL to one connection of the library.

    With `turns`, only one transaction is under way at a time, on whatever machine: those that move or
    delete what is there. Without, transactions run side by side: those that add.
    """

    def __init__(self, raw: Raw, *, turns: bool = True) -> None:
        self.raw, self._turns = raw, turns
        self._slot = random.randrange(SLOTS)  # noqa: S311 - only so that few wait for each other

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> Cursor:
        """Runs a statement with question marks for values."""
        return self.raw.execute(_translated(sql), values, binary=True)

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> Cursor:
        """The same for each of many rows."""
        cursor = self.raw.cursor()
        if rows := list(rows):
            cursor.executemany(_translated(sql), rows)
        return cursor

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What happens in the block happens as a whole."""
        with self.raw.transaction():
            if self._turns:
                self.raw.execute("SELECT name FROM turns WHERE name = 'change' FOR UPDATE")
            yield

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """What is read in the block is one state of the database."""
        with self.raw.transaction():
            self.raw.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            # Before the snapshot is taken: a table that is put in order later would seem empty.
            self.raw.execute("LOCK TABLE reports, bundled, attachments, pieces IN ACCESS SHARE MODE")
            yield

    def changed(self, reports: int, length: int) -> None:
        """Counts what was added or taken away, so that all machines know how much room there is."""
        if reports or length:
            self.raw.execute(
                "UPDATE counters SET reports = reports + %s, bytes = bytes + %s, untidy = untidy + 1"
                " WHERE slot = %s",
                (reports, length, self._slot),
            )

    def close(self) -> None:
        """Ends the connection."""
        with suppress(psycopg.Error):
            self.raw.close()


@lru_cache(maxsize=256)
def _translated(sql: str) -> bytes:
    return sql.replace("%", "%%").replace("?", "%s").encode()
