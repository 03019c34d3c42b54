"""Says in the desk's words what its database cannot do: once, for every command."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from analysis import cipher
from analysis.desk_errors import Busy, DamagedDesk, Unwritable
from analysis.errors import AnalysisError

_LOCKED = ("SQLITE_BUSY", "SQLITE_LOCKED")
_UNREADABLE = ("SQLITE_IOERR_READ", "SQLITE_IOERR_SHORT_READ", "SQLITE_IOERR_CORRUPTFS")
_REFUSED = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")
_BROKEN = ("SQLITE_CORRUPT", "SQLITE_NOTADB", *_UNREADABLE)


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Raises Busy, Unwritable or DamagedDesk where the database at `path` says so in its own way."""
    try:
        yield
    except cipher.DatabaseError as error:
        trouble = _trouble(path, str(getattr(error, "sqlite_errorname", "")))
        # Anything else is a fault of this program, and says where it happened.
        if trouble is None:
            raise
        raise trouble from None


def _trouble(path: Path, name: str) -> AnalysisError | None:
    if name.startswith(_LOCKED):
        return Busy(f"{path}: another program keeps the database to itself", "wait for it to end")
    if name.startswith(_BROKEN):
        return DamagedDesk(
            f"{path}: the database is damaged, or another desk's", "bring back a copy of the desk's folder"
        )
    if name.startswith(_REFUSED):
        return Unwritable(
            f"{path}: the disk is full, or refuses to be written",
            "nothing was lost: make room, then give the same command again",
        )
    return None
