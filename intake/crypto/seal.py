"""Seals a stream of bytes as an age v1 file, in 64 KiB chunks and constant memory.

    file    = header payload
    payload = nonce *chunk              ; 16 bytes, then STREAM with ChaCha20-Poly1305
    chunk   = 64 KiB of ciphertext and a 16-byte tag; the last may be shorter, and is empty
              only when there is nothing to seal

Source: C2SP age, "Payload".
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence

from nacl.bindings import crypto_aead_chacha20poly1305_ietf_encrypt

from intake.crypto.derive import (
    CHUNK,
    FILE_KEY,
    PAYLOAD_NONCE,
    TAG,
    chunk_nonce,
    header_mac,
    payload_key,
)
from intake.crypto.header import mac_line, serialise_without_mac
from intake.crypto.recipients import Recipient, check_recipients, header_length


class Sealer:
    """Takes plaintext piece by piece and gives back the sealed bytes that are ready.

    The bytes returned by `update` in order, then those of `finish`, are the age file. At most
    64 KiB of plaintext wait inside; none is ever written anywhere else.
    """

    def __init__(self, recipients: Sequence[Recipient], random: Callable[[int], bytes] = os.urandom) -> None:
        check_recipients(recipients)
        file_key, nonce = random(FILE_KEY), random(PAYLOAD_NONCE)
        authenticated = serialise_without_mac(recipient.wrap(file_key) for recipient in recipients)
        self._ready = authenticated + mac_line(header_mac(file_key, authenticated)) + nonce
        self._key = payload_key(file_key, nonce)
        self._waiting = bytearray()
        self._counter = 0

    def update(self, data: bytes) -> bytes:
        """Takes more plaintext; returns sealed bytes, perhaps none yet."""
        self._waiting += data
        out = [self._take_ready()]
        # A full chunk is held back until more comes: only `finish` knows which one is the last.
        while len(self._waiting) > CHUNK:
            out.append(self._seal_chunk(bytes(self._waiting[:CHUNK]), last=False))
            del self._waiting[:CHUNK]
        return b"".join(out)

    def finish(self) -> bytes:
        """The last sealed bytes; the sealer is of no use afterwards."""
        last = self._seal_chunk(bytes(self._waiting), last=True)
        self._waiting.clear()
        return self._take_ready() + last

    def _take_ready(self) -> bytes:
        ready, self._ready = self._ready, b""
        return ready

    def _seal_chunk(self, chunk: bytes, *, last: bool) -> bytes:
        nonce = chunk_nonce(self._counter, last=last)
        self._counter += 1
        return crypto_aead_chacha20poly1305_ietf_encrypt(chunk, None, nonce, self._key)


def seal(chunks: Iterable[bytes], recipients: Sequence[Recipient]) -> Iterator[bytes]:
    """The age file of what `chunks` yields, piece by piece, in constant memory."""
    sealer = Sealer(recipients)
    for chunk in chunks:
        if sealed := sealer.update(chunk):
            yield sealed
    yield sealer.finish()


def seal_bytes(plaintext: bytes, recipients: Sequence[Recipient]) -> bytes:
    """The age file of `plaintext`, sealed to every one of `recipients`."""
    return b"".join(seal((plaintext,), recipients))


def sealed_length(plaintext_length: int, recipients: Sequence[Recipient]) -> int:
    """How long the age file of so many bytes is: it depends on nothing else."""
    chunks = max(1, -(-plaintext_length // CHUNK))
    return header_length(recipients) + PAYLOAD_NONCE + plaintext_length + TAG * chunks
