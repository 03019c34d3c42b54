"""The two derived keys of an age file and the nonces of its payload (C2SP age).

HMAC key    = HKDF-SHA256(ikm = file key, salt = empty, info = "header")
payload key = HKDF-SHA256(ikm = file key, salt = nonce, info = "payload")
chunk nonce = 11-byte big-endian counter || 0x01 for the last chunk, else 0x00
"""

import hmac

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

CHUNK = 64 * 1024
TAG = 16
FILE_KEY = 16
PAYLOAD_NONCE = 16
SEALED_CHUNK = CHUNK + TAG


def hkdf_sha256(key: bytes, salt: bytes, info: bytes) -> bytes:
    """HKDF (RFC 5869) with SHA-256: 32 bytes."""
    return HKDF(algorithm=SHA256(), length=32, salt=salt or None, info=info).derive(key)


def header_mac(file_key: bytes, authenticated: bytes) -> bytes:
    """The MAC over the header's bytes up to and including its three dashes."""
    return hmac.digest(hkdf_sha256(file_key, b"", b"header"), authenticated, "sha256")


def payload_key(file_key: bytes, nonce: bytes) -> bytes:
    """The key of the payload's chunks."""
    return hkdf_sha256(file_key, nonce, b"payload")


def chunk_nonce(counter: int, *, last: bool) -> bytes:
    """The nonce of a chunk; the last one is marked, so that a cut file does not pass for whole."""
    return counter.to_bytes(11, "big") + (b"\x01" if last else b"\x00")
