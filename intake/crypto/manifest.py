"""The manifest of a courier bundle: what is in it, signed by the server.

    manifest  = version-line body LF signature LF
    version-line = "witnessbox-bundle/1" LF
    body      = canonical JSON: keys sorted, no spaces, ASCII
    signature = base64 of Ed25519 over version-line and body and LF

A bundle names the manifest before it, so a bundle that never arrived, came twice or was
changed shows. The version line separates these signatures from any other use of the key.
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Collection
from contextlib import suppress
from dataclasses import asdict, dataclass

from intake.crypto.errors import Malformed, WrongSignature
from intake.crypto.shard import MAX_SHARD_BYTES, MAX_SHARD_REPORTS
from intake.crypto.signing import SIGNATURE_LENGTH, SigningKey, VerifyKey

VERSION_LINE = b"witnessbox-bundle/1\n"
FIRST_PREVIOUS = "0" * 64
MAX_MANIFEST = 4 * 1024 * 1024

_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Shard:
    """One tar of a bundle: its length in bytes, how many reports it holds, its SHA-256."""

    bytes: int
    reports: int
    sha256: str

    @property
    def filename(self) -> str:
        """The name of the file in the bundle."""
        return f"{self.sha256[:32]}.tar"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the server says of a bundle; `previous` is the digest of the manifest before it."""

    server: VerifyKey
    sequence: int
    previous: str
    forms: tuple[str, ...]
    shards: tuple[Shard, ...]

    @property
    def reports(self) -> int:
        """How many sealed reports the bundle holds."""
        return sum(shard.reports for shard in self.shards)


def bundle_name(sequence: int) -> str:
    """The name of the folder that a bundle travels in."""
    return f"witnessbox-{sequence:06d}"


def digest(manifest: bytes) -> str:
    """SHA-256 of the manifest's file, in hexadecimal: what the next bundle calls `previous`."""
    return hashlib.sha256(manifest).hexdigest()


def serialise(manifest: Manifest, key: SigningKey) -> bytes:
    """The manifest's file, signed; the same bytes every time."""
    signed = VERSION_LINE + _body(manifest) + b"\n"
    return signed + base64.b64encode(key.sign(signed)) + b"\n"


def parse(data: bytes, pinned: Collection[VerifyKey]) -> Manifest:
    """The manifest, when it is signed by a key of `pinned`, which is all that is read before.

    Raises WrongSignature, or Malformed for any but the one allowed form.
    """
    version, _, rest = data.partition(b"\n")
    body, _, last = rest.partition(b"\n")
    if version + b"\n" != VERSION_LINE:
        raise Malformed("the manifest is not of a Witnessbox bundle, or of a newer version")
    # The signature is checked before anything is parsed: only a known server may feed the parser.
    signer = _signer(VERSION_LINE + body + b"\n", _signature(last), pinned)
    manifest = _from_body(body)
    if manifest.server != signer:
        raise WrongSignature("the manifest names another server than the one that signed it")
    return manifest


def _signer(signed: bytes, signature: bytes, pinned: Collection[VerifyKey]) -> VerifyKey:
    for key in pinned:
        with suppress(WrongSignature):
            key.verify(signed, signature)
            return key
    raise WrongSignature("the manifest is not signed by a server that is known here")


def _body(manifest: Manifest) -> bytes:
    value = {
        "forms": list(manifest.forms),
        "previous": manifest.previous,
        "sequence": manifest.sequence,
        "server": manifest.server.public.hex(),
        "shards": [asdict(shard) for shard in manifest.shards],
    }
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def _from_body(body: bytes) -> Manifest:
    try:
        value = json.loads(body)
        manifest = Manifest(
            server=VerifyKey(bytes.fromhex(_digest(value["server"]))),
            sequence=_number(value["sequence"], 1, 10**9),
            previous=_digest(value["previous"]),
            forms=tuple(_digest(form) for form in value["forms"]),
            shards=tuple(_shard(shard) for shard in value["shards"]),
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        raise Malformed("the manifest is broken") from None
    if not _is_strict(manifest) or _body(manifest) != body:
        raise Malformed("the manifest is not in the one allowed form")
    return manifest


def _is_strict(manifest: Manifest) -> bool:
    """Whether the forms stand in order, each once, and no shard is named twice."""
    names = {shard.filename for shard in manifest.shards}
    return list(manifest.forms) == sorted(set(manifest.forms)) and len(names) == len(manifest.shards)


def _shard(value: dict[str, object]) -> Shard:
    return Shard(
        bytes=_number(value["bytes"], 1, MAX_SHARD_BYTES),
        reports=_number(value["reports"], 1, MAX_SHARD_REPORTS),
        sha256=_digest(value["sha256"]),
    )


def _number(value: object, least: int, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ValueError
    return value


def _digest(value: object) -> str:
    if not isinstance(value, str) or not _DIGEST.fullmatch(value):
        raise ValueError
    return value


def _signature(line: bytes) -> bytes:
    try:
        signature = binascii.a2b_base64(line.removesuffix(b"\n"), strict_mode=True)
    except binascii.Error:
        raise Malformed("the signature of the manifest is broken") from None
    if len(signature) != SIGNATURE_LENGTH or base64.b64encode(signature) + b"\n" != line:
        raise Malformed("the signature of the manifest is broken")
    return signature
