"""The database of many machines: one PostgreSQL that they share."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import cast

import psycopg
from psycopg import errors
from psycopg_pool import ConnectionPool

from intake import files as local
from intake import keeping
from intake.crypto.acknowledgement import Acknowledgement
from intake.crypto.signing import VerifyKey
from intake.postgres import address, connection, demands, news, schema, sweeping, tidying
from intake.postgres.connection import Connection
from intake.postgres.doors import Doors
from intake.postgres.files import Files
from intake.postgres.room import room
from intake.postgres.schema import Raw
from intake.postgres.writer import Writer

# Of one process: who writes, and its doors, at the same time as what puts the tables in order.
MOST_CONNECTIONS = 3
# How long a report waits for a connection while the database is started again.
PATIENCE = 5.0
# The server needs a moment to notice that a command was killed.
PATIENCE_FOR_A_TURN = "2s"
_TURN = b"SELECT name FROM turns WHERE name = 'command' "
# First one from which an export was cut off: nobody has its lock any more.
_FREE_PLACE = """SELECT place FROM places
ORDER BY EXISTS (SELECT 1 FROM exports WHERE exports.place = places.place) DESC, place
LIMIT 1 FOR UPDATE OF places SKIP LOCKED"""


class Postgres:
    """The database at the address in `data`, for the intake whose public key is `server`."""

    errors = (psycopg.Error,)

    def __init__(self, data: Path, where: address.Address, server: VerifyKey) -> None:
        self.data, self._where, self._server = data, where, server
        self._pool: ConnectionPool[Raw] | None = None
        self._doors: Doors | None = None

    @classmethod
    def of(cls, data: Path, server: VerifyKey) -> "Postgres":
        """The database that a data directory names."""
        return cls(data, address.read(data / address.FILE), server)

    def __str__(self) -> str:
        return str(self._where)

    @property
    def url(self) -> str:
        """The address, which may hold a password."""
        return self._where.url

    @classmethod
    def make(cls, data: Path, url: str, server: VerifyKey) -> "Postgres":
        """Makes the tables of a new intake, and the file that names their database."""
        made = cls(data, address.write(data / address.FILE, url), server)
        with made.explained(), closing(made.open()) as raw:
            schema.make(raw, made.owner)
        return made

    def connect(self) -> Connection:
        """A connection for a command."""
        with self.explained():
            raw = self.open()
            try:
                schema.check(raw, self.owner)
            except BaseException:
                raw.close()
                raise
        return Connection(raw)

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turns an error of the library into a DatabaseError."""
        with connection.explained(str(self)):
            yield

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keeps other commands out, on this machine and on all others."""
        with local.alone(self.data), self._turn(b"FOR UPDATE"):
            yield

    @contextmanager
    def exporting(self) -> Iterator[int]:
        """A place to export from, beside other exports on this machine and on others."""
        with local.alone(self.data, shared=True), self._turn(b"FOR SHARE") as raw:
            with self.explained():
                schema.check(raw, self.owner)
                found = raw.execute(_FREE_PLACE).fetchone()
            if not found:
                raise BlockingIOError
            yield int(found[0])

    @contextmanager
    def _turn(self, kind: bytes) -> Iterator[Raw]:
        """A transaction that has the turn of commands, alone or shared, as long as the block lasts."""
        with ExitStack() as stack:
            with self.explained():
                raw = stack.enter_context(closing(self.open()))
                stack.enter_context(_ending(raw))
                try:
                    raw.execute("BEGIN")
                    raw.execute(f"SET LOCAL lock_timeout = '{PATIENCE_FOR_A_TURN}'".encode())
                    raw.execute(_TURN + kind)
                except errors.LockNotAvailable:
                    raise BlockingIOError from None
            yield raw

    def keep_forms(self, forms: Iterable[tuple[str, bytes]]) -> None:
        """Keeps each form that reports may name."""
        with self.explained(), closing(self.open()) as raw:
            schema.bring_forward(raw, self.owner)
        with closing(self.connect()) as found, self.explained():
            found.executemany("INSERT INTO forms (digest, json) VALUES (?, ?) ON CONFLICT DO NOTHING", forms)

    def writer(self, max_reports: int, min_free_bytes: int) -> Writer:
        """Who writes reports."""
        with self.explained():
            return Writer(self._pooled(), max_reports, self._where.max_bytes)

    def files(self, min_free_bytes: int) -> Files:
        """Where attachments are written."""
        with self.explained():
            return Files(self.open, self._where.max_bytes)

    def tally(self) -> Doors:
        """What the doors of all machines share."""
        with self.explained():
            self._doors = Doors(self._pooled())
        return self._doors

    def tidy(self, connection: keeping.Connection) -> None:
        """Puts all tables in order."""
        tidying.tidy(cast(Connection, connection).raw)

    def wipe(self, connection: keeping.Connection) -> bool:
        """Leaves no byte of what was deleted in a table. Closes the connection."""
        with suppress(psycopg.Error), closing(connection):
            return tidying.tidy(cast(Connection, connection).raw, most_bytes=tidying.MOST_BYTES_TO_WIPE)
        return False

    def space(self, connection: keeping.Connection, min_free_bytes: int) -> keeping.Space:
        """What the settings leave: no client sees the disk of a database."""
        found = room(cast(Connection, connection).raw, 1, self._where.max_bytes)
        return keeping.Space(max(0, found.bytes), 0)

    def sweep(self, connection: keeping.Connection, today: date) -> None:
        """Clears away uploads that nobody finished."""
        sweeping.sweep(connection, today)

    def tell(self, connection: keeping.Connection, found: Acknowledgement, said: bytes, box: Path) -> None:
        """Puts what a desk said where all machines find it."""
        news.tell(cast(Connection, connection).raw, found, said, box)

    @contextmanager
    def following(self) -> Iterator[None]:
        """Takes what desks said on other machines, as long as the block lasts."""
        with news.News(self.open, self.data, self._server).daily():
            yield

    def warnings(self) -> list[str]:
        """What the operator should mend."""
        with self.explained(), closing(self.open()) as raw:
            found = demands.wishes(raw)
        keeps = "the database's log keeps the times of reports for longer than it must"
        return [f"{keeps}: {one}; deploy/SCALE.md has all settings" for one in found]

    def close(self) -> None:
        """Ends the connections of a server."""
        if self._doors:
            self._doors.close()
        if self._pool:
            self._pool.close()
            self._pool = None

    @property
    def owner(self) -> str:
        """Whose tables they are."""
        return self._server.public.hex()

    def open(self) -> Raw:
        """A connection to whatever stands there."""
        raw = psycopg.connect(address.conninfo(self._where), autocommit=True)
        try:
            self._prepare(raw)
        except BaseException:
            raw.close()
            raise
        return raw

    def _prepare(self, raw: Raw) -> None:
        raw.execute(connection.SESSION.encode())
        demands.check(raw)

    def _pooled(self) -> "ConnectionPool[Raw]":
        if not self._pool:
            # The first by itself: the pool would only say that it waited too long.
            self.connect().close()
            self._pool = ConnectionPool(
                address.conninfo(self._where),
                kwargs={"autocommit": True},
                configure=self._prepare,
                min_size=2,
                max_size=MOST_CONNECTIONS,
                timeout=PATIENCE,
                reconnect_timeout=0,
                open=True,
            )
        return self._pool


@contextmanager
def _ending(raw: Raw) -> Iterator[None]:
    try:
        yield
    finally:
        with suppress(psycopg.Error):
            raw.execute("ROLLBACK")
