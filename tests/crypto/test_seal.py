import os
import tracemalloc
from collections.abc import Iterator

import pytest

from analysis.identity import HybridIdentity, X25519Identity
from analysis.unseal import unseal_bytes
from intake.crypto.derive import CHUNK, hkdf_sha256
from intake.crypto.errors import Malformed, MixedRecipients
from intake.crypto.recipients import Recipient
from intake.crypto.seal import Sealer, seal, seal_bytes, sealed_length

HYBRID = HybridIdentity.generate()
CLASSIC = X25519Identity(os.urandom(32))
EDGES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 17]


@pytest.mark.parametrize("length", EDGES)
@pytest.mark.parametrize("identity", [HYBRID, CLASSIC], ids=["post-quantum", "X25519"])
def test_what_was_sealed_opens_to_the_same_bytes(
    identity: HybridIdentity | X25519Identity, length: int
) -> None:
    plaintext = os.urandom(length)
    assert unseal_bytes(seal_bytes(plaintext, [identity.recipient]), [identity]) == plaintext


@pytest.mark.parametrize("length", EDGES)
@pytest.mark.parametrize(
    "recipients",
    [[HYBRID.recipient], [HYBRID.recipient] * 3, [CLASSIC.recipient]],
    ids=["one", "three", "X25519"],
)
def test_the_length_is_known_before_sealing(recipients: list[Recipient], length: int) -> None:
    assert len(seal_bytes(bytes(length), recipients)) == sealed_length(length, recipients)


def test_every_recipient_opens_the_same_file() -> None:
    others = [HybridIdentity.generate() for _ in range(3)]
    sealed = seal_bytes(b"to all", [identity.recipient for identity in others])
    assert {unseal_bytes(sealed, [identity]) for identity in others} == {b"to all"}


def test_pieces_of_any_size_seal_to_one_stream() -> None:
    plaintext = os.urandom(3 * CHUNK + 5)
    for size in (1000, CHUNK, CHUNK + 1, 10**6):
        pieces = (plaintext[i : i + size] for i in range(0, len(plaintext), size))
        assert unseal_bytes(b"".join(seal(pieces, [HYBRID.recipient])), [HYBRID]) == plaintext


def test_the_same_words_never_seal_to_the_same_bytes() -> None:
    assert seal_bytes(b"words", [HYBRID.recipient]) != seal_bytes(b"words", [HYBRID.recipient])


def test_sealing_a_long_stream_takes_constant_memory() -> None:
    def stream() -> Iterator[bytes]:
        for _ in range(1000):
            yield bytes(CHUNK)

    tracemalloc.start()
    total = sum(len(piece) for piece in seal(stream(), [HYBRID.recipient]))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == sealed_length(1000 * CHUNK, [HYBRID.recipient])
    assert peak < 8 * CHUNK


def test_a_report_sealed_to_nobody_is_refused() -> None:
    with pytest.raises(Malformed, match="no recipient"):
        Sealer([])


def test_a_weaker_key_is_never_mixed_with_a_post_quantum_one() -> None:
    with pytest.raises(MixedRecipients, match="cannot be mixed"):
        seal_bytes(b"", [HYBRID.recipient, CLASSIC.recipient])


def test_key_derivation_agrees_with_rfc_5869() -> None:
    # Appendix A.1, the first 32 bytes of its output.
    expected = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
    info = bytes.fromhex("f0f1f2f3f4f5f6f7f8f9")
    assert hkdf_sha256(b"\x0b" * 22, bytes(range(13)), info).hex() == expected
