"""A shard: sealed reports in a plain tar, in the one form that is allowed.

    shard  = *member two-zero-blocks
    member = header(512) sealed-report zero-fill(to 512)
    name   = week "/" id ".age"         ; 2026-W47/00112233445566778899aabbccddeeff.age

Members stand in the order of their names, so the order says nothing about arrival; owner, group
and time are zero. Stock `tar -x` unpacks it. The reader builds each header anew from the name
and the size and refuses the member unless the bytes agree, so links, long names, sparse files,
paths out of the folder and second spellings never get as far as being understood.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from intake.crypto.errors import Malformed

BLOCK = 512
MAX_SHARD_BYTES = 64 * 1024 * 1024
MAX_SHARD_REPORTS = 5000
# The smallest age file has a header of a version line, a stanza and a MAC.
MIN_MEMBER = 200
ID_LENGTH = 16

_NAME = re.compile(r"(\d{4}-W(?:0[1-9]|[1-4]\d|5[0-3]))/([0-9a-f]{32})\.age")
_SIZE = slice(124, 135)
_END = bytes(2 * BLOCK)


@dataclass(frozen=True, slots=True, order=True)
class ReportName:
    """Where a report stands in a bundle: the ISO week it was received in, and its 16-byte id."""

    week: str
    id: bytes

    def __str__(self) -> str:
        return f"{self.week}/{self.id.hex()}.age"

    @classmethod
    def parse(cls, text: str) -> "ReportName":
        """The name spelled `text`; Malformed for anything that is not one."""
        found = _NAME.fullmatch(text)
        if not found:
            raise Malformed("a member's name is not a week and an id")
        return cls(found[1], bytes.fromhex(found[2]))


@dataclass(frozen=True, slots=True)
class Member:
    """A sealed report to be written."""

    name: ReportName
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a sealed report stands in a shard: its name, its offset and size in bytes."""

    name: ReportName
    offset: int
    size: int


def member_length(size: int) -> int:
    """Bytes that a sealed report of `size` bytes takes in a shard."""
    return BLOCK + size + -size % BLOCK


def write_shard(members: Iterable[Member], out: BinaryIO) -> None:
    """Writes the shard; the members come sorted by name, each name once."""
    last = None
    for member in members:
        if last is not None and member.name <= last:
            raise Malformed("the members of a shard are not in the order of their names")
        last = member.name
        size = len(member.sealed)
        out.write(_header(str(member.name), size))
        out.write(member.sealed)
        out.write(bytes(-size % BLOCK))
    out.write(_END)


def index_shard(shard: BinaryIO) -> Iterator[Entry]:
    """What a seekable shard holds, without reading the reports; Malformed at the first flaw."""
    length = shard.seek(0, 2)
    position = count = 0
    last = None
    while position < length - len(_END):
        shard.seek(position)
        name, size = read_header(shard.read(BLOCK))
        entry = Entry(name, position + BLOCK, size)
        position += member_length(entry.size)
        count += 1
        if (last is not None and entry.name <= last) or count > MAX_SHARD_REPORTS:
            raise Malformed("the members of a shard are too many, or not in the order of their names")
        last = entry.name
        yield entry
    shard.seek(position)
    if position != length - len(_END) or shard.read() != _END:
        raise Malformed("a shard does not end as it should")


def read_header(header: bytes) -> tuple[ReportName, int]:
    """The name and the size that a member's header says; Malformed unless it is in the one allowed form."""
    try:
        text = header[: header.index(b"\0")].decode("ascii")
        size = int(header[_SIZE], 8)
    except ValueError:
        raise Malformed("a member's header is broken") from None
    name = ReportName.parse(text)
    if not MIN_MEMBER <= size <= MAX_SHARD_BYTES or header != _header(text, size):
        raise Malformed("a member's header is not in the one allowed form")
    return name, size


def _header(name: str, size: int) -> bytes:
    """The POSIX ustar header of a plain file with everything that could identify set to zero."""
    zeros = b"0000000\0"
    front = name.encode("ascii").ljust(100, b"\0") + b"0000600\0" + zeros + zeros
    front += b"%011o\0" % size + b"00000000000\0"
    back = (b"0" + bytes(100) + b"ustar\0" + b"00" + bytes(64) + zeros + zeros).ljust(BLOCK - 156, b"\0")
    # The checksum is the sum of all bytes with its own field full of spaces.
    checksum = sum(front) + 8 * ord(" ") + sum(back)
    return front + b"%06o\0 " % checksum + back
