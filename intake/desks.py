"""The desks that an intake serves: whose keys it pinned, and which keys it seals to.

    desks/<first 16 digits of the desk's key>.pub     the newest card of each desk

The organizers bring the first card of each desk by hand, to `init`. From then on a card is taken
only from a desk that stands here already, and only a newer one. A report is sealed to all keys of
all desks, so that each desk opens it with its own.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from intake.crypto import card
from intake.crypto.card import MAX_CARD, Card, Recipient
from intake.crypto.errors import CryptoError, Malformed, WrongSignature
from intake.crypto.recipients import check_recipients
from intake.crypto.signing import VerifyKey
from intake.errors import IntakeError
from intake.files import alone, open_unnoted, replace_synced, sync_directory, write_synced

FOLDER = "desks"
DAYS_OF_WARNING = 30
_NAME_DIGITS = 16
_CARD_MODE = 0o600


class DesksError(IntakeError):
    """A desk's card cannot be used."""


class ForeignCard(DesksError):
    """The card is of a desk that this intake did not pin."""


class OldCard(DesksError):
    """The card is older than the one that this intake has, or contradicts it."""


@dataclass(frozen=True, slots=True)
class Desks:
    """The cards of all desks, in the order of their keys."""

    cards: tuple[Card, ...]

    @property
    def recipients(self) -> tuple[Recipient, ...]:
        """Whom every report is sealed to: each key once."""
        return tuple(dict.fromkeys(one for held in self.cards for one in held.recipients))

    @property
    def pinned(self) -> tuple[VerifyKey, ...]:
        """The keys by which the desks sign."""
        return tuple(held.desk for held in self.cards)

    @property
    def expires(self) -> date:
        """The day on which the first key of any desk expires."""
        return min(held.expires for held in self.cards)

    def warnings(self, today: date) -> list[str]:
        """A line on each desk whose keys have expired, or will within a month."""
        return [_warning(held, today) for held in self.cards if _days(held, today) <= DAYS_OF_WARNING]


def _days(held: Card, today: date) -> int:
    return (held.expires - today).days


def _warning(held: Card, today: date) -> str:
    when = f"expire on {held.expires}" if _days(held, today) > 0 else f"expired on {held.expires}"
    return (
        f"the keys of desk {name(held.desk).removesuffix('.pub')} {when}; reports are sealed to them"
        " until the desk makes new ones: witnessbox-analysis rotate, then acknowledge"
    )


def name(desk: VerifyKey) -> str:
    """The file name of a desk's card."""
    return f"{desk.public.hex()[:_NAME_DIGITS]}.pub"


def meet(files: Sequence[Path]) -> Desks:
    """The desks whose cards the organizers brought; DesksError names the file that cannot be used."""
    held = [_introduced(file) for file in files]
    if len({name(one.desk) for one in held}) < len(held):
        raise DesksError("the same desk was given twice", "give each desk's newest desk.pub once")
    return _checked(held, ", ".join(map(str, files)))


def write(folder: Path, desks: Desks, files: Sequence[Path]) -> None:
    """Makes the folder of a new intake's desks from the files that `meet` read."""
    folder.mkdir(mode=0o700)
    by_desk = {_introduced(file).desk: _bytes(file) for file in files}
    for held in desks.cards:
        write_synced(folder / name(held.desk), by_desk[held.desk], _CARD_MODE)
    sync_directory(folder)


def read(data: Path) -> Desks:
    """The desks of a data directory; DesksError names the file that cannot be used."""
    folder = data / FOLDER
    files = sorted(file for file in folder.glob("*.pub") if not file.name.startswith("."))
    if not files:
        raise DesksError(f"no desk is known in {folder}", "witnessbox-intake init --desk desk.pub pins one")
    held = []
    for file in files:
        held.append(_introduced(file))
        # The name is what pins the desk: another's card under it would be a desk that nobody met.
        if file.name != name(held[-1].desk):
            raise DesksError(f"{file} is the card of another desk")
    return _checked(held, str(folder))


def take(data: Path, text: bytes) -> bool:
    """Puts a newer card of a pinned desk in the place of the one before; False when it is there already.

    Returns when it is durable. Raises ForeignCard, OldCard, or DesksError for a card that is broken or
    whose keys cannot stand beside those of the other desks; nothing was changed then.
    """
    try:
        with alone(data / FOLDER):
            return _take(data, text)
    except BlockingIOError:
        raise DesksError("another command is taking a card", "try again") from None
    except OSError as error:
        raise DesksError(f"cannot write {data / FOLDER}: {error.strerror}") from None


def _take(data: Path, text: bytes) -> bool:
    held = read(data)
    new = _parsed(text, held)
    (known,) = (one for one in held.cards if one.desk == new.desk)
    if new == known:
        return False
    if new.sequence <= known.sequence:
        raise OldCard(
            f"the desk's card is number {new.sequence}, and number {known.sequence} was taken before",
            "nothing was changed; bring the newest card of this desk",
        )
    _checked([new if one is known else one for one in held.cards], "the desk's card")
    replace_synced(data / FOLDER / name(new.desk), text, _CARD_MODE)
    return True


def _parsed(text: bytes, held: Desks) -> Card:
    try:
        return card.parse(text, held.pinned)
    except WrongSignature as error:
        raise ForeignCard(str(error), "nothing was changed; an intake takes cards of its own desks") from None
    except Malformed as error:
        raise DesksError(str(error), "nothing was changed") from None


def _checked(held: Sequence[Card], where: str) -> Desks:
    """The desks, when one report can be sealed to all of their keys."""
    desks = Desks(tuple(sorted(held, key=lambda one: one.desk.public)))
    try:
        check_recipients(desks.recipients)
    except CryptoError as error:
        raise DesksError(f"{where}: {error}") from None
    return desks


def _introduced(file: Path) -> Card:
    try:
        return card.introduce(_bytes(file))
    except CryptoError as error:
        hint = "give the desk.pub that witnessbox-analysis keygen wrote"
        raise DesksError(f"{file}: {error}", hint) from None


def _bytes(file: Path) -> bytes:
    try:
        with os.fdopen(open_unnoted(file), "rb") as opened:
            text = opened.read(MAX_CARD + 1)
    except OSError as error:
        raise DesksError(f"cannot read {file}: {error.strerror}") from None
    if len(text) > MAX_CARD:
        raise DesksError(f"{file} is longer than a desk's card can be")
    return text
