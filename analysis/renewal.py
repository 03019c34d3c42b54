"""Puts a shard that was written anew in the place of the one that stands in the archive.

The new file is on the disk before the database names it, and the old one goes last. A kill at any
moment leaves every report in a file that the database names; `archive.sweep` tidies the rest.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedRandom
from pathlib import Path

from analysis.archive import PART, SHARD_NAME
from analysis.desk import Desk
from analysis.desk_errors import DamagedDesk, Unwritable
from analysis.storage import new_file, sync_directory
from intake.crypto.shard import Entry, Member, index_shard, write_shard


@dataclass(frozen=True, slots=True)
class Written:
    """A new shard, whose name still ends in ".part", and where its members lie in it."""

    path: Path
    sha256: str
    entries: tuple[Entry, ...]

    @property
    def name(self) -> str:
        """The name that it will have."""
        return self.path.name.removesuffix(PART)


def write(path: Path, members: Iterable[Member]) -> Written:
    """Makes a new file of these members, on the disk when this returns. OSError leaves it half-written."""
    with open(new_file(path), "w+b") as file:
        write_shard(members, file)
        return _finish(path, file)


def finish(path: Path) -> Written:
    """Puts a file that has such members already on the disk. Raises OSError."""
    with path.open("r+b") as file:
        return _finish(path, file)


def _finish(path: Path, file: BufferedRandom) -> Written:
    file.flush()
    os.fsync(file.fileno())
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Written(path, digest, tuple(index_shard(file)))


def write_anew(desk: Desk, name: str, members: Iterable[Member]) -> Written:
    """What is to take the place of the shard of this name. Raises Unwritable, DamagedDesk."""
    found = SHARD_NAME.fullmatch(name)
    if not found:
        raise DamagedDesk(f"{desk.archive / name}: not the name of a shard")
    stem = f"{found['of']}-{found['original']}"
    part = desk.archive / f"{stem}{PART}"
    try:
        part.unlink(missing_ok=True)
        try:
            made = write(part, members)
            waiting = desk.archive / f"{stem}-{made.sha256[:32]}.tar{PART}"
            os.replace(part, waiting)
        finally:
            part.unlink(missing_ok=True)
        sync_directory(desk.archive)
    except OSError as error:
        raise _unwritable(desk, error) from None
    return Written(waiting, made.sha256, made.entries)


@contextmanager
def taking_place(desk: Desk, old: str, new: Written) -> Iterator[None]:
    """Lists the new shard in the place of the old one, in one transaction with what the block does."""
    path = desk.archive / new.name
    try:
        with desk.database.atomic():
            if new.name != old:
                _list(desk, old, new)
            yield
        # What a kill leaves undone from here on, archive.sweep does.
        os.replace(new.path, path)
        sync_directory(desk.archive)
        if new.name != old:
            (desk.archive / old).unlink()
            sync_directory(desk.archive)
    except OSError as error:
        raise _unwritable(desk, error) from None


def _list(desk: Desk, old: str, new: Written) -> None:
    connection = desk.database.conn
    # What came is still the number of members that the server signed, though files may be gone from it.
    connection.execute(
        'UPDATE "shards" SET "name" = ?, "sha256" = ?, "bytes" = ? WHERE "name" = ?',
        [new.name, new.sha256, new.path.stat().st_size, old],
    )
    connection.executemany(
        'UPDATE "attachments" SET "shard" = ?, "place" = ?, "size" = ? WHERE "name" = ? AND "shard" = ?',
        [(new.name, one.offset, one.size, one.name.id.hex(), old) for one in new.entries],
    )
    connection.execute(
        'UPDATE "attachments" SET "shard" = NULL, "place" = NULL, "size" = NULL WHERE "shard" = ?', [old]
    )


def _unwritable(desk: Desk, error: OSError) -> Unwritable:
    return Unwritable(f"{desk.archive}: {(error.strerror or 'cannot be written').lower()}")
