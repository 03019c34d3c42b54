"""Files that are whole or absent: written, synced, and only then given their name."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# The system would note when a file was read last, and so when a visitor came.
_UNNOTED = getattr(os, "O_NOATIME", 0)


def open_unnoted(path: Path) -> int:
    """A descriptor to read a file for a visitor, of which no time is noted where that can be had."""
    try:
        return os.open(path, os.O_RDONLY | _UNNOTED)
    except PermissionError:
        # Only a file's owner may read it unnoted.
        return os.open(path, os.O_RDONLY)


def write_synced(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Writes a new file and returns when the disk has it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())


def replace_synced(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Puts a file in the place of an older one, whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    try:
        write_synced(partial, data, mode)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Returns when the disk has the names in a directory."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal; OSError when it cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def alone(path: Path, *, shared: bool = False) -> Iterator[None]:
    """Keeps others that ask for the same out of a directory; BlockingIOError when somebody is in it.

    Those who share it keep out only those who do not. It ends with the process too, however that ends.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


@dataclass(frozen=True, slots=True)
class Unnamed:
    """A directory that is being filled at `path`, and has its real name only when all is in it."""

    path: Path

    def settle(self, name: Path) -> None:
        """Gives it its name, and returns when the disk has all of it."""
        sync_directory(self.path)
        self.path.rename(name)
        sync_directory(name.parent)


@contextmanager
def unnamed_directory(partial: Path) -> Iterator[Unnamed]:
    """A directory to fill and to settle, which is gone when that did not go well.

    What an earlier run left behind when it was killed is swept away first.
    """
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    try:
        yield Unnamed(partial)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


@contextmanager
def new_directory(path: Path) -> Iterator[Path]:
    """A directory to fill, which gets the name `path` when all went well, and is gone otherwise."""
    with unnamed_directory(path.with_name(f".{path.name}.partial")) as new:
        yield new.path
        new.settle(path)
