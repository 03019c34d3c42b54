"""Makes the cards of desks, for intakes that tests make."""

from datetime import date
from pathlib import Path

from intake.crypto import card
from intake.crypto.card import Card, Key, Recipient
from intake.crypto.signing import SigningKey

# Every intake of a test pins this desk, unless the test says otherwise.
DESK = SigningKey(bytes(range(32)))
EXPIRES = date(2127, 11, 22)


def card_text(
    *recipients: Recipient, desk: SigningKey = DESK, sequence: int = 1, expires: date = EXPIRES
) -> bytes:
    """The signed card of a desk with these keys."""
    keys = tuple(Key(recipient, expires) for recipient in recipients)
    return card.serialise(Card(desk.verify_key, sequence, keys), desk)


def write_card(
    path: Path, *recipients: Recipient, desk: SigningKey = DESK, sequence: int = 1, expires: date = EXPIRES
) -> Path:
    """The same as a file."""
    path.write_bytes(card_text(*recipients, desk=desk, sequence=sequence, expires=expires))
    return path
