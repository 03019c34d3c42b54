"""Brings what a desk said to every machine: its newest keys and its box, whichever machine took the stick.

The command that takes an acknowledgement puts it here, as the desk signed it, with the box that it
names. Each machine fetches it and takes it by the same rules as from a stick: nothing is believed but
what a pinned desk signed for this intake.
"""

import logging
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from intake import desks
from intake.acknowledge import put_in_force
from intake.crypto import acknowledgement
from intake.crypto.acknowledgement import Acknowledgement, box_name
from intake.crypto.errors import CryptoError
from intake.crypto.signing import VerifyKey
from intake.errors import IntakeError
from intake.files import alone
from intake.guard import place
from intake.postgres.schema import Raw
from intake.repeating import repeating

SECONDS_BETWEEN = 5.0
PIECE = 1024 * 1024
FILE = "acknowledgement"

log = logging.getLogger("intake")


def tell(raw: Raw, found: Acknowledgement, said: bytes, box: Path) -> None:
    """Puts what a desk said where all machines find it, with the file `box`, where it names one."""
    with raw.transaction():
        if (
            found.box
            and not raw.execute("SELECT 1 FROM boxes WHERE digest = %s LIMIT 1", (found.box,)).fetchone()
        ):
            with box.open("rb") as file:
                for number, piece in enumerate(iter(lambda: file.read(PIECE), b"")):
                    raw.execute("INSERT INTO boxes VALUES (%s, %s, %s)", (found.box, number, piece))
        raw.execute(
            "INSERT INTO news VALUES (%s, %s) ON CONFLICT (desk) DO UPDATE SET said = excluded.said",
            (found.desk.public.hex(), said),
        )
        # A box that no desk speaks of any more goes.
        _drop_old_boxes(raw)


def _drop_old_boxes(raw: Raw) -> None:
    said = [bytes(row[0]) for row in raw.execute("SELECT said FROM news").fetchall()]
    for (digest,) in raw.execute("SELECT DISTINCT digest FROM boxes").fetchall():
        if not any(digest.encode() in one for one in said):
            raw.execute("DELETE FROM boxes WHERE digest = %s", (digest,))


class News:
    """What a machine has taken of it."""

    def __init__(self, connect: Callable[[], Raw], data: Path, server: VerifyKey) -> None:
        self._connect, self._data, self._server = connect, data, server
        self._taken: dict[str, bytes] = {}

    def fetch(self) -> None:
        """Takes what is new; what cannot be taken is tried again the next time."""
        raw = self._connect()
        try:
            for desk, said in raw.execute("SELECT desk, said FROM news").fetchall():
                if self._taken.get(desk) != said:
                    with alone(self._data):
                        self._take(raw, said)
                    self._taken[desk] = said
        finally:
            raw.close()

    def _take(self, raw: Raw, said: bytes) -> None:
        found = acknowledgement.parse(said, desks.read(self._data).pinned)
        if found.server != self._server:
            return
        with tempfile.TemporaryDirectory(dir=self._data, prefix=".news-") as name:
            stick = Path(name)
            if found.box:
                _write_box(raw, found.box, stick / box_name(found.sequence))
            put_in_force(self._data, found, stick / FILE)

    @contextmanager
    def daily(self, seconds: float = SECONDS_BETWEEN) -> Iterator[None]:
        """Fetches at once, and every few seconds as long as the block lasts."""
        self._try()
        with repeating("news", seconds, self._try):
            yield

    def _try(self) -> None:
        try:
            self.fetch()
        except BlockingIOError:
            return
        except (psycopg.Error, CryptoError, IntakeError, OSError) as error:
            log.warning("what a desk said was not taken: %s", place(error))


def _write_box(raw: Raw, digest: str, path: Path) -> None:
    with path.open("wb") as file:
        number = 0
        sql = b"SELECT bytes FROM boxes WHERE digest = %s AND number = %s"
        while row := raw.execute(sql, (digest, number), binary=True).fetchone():
            file.write(row[0])
            number += 1
