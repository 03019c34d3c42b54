"""The desk: a folder whose every file is ciphertext, and the keys that open it.

    identity.age      the newest private key, under the passphrase (keyring.py says what else may be)
    earlier.age       the private keys before it, sealed to the newest
    desk.pub          the card that an intake pins: whom to seal to, signed by the desk
    recipients.txt    the same keys as any age reads them
    signing.key.age   the seed that signs the card, sealed to the recipients
    release.key.age   the seed that signs releases, sealed to the same, once somebody made it
    database.key.age  the 32 bytes that open the database, sealed to the newest
    desk.db           everything that was unsealed, in SQLCipher
    archive/          the sealed reports as they came

What is unlocked lives in memory and nowhere else.
"""

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Self

from analysis import cipher, identities, keyring, migration, public, schema
from analysis.cipher import Database
from analysis.desk_errors import Busy, DamagedDesk, DeskExists, NotADesk, UnreadableFile
from analysis.identities import DEFAULT_DAYS, Life
from analysis.identity import HybridIdentity, X25519Identity, parse_identities
from analysis.keyring import MAX_KEY_FILE, AskPassphrase, AskShares
from analysis.signing import SIGNING_KEY
from analysis.storage import DIRECTORY_MODE, built_aside, read_file, write_file
from analysis.trouble import told
from analysis.unseal import unseal_bytes
from analysis.unseal_errors import UnsealError
from intake.crypto.card import Card
from intake.crypto.recipients import HybridRecipient, X25519Recipient
from intake.crypto.seal import seal_bytes
from intake.crypto.signing import SigningKey

DATABASE_KEY = "database.key.age"
DATABASE = "desk.db"
ARCHIVE = "archive"


@dataclass(frozen=True, slots=True, repr=False)
class Desk:
    """An unlocked desk. `database_key` and `identities` are secrets."""

    path: Path
    identities: Sequence[HybridIdentity | X25519Identity]
    recipients: Sequence[HybridRecipient | X25519Recipient]
    database_key: bytes
    database: Database
    card: Card

    @classmethod
    def create(
        cls,
        path: Path,
        identity_text: str,
        passphrase: str | None,
        *,
        random: Callable[[int], bytes] = os.urandom,
        today: date | None = None,
        days: int = DEFAULT_DAYS,
        by_shares: bool = False,
        leaflets: Mapping[str, bytes] | None = None,
    ) -> None:
        """Makes a new desk around the keys of an identity file: all of it, or nothing.

        Without a passphrase the keys lie in the clear, or nowhere when they open `by_shares`. They expire
        after so many `days`. `leaflets` are public files to lie beside the rest. Raises DeskExists,
        BadIdentity or Unwritable.
        """
        check_free(path)
        recipients = [identity.recipient for identity in parse_identities(identity_text)]
        made = today or date.today()
        life = Life(made, made + timedelta(days))
        key, signing = random(cipher.KEY_LENGTH), SigningKey.generate(random)
        with built_aside(path) as aside, told(path / DATABASE):
            files = keyring.files(identity_text, passphrase, by_shares=by_shares)
            files |= public.files(recipients, signing, sequence=1, expires=life.expires)
            for name, data in (files | dict(leaflets or {})).items():
                write_file(aside / name, data)
            write_file(aside / SIGNING_KEY, seal_bytes(signing.seed, recipients))
            write_file(aside / DATABASE_KEY, seal_bytes(key, recipients))
            (aside / ARCHIVE).mkdir(mode=DIRECTORY_MODE)
            _create_database(aside / DATABASE, key, recipients, life)

    @classmethod
    def unlock(cls, path: Path, passphrase: AskPassphrase | None, shares: AskShares | None = None) -> Self:
        """The desk at `path`; `passphrase` is asked for when its keys are under one, `shares` otherwise.

        Raises NotADesk, WrongPassphrase, BadShare or DamagedDesk.
        """
        check_desk(path)
        keys = keyring.unlock(path, passphrase, shares)
        key = read_database_key(path, keys.newest)
        database = _open_database(path / DATABASE, key)
        return cls(path, keys.identities, keys.recipients, key, database, keys.card)

    @classmethod
    @contextmanager
    def unlocked(
        cls, path: Path, passphrase: AskPassphrase | None, shares: AskShares | None = None
    ) -> Iterator[Self]:
        """The desk while a command uses it; what its database cannot do is told in the desk's words."""
        desk = cls.unlock(path, passphrase, shares)
        try:
            with told(path / DATABASE):
                yield desk
        finally:
            desk.close()

    @property
    def archive(self) -> Path:
        """Where the sealed reports stand as they came."""
        return self.path / ARCHIVE

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Keeps every other command from changing the desk meanwhile; Busy when one does."""
        descriptor = os.open(self.archive, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _lock(descriptor, self.path)
            yield
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Closes the database."""
        self.database.close()

    def __repr__(self) -> str:
        return f"Desk({str(self.path)!r}, ...)"


def check_free(path: Path) -> None:
    """DeskExists when a new desk would overwrite something."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise DeskExists(f"{path}: already exists", "choose another folder for the new desk")


def check_desk(path: Path) -> None:
    """NotADesk when the folder is none."""
    if not (path / DATABASE).is_file() or not (path / DATABASE_KEY).is_file():
        raise NotADesk(f"{path}: not a desk", "make one: witnessbox-analysis keygen --desk DIR")


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Busy(f"{path}: another command is changing this desk", "wait for it to end") from None


def _create_database(
    path: Path, key: bytes, recipients: Sequence[HybridRecipient | X25519Recipient], life: Life
) -> None:
    connection = cipher.connect(path, key)
    try:
        os.chmod(path, 0o600)
        database = Database(connection)
        schema.create(database)
        with database.atomic():
            identities.record(database, recipients, life)
    finally:
        connection.close()


def _open_database(path: Path, key: bytes) -> Database:
    # Whatever is empty would open with any key.
    if not path.stat().st_size:
        raise DamagedDesk(f"{path}: the database is empty", "bring back a copy of the desk's folder")
    with told(path):
        database = Database(cipher.connect(path, key))
        # Also brings back to order what a killed import left half-written.
        migration.migrate(database, schema.VERSION)
        version = schema.version(database)
    if version != schema.VERSION:
        database.close()
        raise other_version(path, version)
    return database


def other_version(path: Path, version: int) -> NotADesk:
    """The refusal of a database that this program cannot bring forward."""
    return NotADesk(
        f"{path}: the database is of version {version}, and this program reads versions"
        f" {min(migration.STEPS)} to {schema.VERSION}",
        "use the program that wrote it; to go back to an older one, rebuild with a backup from before",
    )


def read_database_key(desk: Path, identities: Sequence[HybridIdentity | X25519Identity]) -> bytes:
    """The 32 bytes that open the database; DamagedDesk when their file is missing or broken."""
    path = desk / DATABASE_KEY
    try:
        key = unseal_bytes(read_file(path, MAX_KEY_FILE), identities)
    except (UnsealError, UnreadableFile) as error:
        named = error.message if isinstance(error, UnreadableFile) else f"{path}: {error.message}"
        raise DamagedDesk(named) from None
    if len(key) != cipher.KEY_LENGTH:
        raise DamagedDesk(f"{path}: not the key of a database")
    return key
