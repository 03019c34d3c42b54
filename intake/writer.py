"""Who writes reports into a file of SQLite: all that is new in a batch is one transaction.

The file syncs before COMMIT returns (synchronous=FULL). A batch is kept as a whole or not at all.
"""

import logging
import os
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from intake import withdrawal
from intake.database import ATTACHMENTS, connect, explained
from intake.guard import place
from intake.keeping import Missing, Outcome, Room, Unavailable, Waiting
from intake.outcome import first_of_each, outcome
from intake.pace import Pace
from intake.places import Places
from intake.tidy import MOST_BYTES, cut_journal, patient, settle, tidy

log = logging.getLogger("intake")


class Writer:
    """Writes the reports of the file at `path`."""

    def __init__(self, path: Path, max_reports: int, min_free_bytes: int) -> None:
        self.path, self.max_reports, self.min_free_bytes = path, max_reports, min_free_bytes
        self.left = 0.0
        self._places = Places()
        self._pace = Pace()
        self._version: int | None = None
        # Whether the journal may hold bytes of what was taken back.
        self._unwiped = False
        self.connection = connect(path)
        try:
            with explained(path):
                # What a server that was killed left: bytes that were taken back, and the order of arrival.
                with patient(self.connection):
                    self._unwiped = not cut_journal(self.connection)
                    self._places.uneven = not tidy(self.connection, path)
                self._pace.untidy = int(self._unwiped or self._places.uneven)
                self._follow()
        except BaseException:
            self.connection.close()
            raise
        self.left = self._left()

    @property
    def untidy(self) -> int:
        """How many reports may still stand in the order in which they came."""
        return self._pace.untidy

    def write(self, batch: list[Waiting]) -> list[Outcome]:
        """What became of each, in the order of `batch`, which is left sorted by id."""
        if not batch:
            return []
        try:
            # Pages are filled in this order; it must say nothing about who came first.
            batch.sort(key=lambda waiting: waiting.id)
            self.connection.execute("BEGIN IMMEDIATE")
            # Now, when nobody else writes: a second server must not take the last places as well.
            self._follow()
            held = self._look_up(batch)
            new = self._add(first_of_each(batch, held))
            self.connection.execute("COMMIT")
        except Exception as error:
            if not isinstance(error, (sqlite3.Error, OSError)):
                log.error("the store met %s", place(error))
            return self._give_up(batch)
        self._pace.untidy += len(new)
        return [outcome(waiting, held | new) for waiting in batch]

    def take_back(self, batch: Sequence[Waiting]) -> list[Outcome]:
        """What became of each report that was to be taken back; what is gone is in no file any more."""
        if not batch:
            return []
        large = self.path.with_name(ATTACHMENTS)
        try:
            self._follow()
            self.connection.execute("BEGIN IMMEDIATE")
            gone = [
                withdrawal.take_back(self.connection, large, one.id, one.attachments or ()) for one in batch
            ]
            self.connection.execute("COMMIT")
        except Exception as error:
            if not isinstance(error, (sqlite3.Error, OSError)):
                log.error("the store met %s", place(error))
            with suppress(sqlite3.Error):
                self.connection.rollback()
            return [Unavailable("the report was not taken back") for _ in batch]
        if number := sum(gone):
            self._version = None
            self._pace.untidy += number
            self._unwiped = True
            self._wipe()
        return [None if one else Missing("there is no report to take back") for one in gone]

    def _wipe(self) -> None:
        """Empties the journal of what was taken back, or leaves that to the next time."""
        with suppress(sqlite3.Error), patient(self.connection):
            self._unwiped = self._unwiped and not cut_journal(self.connection)

    def tidy_when_due(self) -> None:
        """Puts the file in order when enough reports came since it last was."""
        if self._pace.due(len(self._places)):
            self.tidy()

    def tidy(self) -> None:
        """Puts the file in order when reports came since it last was, and it can be done."""
        if self._pace.untidy:
            # First, so that zeros stand in the pages that the rewriting frees.
            self._wipe()
            self._pace.do(self._tidy)

    def _tidy(self) -> None:
        settled = False
        with suppress(sqlite3.Error, OSError), patient(self.connection):
            if self._places.uneven:
                self._places.uneven = not tidy(self.connection, self.path, most_bytes=MOST_BYTES)
            settled = settle(self.connection)
        # Where somebody was in the way it is done when nothing comes for a while.
        self._pace.untidy += not settled

    def rest(self) -> float:
        """The seconds until the file may be put in order again because nothing comes."""
        return self._pace.rest()

    def close(self) -> None:
        """Ends the connection."""
        self.connection.close()

    def _follow(self) -> None:
        """Looks anew when another command wrote: it may have deleted what the desks acknowledged."""
        (version,) = self.connection.execute("PRAGMA data_version").fetchone()
        if version != self._version:
            self._places.read(self.connection)
            self._version = version

    def _left(self) -> float:
        """The part of the room that is left now."""
        try:
            return self._part(self._room())
        except OSError:
            return 0.0

    def _part(self, room: Room) -> float:
        """The part that is left of the reports that may be kept, or of the disk, whichever is less."""
        taken = self.path.stat().st_size
        of_disk = room.bytes / (room.bytes + taken) if room.bytes > 0 else 0.0
        return max(0.0, min(room.reports / self.max_reports, of_disk))

    def _room(self) -> Room:
        disk = os.statvfs(self.path.parent)
        free = disk.f_bavail * disk.f_frsize - self.min_free_bytes
        return Room(self.max_reports - len(self._places), free)

    def _look_up(self, batch: Sequence[Waiting]) -> dict[bytes, bytes]:
        """Those reports of a batch that are held."""
        ids = list({waiting.id for waiting in batch})
        holes = ", ".join("?" * len(ids))
        return dict(
            self.connection.execute(f"SELECT id, sealed FROM reports WHERE id IN ({holes})", ids)  # noqa: S608
        )

    def _add(self, new: Sequence[Waiting]) -> dict[bytes, bytes]:
        """Adds those for which there is room."""
        room = self._room()
        fit = [one for one in new if one.sealed and room.take(len(one.sealed))]
        self.left = self._part(room)
        self._places.add(self.connection, fit)
        return {one.id: one.sealed for one in fit if one.sealed}

    def _give_up(self, batch: Sequence[Waiting]) -> list[Outcome]:
        """Takes back what was begun. A report that was durable before is held all the same."""
        self._version = None
        self.left = self._left()
        try:
            self.connection.rollback()
            held = self._look_up(batch)
            return [outcome(waiting, held) for waiting in batch]
        except Exception:
            return [Unavailable("the report was not stored") for _ in batch]
