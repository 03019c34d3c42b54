"""A box as the server reads it off the stick, and one bucket as whoever has a code opens it.

The first byte says how an input is dressed: as a whole box; as a header, before buckets that are right; as
one bucket of a known header; or as a message, which is sealed here under the reply key of a known code.
"""

import io
from collections.abc import Iterator

from nacl.bindings import crypto_secretbox

from intake.crypto import box
from intake.crypto.errors import CryptoError
from intake.crypto.message import MESSAGE, NONCE, SEALED, open_message, parse, serialise
from intake.crypto.receipt import Receipt
from tests.boxing import ANSWERED, SAID, WEEK, make_box
from tests.fuzz.keys import SIGNER
from tests.fuzz.target import Sayings, Target, fill, only

_SAYINGS = Sayings()
_RECEIPT = Receipt.from_code(ANSWERED)
WHOLE, HEADER, BUCKET, MESSAGE_ALONE = range(4)
# With least of all, so that the engine's inputs hold a whole one.
_HEADER = box.Header(0, SIGNER.verify_key, bytes(16), 64, 4, SIGNER.verify_key, WEEK)


def run(data: bytes) -> None:
    if not data:
        return
    how, rest = data[0] & 3, data[1:]
    with only(CryptoError, rest, _SAYINGS):
        (_read_whole, _read_header, _open_bucket, _read_message)[how](rest)


def _read_whole(data: bytes) -> None:
    checked = box.check(io.BytesIO(data))
    found, begun = box.read_header(io.BytesIO(data))
    assert found == checked.header
    assert len(begun) == checked.start
    assert len(data) == checked.start + found.buckets * found.bucket_length


def _read_header(data: bytes) -> None:
    header = box.parse_header(data)
    assert box.serialise_header(header) == data
    if header.buckets * header.bucket_length > 1 << 20:
        return
    markers = [number.to_bytes(box.MARKER) for number in range(header.markers)]
    buckets = [box.bucket(header, markers, [bytes(SEALED)] * header.replies)] * header.buckets
    _read_whole(box.serialise(header, buckets))


def _open_bucket(data: bytes) -> None:
    one = data.ljust(_HEADER.bucket_length, b"\0")[: _HEADER.bucket_length]
    opened = box.open_bucket(_HEADER, one, _RECEIPT.box, _RECEIPT.reply)
    assert len(opened.messages) + opened.unreadable <= _HEADER.replies


def _read_message(data: bytes) -> None:
    plain = data.ljust(MESSAGE, b" ")
    sealed = bytes(NONCE) + crypto_secretbox(plain, bytes(NONCE), _RECEIPT.reply)
    found = open_message(_RECEIPT.reply, sealed)
    assert found is not None
    assert serialise(found) == plain
    assert parse(plain) == found


def seeds() -> Iterator[bytes]:
    whole = make_box(SIGNER, SAID, desk=SIGNER, bits=0)
    yield bytes([WHOLE]) + whole
    start = box.check(io.BytesIO(whole)).start
    yield bytes([HEADER]) + whole[len(box.VERSION_LINE) : start - 1]
    yield bytes([BUCKET]) + whole[start:]
    for said in SAID[ANSWERED].messages:
        yield bytes([MESSAGE_ALONE]) + serialise(said).rstrip()


TARGET = Target(
    "box",
    run,
    seeds,
    shapes={
        "a header without an end": lambda size: b"\0" + box.VERSION_LINE + fill(b"a", size),
        "nested lists": lambda size: bytes([HEADER]) + b"[" * (size // 2) + b"]" * (size // 2),
        "a huge number": lambda size: bytes([HEADER]) + b'{"bits":' + b"9" * size + b"}",
        "a message of nested lists": lambda size: bytes([MESSAGE_ALONE]) + b"[" * min(size, MESSAGE),
        "a long message": lambda size: bytes([MESSAGE_ALONE]) + fill(b"a", size),
        "a box of zeros": lambda size: b"\0" + make_box(SIGNER, desk=SIGNER, bits=0)[:400] + bytes(size),
    },
    tokens=(
        *(
            box.VERSION_LINE,
            b'{"bits":',
            b'"epoch":"',
            b'"markers":64',
            b'"replies":4',
            b'"week":"2026-W47"',
            b'"kind":"reply"',
        ),
        *(
            b'"notice"',
            b'"counted"',
            b'"withdrawn"',
            b'"text":"',
            b'"until":"',
            b'"n":1',
            b'"v":1',
            b"\\ud800",
            b"\\u0000",
        ),
    ),
)
