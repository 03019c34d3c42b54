"""Makes the box for a server: the markers of all that the desk holds, and what it says to reporters.

    key   = BLAKE2b(state || number || week, 32 bytes, key = desk secret, person = "wbx1-box-made")
    epoch = the first 16 bytes of ChaCha20(key); all other places, and the nonces, are the bytes after it

So a box is the same bytes while nothing changed, whoever makes it again, and all of it is new as soon as
anything did. Nobody without the desk's secret can tell a place that is filled from one that is not.
Every server's box has what all reports need: a desk does not know where a reporter will look.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20
from numpy.typing import NDArray

from analysis.desk import Desk
from analysis.signing import signing_key
from analysis.threads.tables import STANDING, WITHDRAWN
from intake.crypto.box import (
    EPOCH,
    LEAST_MARKERS,
    LEAST_REPLIES,
    MARKER,
    MOST_BITS,
    MOST_MARKERS,
    MOST_REPLIES,
    VERSION_LINE,
    Header,
    bucket_number,
    marker,
    serialise_header,
)
from intake.crypto.message import NONCE, SEALED, Message, seal_message, serialise
from intake.crypto.signing import VerifyKey

# A bucket is fetched by a telephone over Tor, for nothing most of the time.
LARGEST_BUCKET = 65_536
# The newest messages to one reporter that a box holds, so that nobody's bucket grows without an end.
MOST_MESSAGES = 8
_SECRET, _MADE = b"wbx1-box-secret", b"wbx1-box-made"
# So many bytes of a box are made at a time.
_LOT = 32 * 1024 * 1024

Numbers = NDArray[np.int64]


class Letter(NamedTuple):
    """A message to one reporter: their box tag, their reply key, and what it says."""

    tag: bytes
    reply: bytes
    message: Message


@dataclass(frozen=True, slots=True)
class State:
    """All that a box says, in one order. `digest` is another one as soon as anything of it is."""

    desk: VerifyKey
    server: VerifyKey
    tags: Sequence[bytes]
    letters: Sequence[Letter]
    digest: str
    secret: bytes


@dataclass(frozen=True, slots=True)
class Made:
    """How a state was made into a box: in which week, and with which acknowledgement for the first time."""

    state: str
    week: str
    number: int


@dataclass(frozen=True, slots=True)
class _Shape:
    bits: int
    markers: int
    replies: int


def read_state(desk: Desk, server: VerifyKey, week: str) -> State:
    """What the box for a server has to say in this week."""
    connection, key = desk.database.conn, signing_key(desk)
    tags, letters = read_tags(connection), list(read_letters(connection, week))
    secret = hashlib.blake2b(key=key.seed, person=_SECRET, digest_size=32).digest()
    digest = hashlib.blake2b(server.public, key=secret, digest_size=32)
    digest.update(len(tags).to_bytes(8, "big"))
    digest.update(b"".join(tags))
    for one in letters:
        digest.update(one.tag + one.reply + serialise(one.message))
    return State(key.verify_key, server, tags, letters, digest.hexdigest(), secret)


def read_tags(connection: Any) -> list[bytes]:
    """The box tags of all reports that are no rows of a spreadsheet, each once."""
    # Two reports may carry one tag, since anybody seals what they like.
    return sorted({bytes.fromhex(tag) for (tag,) in connection.execute(_TAGS)})


def length(tags: Sequence[bytes], addressed: Sequence[bytes]) -> int:
    """The bytes of a box with these markers, and a message to each tag of `addressed`, but for its header."""
    shape = _shape(tags, addressed)
    return (MARKER * shape.markers + SEALED * shape.replies) << shape.bits


def noted(connection: Any, server: VerifyKey) -> Made | None:
    """What was last made for a server."""
    query = 'SELECT "state", "week", "number" FROM "boxes" WHERE "server" = ?'
    row = connection.execute(query, [server.public.hex()]).fetchone()
    return Made(*row) if row else None


def note(connection: Any, server: VerifyKey, made: Made) -> None:
    """Notes what was made. Belongs in the transaction that notes the acknowledgement."""
    connection.execute(
        'INSERT OR REPLACE INTO "boxes" ("server", "state", "week", "number") VALUES (?, ?, ?, ?)',
        [server.public.hex(), made.state, made.week, made.number],
    )


def build(state: State, made: Made) -> Iterator[bytes]:
    """The box, piece by piece; the same bytes for the same state, week and number."""
    stream = _stream(state, made)
    epoch = stream.update(bytes(EPOCH))
    shape = _shape(state.tags, [one.tag for one in state.letters])
    header = Header(
        bits=shape.bits,
        desk=state.desk,
        epoch=epoch,
        markers=shape.markers,
        replies=shape.replies,
        server=state.server,
        week=made.week,
    )
    yield VERSION_LINE + serialise_header(header) + b"\n"
    tags = _in_buckets([bucket_number(tag, shape.bits) for tag in state.tags], header.buckets)
    letters = _in_buckets([bucket_number(one.tag, shape.bits) for one in state.letters], header.buckets)
    step = max(1, _LOT // header.bucket_length)
    for first in range(0, header.buckets, step):
        span = range(first, min(first + step, header.buckets))
        markers = _markers(state, header, stream, tags, span)
        replies = _replies(state, header, stream, letters, span)
        yield from (one + two for one, two in zip(markers, replies, strict=True))


_TAGS = """SELECT "box" FROM "receipts" JOIN "reports" ON "id" = "report" WHERE "bundle" IS NOT NULL"""
_READERS = f"""SELECT "name", "box", "reply" FROM "reports" JOIN "receipts" ON "report" = "id"
    WHERE "bundle" IS NOT NULL AND "name" IN (SELECT "thread" FROM "addressed")
    UNION SELECT "thread", min("box"), "reply" FROM "withdrawals" WHERE "thread" IN (
        SELECT "thread" FROM "addressed" JOIN "messages" ON "n" = "message" WHERE "kind" = '{WITHDRAWN}')
    GROUP BY "thread" """  # noqa: S608 - a constant
_MESSAGES = f"""SELECT "thread", "kind", "at", "until", "n", coalesce("text", ''), coalesce("release", ''),
        coalesce("tracker", '')
    FROM "addressed" JOIN "messages" ON "n" = "message" WHERE {STANDING} AND "until" >= ?
    ORDER BY "thread", "n" DESC"""  # noqa: S608 - a constant


def read_letters(connection: Any, week: str) -> Iterator[Letter]:
    """The messages that are shown in a week, to whom they go; the newest to each alone."""
    readers = {name: (box, reply) for name, box, reply in connection.execute(_READERS)}
    last, many = "", 0
    for thread, *said in connection.execute(_MESSAGES, [week]):
        last, many = thread, many + 1 if thread == last else 1
        if thread in readers and many <= MOST_MESSAGES:
            box, reply = readers[thread]
            yield Letter(bytes.fromhex(box), bytes.fromhex(reply), Message(*said))


def _stream(state: State, made: Made) -> CipherContext:
    begun = f"{state.digest} {made.number} {made.week}".encode()
    key = hashlib.blake2b(begun, key=state.secret, person=_MADE, digest_size=32).digest()
    return Cipher(ChaCha20(key, bytes(16)), mode=None).encryptor()


def _shape(own: Sequence[bytes], addressed: Sequence[bytes]) -> _Shape:
    """The fewest buckets of the largest length that is allowed; or else those that are the shortest."""
    found: list[tuple[int, _Shape]] = []
    tags, letters = _firsts(own), _firsts(addressed)
    for bits in range(MOST_BITS + 1):
        markers, replies = _places(tags, bits, LEAST_MARKERS), _places(letters, bits, LEAST_REPLIES)
        if markers <= MOST_MARKERS and replies <= MOST_REPLIES:
            length = MARKER * markers + SEALED * replies
            found.append((length, _Shape(bits, markers, replies)))
            if length <= LARGEST_BUCKET:
                return found[-1][1]
    return min(found, key=lambda one: one[0])[1]


def _firsts(tags: Sequence[bytes]) -> Numbers:
    """The first 32 bits of each tag."""
    return np.frombuffer(b"".join(tag[:4] for tag in tags), dtype=">u4").astype(np.int64)


def _places(firsts: Numbers, bits: int, least: int) -> int:
    """How many places a bucket needs, a power of two."""
    most = int(np.bincount(firsts >> (32 - bits)).max()) if len(firsts) else 0
    return max(least, 1 << (most - 1).bit_length() if most else 1)


def _in_buckets(numbers: list[int], buckets: int) -> list[list[int]]:
    """The places in a list by the bucket that each belongs to."""
    found: list[list[int]] = [[] for _ in range(buckets)]
    for place, number in enumerate(numbers):
        found[number].append(place)
    return found


def _markers(
    state: State, header: Header, stream: CipherContext, where: list[list[int]], span: range
) -> Iterator[bytes]:
    """The markers of each bucket, in rising order: among random ones, none can be told from those."""
    fill = np.frombuffer(stream.update(bytes(MARKER * header.markers * len(span))), dtype=">u8")
    rows = fill.reshape(len(span), header.markers).astype(np.uint64)
    for row, number in zip(rows, span, strict=True):
        own = {int.from_bytes(marker(state.tags[place], header.epoch), "big") for place in where[number]}
        others = (one for one in row.tolist() if one not in own)
        filled = own | {next(others) for _ in range(header.markers - len(own))}
        # Once in many billions of boxes two random ones are the same.
        while len(filled) < header.markers:
            filled.add(int.from_bytes(stream.update(bytes(MARKER)), "big"))
        yield np.array(sorted(filled), dtype=">u8").tobytes()


def _replies(
    state: State, header: Header, stream: CipherContext, where: list[list[int]], span: range
) -> Iterator[bytes]:
    """The sealed messages of each bucket among random bytes, in an order that says nothing."""
    for number in span:
        fill = stream.update(bytes(SEALED * header.replies))
        places = [fill[start : start + SEALED] for start in range(0, len(fill), SEALED)]
        for place, letter in enumerate(state.letters[one] for one in where[number]):
            places[place] = seal_message(letter.reply, places[place][:NONCE], letter.message)
        yield b"".join(sorted(places))
