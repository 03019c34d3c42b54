"""Signs a file as minisign does, so that anybody can check it with a stock tool.

    public key = "untrusted comment: ..." LF base64("Ed" key_id public) LF
    signature  = "untrusted comment: ..." LF base64("ED" key_id signature) LF
                 "trusted comment: ..." LF base64(global_signature) LF
    signature        = Ed25519(BLAKE2b-512(file))
    global_signature = Ed25519(signature trusted_comment)

The format is that of minisign(1) with "ED", the prehashed one. The same key and file give the same bytes.
"""

from base64 import b64decode, b64encode
from hashlib import blake2b

from intake.crypto.signing import SIGNATURE_LENGTH, SigningKey, VerifyKey

_KEY, _PREHASHED = b"Ed", b"ED"
_ID_LENGTH = 8
_TRUSTED = "trusted comment: "


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
        f"{_TRUSTED}{comment}",
        b64encode(together).decode("ascii"),
    )
    return "".join(f"{line}\n" for line in lines).encode()


def read_public(data: bytes) -> VerifyKey:
    """The key in a public file; ValueError for anything else."""
    packed = b64decode(data.splitlines()[1], validate=True) if data.count(b"\n") == 2 else b""
    key = VerifyKey(packed[len(_KEY) + _ID_LENGTH :])
    if public_file(key) != data:
        raise ValueError("not a public key of minisign")
    return key


def verify(key: VerifyKey, message: bytes, signature: bytes) -> str:
    """The comment that was signed along; WrongSignature or ValueError unless the key made the .minisig."""
    _, packed, comment, together = signature.decode().rstrip("\n").split("\n")
    head, own = b64decode(packed, validate=True), b64decode(together, validate=True)
    start, comment = _PREHASHED + _key_id(key), comment.removeprefix(_TRUSTED)
    if not head.startswith(start) or len(head) != len(start) + SIGNATURE_LENGTH:
        raise ValueError("another key signed it")
    key.verify(blake2b(message, digest_size=64).digest(), head[len(start) :])
    key.verify(head[len(start) :] + comment.encode(), own)
    return comment


def _key_id(key: VerifyKey) -> bytes:
    # minisign takes eight random bytes; made from the key they need not be kept beside it.
    return blake2b(key.public, digest_size=_ID_LENGTH).digest()
