"""Copies loose sealed files together into a file of the desk's own, a lot at a time, before they are opened.

What is opened and what is archived are then the same bytes, whatever happens to the stick meanwhile. Of a
batch that is damaged each member that is whole is taken, since nobody may have another copy.
"""

import hashlib
import io
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from analysis.desk_errors import UnreadableFile
from analysis.gathering import BATCH, SEALED, Fault
from analysis.opening import NAMELESS
from analysis.storage import new_file, open_file
from intake.crypto.attachment import ATTACHMENT_CLASSES
from intake.crypto.derive import CHUNK, PAYLOAD_NONCE, TAG
from intake.crypto.errors import Malformed
from intake.crypto.header import MAX_HEADER, VERSION_LINE
from intake.crypto.shard import (
    BLOCK,
    MAX_SHARD_BYTES,
    MIN_MEMBER,
    Entry,
    Member,
    ReportName,
    index_shard,
    member_length,
    write_shard,
)

# What is read waits in memory for its turn, and a lot becomes a shard.
LOT_MEMBERS = 2000
LOT_BYTES = 32 * 1024 * 1024
MOST_OF_BATCH = 500
_LARGEST = ATTACHMENT_CLASSES[-1]
MAX_SEALED = MAX_HEADER + PAYLOAD_NONCE + _LARGEST + TAG * -(-_LARGEST // CHUNK)
# As browsers and people name copies, too (FORMAT.md, section 14).
_STATED = re.compile(r"([0-9a-f]{32})(?:[ (_.-].{0,60})?\.age", re.IGNORECASE | re.DOTALL)
NOT_SEALED = "not a sealed file"


class Item(NamedTuple):
    """A sealed file in a lot: where it came from, the id that its name states, if any, and where it lies."""

    place: str
    stated: bytes
    entry: Entry


@dataclass(frozen=True, slots=True)
class Lot:
    """Sealed files that were copied together; `faults` are those that could not be.

    `is_shard` says that the file is a shard of them, if each has the id that its name states.
    """

    path: Path
    items: Sequence[Item]
    faults: Sequence[Fault]
    is_shard: bool


class _Sealed(NamedTuple):
    place: str
    stated: bytes
    data: bytes


def lots(stage: Path, week: str, files: Sequence[Path], progress: Callable[[int], None]) -> Iterator[Lot]:
    """The files in lots, each in a new file `stage` in the place of the one before.

    `progress` is told the bytes of what could not be copied. Raises OSError for the stage alone.
    """
    faults: list[Fault] = []
    sealed = _all(files, faults, progress)
    one = next(sealed, None)
    while one or faults:
        some: list[_Sealed] = []
        room = LOT_BYTES
        while one and len(some) < LOT_MEMBERS and (not some or len(one.data) <= room):
            room -= len(one.data)
            some.append(one)
            one = next(sealed, None)
        stage.unlink(missing_ok=True)
        yield _write(stage, week, some, tuple(faults))
        faults.clear()


def _write(stage: Path, week: str, some: list[_Sealed], faults: Sequence[Fault]) -> Lot:
    """A lot in a new file: in the form of a shard where each name states an id, else one after the other."""
    is_shard = all(one.stated for one in some) and len({one.stated for one in some}) == len(some)
    some.sort(key=lambda one: one.stated)
    items, place = [], 0
    for one in some:
        entry = Entry(ReportName(week, NAMELESS), place + BLOCK * is_shard, len(one.data))
        items.append(Item(one.place, one.stated, entry))
        place += member_length(len(one.data)) if is_shard else len(one.data)
    with open(new_file(stage), "wb") as out:
        if is_shard:
            write_shard((Member(ReportName(week, one.stated), one.data) for one in some), out)
        else:
            out.writelines(one.data for one in some)
    return Lot(stage, items, faults, is_shard)


def _all(files: Sequence[Path], faults: list[Fault], progress: Callable[[int], None]) -> Iterator[_Sealed]:
    for path in files:
        before = len(faults)
        yield from _read(path, faults)
        if len(faults) > before:
            progress(size_of(path))


def size_of(path: Path) -> int:
    """How long a file is, or 0 where nobody can tell."""
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def _read(path: Path, faults: list[Fault]) -> Iterator[_Sealed]:
    is_tar = path.name.lower().endswith(".tar")
    try:
        data = read_still(path, MAX_SHARD_BYTES if is_tar else MAX_SEALED)
    except UnreadableFile as error:
        faults.append(Fault(str(path), error.message.removeprefix(f"{path}: ")))
        return
    if is_tar:
        yield from _members(path, data, faults)
    elif len(data) < MIN_MEMBER or not data.startswith(VERSION_LINE):
        faults.append(Fault(str(path), NOT_SEALED))
    else:
        stated = _STATED.fullmatch(path.name)
        yield _Sealed(str(path), bytes.fromhex(stated[1]) if stated else NAMELESS, data)


def read_still(path: Path, limit: int) -> bytes:
    """The bytes of a plain file that nobody writes to meanwhile. Raises UnreadableFile."""
    with open_file(path) as descriptor:
        before = os.fstat(descriptor)
        if before.st_size > limit:
            raise UnreadableFile(f"{path}: longer than such a file can be")
        try:
            with open(descriptor, "rb", closefd=False) as file:
                data = file.read(before.st_size + 1)
        except OSError as error:
            raise UnreadableFile(f"{path}: {(error.strerror or 'cannot be read').lower()}") from None
        after = os.fstat(descriptor)
    if not len(data) == before.st_size == after.st_size or before.st_mtime_ns != after.st_mtime_ns:
        raise UnreadableFile(f"{path}: changed while it was read")
    return data


def _members(path: Path, data: bytes, faults: list[Fault]) -> Iterator[_Sealed]:
    """The members of a batch, up to the first that is not in the one allowed form."""
    file = io.BytesIO(data)
    entries: list[Entry] = []
    try:
        for entry in index_shard(file):
            if entry.size > MAX_SEALED:
                raise Malformed("a member is longer than a sealed file can be")
            # The last one may say that it is longer than the batch.
            if entry.offset + entry.size <= len(data):
                entries.append(entry)
        _check_batch(path, data, entries)
    except Malformed as error:
        faults.append(Fault(str(path), f"{error}; what of it is whole was taken"))
    for entry in entries:
        place = f"{path}: {entry.name.id.hex()}{SEALED}"
        yield _Sealed(place, entry.name.id, data[entry.offset : entry.offset + entry.size])


def _check_batch(path: Path, data: bytes, entries: Sequence[Entry]) -> None:
    named = BATCH.fullmatch(path.name)
    if len(entries) > MOST_OF_BATCH:
        raise Malformed(f"holds more than {MOST_OF_BATCH} sealed files")
    ends = ((entry.offset + entry.size, member_length(entry.size) - BLOCK - entry.size) for entry in entries)
    if any(any(data[end : end + fill]) for end, fill in ends):
        raise Malformed("holds something between its sealed files")
    if named and not hashlib.sha256(data).hexdigest().startswith(named[1].lower()):
        raise Malformed("changed since it was saved")
