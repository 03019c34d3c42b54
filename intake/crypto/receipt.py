"""The keys that follow from a reporter's code, and stand in every report.

    code     = 96 random bits, drawn before sealing
    withdraw = BLAKE2b-256(code, person "wbx1-withdraw")     shown to take a report back
    id       = BLAKE2b-128(withdraw, person "wbx1-id")       the name a report is stored under
    box      = BLAKE2b-128(code, person "wbx1-box")          where a reply is left
    reply    = BLAKE2b-256(code, person "wbx1-reply")        the key a reply is sealed under
    attachment n = BLAKE2b-128(withdraw || n, person "wbx1-attachment")     the name of attachment n
    message      = BLAKE2b-128(withdraw || nonce, person "wbx1-message")    the name of what is sent later

The ids follow from the withdrawal token, so whoever shows the token proves that the report and its
attachments are theirs, and the server stores nothing that ties them together. Every report carries
these keys, so nothing tells who kept a code. The code itself goes nowhere. No password hashing is
needed at 96 bits. BLAKE2b: RFC 7693; `person` is filled with zero bytes to 16.
"""

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Self

from intake.crypto.errors import Malformed

CODE_LENGTH = 12
LENGTHS = {"id": 16, "box": 16, "reply": 32, "withdraw": 32}
ATTACHMENT_ID = 16
MESSAGE_NONCE = 16


@dataclass(frozen=True, slots=True, repr=False)
class Receipt:
    """The four values that follow from a code, in bytes (16, 16, 32 and 32)."""

    id: bytes
    box: bytes
    reply: bytes
    withdraw: bytes

    @classmethod
    def draw(cls, random: Callable[[int], bytes] = os.urandom) -> Self:
        """The receipt of a new code, which is forgotten."""
        return cls.from_code(random(CODE_LENGTH))

    @classmethod
    def from_code(cls, code: bytes) -> Self:
        """The receipt of the 12 bytes of a code."""
        if len(code) != CODE_LENGTH:
            raise Malformed(f"a code has {CODE_LENGTH} bytes")
        withdraw = _blake2b(code, "withdraw")
        return cls(
            id=report_id(withdraw),
            box=_blake2b(code, "box"),
            reply=_blake2b(code, "reply"),
            withdraw=withdraw,
        )

    def to_json(self) -> dict[str, str]:
        """The values in hexadecimal, as they stand in a report."""
        return {field.name: getattr(self, field.name).hex() for field in fields(self)}

    def attachment_id(self, number: int) -> bytes:
        """The name that attachment `number`, counted from 1, is stored under: 16 bytes."""
        return attachment_id(self.withdraw, number)

    def message_id(self, nonce: bytes) -> bytes:
        """The name that a follow-up or a withdrawal with this nonce is stored under: 16 bytes."""
        if len(nonce) != MESSAGE_NONCE:
            raise Malformed(f"the nonce of a message has {MESSAGE_NONCE} bytes")
        return _blake2b(self.withdraw + nonce, "message")

    @classmethod
    def from_json(cls, value: Mapping[str, object]) -> Self:
        """The receipt of a report; Malformed unless it has just the four values."""
        if value.keys() != LENGTHS.keys():
            raise Malformed("a receipt has other fields")
        receipt = cls(**{name: _unhex(value[name], length) for name, length in LENGTHS.items()})
        # A report may not claim the name of another one.
        if receipt.id != report_id(receipt.withdraw):
            raise Malformed("the id of a receipt does not follow from its withdrawal token")
        return receipt

    def __repr__(self) -> str:
        return "Receipt(...)"


def report_id(withdraw: bytes) -> bytes:
    """The name of the report that a withdrawal token takes back: 16 bytes."""
    return _blake2b(withdraw, "id")


def attachment_id(withdraw: bytes, number: int) -> bytes:
    """The name of attachment `number`, counted from 1, of that report: 16 bytes."""
    return _blake2b(withdraw + bytes([number]), "attachment")


def _blake2b(data: bytes, purpose: str) -> bytes:
    length = LENGTHS.get(purpose, ATTACHMENT_ID)
    return hashlib.blake2b(data, digest_size=length, person=f"wbx1-{purpose}".encode()).digest()


def _unhex(text: object, length: int) -> bytes:
    try:
        value = bytes.fromhex(text) if isinstance(text, str) else b""
    except ValueError:
        value = b""
    if len(value) != length or value.hex() != text:
        raise Malformed("a receipt's value is not lower-case hexadecimal of its length")
    return value
