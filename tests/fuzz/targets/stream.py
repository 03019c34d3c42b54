"""The payload of an age file, opened with a key that is known here, so that changes get past the header's
MAC.

The first byte says how an input is dressed: as it is; as the header of a known file key with a right MAC; or
as chunks that are sealed here, cut and swapped as the input says.
"""

import io
from collections.abc import Iterator

from nacl.bindings import crypto_aead_chacha20poly1305_ietf_encrypt

from analysis.unseal import unseal, unseal_bytes
from analysis.unseal_errors import UnsealError
from intake.crypto.derive import (
    CHUNK,
    FILE_KEY,
    PAYLOAD_NONCE,
    SEALED_CHUNK,
    chunk_nonce,
    header_mac,
    payload_key,
)
from intake.crypto.header import Stanza, mac_line, serialise_without_mac
from intake.crypto.seal import seal_bytes
from tests.fuzz.keys import HYBRID, X25519
from tests.fuzz.target import Sayings, Target, only

_SAYINGS = Sayings()
_IDENTITIES = (X25519, HYBRID)
_FILE_KEY = bytes(FILE_KEY)
_NONCE = bytes(PAYLOAD_NONCE)
_KEY = payload_key(_FILE_KEY, _NONCE)
AS_IT_IS, RIGHT_MAC, CHUNKS = range(3)


class _Known:
    """Knows the file key of every stanza."""

    def unwrap(self, stanza: Stanza) -> bytes | None:
        return _FILE_KEY if stanza.type == "X25519" else None


_HEADER = serialise_without_mac([Stanza(("X25519", "x"), bytes(32))])
_FRONT = _HEADER + mac_line(header_mac(_FILE_KEY, _HEADER)) + _NONCE


def run(data: bytes) -> None:
    if not data:
        return
    how, rest = data[0] % 3, data[1:]
    if how == AS_IT_IS:
        check(rest, _IDENTITIES)
    elif how == RIGHT_MAC:
        check(_with_mac(rest), (_Known(),))
    else:
        check(_FRONT + b"".join(_chunks(rest)), (_Known(),))


def check(sealed: bytes, identities: tuple[object, ...]) -> None:
    """Both readers say the same of a file; what opens under our key is what sealing it again would hold."""
    whole = streamed = b""
    refused: list[type[Exception]] = []
    with only(UnsealError, sealed, _SAYINGS):
        try:
            whole = unseal_bytes(sealed, identities)  # type: ignore[arg-type]
        except UnsealError as error:
            refused.append(type(error))
            raise
    if sealed.lstrip().startswith(b"-----BEGIN"):
        return
    with only(UnsealError, sealed, _SAYINGS):
        try:
            streamed = b"".join(unseal(io.BytesIO(sealed), identities))  # type: ignore[arg-type]
        except UnsealError as error:
            refused.append(type(error))
            raise
    assert whole == streamed
    assert len(refused) in (0, 2)


def _with_mac(rest: bytes) -> bytes:
    """The header that an input begins with, under a MAC that fits."""
    head, mark, payload = rest.partition(b"---")
    return head + mark + mac_line(header_mac(_FILE_KEY, head + mark)) + _NONCE + payload


def _chunks(plan: bytes) -> Iterator[bytes]:
    """Each byte of the plan is a chunk: its length, whether it is marked as last, and its counter."""
    for place, byte in enumerate(plan[:64]):
        length = (0, 1, CHUNK - 1, CHUNK)[byte & 3]
        counter = place + (0, 0, 0, 1)[byte >> 2 & 3]
        sealed = crypto_aead_chacha20poly1305_ietf_encrypt(
            bytes(length), None, chunk_nonce(counter, last=bool(byte & 16)), _KEY
        )
        yield sealed[: len(sealed) - (byte >> 5)]


def _plan(size: int) -> bytes:
    return bytes([CHUNKS]) + bytes([3] * max(size // SEALED_CHUNK, 1)) + bytes([1 | 16])


def seeds() -> Iterator[bytes]:
    for recipient in (X25519.recipient, HYBRID.recipient):
        yield bytes([AS_IT_IS]) + seal_bytes(b"{}".ljust(500), (recipient,))
    yield bytes([RIGHT_MAC]) + _HEADER + b"payload"
    yield bytes([CHUNKS, 17])
    yield bytes([CHUNKS, 3, 17])
    yield bytes([CHUNKS, 3, 16])
    yield bytes([AS_IT_IS]) + b"-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----\n"


TARGET = Target(
    "stream",
    run,
    seeds,
    shapes={
        "many chunks": _plan,
        "armor of many lines": lambda size: (
            bytes([AS_IT_IS])
            + b"-----BEGIN AGE ENCRYPTED FILE-----\n"
            + (b"A" * 64 + b"\n") * (size // 65)
            + b"-----END AGE ENCRYPTED FILE-----\n"
        ),
        "armor of nothing but white space": lambda size: bytes([AS_IT_IS]) + b" \n" * (size // 2),
    },
    tokens=(b"age-encryption.org/v1\n", b"-> X25519 ", b"---", b"-----BEGIN AGE ENCRYPTED FILE-----\n"),
)
