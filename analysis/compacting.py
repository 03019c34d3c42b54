"""Writes the desk's database anew without what was deleted from it: free pages, gaps in pages, old indexes.

    .desk.db.<digits>.part    all that the database says, in a new encrypted file beside it
    desk.db                   gets the pages of that file in one transaction, as VACUUM does it

SQLite's own VACUUM would hold all of the database in memory here, because temporary files may not be
written. The file keeps its place, so a workbench that is open goes on and sees what was deleted go.
"""

import os
import secrets
from pathlib import Path
from typing import Any

from analysis import cipher
from analysis.archive import PART
from analysis.desk import DATABASE, Desk
from analysis.desk_errors import Busy, Unwritable
from analysis.storage import new_file

JOURNALS = ("-journal", "-wal", "-shm")
# Somebody else may be reading: so many times a quarter of a second are waited.
PATIENCE = 240


def compact(desk: Desk, patience: int = PATIENCE) -> None:
    """Leaves nothing in the file but what the tables say.

    A kill at any moment leaves the database as it was or as it will be. The caller keeps other commands
    away (`desk.changing`). Raises Busy or Unwritable, or what the database says.
    """
    aside = aside_of(desk.path)
    clear_away(desk.path)
    try:
        _make(aside)
        cipher.copy_into(desk.database.conn, aside, desk.database_key)
        _take_over(desk, aside, patience)
    finally:
        remove(aside)


def aside_of(desk: Path) -> Path:
    """A name for a database that is made beside the desk's own."""
    return desk / f".{DATABASE}.{secrets.token_hex(4)}{PART}"


def clear_away(desk: Path, but: Path | None = None) -> None:
    """Removes what killed commands left beside the database."""
    for left in desk.glob(f".{DATABASE}.*{PART}*"):
        if but is None or not left.name.startswith(but.name):
            left.unlink()


def remove(database: Path) -> None:
    """Removes a database's files."""
    for end in ("", *JOURNALS):
        database.with_name(database.name + end).unlink(missing_ok=True)


def _make(path: Path) -> None:
    try:
        os.close(new_file(path))
    except OSError as error:
        raise Unwritable(f"{path}: {(error.strerror or 'cannot be written').lower()}") from None


def _take_over(desk: Desk, aside: Path, patience: int) -> None:
    left = patience

    def wait(status: int, *_: Any) -> None:
        nonlocal left
        left -= status in (cipher.sqlite.SQLITE_BUSY, cipher.sqlite.SQLITE_LOCKED)
        if left < 0:
            path = desk.path / DATABASE
            raise Busy(f"{path}: another program keeps the database to itself", "wait for it to end")

    source = cipher.connect(aside, desk.database_key, readonly=True)
    try:
        # The pages of either file are needed once.
        source.execute("PRAGMA cache_size = -20000")
        source.backup(desk.database.conn, progress=wait, sleep=0.25)
    finally:
        source.close()
