"""A file sealed under a passphrase, as `age -p` does it.

    -> scrypt base64(salt) log2(N)      ; 16 bytes; N from 1 to 20 in decimal
    wrap key = scrypt(passphrase, "age-encryption.org/v1/scrypt" || salt, N, r = 8, p = 1)

The stanza must stand alone. Source: C2SP age, "scrypt recipient".
"""

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass

from nacl.bindings import crypto_aead_chacha20poly1305_ietf_encrypt

from analysis.identity import open_file_key
from analysis.unseal_errors import MalformedFile
from intake.crypto.errors import Malformed
from intake.crypto.header import Stanza, decode_base64, encode_base64
from intake.crypto.recipients import WRAPPED_FILE_KEY

TYPE = "scrypt"
LABEL = b"age-encryption.org/v1/scrypt"
SALT = 16
# About a second and 256 MiB on a laptop: what age writes.
WORK_FACTOR = 18
# A gigabyte. OpenSSL refuses to take more, and a hostile file must not fill the machine's memory.
MAX_WORK_FACTOR = 20

_WORK_FACTOR = re.compile(r"[1-9][0-9]?")


@dataclass(frozen=True, slots=True, repr=False)
class Passphrase:
    """Seals and opens under a passphrase; both a recipient and an identity."""

    passphrase: str
    work_factor: int = WORK_FACTOR
    random: Callable[[int], bytes] = os.urandom

    @property
    def type(self) -> str:
        """The stanza's type."""
        return TYPE

    @property
    def stanza_length(self) -> int:
        """Bytes that its stanza takes in a header."""
        return len(f"-> {TYPE}  {self.work_factor}\n\n") + 22 + 43

    def wrap(self, file_key: bytes) -> Stanza:
        """The file key under the passphrase."""
        salt = self.random(SALT)
        body = crypto_aead_chacha20poly1305_ietf_encrypt(
            file_key, None, bytes(12), self._wrap_key(salt, self.work_factor)
        )
        return Stanza((TYPE, encode_base64(salt).decode(), str(self.work_factor)), body)

    def unwrap(self, stanza: Stanza) -> bytes | None:
        """The file key; None when the passphrase is another one."""
        if stanza.type != TYPE:
            return None
        salt, work_factor = _arguments(stanza)
        return open_file_key(stanza.body, self._wrap_key(salt, work_factor))

    def _wrap_key(self, salt: bytes, work_factor: int) -> bytes:
        cost = 1 << work_factor
        return hashlib.scrypt(
            self.passphrase.encode(),
            salt=LABEL + salt,
            n=cost,
            r=8,
            p=1,
            maxmem=1024 * cost + 64 * 1024 * 1024,
            dklen=32,
        )

    def __repr__(self) -> str:
        return "Passphrase(...)"


def _arguments(stanza: Stanza) -> tuple[bytes, int]:
    if len(stanza.arguments) != 3 or len(stanza.body) != WRAPPED_FILE_KEY:
        raise MalformedFile("the passphrase's stanza is broken")
    try:
        salt = decode_base64(stanza.arguments[1].encode("ascii"))
    except Malformed:
        raise MalformedFile("the passphrase's stanza is broken") from None
    if len(salt) != SALT or not _WORK_FACTOR.fullmatch(stanza.arguments[2]):
        raise MalformedFile("the passphrase's stanza is broken")
    work_factor = int(stanza.arguments[2])
    if work_factor > MAX_WORK_FACTOR:
        raise MalformedFile("the passphrase's work factor is higher than this machine should try")
    return salt, work_factor
