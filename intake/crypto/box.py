"""The box: all that a desk says to reporters, in one file for each desk and server.

    box    = "witnessbox-box/1" LF header LF *bucket                   ; 2^B buckets
    header = {"bits":B,"desk":HEX64,"epoch":HEX32,"markers":M,"replies":R,"server":HEX64,"week":WEEK}
    bucket = M * marker || R * sealed                                  ; message.py has `sealed`
    marker = BLAKE2b(box tag || epoch, 8 bytes, person = "wbx1-collected")

A marker says that the desk holds a report. Places that nobody needs hold random bytes, and only who
has the code can tell them from the others. Whoever looks asks for the bucket that begins as their
tag does, so the server learns those B bits and nothing more. What a desk puts into a box, and when it
makes another, is not decided here.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from intake.crypto import signed
from intake.crypto.errors import Malformed
from intake.crypto.message import SEALED, Message, is_week, open_message
from intake.crypto.signing import VerifyKey

VERSION_LINE = b"witnessbox-box/1\n"
TAG = 16
EPOCH = 16
MARKER = 8
MOST_BITS = 20
LEAST_MARKERS, MOST_MARKERS = 64, 65_536
LEAST_REPLIES, MOST_REPLIES = 4, 1_024
MAX_HEADER = 512

_EPOCH = re.compile(rf"[0-9a-f]{{{2 * EPOCH}}}")


@dataclass(frozen=True, slots=True)
class Header:
    """The first lines of a box: 2^`bits` buckets, with so many places for markers and for replies in each."""

    bits: int
    desk: VerifyKey
    epoch: bytes
    markers: int
    replies: int
    server: VerifyKey
    week: str

    @property
    def bucket_length(self) -> int:
        """The bytes of one bucket."""
        return MARKER * self.markers + SEALED * self.replies

    @property
    def buckets(self) -> int:
        """How many buckets there are."""
        return 1 << self.bits


@dataclass(frozen=True, slots=True)
class Opened:
    """What one code finds in its bucket: whether the desk holds the report, and what it says to it.

    `unreadable` counts the messages for this code that are not in a form that is known here.
    """

    collected: bool
    messages: tuple[Message, ...]
    unreadable: int


@dataclass(frozen=True, slots=True)
class Checked:
    """A whole box that was read once: its header, where the first bucket begins, and its SHA-256."""

    header: Header
    start: int
    sha256: str


def marker(tag: bytes, epoch: bytes) -> bytes:
    """What stands in a box for a report that the desk holds: 8 bytes."""
    return hashlib.blake2b(tag + epoch, digest_size=MARKER, person=b"wbx1-collected").digest()


def bucket_number(tag: bytes, bits: int) -> int:
    """The bucket of a box tag: its first bits, the highest first."""
    return int.from_bytes(tag, "big") >> (8 * len(tag) - bits)


def serialise_header(header: Header) -> bytes:
    """The header's JSON; Malformed when it breaks a rule."""
    body = signed.canonical(_value(header))
    parse_header(body)
    return body


def parse_header(body: bytes) -> Header:
    """The header of a box; Malformed for any but the one allowed form."""
    try:
        value = json.loads(body)
        header = Header(
            bits=signed.number(value["bits"], 0, MOST_BITS),
            desk=VerifyKey(bytes.fromhex(signed.digest(value["desk"]))),
            epoch=_epoch(value["epoch"]),
            markers=_power(value["markers"], LEAST_MARKERS, MOST_MARKERS),
            replies=_power(value["replies"], LEAST_REPLIES, MOST_REPLIES),
            server=VerifyKey(bytes.fromhex(signed.digest(value["server"]))),
            week=_week(value["week"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise Malformed("the header of the box is broken") from None
    if signed.canonical(_value(header)) != body:
        raise Malformed("the header of the box is not in the one allowed form")
    return header


def serialise(header: Header, buckets: Sequence[bytes]) -> bytes:
    """The whole box, of buckets that `bucket` made."""
    if len(buckets) != header.buckets or any(len(one) != header.bucket_length for one in buckets):
        raise Malformed("the box has other buckets than its header says")
    return b"".join([VERSION_LINE, serialise_header(header), b"\n", *buckets])


def bucket(header: Header, markers: Iterable[bytes], replies: Iterable[bytes]) -> bytes:
    """One bucket, of as many markers and sealed replies as it has places; the caller fills and shuffles."""
    first, then = sorted(markers), list(replies)
    if len(first) != header.markers or len(then) != header.replies:
        raise Malformed("a bucket of the box has not all its places")
    found = b"".join([*first, *then])
    if len(found) != header.bucket_length:
        raise Malformed("a place in the box is not of its length")
    return found


def check(file: BinaryIO) -> Checked:
    """Reads a box from its first byte to its last; Malformed unless all of it is as it should be."""
    found = hashlib.sha256()
    header, begun = read_header(file)
    found.update(begun)
    for _ in range(header.buckets):
        one = file.read(header.bucket_length)
        if len(one) != header.bucket_length:
            raise Malformed("the box broke off")
        markers = _places(one, 0, header.markers, MARKER)
        if markers != sorted(set(markers)):
            raise Malformed("the markers of the box are not in rising order")
        found.update(one)
    if file.read(1):
        raise Malformed("something follows the end of the box")
    return Checked(header, len(begun), found.hexdigest())


def read_header(file: BinaryIO) -> tuple[Header, bytes]:
    """The header at the beginning of a box, and the bytes before its first bucket."""
    version = file.readline(len(VERSION_LINE))
    if version != VERSION_LINE:
        raise Malformed("the box is not one of Witnessbox, or of a newer version")
    line = file.readline(MAX_HEADER)
    if not line.endswith(b"\n"):
        raise Malformed("the header of the box is broken")
    return parse_header(line[:-1]), version + line


def open_bucket(header: Header, one: bytes, tag: bytes, reply_key: bytes) -> Opened:
    """What a code finds in its bucket. Every place is tried, so that it takes as long whatever is there."""
    if len(one) != header.bucket_length:
        raise Malformed("the bucket has not the length that the header of its box says")
    own = marker(tag, header.epoch)
    seen = [hmac.compare_digest(own, each) for each in _places(one, 0, header.markers, MARKER)]
    messages, unreadable = [], 0
    for sealed in _places(one, MARKER * header.markers, header.replies, SEALED):
        try:
            message = open_message(reply_key, sealed)
        except Malformed:
            unreadable += 1
        else:
            messages += [message] if message else []
    return Opened(any(seen), tuple(sorted(messages, key=lambda message: message.n)), unreadable)


def _places(one: bytes, start: int, count: int, length: int) -> list[bytes]:
    return [one[place : place + length] for place in range(start, start + count * length, length)]


def _value(header: Header) -> dict[str, object]:
    return {
        "bits": header.bits,
        "desk": header.desk.public.hex(),
        "epoch": header.epoch.hex(),
        "markers": header.markers,
        "replies": header.replies,
        "server": header.server.public.hex(),
        "week": header.week,
    }


def _epoch(value: object) -> bytes:
    if not isinstance(value, str) or not _EPOCH.fullmatch(value):
        raise ValueError
    return bytes.fromhex(value)


def _week(value: object) -> str:
    if not isinstance(value, str) or not is_week(value):
        raise ValueError
    return value


def _power(value: object, least: int, most: int) -> int:
    """A power of two within bounds."""
    found = signed.number(value, least, most)
    if found & (found - 1):
        raise ValueError
    return found
