"""The manifest of a courier bundle: what is in it, signed by the server.

    manifest  = "witnessbox-bundle/1" LF body LF signature LF       ; signed.py

A bundle names the manifest before it, so a bundle that never arrived, came twice or was
changed shows.
"""

import hashlib
import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

from intake.crypto import signed
from intake.crypto.errors import Malformed, WrongSignature
from intake.crypto.shard import MAX_SHARD_BYTES, MAX_SHARD_REPORTS
from intake.crypto.signing import SigningKey, VerifyKey

VERSION_LINE = b"witnessbox-bundle/1\n"
KIND = signed.Kind(VERSION_LINE, "manifest", "a server")
FIRST_PREVIOUS = "0" * 64
MAX_MANIFEST = 4 * 1024 * 1024


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
    return KIND.write(_value(manifest), key)


def parse(data: bytes, pinned: Collection[VerifyKey]) -> Manifest:
    """The manifest, when it is signed by a key of `pinned`, which is all that is read before.

    Raises WrongSignature, or Malformed for any but the one allowed form.
    """
    # The signature is checked before anything is parsed: only a known server may feed the parser.
    body, signer = KIND.verify(data, pinned)
    manifest = _from_body(body)
    if manifest.server != signer:
        raise WrongSignature("the manifest names another server than the one that signed it")
    return manifest


def _value(manifest: Manifest) -> dict[str, Any]:
    return {
        "forms": list(manifest.forms),
        "previous": manifest.previous,
        "sequence": manifest.sequence,
        "server": manifest.server.public.hex(),
        "shards": [asdict(shard) for shard in manifest.shards],
    }


def _from_body(body: bytes) -> Manifest:
    try:
        value = json.loads(body)
        manifest = Manifest(
            server=VerifyKey(bytes.fromhex(signed.digest(value["server"]))),
            sequence=signed.number(value["sequence"], 1, 10**9),
            previous=signed.digest(value["previous"]),
            forms=tuple(signed.digest(form) for form in value["forms"]),
            shards=tuple(_shard(shard) for shard in value["shards"]),
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        raise Malformed("the manifest is broken") from None
    if not _is_strict(manifest) or signed.canonical(_value(manifest)) != body:
        raise Malformed("the manifest is not in the one allowed form")
    return manifest


def _is_strict(manifest: Manifest) -> bool:
    """Whether the forms stand in order, each once, and no shard is named twice."""
    names = {shard.filename for shard in manifest.shards}
    return list(manifest.forms) == sorted(set(manifest.forms)) and len(names) == len(manifest.shards)


def _shard(value: dict[str, object]) -> Shard:
    return Shard(
        bytes=signed.number(value["bytes"], 1, MAX_SHARD_BYTES),
        reports=signed.number(value["reports"], 1, MAX_SHARD_REPORTS),
        sha256=signed.digest(value["sha256"]),
    )
