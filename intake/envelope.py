"""Checks what a browser sends as a sealed report or attachment: 16 bytes of id, then an age file.

The server cannot open it. What it checks is the outside: the exact lengths, the header's form, and as
many stanzas of each kind as there are recipients. That keeps out accidents, foreign files and odd
sizes. It does not show that a report is inside, nor to whom it is sealed: whoever means to can send
random bytes in this shape, and only the desk will see that they open to nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from intake.crypto.attachment import ATTACHMENT_CLASSES
from intake.crypto.errors import Malformed
from intake.crypto.header import parse
from intake.crypto.padding import SIZE_CLASSES
from intake.crypto.recipients import Recipient, header_length
from intake.crypto.seal import sealed_length
from intake.crypto.shard import ID_LENGTH


class NotSealed(Exception):
    """The bytes do not look like a report sealed to the recipients of this intake; names the rule."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the number and kind of recipients make of a file's outside."""

    types: tuple[str, ...]
    header_length: int

    @classmethod
    def of(cls, recipients: Sequence[Recipient]) -> Self:
        return cls(tuple(recipient.type for recipient in recipients), header_length(recipients))


class Envelope:
    """The outside of every report sealed to `recipients`; the same for all of a size class.

    Reports of pages that sealed to one of the `earlier` sets of recipients are taken as well.
    """

    def __init__(self, recipients: Sequence[Recipient], *earlier: Sequence[Recipient]) -> None:
        every = (recipients, *earlier)
        self._shapes = {_Shape.of(one) for one in every}
        # With the id, as they are posted.
        self.lengths = {ID_LENGTH + sealed_length(size, one) for one in every for size in SIZE_CLASSES}
        self.attachment_lengths = {
            ID_LENGTH + sealed_length(size, one) for one in every for size in ATTACHMENT_CLASSES
        }

    @property
    def longest(self) -> int:
        """Bytes of the longest body that can be a sealed report."""
        return max(self.lengths)

    @property
    def front(self) -> int:
        """Bytes of the id and the longest header; no body is shorter."""
        return ID_LENGTH + max(shape.header_length for shape in self._shapes)

    def open_outside(self, body: bytes) -> tuple[bytes, bytes]:
        """The id and the age file; NotSealed when the outside is not that of one of our reports."""
        if len(body) not in self.lengths:
            raise NotSealed("not the length of a sealed report")
        return self.open_front(body)

    def open_front(self, body: bytes) -> tuple[bytes, bytes]:
        """The id and the rest of a body of which at least `front` bytes have come, whatever its length."""
        report_id, sealed = body[:ID_LENGTH], body[ID_LENGTH:]
        try:
            header = parse(sealed)
        except Malformed as error:
            raise NotSealed(str(error)) from None
        if _Shape(tuple(stanza.type for stanza in header.stanzas), header.length) not in self._shapes:
            raise NotSealed("not sealed to the recipients of this intake")
        return report_id, sealed
