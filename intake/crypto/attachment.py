"""Attachments: each is an age file of its own, in one of a few sizes, and a report names it by digest.

    plaintext = head LF file zero-fill          ; grown to the smallest class that holds it
    head      = {"id":HEX32,"kind":"attachment","type":TYPE,"v":1}
    TYPE      = 1*40(a-z) "/" 1*80(a-z / 0-9 / "." / "+" / "-")

How long the file is stands in the report and not here: a server that seals for a browser without
script learns it only at the end of the upload, and it must not keep the file until then. A file
has no name: names tell more than people think.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from intake.crypto.derive import CHUNK
from intake.crypto.errors import Malformed, TooLong
from intake.crypto.recipients import Recipient
from intake.crypto.seal import Sealer

MOST_ATTACHMENTS = 5
MAX_ATTACHMENT = 25 * 1024 * 1024
# The last class holds the largest file and its head. All are longer than the longest sealed report.
ATTACHMENT_CLASSES = (256 * 1024, 1024 * 1024, 4 * 1024 * 1024, MAX_ATTACHMENT + CHUNK)
TYPE = re.compile(r"[a-z]{1,40}/[a-z0-9.+-]{1,80}")
_HEAD = re.compile(
    rb'\{"id":"([0-9a-f]{32})","kind":"attachment","type":"%b","v":1\}\n' % TYPE.pattern.encode()
)


@dataclass(frozen=True, slots=True)
class Attachment:
    """What a report says of a file: its length, the id it is stored under, its SHA-256, its type."""

    length: int
    id: bytes
    sha256: str
    type: str

    def to_json(self) -> dict[str, int | str]:
        """The members as they stand in a report."""
        return {"bytes": self.length, "id": self.id.hex(), "sha256": self.sha256, "type": self.type}


def head(attachment_id: bytes, media_type: str) -> bytes:
    """The first line of the plaintext, with its line feed; Malformed for a type in another spelling."""
    if not TYPE.fullmatch(media_type):
        raise Malformed("an attachment has a type that is no media type")
    return f'{{"id":"{attachment_id.hex()}","kind":"attachment","type":"{media_type}","v":1}}\n'.encode()


def parse_head(plaintext: bytes) -> bytes:
    """The id in the first line of a plaintext; Malformed for any but the one allowed form."""
    found = _HEAD.match(plaintext)
    if not found:
        raise Malformed("an attachment has a broken head")
    return bytes.fromhex(found[1].decode("ascii"))


def size_class(length: int) -> int:
    """The class of a plaintext of so many bytes before it is filled; TooLong when none holds it."""
    for size in ATTACHMENT_CLASSES:
        if length <= size:
            return size
    raise TooLong(f"an attachment takes {MAX_ATTACHMENT} bytes at most")


class AttachmentSealer:
    """Takes a file piece by piece and gives back sealed bytes, in constant memory."""

    def __init__(self, recipients: Sequence[Recipient], attachment_id: bytes, media_type: str) -> None:
        self._id = attachment_id
        self._type = media_type
        self._head = head(attachment_id, media_type)
        self._sealer = Sealer(recipients)
        self._sha256 = hashlib.sha256()
        self._bytes = 0

    def update(self, data: bytes) -> bytes:
        """Takes more of the file; returns sealed bytes, perhaps none. TooLong when it is too large."""
        if self._bytes + len(data) > MAX_ATTACHMENT:
            raise TooLong(f"an attachment takes {MAX_ATTACHMENT} bytes at most")
        plain = data if self._bytes else self._head + data
        self._bytes += len(data)
        self._sha256.update(data)
        return self._sealer.update(plain)

    def finish(self) -> Iterator[bytes]:
        """The last sealed bytes, the fill among them, in pieces."""
        begun = len(self._head) + self._bytes
        for fill in _zeros(size_class(begun) - begun):
            yield self._sealer.update(fill)
        yield self._sealer.finish()

    def named(self) -> Attachment:
        """What the report is to say of the file."""
        return Attachment(self._bytes, self._id, self._sha256.hexdigest(), self._type)


def content(plaintext: Iterable[bytes], named: Attachment) -> Iterator[bytes]:
    """The file in an unsealed attachment, which must be the one that `named` describes.

    Raises Malformed with the rule that is broken; only after the last piece is the whole file known
    to be right.
    """
    begun = head(named.id, named.type)
    end = len(begun) + named.length
    position, found = 0, hashlib.sha256()
    for chunk in plaintext:
        start = position
        position += len(chunk)
        if start < len(begun) and not _agree(begun, start, chunk):
            raise Malformed("an attachment has another head than its report says")
        piece = chunk[max(len(begun) - start, 0) : max(end - start, 0)]
        if any(chunk[max(end - start, 0) :]):
            raise Malformed("an attachment is longer than its report says")
        found.update(piece)
        yield piece
    if position != size_class(end):
        raise Malformed("an attachment is not filled to its size class")
    if found.hexdigest() != named.sha256:
        raise Malformed("an attachment is not the file that its report names")


def _agree(begun: bytes, start: int, chunk: bytes) -> bool:
    length = min(len(begun) - start, len(chunk))
    return begun[start : start + length] == chunk[:length]


def _zeros(length: int) -> Iterator[bytes]:
    whole, rest = divmod(length, CHUNK)
    yield from (bytes(CHUNK) for _ in range(whole))
    yield bytes(rest)
