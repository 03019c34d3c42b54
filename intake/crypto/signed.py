"""What the courier's small signed files have in common: a version line, a body, a signature.

    file      = version-line body LF signature LF
    body      = canonical JSON: keys sorted, no spaces, ASCII
    signature = base64 of Ed25519 over version-line and body and LF

The version line separates the signatures of one kind of file from those of every other.
"""

import base64
import binascii
import json
import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass

from intake.crypto.errors import Malformed, WrongSignature
from intake.crypto.signing import SIGNATURE_LENGTH, SigningKey, VerifyKey

_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of signed file: its first line, what people call it, and who signs it."""

    version_line: bytes
    name: str
    signer: str

    def write(self, value: Mapping[str, object], key: SigningKey) -> bytes:
        """The file that says `value`; the same bytes every time."""
        signed = self.version_line + canonical(value) + b"\n"
        return signed + base64.b64encode(key.sign(signed)) + b"\n"

    def body(self, data: bytes) -> bytes:
        """The body of a file, of which nothing was checked but the version line."""
        version, _, rest = data.partition(b"\n")
        if version + b"\n" != self.version_line:
            raise Malformed(f"the {self.name} is not one of Witnessbox, or of a newer version")
        return rest.partition(b"\n")[0]

    def verify(self, data: bytes, pinned: Collection[VerifyKey]) -> tuple[bytes, VerifyKey]:
        """The body, which is not parsed yet, and which key of `pinned` signed it.

        Raises Malformed or WrongSignature.
        """
        body = self.body(data)
        signed = self.version_line + body + b"\n"
        signature = self._signature(data[len(signed) :])
        for key in pinned:
            with suppress(WrongSignature):
                key.verify(signed, signature)
                return body, key
        raise WrongSignature(f"the {self.name} is not signed by {self.signer} that is known here")

    def _signature(self, line: bytes) -> bytes:
        try:
            signature = binascii.a2b_base64(line.removesuffix(b"\n"), strict_mode=True)
        except binascii.Error:
            raise Malformed(f"the signature of the {self.name} is broken") from None
        if len(signature) != SIGNATURE_LENGTH or base64.b64encode(signature) + b"\n" != line:
            raise Malformed(f"the signature of the {self.name} is broken")
        return signature


def canonical(value: Mapping[str, object]) -> bytes:
    """The one spelling of a value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def number(value: object, least: int, most: int) -> int:
    """A whole number within bounds; ValueError for anything else."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ValueError
    return value


def digest(value: object) -> str:
    """Sixty-four hexadecimal digits; ValueError for anything else."""
    if not isinstance(value, str) or not _DIGEST.fullmatch(value):
        raise ValueError
    return value
