"""The organizers' private keys, which exist in this module and in `analysis.unseal` alone.

    AGE-SECRET-KEY-PQ-1...  a 32-byte seed; SHAKE256 expands it to ML-KEM's 64 bytes and X25519's 32
    AGE-SECRET-KEY-1...     the 32 bytes of an X25519 key

Identity files are those of `age-keygen`, one key a line, `#` before comments. Nothing here
prints, logs or pickles a key by accident: the types mask themselves.
"""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, Self

import nacl.exceptions
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey
from nacl.bindings import (
    crypto_aead_chacha20poly1305_ietf_decrypt,
    crypto_scalarmult,
    crypto_scalarmult_base,
)

from analysis.errors import AnalysisError
from analysis.unseal_errors import MalformedFile
from intake.crypto import bech32
from intake.crypto.derive import hkdf_sha256
from intake.crypto.errors import Malformed
from intake.crypto.header import Stanza, decode_base64
from intake.crypto.recipients import (
    HYBRID_ENCAPSULATED,
    HYBRID_INFO,
    HYBRID_SUITE,
    HYBRID_TYPE,
    WRAPPED_FILE_KEY,
    X25519_INFO,
    X25519_LENGTH,
    X25519_TYPE,
    HybridRecipient,
    X25519Recipient,
)

HYBRID_PREFIX = "AGE-SECRET-KEY-PQ-"
X25519_PREFIX = "AGE-SECRET-KEY-"
SEED_LENGTH = 32
MLKEM_SEED = 64


class BadIdentity(AnalysisError):
    """A file of private keys that cannot be read as one."""


class Identity(Protocol):
    """Whoever may be able to read the file key from a header's stanzas."""

    def unwrap(self, stanza: Stanza) -> bytes | None:
        """The file key, None when the stanza is for somebody else, MalformedFile when broken."""


@dataclass(frozen=True, repr=False)
class HybridIdentity:
    """A post-quantum private key."""

    seed: bytes

    @classmethod
    def generate(cls, random: Callable[[int], bytes] = os.urandom) -> Self:
        """A new key."""
        return cls(random(SEED_LENGTH))

    @cached_property
    def _expanded(self) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
        expanded = hashlib.shake_256(self.seed).digest(MLKEM_SEED + X25519_LENGTH)
        return (
            MLKEM768PrivateKey.from_seed_bytes(expanded[:MLKEM_SEED]),
            X25519PrivateKey.from_private_bytes(expanded[MLKEM_SEED:]),
        )

    @cached_property
    def _key(self) -> MLKEM768X25519PrivateKey:
        return MLKEM768X25519PrivateKey(*self._expanded)

    @cached_property
    def recipient(self) -> HybridRecipient:
        """The public half."""
        mlkem, x25519 = self._expanded
        return HybridRecipient(mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw())

    def reveal(self) -> str:
        """The key as text. Whoever reads it can open every report."""
        return bech32.encode(HYBRID_PREFIX, self.seed).upper()

    def unwrap(self, stanza: Stanza) -> bytes | None:
        """The file key; see Identity."""
        if stanza.type != HYBRID_TYPE:
            return None
        encapsulated = _argument(stanza, HYBRID_ENCAPSULATED)
        try:
            return HYBRID_SUITE.decrypt(encapsulated + stanza.body, self._key, HYBRID_INFO)
        except InvalidTag:
            # The library says the same of a share of low order as of a file for somebody else.
            _agree(self._expanded[1].private_bytes_raw(), encapsulated[-X25519_LENGTH:])
            return None

    def __repr__(self) -> str:
        return "HybridIdentity(...)"


@dataclass(frozen=True, slots=True, repr=False)
class X25519Identity:
    """A classical private key."""

    scalar: bytes

    @property
    def recipient(self) -> X25519Recipient:
        """The public half."""
        return X25519Recipient(crypto_scalarmult_base(self.scalar))

    def reveal(self) -> str:
        """The key as text. Whoever reads it can open every report."""
        return bech32.encode(X25519_PREFIX, self.scalar).upper()

    def unwrap(self, stanza: Stanza) -> bytes | None:
        """The file key; see Identity."""
        if stanza.type != X25519_TYPE:
            return None
        share = _argument(stanza, X25519_LENGTH)
        agreed = _agree(self.scalar, share)
        wrap_key = hkdf_sha256(agreed, share + self.recipient.public, X25519_INFO)
        return open_file_key(stanza.body, wrap_key)

    def __repr__(self) -> str:
        return "X25519Identity(...)"


def open_file_key(body: bytes, wrap_key: bytes) -> bytes | None:
    """The file key that a stanza's body holds under `wrap_key`, or None."""
    try:
        return crypto_aead_chacha20poly1305_ietf_decrypt(body, None, bytes(12), wrap_key)
    except nacl.exceptions.CryptoError:
        return None


def _agree(scalar: bytes, share: bytes) -> bytes:
    """The X25519 agreement; a share of low order, which would make it public, is refused."""
    try:
        return crypto_scalarmult(scalar, share)
    except nacl.exceptions.RuntimeError:
        raise MalformedFile("a stanza of the header is broken") from None


def _argument(stanza: Stanza, length: int) -> bytes:
    """The one argument of a stanza; every length is checked before any key is used."""
    if len(stanza.arguments) != 2 or len(stanza.body) != WRAPPED_FILE_KEY:
        raise MalformedFile("a stanza of the header is broken")
    try:
        argument = decode_base64(stanza.arguments[1].encode("ascii"))
    except Malformed:
        raise MalformedFile("a stanza of the header is broken") from None
    if len(argument) != length:
        raise MalformedFile("a stanza of the header is broken")
    return argument


def parse_identity(text: str) -> HybridIdentity | X25519Identity:
    """The private key spelled `text`; BadIdentity, which never quotes it, for anything else."""
    try:
        prefix, secret = bech32.decode(text)
    except Malformed as error:
        raise BadIdentity(str(error)) from None
    if len(secret) == SEED_LENGTH:
        if prefix == HYBRID_PREFIX:
            return HybridIdentity(secret)
        if prefix == X25519_PREFIX:
            return X25519Identity(secret)
    raise BadIdentity("not an age identity (AGE-SECRET-KEY-PQ-1... or AGE-SECRET-KEY-1...)")


def parse_identities(text: str) -> tuple[HybridIdentity | X25519Identity, ...]:
    """The private keys of an identity file; BadIdentity names the line."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.startswith("#"):
            try:
                found.append(parse_identity(line.strip()))
            except BadIdentity as error:
                raise BadIdentity(f"line {number}: {error.message}") from None
    if not found:
        raise BadIdentity("no private key in the file")
    return tuple(found)


def format_identity(identity: HybridIdentity | X25519Identity) -> str:
    """The text of an identity file as `age-keygen -pq` writes it, but for the date."""
    return f"# public key: {identity.recipient}\n{identity.reveal()}\n"
