"""Batches taken apart as they stream in: as the reader of whole shards does, and fooled by no hostile one."""

import io
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intake.crypto.errors import Malformed
from intake.crypto.shard import MAX_SHARD_BYTES, index_shard
from intake.unpack import Part, Unpacker
from tests.batching import GOOD, HOSTILE, SIZE, batch, small

MEGABYTE = 1024 * 1024


def read(data: bytes, cuts: list[int]) -> list[tuple[bytes, bytes]]:
    """The id and the bytes of each member of a batch that comes in pieces."""
    unpacker, parts = Unpacker(), list[Part]()
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        parts += unpacker.feed(data[start:end])
    unpacker.finish()
    return list(joined(iter(parts)))


def joined(parts: Iterator[Part]) -> Iterator[tuple[bytes, bytes]]:
    for part in parts:
        assert part.first
        data = part.data
        while not part.last:
            part = next(parts)
            assert not part.first
            data += part.data
        assert len(data) == part.size
        yield part.name.id, data


def whole(data: bytes) -> list[tuple[bytes, bytes]]:
    """The same, by the reader that the desk has for whole shards."""
    entries = index_shard(io.BytesIO(data))
    return [(one.name.id, data[one.offset : one.offset + one.size]) for one in entries]


@given(st.lists(st.integers(0, len(GOOD)), max_size=20))
def test_it_does_not_matter_where_a_batch_is_cut(cuts: list[int]) -> None:
    assert read(GOOD, sorted(cuts)) == whole(GOOD)


def test_a_batch_that_comes_byte_by_byte_is_the_same() -> None:
    assert read(GOOD, list(range(1, len(GOOD)))) == whole(GOOD)


@pytest.mark.parametrize("flaw", HOSTILE)
@pytest.mark.parametrize("step", [1, 511, 100_000])
def test_what_is_no_batch_of_ours_is_refused(step: int, flaw: str) -> None:
    data = HOSTILE[flaw]
    with pytest.raises(Malformed):
        read(data, list(range(step, len(data), step)))


def test_500_members_are_a_batch() -> None:
    assert len(read(small(200), [])) == 200
    assert len(read(batch([number.to_bytes(16) + bytes(SIZE) for number in range(500)]), [])) == 500


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_change_is_refused_or_lies_in_what_is_sealed(data: st.DataObject) -> None:
    changed = bytearray(GOOD)
    for place in data.draw(st.lists(st.integers(0, len(GOOD) - 1), min_size=1, max_size=4)):
        changed[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(changed)))
    try:
        found = read(bytes(changed), [cut])
    except Malformed:
        return
    assert found == whole(bytes(changed))
    assert [len(one) for _, one in found] == [len(one) for _, one in whole(GOOD)]


@settings(max_examples=300)
@given(st.binary(max_size=4_000) | st.sampled_from(list(HOSTILE.values())), st.binary(max_size=2_000))
def test_no_bytes_raise_anything_but_a_refusal(front: bytes, back: bytes) -> None:
    unpacker = Unpacker()
    try:
        for piece in (front, back, GOOD):
            list(unpacker.feed(piece))
        unpacker.finish()
    except Malformed:
        return
    assert not front + back


def test_a_batch_over_64_mib_is_refused_before_it_is_read() -> None:
    # Each member alone is short enough.
    data = batch([number.to_bytes(16) + bytes(20 * MEGABYTE) for number in range(4)])
    assert len(data) > MAX_SHARD_BYTES
    unpacker, taken = Unpacker(), list[int]()

    def feed() -> None:
        for start in range(0, len(data), MEGABYTE):
            taken.extend(len(part.data) for part in unpacker.feed(data[start : start + MEGABYTE]))

    with pytest.raises(Malformed, match="too large"):
        feed()
    assert sum(taken) <= 60 * MEGABYTE


def test_a_large_batch_is_never_held_in_memory() -> None:
    data = batch([number.to_bytes(16) + bytes(15 * MEGABYTE) for number in range(4)])
    unpacker = Unpacker()
    tracemalloc.start()
    for start in range(0, len(data), 64 * 1024):
        for _ in unpacker.feed(data[start : start + 64 * 1024]):
            pass
    unpacker.finish()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MEGABYTE
