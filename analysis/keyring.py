"""The private keys of a desk: read from under a passphrase or put together from word shares.

    identity.age   the newest identity, under a passphrase as `age -p` does it
                   (identity.txt, in the clear, for a desk made with --no-passphrase;
                   neither, for a desk that opens by shares alone)
    earlier.age    the identities before it, sealed to the newest

What is read stays in memory.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from analysis import public, rotation
from analysis.desk_errors import BadShare, DamagedDesk, UnreadableFile, WrongPassphrase
from analysis.identity import (
    BadIdentity,
    HybridIdentity,
    X25519Identity,
    format_identity,
    parse_identities,
)
from analysis.shares import Gathering
from analysis.storage import read_file
from analysis.unseal import NotForThisKey, seal_with_passphrase, unseal_bytes, unseal_with_passphrase
from analysis.unseal_errors import UnsealError
from intake.crypto.card import Card
from intake.crypto.recipients import HybridRecipient, X25519Recipient
from intake.crypto.seal import seal_bytes

IDENTITY = "identity.age"
OPEN_IDENTITY = "identity.txt"
EARLIER = "earlier.age"
MAX_KEY_FILE = 1024 * 1024

OwnIdentity: TypeAlias = HybridIdentity | X25519Identity
AskPassphrase: TypeAlias = Callable[[], str]
AskShares: TypeAlias = Callable[[Card], Gathering]


@dataclass(frozen=True, slots=True, repr=False)
class Keyring:
    """The identities of a desk. `newest` are those that are sealed to now; one, but for imported files."""

    card: Card
    newest: tuple[OwnIdentity, ...]
    earlier: tuple[OwnIdentity, ...]

    @property
    def identities(self) -> tuple[OwnIdentity, ...]:
        """All that open something, the newest first."""
        return self.newest + self.earlier

    @property
    def recipients(self) -> tuple[HybridRecipient | X25519Recipient, ...]:
        """Whom to seal to."""
        return tuple(identity.recipient for identity in self.newest)

    def __repr__(self) -> str:
        return "Keyring(...)"


def unlock(desk: Path, passphrase: AskPassphrase | None, shares: AskShares | None = None) -> Keyring:
    """The keys of the desk, by the passphrase, or by shares where that is None or there is no other way.

    Raises WrongPassphrase, BadShare or DamagedDesk.
    """
    rotation.finish(desk)
    held = public.read_card(desk)
    if passphrase and any((desk / name).exists() for name in (IDENTITY, OPEN_IDENTITY)):
        newest = _from_file(desk, passphrase)
    elif shares:
        newest = _from_shares(held, shares)
    else:
        raise DamagedDesk(f"{desk / IDENTITY}: not there", "this desk opens by word shares: add --shares")
    public.check(desk, held, [identity.recipient for identity in newest])
    return Keyring(held, newest, _earlier(desk, newest))


def files(text: str, passphrase: str | None, *, by_shares: bool) -> dict[str, bytes]:
    """The file of a new identity by its name: none where shares alone are to open it."""
    if passphrase is not None:
        return {IDENTITY: seal_with_passphrase(text.encode(), passphrase)}
    return {} if by_shares else {OPEN_IDENTITY: text.encode()}


def earlier_file(before: Sequence[OwnIdentity], newest: HybridIdentity) -> dict[str, bytes]:
    """The file by which the newest identity opens those before it."""
    text = "".join(format_identity(identity) for identity in before)
    return {EARLIER: seal_bytes(text.encode(), [newest.recipient])}


def _from_file(desk: Path, passphrase: AskPassphrase) -> tuple[OwnIdentity, ...]:
    sealed = desk / IDENTITY
    if sealed.exists():
        return _parsed(sealed, _under_passphrase(sealed, passphrase))
    return _parsed(desk / OPEN_IDENTITY, _read(desk / OPEN_IDENTITY))


def _under_passphrase(path: Path, passphrase: AskPassphrase) -> bytes:
    sealed = _read(path)
    try:
        return unseal_with_passphrase(sealed, passphrase())
    except NotForThisKey:
        raise WrongPassphrase(f"{path}: the passphrase does not open it") from None
    except UnsealError as error:
        raise DamagedDesk(f"{path}: {error.message}") from None


def _from_shares(held: Card, shares: AskShares) -> tuple[OwnIdentity, ...]:
    identity = shares(held).identity()
    if identity.recipient not in held.recipients:
        raise BadShare(
            "these shares fit together, but they are not of this desk's newest key",
            "the eight words at the top of the sheets say which key they are of",
        )
    return (identity,)


def _earlier(desk: Path, newest: Sequence[OwnIdentity]) -> tuple[OwnIdentity, ...]:
    path = desk / EARLIER
    if not path.exists():
        return ()
    try:
        return _parsed(path, unseal_bytes(_read(path), newest))
    except UnsealError as error:
        raise DamagedDesk(f"{path}: {error.message}") from None


def _parsed(path: Path, text: bytes) -> tuple[OwnIdentity, ...]:
    try:
        return parse_identities(text.decode("utf-8", "replace"))
    except BadIdentity as error:
        raise DamagedDesk(f"{path}: {error.message}") from None


def _read(path: Path) -> bytes:
    try:
        return read_file(path, MAX_KEY_FILE)
    except UnreadableFile as error:
        raise DamagedDesk(error.message) from None
