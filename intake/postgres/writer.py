"""Who writes reports into PostgreSQL: all that is new in a batch is one transaction.

COMMIT returns when the server has synced its log, and when its standbys have, where it is set to wait
for them. A connection that is lost meanwhile leaves open whether the batch was kept: so it is written
again, and what is there already is left as it is.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TypeVar

import psycopg
from psycopg_pool import ConnectionPool

from intake.deletion import delete_pieces, delete_reports
from intake.guard import place
from intake.keeping import Missing, Outcome, Unavailable, Waiting
from intake.outcome import first_of_each, outcome
from intake.pace import Pace
from intake.postgres import tidying
from intake.postgres.connection import Connection
from intake.postgres.room import Measured, near, room
from intake.postgres.schema import Raw

TRIES = 2
# Less often than for a file of SQLite: each row is written twice, to the table and to the log.
LEAST_TO_TIDY = 256
TIDY_SHARE = 1

log = logging.getLogger("intake")

_Result = TypeVar("_Result")


class Raced(Exception):
    """Another machine stored a report under one of these ids just now."""


class Writer:
    """Writes the reports of one process."""

    def __init__(self, pool: "ConnectionPool[Raw]", max_reports: int, max_bytes: int) -> None:
        self._pool, self._max_reports, self._max_bytes = pool, max_reports, max_bytes
        self._pace = Pace(LEAST_TO_TIDY, TIDY_SHARE)
        self._left = 0.0
        self._held = 0
        with pool.connection() as raw:
            tidying.tidy(raw)
            self._note(room(raw, max_reports, max_bytes))

    @property
    def untidy(self) -> int:
        """How many reports of this process may still stand in the order in which they came."""
        return self._pace.untidy

    @property
    def left(self) -> float:
        """The part of the room that was left after the last batch, 0 to 1."""
        return self._left

    def write(self, batch: list[Waiting]) -> Sequence[Outcome]:
        """What became of each, in the order of `batch`, which is left sorted by id."""
        # All machines take rows in this order, so that none waits for one that waits for it.
        batch.sort(key=lambda waiting: waiting.id)
        try:
            return self._again(self._write, batch) if batch else []
        except Exception as error:
            _report(error)
            return self._held_before(batch)

    def take_back(self, batch: Sequence[Waiting]) -> Sequence[Outcome]:
        """What became of each report that was to be taken back."""
        # A COMMIT whose answer is lost may have been done: what it deleted is not there to delete again.
        deleted: set[bytes] = set()
        try:
            gone = self._again(partial(_take_back, deleted), batch) if batch else []
        except Exception as error:
            _report(error)
            self._pace.untidy += len(deleted)
            return [Unavailable("the report was not taken back") for _ in batch]
        self._pace.untidy += sum(gone)
        return [None if one else Missing("there is no report to take back") for one in gone]

    def tidy_when_due(self) -> None:
        """Puts the table in order when enough reports came since it last was."""
        if self._pace.due(self._held):
            self.tidy()

    def tidy(self) -> None:
        """Puts the table in order when reports came since it last was, and it can be done."""
        if self._pace.untidy:
            self._pace.do(self._tidy)

    def _tidy(self) -> None:
        # Where somebody was in the way, or there is too much, it is done at another time.
        with suppress(psycopg.Error), self._pool.connection() as raw:
            self._pace.untidy += not tidying.tidy(raw)

    def rest(self) -> float:
        """The seconds until the table may be put in order again because nothing comes."""
        return self._pace.rest()

    def close(self) -> None:
        """The pool is its owner's."""

    def _again(self, job: Callable[[Raw, Sequence[Waiting]], _Result], batch: Sequence[Waiting]) -> _Result:
        """What `job` returns; it is done once more, with a new connection, when the first was lost."""
        for left in reversed(range(TRIES)):
            try:
                with self._pool.connection() as raw:
                    return job(raw, batch)
            except (psycopg.OperationalError, psycopg.InterfaceError, Raced):
                if not left:
                    raise
                self._pool.check()
        raise AssertionError

    def _write(self, raw: Raw, batch: Sequence[Waiting]) -> list[Outcome]:
        with raw.transaction():
            held = _look_up(raw, batch)
            new = first_of_each(batch, held)
            if new:
                self._note(self._add(Connection(raw, turns=False), new, held))
            else:
                # Other machines fill the room too: who only asks for a report learns of it.
                self._note(room(raw, self._max_reports, self._max_bytes))
        return [outcome(waiting, held) for waiting in batch]

    def _add(self, connection: Connection, new: Sequence[Waiting], held: dict[bytes, bytes]) -> Measured:
        """Adds those for which there is room; `held` has them then."""
        found = room(connection.raw, self._max_reports, self._max_bytes)
        if near(found):
            found = room(connection.raw, self._max_reports, self._max_bytes, alone=True)
        rows = []
        for one in new:
            assert one.sealed is not None  # noqa: S101 - these want to be kept
            if found.take(len(one.sealed)):
                rows.append((one.id, one.week, one.sealed))
        insert = "INSERT INTO reports (id, week, sealed) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
        if rows and connection.executemany(insert, rows).rowcount != len(rows):
            raise Raced
        connection.changed(len(rows), sum(len(sealed) for _, _, sealed in rows))
        held.update({report_id: sealed for report_id, _, sealed in rows})
        self._pace.untidy += len(rows)
        return found

    def _note(self, found: Measured) -> None:
        self._left, self._held = found.part, found.held

    def _held_before(self, batch: Sequence[Waiting]) -> Sequence[Outcome]:
        """A report that was durable before is held all the same."""
        try:
            with self._pool.connection() as raw:
                held = _look_up(raw, batch)
            return [outcome(waiting, held) for waiting in batch]
        except Exception:
            return [Unavailable("the report was not stored") for _ in batch]


def _report(error: Exception) -> None:
    if not isinstance(error, (psycopg.Error, Raced)):
        log.error("the store met %s", place(error))


def _look_up(raw: Raw, batch: Sequence[Waiting]) -> dict[bytes, bytes]:
    """Those reports of a batch that are held."""
    ids = list({waiting.id for waiting in batch})
    return dict(raw.execute("SELECT id, sealed FROM reports WHERE id = ANY(%s)", (ids,), binary=True))


def _take_back(deleted: set[bytes], raw: Raw, batch: Sequence[Waiting]) -> list[bool]:
    """Which reports of a batch are gone; `deleted` has them before the COMMIT, and those of earlier tries."""
    connection = Connection(raw)
    with connection.transaction():
        gone = [_take_one_back(connection, one, one.id in deleted) for one in batch]
        deleted.update(one.id for one, done in zip(batch, gone, strict=True) if done)
    return gone


def _take_one_back(connection: Connection, one: Waiting, before: bool) -> bool:
    """Deletes a report, and its attachments that no bundle has; False when it is not here to delete.

    One that is not here at all counts when an earlier try deleted it `before`.
    """
    found = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM bundled WHERE bundled.id = reports.id) FROM reports WHERE id = ?",
        (one.id,),
    ).fetchone()
    if found is None:
        return before
    if found[0]:
        return False
    for file in one.attachments or ():
        found = connection.execute(
            "SELECT upload FROM attachments WHERE id = ?"
            " AND NOT EXISTS (SELECT 1 FROM bundled WHERE bundled.id = attachments.id)",
            (file,),
        ).fetchone()
        if found:
            delete_pieces(connection, found[0])
            connection.execute("DELETE FROM attachments WHERE id = ?", (file,))
    delete_reports(connection, [one.id])
    return True
