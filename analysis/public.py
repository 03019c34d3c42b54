"""What a desk gives away: its card for the intakes, and its recipients for any age.

desk.pub        the card: whom to seal to from now on, signed by the desk
recipients.txt  the same keys as a file of `age -R`
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from analysis.desk_errors import DamagedDesk, UnreadableFile
from analysis.storage import read_file
from intake.crypto import card
from intake.crypto.card import MAX_CARD, Card, Key, Recipient
from intake.crypto.errors import CryptoError
from intake.crypto.recipients import read_recipients
from intake.crypto.signing import SigningKey

CARD = "desk.pub"
RECIPIENTS = "recipients.txt"
_MAX_RECIPIENTS = 1024 * 1024


def files(
    recipients: Sequence[Recipient], key: SigningKey, *, sequence: int, expires: date
) -> dict[str, bytes]:
    """Both files by their names."""
    new = Card(key.verify_key, sequence, tuple(Key(one, expires) for one in recipients))
    return {
        CARD: card.serialise(new, key),
        RECIPIENTS: "".join(f"{one}\n" for one in recipients).encode("ascii"),
    }


def read_card(desk: Path) -> Card:
    """The desk's card, of which only its own signature was checked; DamagedDesk when it is broken."""
    try:
        return card.introduce(read_file(desk / CARD, MAX_CARD))
    except (CryptoError, UnreadableFile) as error:
        raise DamagedDesk(f"{desk / CARD}: {error}") from None


def check(desk: Path, held: Card, own: Sequence[Recipient]) -> None:
    """DamagedDesk unless the card and the recipients are the public halves of the desk's own keys.

    Whoever can write to these files could otherwise have reports sealed to a key of theirs.
    """
    try:
        recipients = read_recipients(_text(desk / RECIPIENTS))
    except CryptoError as error:
        raise DamagedDesk(f"{desk / RECIPIENTS}: {error}") from None
    for name, named in ((CARD, held.recipients), (RECIPIENTS, recipients)):
        if set(named) != set(own):
            raise DamagedDesk(
                f"{desk / name}: not the public halves of this desk's keys",
                "it was changed; an intake that was given it seals reports to somebody else",
            )


def _text(path: Path) -> str:
    try:
        return read_file(path, _MAX_RECIPIENTS).decode("utf-8", "replace")
    except UnreadableFile as error:
        raise DamagedDesk(error.message) from None
