"""The desk's own Ed25519 key, by which it signs its card and its acknowledgements.

    signing.key.age   the 32-byte seed, sealed to the desk's identities

It opens nothing. Every intake pinned its public half, so it stays the same when identities change.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.desk_errors import DamagedDesk, UnreadableFile
from analysis.identity import Identity
from analysis.storage import read_file
from analysis.unseal import unseal_bytes
from analysis.unseal_errors import UnsealError
from intake.crypto.signing import SEED_LENGTH, SigningKey

if TYPE_CHECKING:
    from analysis.desk import Desk

SIGNING_KEY = "signing.key.age"
_MAX_SEALED = 64 * 1024


def signing_key(desk: "Desk") -> SigningKey:
    """The key of an unlocked desk; DamagedDesk when its file is missing or broken."""
    return read_signing_key(desk.path, desk.identities)


def read_signing_key(desk: Path, identities: Sequence[Identity]) -> SigningKey:
    """The same, for who holds the identities alone."""
    return read_sealed(desk / SIGNING_KEY, identities, "the key that a desk signs with")


def read_sealed(path: Path, identities: Sequence[Identity], what: str) -> SigningKey:
    """The key whose seed is sealed in a file; DamagedDesk when that is missing, broken, or not `what`."""
    try:
        seed = unseal_bytes(read_file(path, _MAX_SEALED), identities)
    except UnreadableFile as error:
        raise DamagedDesk(error.message) from None
    except UnsealError as error:
        raise DamagedDesk(f"{path}: {error.message}") from None
    if len(seed) != SEED_LENGTH:
        raise DamagedDesk(f"{path}: not {what}")
    return SigningKey(seed)
