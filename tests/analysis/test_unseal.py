import io
import os
import tracemalloc
from collections.abc import Iterator
from typing import BinaryIO, cast

import pytest

from analysis.identity import HybridIdentity
from analysis.unseal import (
    MalformedFile,
    NotForThisKey,
    Tampered,
    Truncated,
    seal_with_passphrase,
    unseal,
    unseal_bytes,
    unseal_with_passphrase,
)
from intake.crypto.derive import CHUNK, SEALED_CHUNK
from intake.crypto.header import parse
from intake.crypto.seal import seal, seal_bytes

ORGANIZER = HybridIdentity.generate()
SEALED = seal_bytes(b"a report", [ORGANIZER.recipient])
# scrypt at age's own strength takes a second; the strength itself is tested with stock age.
QUICK = 10


def test_a_report_for_somebody_else_is_told_from_a_broken_one() -> None:
    with pytest.raises(NotForThisKey, match="sealed to another key"):
        unseal_bytes(SEALED, [HybridIdentity.generate()])


def test_any_one_of_several_keys_is_enough() -> None:
    assert unseal_bytes(SEALED, [HybridIdentity.generate(), ORGANIZER]) == b"a report"


def test_a_changed_byte_anywhere_is_noticed() -> None:
    for at in range(len(SEALED)):
        changed = bytearray(SEALED)
        changed[at] ^= 1
        with pytest.raises((MalformedFile, NotForThisKey, Tampered), match=r"file|header|stanza|base64"):
            unseal_bytes(bytes(changed), [ORGANIZER])


def test_a_file_cut_anywhere_opens_to_nothing() -> None:
    for end in range(len(SEALED)):
        with pytest.raises((MalformedFile, Tampered), match=r"file|header|base64"):
            unseal_bytes(SEALED[:end], [ORGANIZER])


def test_a_file_cut_between_chunks_is_called_cut() -> None:
    sealed = seal_bytes(bytes(2 * CHUNK + 1), [ORGANIZER.recipient])
    start = parse(sealed).length + 16
    for chunks in (1, 2):
        with pytest.raises(Truncated, match="cut short"):
            unseal_bytes(sealed[: start + chunks * SEALED_CHUNK], [ORGANIZER])


def test_chunks_that_changed_places_are_noticed() -> None:
    sealed = seal_bytes(os.urandom(3 * CHUNK), [ORGANIZER.recipient])
    start = parse(sealed).length + 16
    first, second = (sealed[start + i * SEALED_CHUNK : start + (i + 1) * SEALED_CHUNK] for i in (0, 1))
    swapped = sealed[:start] + second + first + sealed[start + 2 * SEALED_CHUNK :]
    with pytest.raises(Tampered, match="changed"):
        unseal_bytes(swapped, [ORGANIZER])


def test_something_added_to_the_end_is_noticed() -> None:
    for tail in (b"\0", bytes(SEALED_CHUNK)):
        with pytest.raises(Tampered, match=r"changed|added"):
            unseal_bytes(SEALED + tail, [ORGANIZER])


def test_a_recipient_dropped_from_the_header_is_noticed() -> None:
    sealed = seal_bytes(b"", [ORGANIZER.recipient, HybridIdentity.generate().recipient])
    cut = sealed.index(b"-> ", sealed.index(b"-> ") + 1)
    with pytest.raises(Tampered, match="header of the file was changed"):
        unseal_bytes(sealed[:cut] + sealed[sealed.index(b"--- ") :], [ORGANIZER])


class _Stream:
    """Gives the sealed bytes of a long stream without ever holding them."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._held = pieces, b""

    def read(self, size: int) -> bytes:
        while len(self._held) < size:
            piece = next(self._pieces, b"")
            if not piece:
                break
            self._held += piece
        taken, self._held = self._held[:size], self._held[size:]
        return taken


def test_opening_a_long_file_takes_constant_memory() -> None:
    pieces = seal((bytes(CHUNK) for _ in range(500)), [ORGANIZER.recipient])
    tracemalloc.start()
    total = sum(len(chunk) for chunk in unseal(cast(BinaryIO, _Stream(pieces)), [ORGANIZER]))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == 500 * CHUNK
    assert peak < 16 * CHUNK


def test_a_passphrase_opens_what_it_sealed() -> None:
    sealed = seal_with_passphrase(b"an identity", "correct horse", QUICK)
    assert unseal_with_passphrase(sealed, "correct horse") == b"an identity"


def test_another_passphrase_is_told_as_such() -> None:
    with pytest.raises(NotForThisKey, match="another key"):
        unseal_with_passphrase(seal_with_passphrase(b"", "one", QUICK), "two")


@pytest.mark.parametrize("factor", [21, 22, 23, 99])
def test_a_work_factor_that_would_fill_the_memory_is_refused(factor: int) -> None:
    sealed = seal_with_passphrase(b"", "p", QUICK).replace(b" 10\n", b" %d\n" % factor)
    with pytest.raises(MalformedFile, match="work factor"):
        unseal_with_passphrase(sealed, "p")


def test_no_error_says_anything_of_what_a_file_holds() -> None:
    sealed = bytearray(seal_bytes(b"CANARY", [ORGANIZER.recipient]))
    sealed[-1] ^= 1
    with pytest.raises(Tampered, match="changed") as caught:
        unseal_bytes(bytes(sealed), [ORGANIZER])
    assert caught.value.__cause__ is None
    assert "CANARY" not in repr(caught.value)


def test_a_stream_is_read_from_where_it_stands() -> None:
    file = io.BytesIO(b"skip" + SEALED)
    file.seek(4)
    assert b"".join(unseal(file, [ORGANIZER])) == b"a report"
