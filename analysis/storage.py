"""Writes files that are whole or absent, readable by nobody but their owner."""

import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from analysis.desk_errors import UnreadableFile, Unwritable

DIRECTORY_MODE = 0o700
FILE_MODE = 0o600


def read_file(path: Path, limit: int) -> bytes:
    """The bytes of a plain file of at most `limit` bytes; UnreadableFile for anything else."""
    with open_file(path) as descriptor:
        if os.fstat(descriptor).st_size > limit:
            raise UnreadableFile(f"{path}: longer than such a file can be")
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(limit)


@contextmanager
def open_file(path: Path) -> Iterator[int]:
    """A descriptor for reading a plain file: never a link, a pipe or a device that a stick may hold."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise UnreadableFile(f"{path}: {reason(error)}") from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UnreadableFile(f"{path}: not a plain file")
        yield descriptor
    finally:
        os.close(descriptor)


def write_file(path: Path, data: bytes) -> None:
    """Makes a new file with these bytes, on the disk when this returns."""
    try:
        with open(new_file(path), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise Unwritable(f"{path}: {reason(error)}") from None


def replace_file(path: Path, pieces: Iterable[bytes], part: Path) -> None:
    """Puts a file of these pieces in the place of what is there, on the disk when this returns.

    It is written as `part`, in the same folder, first; a kill leaves that at most. Raises Unwritable.
    """
    try:
        part.unlink(missing_ok=True)
        try:
            with open(new_file(part), "wb") as file:
                for piece in pieces:
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
        sync_directory(path.parent)
    except OSError as error:
        raise Unwritable(f"{path}: {(error.strerror or 'cannot be written').lower()}") from None


def new_file(path: Path) -> int:
    """A descriptor of a file that did not exist before."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)


def sync_directory(path: Path) -> None:
    """Puts the names in a folder on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def built_aside(path: Path) -> Iterator[Path]:
    """A temporary folder that becomes `path` when the block ends well, and vanishes when it does not."""
    try:
        # A folder's own name, where it was given as "." or "desk/..".
        path = path.resolve()
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path)
        aside = path.parent / f".{path.name}.{secrets.token_hex(4)}.part"
        aside.mkdir(mode=DIRECTORY_MODE)
    except OSError as error:
        raise Unwritable(f"{path}: {reason(error)}") from None
    try:
        yield aside
        sync_directory(aside)
        os.rename(aside, path)
        sync_directory(path.parent)
    except OSError as error:
        raise Unwritable(f"{path}: {reason(error)}") from None
    finally:
        with suppress(OSError):
            shutil.rmtree(aside)


def _sweep(path: Path) -> None:
    """Removes what a killed command left beside `path`: a new desk's key may lie in it."""
    own = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{8}}\.part")
    for left in path.parent.iterdir():
        if own.fullmatch(left.name) and left.is_dir() and not left.is_symlink():
            shutil.rmtree(left)


def reason(error: OSError) -> str:
    return (error.strerror or "cannot be used").lower()
