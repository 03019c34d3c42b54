"""The database of one machine: two files of SQLite in the data directory."""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from intake import database, files, keeping, largefile, writer
from intake.crypto.acknowledgement import Acknowledgement
from intake.tally import OwnTally
from intake.tidy import MOST_BYTES, cut_journal, tidy


@dataclass(frozen=True, slots=True)
class Sqlite:
    """The file of reports at `path`, with the file of attachments beside it."""

    path: Path
    errors = (sqlite3.Error,)

    def __str__(self) -> str:
        return str(self.data)

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.path.parent

    @property
    def large(self) -> Path:
        """The file of attachments."""
        return self.path.with_name(largefile.FILE)

    def connect(self) -> database.Connection:
        """A connection to both files."""
        connection = database.connect(self.path)
        largefile.attach(connection, self.large)
        return connection

    def explained(self) -> AbstractContextManager[None]:
        """Turns an error of SQLite into a DatabaseError."""
        return database.explained(self.path)

    def alone(self) -> AbstractContextManager[None]:
        """Keeps other commands out of the data directory."""
        return files.alone(self.data)

    @contextmanager
    def exporting(self) -> Iterator[int]:
        """The one place: two exports would wait for the same disk."""
        with files.alone(self.data):
            yield 1

    def keep_forms(self, forms: Iterable[tuple[str, bytes]]) -> None:
        """Keeps each form that reports may name."""
        database.keep_forms(self.path, forms)

    def writer(self, max_reports: int, min_free_bytes: int) -> writer.Writer:
        """Who writes reports."""
        return writer.Writer(self.path, max_reports, min_free_bytes)

    def files(self, min_free_bytes: int) -> largefile.Files:
        """Where attachments are written."""
        return largefile.Files(self.large, min_free_bytes)

    def tidy(self, connection: keeping.Connection) -> None:
        """Puts both files in order; closes the connection."""
        _tidy(connection, self.path)
        connection.close()
        largefile.tidy_file(self.large)

    def wipe(self, connection: keeping.Connection) -> bool:
        """Leaves no byte of what was deleted in either file and its journal. Closes the connection."""
        done = _wipe(connection, self.path)
        connection.close()
        if self.large.exists():
            with closing(largefile.open_file(self.large)) as large:
                done &= _wipe(large, self.large)
        return done

    def sweep(self, connection: keeping.Connection, today: date) -> None:
        """Nothing: each start of the server does."""

    def tally(self) -> OwnTally:
        """What this process counts."""
        return OwnTally()

    def tell(self, connection: keeping.Connection, found: Acknowledgement, said: bytes, box: Path) -> None:
        """Nothing: there is no other machine."""

    def following(self) -> AbstractContextManager[None]:
        """Nothing: no other machine hears a desk."""
        return nullcontext()

    def warnings(self) -> list[str]:
        """None: how the files are written is ours to say."""
        return []

    def close(self) -> None:
        """Nothing: who opens a file closes it."""

    def space(self, connection: keeping.Connection, min_free_bytes: int) -> keeping.Space:
        """What is free on the disk."""
        disk = os.statvfs(self.data)
        return keeping.Space(disk.f_bavail * disk.f_frsize, min_free_bytes)


def _tidy(connection: keeping.Connection, path: Path) -> None:
    tidy(connection, path, most_bytes=MOST_BYTES)


def _wipe(connection: keeping.Connection, path: Path) -> bool:
    # First the journal, so that the zeros of `secure_delete` reach the pages that the rewriting frees.
    done = cut_journal(connection)
    _tidy(connection, path)
    return done & cut_journal(connection)
