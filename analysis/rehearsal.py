"""Proves that what people hold opens the desk, without touching a report or the database."""

import os
from collections.abc import Iterator
from pathlib import Path

from analysis import keyring
from analysis.desk import check_desk, read_database_key
from analysis.desk_errors import DamagedDesk
from analysis.keyring import AskPassphrase, AskShares, Keyring
from analysis.releasekey import has_release_key, read_release_key
from analysis.signing import read_signing_key
from analysis.unseal import unseal_bytes
from intake.crypto.fingerprint import fingerprint
from intake.crypto.seal import seal_bytes

_MESSAGE = 32


def rehearse(desk: Path, passphrase: AskPassphrase | None, shares: AskShares | None) -> Iterator[str]:
    """Opens a new test message with each identity, then the sealed keys; a line on each.

    Raises whatever unlocking the desk would.
    """
    check_desk(desk)
    keys = keyring.unlock(desk, passphrase, shares)
    for identity in keys.identities:
        message = os.urandom(_MESSAGE)
        if unseal_bytes(seal_bytes(message, [identity.recipient]), [identity]) != message:
            raise DamagedDesk(f"{desk}: a key does not open what is sealed to it")
        yield f"opens a test message: {_name(keys, identity)}"
    read_database_key(desk, keys.newest)
    read_signing_key(desk, keys.newest)
    if has_release_key(desk):
        read_release_key(desk, keys.newest)
    yield "opens: the key of the database, the key that signs"
    yield "all is well: these keys open this desk; no report was touched"


def _name(keys: Keyring, identity: keyring.OwnIdentity) -> str:
    use = "in use" if identity in keys.newest else "earlier"
    return f"{' '.join(fingerprint([identity.recipient]))} ({use})"
