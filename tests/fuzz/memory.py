"""A folder for readers that want a file's name; in memory, where the system has such a place."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

_MEMORY = Path("/dev/shm")


@cache
def folder() -> Path:
    """One for this process, which goes with it."""
    place = Path(tempfile.mkdtemp(prefix="witnessbox-fuzz-", dir=_MEMORY if _MEMORY.is_dir() else None))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return place


def file(name: str, data: bytes) -> Path:
    """A file of that name with these bytes, in place of the one before."""
    path = folder() / name
    path.write_bytes(data)
    return path
