"""A batch as `/upload` takes it apart while it streams in, against the reader of whole shards.

The second byte says in which pieces it comes. With an odd first byte the checksums of its headers are made
right, so that changes of names and sizes get past them.
"""

import io
from collections.abc import Iterator

from intake.crypto.errors import Malformed
from intake.crypto.shard import BLOCK, index_shard
from intake.unpack import MOST_MEMBERS, Unpacker
from tests.batching import GOOD, HOSTILE, small
from tests.fuzz.target import Sayings, Target, fill, only

_SAYINGS = Sayings()
_SUM = slice(148, 156)


def run(data: bytes) -> None:
    if len(data) < 2:
        return
    body = with_sums(data[2:]) if data[0] & 1 else data[2:]
    streamed = _streamed(body, (1, 7, BLOCK, 4_096, 65_536)[data[1] % 5])
    # Checked by the part that is common: a shard may be empty or have more members, and its fill is not read.
    shard = _indexed(body)
    if streamed is not None:
        assert shard == streamed
    elif shard:
        assert len(shard) > MOST_MEMBERS or _has_flawed_fill(body)


def _streamed(body: bytes, step: int) -> list[tuple[bytes, bytes]] | None:
    found: list[tuple[bytes, bytes]] = []
    # One by one where it is short: many pieces take time and find nothing more.
    step = max(step, len(body) // 512)
    with only(Malformed, body, _SAYINGS):
        unpacker, held = Unpacker(), bytearray()
        for start in range(0, len(body), step):
            for part in unpacker.feed(body[start : start + step]):
                held += part.data
                if part.last:
                    assert len(held) == part.size
                    found.append((part.name.id, bytes(held)))
                    held.clear()
        unpacker.finish()
        return found
    return None


def _indexed(body: bytes) -> list[tuple[bytes, bytes]] | None:
    with only(Malformed, body, _SAYINGS):
        entries = list(index_shard(io.BytesIO(body)))
        assert all(one.offset + one.size <= len(body) for one in entries)
        return [(one.name.id, body[one.offset : one.offset + one.size]) for one in entries]
    return None


def _has_flawed_fill(body: bytes) -> bool:
    ends = [(one.offset + one.size, -one.size % BLOCK) for one in index_shard(io.BytesIO(body))]
    return any(any(body[end : end + length]) for end, length in ends)


def with_sums(body: bytes) -> bytes:
    """The same with the right checksum in each block that looks like a header."""
    blocks = []
    for start in range(0, len(body), BLOCK):
        block = body[start : start + BLOCK]
        if b".age" in block[:100] and len(block) == BLOCK:
            plain = block[: _SUM.start] + b" " * 8 + block[_SUM.stop :]
            block = block[: _SUM.start] + b"%06o\0 " % sum(plain) + block[_SUM.stop :]
        blocks.append(block)
    return b"".join(blocks)


def seeds() -> Iterator[bytes]:
    for how in (b"\0\x02", b"\x01\x01"):
        yield how + GOOD
        yield from (how + data for data in HOSTILE.values() if len(data) < 8_000)


TARGET = Target(
    "batch",
    run,
    seeds,
    shapes={
        "many members": lambda size: b"\0\x04" + small(min(max(size // 1_024 - 1, 1), 255)),
        "zeros": lambda size: b"\0\x04" + bytes(size),
        "one long member": lambda size: b"\0\x04" + fill(GOOD[:BLOCK], BLOCK) + fill(b"x", size),
        "headers alone": lambda size: b"\x01\x04" + fill(GOOD[:BLOCK], size),
    },
    tokens=(b"2026-W47/", b".age", b"ustar\x0000", b"00000000454\0", b"77777777777\0", bytes(64)),
    open=True,
)
