"""Ed25519 signatures of the server and the desk over what the courier carries.

These keys sign; none of them opens anything. The public half travels as one line of text:

    witnessbox-server-key/1 <64 hexadecimal digits>
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import nacl.exceptions
import nacl.signing

from intake.crypto.errors import Malformed, WrongSignature

SEED_LENGTH = 32
SIGNATURE_LENGTH = 64
PUBLIC_LABEL = "witnessbox-server-key/1"

_PUBLIC_LINE = re.compile(rf"{PUBLIC_LABEL} ([0-9a-f]{{64}})\n?")


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """The 32 public bytes that a signature is checked against."""

    public: bytes

    def verify(self, message: bytes, signature: bytes) -> None:
        """WrongSignature unless this key made `signature` over `message`."""
        try:
            nacl.signing.VerifyKey(self.public).verify(message, signature)
        except (nacl.exceptions.BadSignatureError, ValueError):
            raise WrongSignature("the signature does not match") from None


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """The 32-byte seed of a signing key."""

    seed: bytes

    @classmethod
    def generate(cls, random: Callable[[int], bytes] = os.urandom) -> Self:
        """A new key."""
        return cls(random(SEED_LENGTH))

    def __post_init__(self) -> None:
        if len(self.seed) != SEED_LENGTH:
            raise Malformed(f"a signing key has {SEED_LENGTH} bytes")

    @property
    def verify_key(self) -> VerifyKey:
        """The public half."""
        return VerifyKey(nacl.signing.SigningKey(self.seed).verify_key.encode())

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature over `message`; the same every time."""
        return nacl.signing.SigningKey(self.seed).sign(message).signature

    def __repr__(self) -> str:
        return "SigningKey(...)"


def format_public(key: VerifyKey) -> str:
    """The one line of a server's public key file."""
    return f"{PUBLIC_LABEL} {key.public.hex()}\n"


def parse_public(text: str) -> VerifyKey:
    """The key in a server's public key file; Malformed for any other text."""
    found = _PUBLIC_LINE.fullmatch(text)
    if not found:
        raise Malformed(f'not a server key file: it has one line, "{PUBLIC_LABEL}" and 64 digits')
    return VerifyKey(bytes.fromhex(found[1]))
