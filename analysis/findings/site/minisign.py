"""Signs a file as minisign does, so that anybody can check it with a stock tool.

    public key = "untrusted comment: ..." LF base64("Ed" key_id public) LF
    signature  = "untrusted comment: ..." LF base64("ED" key_id signature) LF
                 "trusted comment: ..." LF base64(global_signature) LF
    signature        = Ed25519(BLAKE2b-512(file))
    global_signature = Ed25519(signature trusted_comment)

The format is that of minisign(1) with "ED", the prehashed one. The same key and file give the same bytes.
"""

from base64 import b64encode
from hashlib import blake2b

from intake.crypto.signing import SigningKey, VerifyKey

_KEY, _PREHASHED = b"Ed", b"ED"
_ID_LENGTH = 8


def key_line(key: VerifyKey) -> str:
    """The public key as `minisign -P` takes it."""
    return b64encode(_KEY + _key_id(key) + key.public).decode("ascii")


def public_file(key: VerifyKey) -> bytes:
    """The public key as `minisign -p` reads it."""
    # minisign prints the eight bytes as a number, the first byte being the least.
    number = _key_id(key)[::-1].hex().upper()
    return f"untrusted comment: minisign public key {number}\n{key_line(key)}\n".encode("ascii")


def sign(key: SigningKey, message: bytes, comment: str) -> bytes:
    """The bytes of the .minisig file; `comment` is one line that is signed along."""
    signature = key.sign(blake2b(message, digest_size=64).digest())
    together = key.sign(signature + comment.encode())
    packed = b64encode(_PREHASHED + _key_id(key.verify_key) + signature).decode("ascii")
    lines = (
        "untrusted comment: signature from minisign secret key",
        packed,
        f"trusted comment: {comment}",
        b64encode(together).decode("ascii"),
    )
    return "".join(f"{line}\n" for line in lines).encode()


def _key_id(key: VerifyKey) -> bytes:
    # minisign takes eight random bytes; made from the key they need not be kept beside it.
    return blake2b(key.public, digest_size=_ID_LENGTH).digest()
