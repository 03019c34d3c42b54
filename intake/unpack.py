"""Takes a batch apart while it streams in: sealed files in a tar of the one form that is allowed.

    batch = 1*500member two-zero-blocks             ; a shard, as intake/crypto/shard.py quotes it

No more than a header of it is held here. Each header is built anew from its name and size, so that links,
long names, extended headers and paths out of the folder are refused before they mean anything. `unpack.js`
does the same in the browser.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from intake.crypto.errors import Malformed
from intake.crypto.shard import BLOCK, MAX_SHARD_BYTES, ReportName, member_length, read_header

MOST_MEMBERS = 500
_END = 2 * BLOCK


@dataclass(frozen=True, slots=True)
class Part:
    """Some bytes of a member; `first` and `last` say whether it begins or ends with them."""

    name: ReportName
    size: int
    data: bytes
    first: bool
    last: bool


class Unpacker:
    """Takes the bytes of a batch in pieces of any length, and holds the header that is coming in alone."""

    def __init__(self) -> None:
        self._header = bytearray()
        self._name: ReportName | None = None
        self._size = 0
        self._left = 0
        self._fill = 0
        self._members = 0
        self._length = _END
        self._zeros = 0

    def feed(self, piece: bytes) -> Iterator[Part]:
        """What the next bytes of the batch have of its members; Malformed at the first flaw."""
        place = 0
        while place < len(piece):
            if self._left and self._name:
                data = piece[place : place + self._left]
                first = self._left == self._size
                self._left -= len(data)
                place += len(data)
                yield Part(self._name, self._size, data, first, not self._left)
            elif self._fill:
                place += self._skip(piece[place : place + self._fill])
            else:
                place += self._frame(piece[place : place + BLOCK - len(self._header)])

    def finish(self) -> None:
        """Malformed unless the batch is whole."""
        if self._zeros != _END or self._header or not self._members:
            raise Malformed("a batch breaks off, is empty, or has something after its end")

    def _skip(self, fill: bytes) -> int:
        self._fill -= len(fill)
        if any(fill):
            raise Malformed("a member is not filled with zeros")
        return len(fill)

    def _frame(self, part: bytes) -> int:
        """Takes more of a header, or of the two blocks of zeros at the end."""
        self._header += part
        if len(self._header) == BLOCK:
            block = bytes(self._header)
            self._header.clear()
            if self._zeros or not any(block):
                self._end(block)
            else:
                self._begin(block)
        return len(part)

    def _begin(self, header: bytes) -> None:
        name, size = read_header(header)
        self._members += 1
        self._length += member_length(size)
        if self._members > MOST_MEMBERS or self._length > MAX_SHARD_BYTES:
            raise Malformed("a batch has too many members, or is too large")
        if self._name is not None and name <= self._name:
            raise Malformed("the members of a batch are not in the order of their names")
        self._name, self._size, self._left, self._fill = name, size, size, -size % BLOCK

    def _end(self, block: bytes) -> None:
        self._zeros += BLOCK
        if any(block) or self._zeros > _END:
            raise Malformed("a batch does not end as it should")
