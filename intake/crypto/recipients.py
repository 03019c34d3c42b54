"""The public keys that a report is sealed to.

    age1pq1...  native post-quantum: HPKE with MLKEM768-X25519, HKDF-SHA256, ChaCha20-Poly1305
                -> mlkem768x25519 base64(encapsulated key)   body: sealed file key
    age1...     X25519 (read by every age; written only when an organizer has no other key)
                -> X25519 base64(ephemeral share)            body: sealed file key

Sources: C2SP age, "Native hybrid post-quantum recipient" and "X25519 recipient".
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PublicKey, Suite
from nacl.bindings import (
    crypto_aead_chacha20poly1305_ietf_encrypt,
    crypto_scalarmult,
    crypto_scalarmult_base,
)
from nacl.exceptions import CryptoError

from intake.crypto import bech32
from intake.crypto.derive import FILE_KEY, TAG, hkdf_sha256
from intake.crypto.errors import Malformed, MixedRecipients
from intake.crypto.header import (
    MAC_LENGTH,
    MAC_MARK,
    MAX_HEADER,
    VERSION_LINE,
    Stanza,
    encode_base64,
    mac_line,
)

HYBRID_TYPE = "mlkem768x25519"
HYBRID_PREFIX = "age1pq"
HYBRID_INFO = b"age-encryption.org/mlkem768x25519"
HYBRID_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
HYBRID_ENCAPSULATED = 1120
MLKEM_PUBLIC = 1184
X25519_TYPE = "X25519"
X25519_PREFIX = "age"
X25519_INFO = b"age-encryption.org/v1/X25519"
X25519_LENGTH = 32
WRAPPED_FILE_KEY = FILE_KEY + TAG


class Recipient(Protocol):
    """Whoever can be given the file key of a sealed report."""

    @property
    def type(self) -> str:
        """The stanza's type."""

    @property
    def stanza_length(self) -> int:
        """Bytes that its stanza takes in a header; the same for every file."""

    def wrap(self, file_key: bytes) -> Stanza:
        """The file key, sealed so that only this recipient can read it."""


@dataclass(frozen=True)
class HybridRecipient:
    """A post-quantum recipient: the 1,216 bytes of an ML-KEM-768 and an X25519 public key."""

    public: bytes
    type = HYBRID_TYPE
    stanza_length = len(f"-> {HYBRID_TYPE} \n\n") + 1494 + 43

    @cached_property
    def _key(self) -> MLKEM768X25519PublicKey:
        return MLKEM768X25519PublicKey(
            MLKEM768PublicKey.from_public_bytes(self.public[:MLKEM_PUBLIC]),
            X25519PublicKey.from_public_bytes(self.public[MLKEM_PUBLIC:]),
        )

    def __str__(self) -> str:
        return bech32.encode(HYBRID_PREFIX, self.public)

    def wrap(self, file_key: bytes) -> Stanza:
        """One HPKE message in base mode; encapsulated key and ciphertext part ways in the stanza."""
        message = HYBRID_SUITE.encrypt(file_key, self._key, HYBRID_INFO)
        encapsulated, body = message[:HYBRID_ENCAPSULATED], message[HYBRID_ENCAPSULATED:]
        return Stanza((HYBRID_TYPE, encode_base64(encapsulated).decode()), body)


@dataclass(frozen=True)
class X25519Recipient:
    """A classical recipient: 32 bytes. What is sealed to it falls to a quantum computer."""

    public: bytes
    random: Callable[[int], bytes] = os.urandom
    type = X25519_TYPE
    stanza_length = len(f"-> {X25519_TYPE} \n\n") + 43 + 43

    def __str__(self) -> str:
        return bech32.encode(X25519_PREFIX, self.public)

    def wrap(self, file_key: bytes) -> Stanza:
        """The file key under a key agreed between a fresh share and the recipient."""
        ephemeral = self.random(X25519_LENGTH)
        share = crypto_scalarmult_base(ephemeral)
        agreed = crypto_scalarmult(ephemeral, self.public)
        wrap_key = hkdf_sha256(agreed, share + self.public, X25519_INFO)
        body = crypto_aead_chacha20poly1305_ietf_encrypt(file_key, None, bytes(12), wrap_key)
        return Stanza((X25519_TYPE, encode_base64(share).decode()), body)


def parse_recipient(text: str) -> HybridRecipient | X25519Recipient:
    """The recipient spelled `age1pq1...` or `age1...`; Malformed for anything else."""
    prefix, public = bech32.decode(text)
    recipient: HybridRecipient | X25519Recipient
    if prefix == HYBRID_PREFIX and len(public) == MLKEM_PUBLIC + X25519_LENGTH:
        recipient = HybridRecipient(public)
    elif prefix == X25519_PREFIX and len(public) == X25519_LENGTH:
        recipient = X25519Recipient(public)
    else:
        raise Malformed("not an age recipient (age1pq1... or age1...)")
    _try(recipient)
    return recipient


def _try(recipient: Recipient) -> None:
    """Some bytes are no key of their kind, and every later sealing to them would fail."""
    try:
        recipient.wrap(bytes(FILE_KEY))
    except (ValueError, CryptoError):
        raise Malformed("not an age recipient: its key is out of range") from None


def read_recipients(text: str) -> tuple[HybridRecipient | X25519Recipient, ...]:
    """The recipients of a file, one a line, `#` before comments; Malformed names the line."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.startswith("#"):
            try:
                found.append(parse_recipient(line.strip()))
            except Malformed as error:
                raise Malformed(f"line {number}: {error}") from None
    check_recipients(found)
    return tuple(found)


def check_recipients(recipients: Sequence[Recipient]) -> None:
    """At least one recipient, no more than a header holds, and all of one type: a report is as safe as
    its weakest stanza. Raises Malformed or MixedRecipients.
    """
    if not recipients:
        raise Malformed("no recipient: a report must be sealed to somebody")
    if len({recipient.type for recipient in recipients}) > 1:
        raise MixedRecipients("post-quantum and other keys cannot be mixed")
    if header_length(recipients) > MAX_HEADER:
        raise Malformed(f"too many recipients: the header of a report has {MAX_HEADER} bytes at most")


def header_length(recipients: Sequence[Recipient]) -> int:
    """Bytes of the header of every file that is sealed to `recipients`."""
    fixed = len(VERSION_LINE) + len(MAC_MARK) + len(mac_line(bytes(MAC_LENGTH)))
    return fixed + sum(recipient.stanza_length for recipient in recipients)
