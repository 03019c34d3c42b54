"""What the intake asks of the database that keeps its reports, whichever one it is.

One machine has two files of SQLite (`sqlite.py`), several machines share one PostgreSQL (`postgres/`).
The commands speak SQL that both understand: question marks for values, ON CONFLICT, and no dialect.
What only one of them can do stands behind the names here.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from intake.crypto.acknowledgement import Acknowledgement
from intake.errors import IntakeError
from intake.tally import Tally


class DatabaseError(IntakeError):
    """The database of reports cannot be used."""


class StoreError(Exception):
    """Base of what can keep a report from being stored; never raised itself."""


class Conflict(StoreError):
    """Another report is held under this id."""


class Unavailable(StoreError):
    """The report was not stored: no room, or the database cannot be written."""


class Missing(Unavailable):
    """No report is held under this id; or none that may be taken back."""


Outcome = StoreError | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Who wants a report kept, or only asks for it, when `sealed` is None.

    Or wants it taken back, with its `attachments`, when these are given.
    """

    id: bytes
    week: str
    sealed: bytes | None
    kept: asyncio.Future[None]
    attachments: Sequence[bytes] | None = None


@dataclass(slots=True)
class Room:
    """What there is room for: so many more reports, of so many bytes together."""

    reports: int
    bytes: int

    def take(self, size: int) -> bool:
        """Whether one more of that size fits; if so, its room is taken."""
        if self.reports < 1 or self.bytes < size:
            return False
        self.reports -= 1
        self.bytes -= size
        return True


class Cursor(Protocol):
    """The rows that were found, or how many were changed."""

    @property
    def rowcount(self) -> int: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...
    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """A connection that commits each statement, but for those in a `transaction`."""

    def execute(self, sql: str, values: Sequence[Any] = ..., /) -> Cursor: ...
    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> Cursor: ...
    def transaction(self) -> AbstractContextManager[None]:
        """What happens in the block happens as a whole, and nobody else's block at the same time."""

    def snapshot(self) -> AbstractContextManager[None]:
        """What is read in the block is one state of the database."""

    def changed(self, reports: int, length: int) -> None:
        """Notes, in a transaction, that so many reports and so many bytes more, or fewer, are held."""

    def close(self) -> None: ...


class Writer(Protocol):
    """Who writes reports, a batch at a time, in one thread."""

    @property
    def untidy(self) -> int:
        """How many reports may still stand in the order in which they came."""

    @property
    def left(self) -> float:
        """The part of the room for reports that was left after the last batch, 0 to 1."""

    def write(self, batch: list[Waiting]) -> Sequence[Outcome]:
        """What became of each, in the order of `batch`, which is left sorted by id."""

    def take_back(self, batch: Sequence[Waiting]) -> Sequence[Outcome]:
        """What became of each report that was to be taken back."""

    def tidy_when_due(self) -> None:
        """Puts the reports in order when enough came since they last were."""

    def tidy(self) -> None:
        """Puts the reports in order when some came since they last were, and it can be done."""

    def rest(self) -> float:
        """The seconds until they may be put in order again because nothing comes."""

    def close(self) -> None: ...


class Files(Protocol):
    """Where attachments are written, in one thread: tables `attachments` and `pieces`."""

    @property
    def connection(self) -> Connection: ...
    @property
    def left(self) -> float:
        """The part of the room for attachments that was left when `free_bytes` was last asked, 0 to 1."""

    def free_bytes(self) -> int:
        """The bytes that may still be taken."""

    def sweep(self) -> None:
        """Clears away what was begun and never finished."""

    def tidy(self) -> bool:
        """Puts the rows in order, where it can be done; False when it has to be done again."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Space:
    """How much room the database has, in bytes, and how much of it is to stay free."""

    free_bytes: int
    min_free_bytes: int


class Database(Protocol):
    """Where one intake keeps its reports. Its `str` names it to the operator, without a password."""

    @property
    def data(self) -> Path:
        """The data directory, where everything but reports stands."""

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What its connections raise when they cannot do what they are told."""

    def connect(self) -> Connection:
        """A connection to reports and attachments; DatabaseError when it cannot be had."""

    def explained(self) -> AbstractContextManager[None]:
        """Turns one of `errors` into a DatabaseError that says which of the ways to fail it was."""

    def alone(self) -> AbstractContextManager[None]:
        """Keeps other commands out; BlockingIOError when one is at work."""

    def exporting(self) -> AbstractContextManager[int]:
        """A place to export from, by its number: one where an export was cut off, if there is any.

        Keeps out the commands that ask to be alone. BlockingIOError when one is at work, or no place is free.
        """

    def keep_forms(self, forms: Iterable[tuple[str, bytes]]) -> None:
        """Keeps each form (digest, JSON) that reports may name, so that every later bundle can carry it."""

    def writer(self, max_reports: int, min_free_bytes: int) -> Writer:
        """Who writes reports; DatabaseError when it cannot."""

    def files(self, min_free_bytes: int) -> Files:
        """Where attachments are written; DatabaseError when that cannot be."""

    def tidy(self, connection: Connection) -> None:
        """Puts everything in an order that says nothing, as far as that can be done now."""

    def wipe(self, connection: Connection) -> bool:
        """Leaves no byte of what was deleted; False when somebody was in the way. Closes the connection."""

    def sweep(self, connection: Connection, today: date) -> None:
        """Clears away uploads that were begun and never finished, where no start of a server does."""

    def tally(self) -> Tally:
        """What the doors count."""

    def tell(self, connection: Connection, found: Acknowledgement, said: bytes, box: Path) -> None:
        """Has other machines know what a desk `said`, and its `box`, where it names one."""

    def following(self) -> AbstractContextManager[None]:
        """Takes what desks said on other machines, as long as the block lasts."""

    def warnings(self) -> list[str]:
        """A line on each thing that its operator should mend."""

    def close(self) -> None:
        """Ends what a server opened."""

    def space(self, connection: Connection, min_free_bytes: int) -> Space:
        """How much room there is."""
