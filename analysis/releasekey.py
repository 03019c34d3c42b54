"""The Ed25519 key by which a desk signs its releases, made when a volunteer asks for it.

    release.key.age   the 32-byte seed, sealed to the desk's identities

It is not the key that signs the desk's card: readers pin this one, and what it signs is not ours to
tell from other files. It stays the same when identities change, or no reader could check the next release.
"""

from collections.abc import Sequence
from pathlib import Path

from analysis.desk_errors import NoReleaseKey
from analysis.identity import Identity
from analysis.signing import read_sealed
from analysis.storage import sync_directory, write_file
from intake.crypto.recipients import Recipient
from intake.crypto.seal import seal_bytes
from intake.crypto.signing import SigningKey

RELEASE_KEY = "release.key.age"


def has_release_key(desk: Path) -> bool:
    """Whether the desk can sign a release."""
    return (desk / RELEASE_KEY).exists()


def make_release_key(desk: Path, recipients: Sequence[Recipient]) -> SigningKey:
    """A new key, on the disk when this returns; the caller keeps other commands away. Raises Unwritable."""
    key = SigningKey.generate()
    write_file(desk / RELEASE_KEY, seal_bytes(key.seed, recipients))
    sync_directory(desk)
    return key


def read_release_key(desk: Path, identities: Sequence[Identity]) -> SigningKey:
    """The key of a desk; NoReleaseKey before it was made, DamagedDesk when its file is broken."""
    path = desk / RELEASE_KEY
    if not has_release_key(desk):
        raise NoReleaseKey(
            f"{path}: not there, so nothing can sign a release",
            f"make the key, once for all releases: witnessbox-analysis release-key --desk {desk}",
        )
    return read_sealed(path, identities, "the key that signs releases")
