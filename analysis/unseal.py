"""Opens age files, in memory only.

Every check that can be made before decrypting is made before: the strict header, the lengths in
its stanzas, its MAC. The payload is given out chunk by chunk, each after its tag was checked; a
caller that must not act on part of a file collects it first, as `unseal_bytes` does.
"""

import hmac
import io
from collections.abc import Iterator, Sequence
from typing import BinaryIO, Protocol

import nacl.exceptions
from nacl.bindings import crypto_aead_chacha20poly1305_ietf_decrypt

from analysis.armor import dearmor, is_armored
from analysis.identity import Identity
from analysis.passphrase import TYPE as PASSPHRASE_TYPE
from analysis.passphrase import WORK_FACTOR, Passphrase
from analysis.unseal_errors import MalformedFile, NotForThisKey, Tampered, Truncated
from intake.crypto.derive import (
    FILE_KEY,
    PAYLOAD_NONCE,
    SEALED_CHUNK,
    TAG,
    chunk_nonce,
    header_mac,
    payload_key,
)
from intake.crypto.errors import Malformed
from intake.crypto.header import MAX_HEADER, Header, parse
from intake.crypto.seal import seal_bytes

__all__ = [
    "MalformedFile",
    "NotForThisKey",
    "Tampered",
    "Truncated",
    "seal_with_passphrase",
    "unseal",
    "unseal_by",
    "unseal_bytes",
    "unseal_with_passphrase",
]


def unseal_bytes(sealed: bytes, identities: Sequence[Identity]) -> bytes:
    """All that `sealed`, binary or armored, says to one of `identities`.

    Raises MalformedFile, NotForThisKey, Tampered or Truncated; nothing of a file that fails
    anywhere is returned.
    """
    return unseal_by(sealed, identities)[0]


def unseal_by(sealed: bytes, identities: Sequence[Identity]) -> tuple[bytes, int]:
    """The same, and the place among `identities` of the one that opened it."""
    data = dearmor(sealed) if is_armored(sealed) else sealed
    header = _parse(data)
    payload = io.BytesIO(data)
    payload.seek(header.length)
    file_key, place = _file_key(header, identities)
    return b"".join(_payload(payload, file_key)), place


def unseal(sealed: BinaryIO, identities: Sequence[Identity]) -> Iterator[bytes]:
    """The chunks of a binary age file, each as soon as its tag was checked."""
    start = sealed.read(MAX_HEADER)
    header = _parse(start)
    return _payload(_Rest(start[header.length :], sealed), _file_key(header, identities)[0])


def _parse(data: bytes) -> Header:
    try:
        return parse(data)
    except Malformed as error:
        raise MalformedFile(str(error)) from None


def _file_key(header: Header, identities: Sequence[Identity]) -> tuple[bytes, int]:
    _check_passphrase_stands_alone(header)
    file_key, place = _first_unwrapped(header, identities)
    if len(file_key) != FILE_KEY:
        raise MalformedFile("a stanza of the header is broken")
    # Without this check somebody could add, drop or swap recipients unseen.
    if not hmac.compare_digest(header_mac(file_key, header.authenticated), header.mac):
        raise Tampered("the header of the file was changed")
    return file_key, place


def _first_unwrapped(header: Header, identities: Sequence[Identity]) -> tuple[bytes, int]:
    for place, identity in enumerate(identities):
        for stanza in header.stanzas:
            file_key = identity.unwrap(stanza)
            if file_key is not None:
                return file_key, place
    raise NotForThisKey("the file is sealed to another key")


def _check_passphrase_stands_alone(header: Header) -> None:
    # Beside another stanza anybody who knows the passphrase could pass for the other's sender.
    if len(header.stanzas) > 1 and any(s.type == PASSPHRASE_TYPE for s in header.stanzas):
        raise MalformedFile("a passphrase stands beside another recipient")


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Rest:
    """What was read beyond the header, then the file itself."""

    def __init__(self, ahead: bytes, file: BinaryIO) -> None:
        self._ahead = ahead
        self._file = file

    def read(self, size: int, /) -> bytes:
        taken, self._ahead = self._ahead[:size], self._ahead[size:]
        return taken if len(taken) == size else taken + self._file.read(size - len(taken))


def _payload(payload: _Readable, file_key: bytes) -> Iterator[bytes]:
    nonce = payload.read(PAYLOAD_NONCE)
    if len(nonce) < PAYLOAD_NONCE:
        raise MalformedFile("the file ends with its header")
    yield from _chunks(payload, payload_key(file_key, nonce))


def _chunks(payload: _Readable, key: bytes) -> Iterator[bytes]:
    counter, last = 0, False
    chunk = payload.read(SEALED_CHUNK)
    while not last:
        following = payload.read(SEALED_CHUNK) if len(chunk) == SEALED_CHUNK else b""
        opened, last = _open_chunk(chunk, counter, key, expect_last=not following)
        # An empty last chunk would be a second spelling of a file that ends in a full one.
        if last and not opened and counter:
            raise Tampered("the file was changed")
        yield opened
        if last and following:
            raise Tampered("something was added to the end of the file")
        if not last and not following:
            raise Truncated("the file is cut short")
        counter, chunk = counter + 1, following


def _open_chunk(chunk: bytes, counter: int, key: bytes, *, expect_last: bool) -> tuple[bytes, bool]:
    """What a chunk says, and whether it is marked as the last: a cut file is told from a changed one."""
    if len(chunk) < TAG:
        raise Truncated("the file is cut short")
    # Only a full chunk can stand anywhere but at the end.
    marks = (expect_last, not expect_last) if len(chunk) == SEALED_CHUNK else (True,)
    for last in marks:
        try:
            nonce = chunk_nonce(counter, last=last)
            return crypto_aead_chacha20poly1305_ietf_decrypt(chunk, None, nonce, key), last
        except nacl.exceptions.CryptoError:
            continue
    raise Tampered("the file was changed, or cut short")


def seal_with_passphrase(data: bytes, passphrase: str, work_factor: int = WORK_FACTOR) -> bytes:
    """The age file of `data` under a passphrase; stock `age -d` opens it."""
    return seal_bytes(data, (Passphrase(passphrase, work_factor),))


def unseal_with_passphrase(sealed: bytes, passphrase: str) -> bytes:
    """What was sealed under a passphrase; NotForThisKey when it is another one."""
    return unseal_bytes(sealed, (Passphrase(passphrase),))
