"""Where attachments are written in PostgreSQL: a connection of their own, and a part of the room."""

from collections.abc import Callable
from contextlib import suppress

import psycopg

from intake.postgres import tidying
from intake.postgres.connection import Connection
from intake.postgres.room import room
from intake.postgres.schema import Raw

# Attachments leave this part of the room to reports.
OF_REPORTS = 1 / 4
# No count of reports stands in the way of an attachment.
_MANY = 2**62


class Files:
    """The tables of attachments as one process writes them."""

    def __init__(self, connect: Callable[[], Raw], max_bytes: int) -> None:
        self._connect = connect
        self._max_bytes = int(max_bytes * (1 - OF_REPORTS))
        self._connection = Connection(connect(), turns=False)
        self.left = 1.0

    @property
    def connection(self) -> Connection:
        """The connection; a new one when the last was lost."""
        if self._connection.raw.closed:
            self._connection = Connection(self._connect(), turns=False)
        return self._connection

    def free_bytes(self) -> int:
        """The bytes that may still be taken; notes which part of the room they are."""
        found = room(self.connection.raw, _MANY, self._max_bytes)
        self.left = max(0.0, found.bytes / self._max_bytes)
        return found.bytes

    def sweep(self) -> None:
        """Nothing: other machines' uploads are under way. `sweeping.py` clears away what is left over."""

    def tidy(self) -> bool:
        """Puts all tables in order; False when that could not be done now."""
        with suppress(psycopg.Error):
            return tidying.tidy(self.connection.raw)
        return False

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()
