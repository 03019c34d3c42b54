"""The desk's card: which keys an intake seals to from now on, signed by the desk.

    card = "witnessbox-desk/1" LF body LF signature LF       ; signed.py
    body = {"desk":HEX64,"keys":[{"expires":"2027-11-22","recipient":"age1pq1..."}],"sequence":1}

An intake pins the desk's key when it is made. From then on it takes another card from that key
alone, and only one with a higher sequence: an old card would bring an old key back.
"""

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

from intake.crypto import signed
from intake.crypto.errors import Malformed, MixedRecipients, WrongSignature
from intake.crypto.recipients import HybridRecipient, X25519Recipient, check_recipients, parse_recipient
from intake.crypto.signing import SigningKey, VerifyKey

VERSION_LINE = b"witnessbox-desk/1\n"
KIND = signed.Kind(VERSION_LINE, "desk's card", "a desk")
MAX_CARD = 64 * 1024
MOST_KEYS = 8
MOST_CARDS = 10**9

Recipient: TypeAlias = HybridRecipient | X25519Recipient

_DESK = re.compile(rb'\{"desk":"([0-9a-f]{64})",')


@dataclass(frozen=True, slots=True)
class Key:
    """A public key to seal to, and the day from which on it should have been replaced."""

    recipient: Recipient
    expires: date


@dataclass(frozen=True, slots=True)
class Card:
    """What a desk says of itself; each card has a higher `sequence` than the one before it."""

    desk: VerifyKey
    sequence: int
    keys: tuple[Key, ...]

    @property
    def recipients(self) -> Sequence[Recipient]:
        """Whom to seal to."""
        return tuple(key.recipient for key in self.keys)

    @property
    def expires(self) -> date:
        """The day on which the first of its keys expires."""
        return min(key.expires for key in self.keys)


def serialise(card: Card, key: SigningKey) -> bytes:
    """The card's file, signed; the same bytes every time."""
    return KIND.write(_value(card), key)


def parse(data: bytes, pinned: Collection[VerifyKey]) -> Card:
    """The card, when it is signed by a key of `pinned`, which is all that is read before.

    Raises WrongSignature, or Malformed for any but the one allowed form.
    """
    body, signer = KIND.verify(data, pinned)
    card = _from_body(body)
    if card.desk != signer:
        raise WrongSignature("the desk's card names another desk than the one that signed it")
    return card


def introduce(data: bytes) -> Card:
    """The card of a desk that is met for the first time; it is signed by the key that it names itself.

    Whoever calls this must know from elsewhere that the file is the desk's. Raises as `parse` does.
    """
    named = _DESK.match(KIND.body(data))
    if not named:
        raise Malformed("the desk's card is broken")
    return parse(data, [VerifyKey(bytes.fromhex(named[1].decode()))])


def _value(card: Card) -> dict[str, Any]:
    return {
        "desk": card.desk.public.hex(),
        "keys": [{"expires": key.expires.isoformat(), "recipient": str(key.recipient)} for key in card.keys],
        "sequence": card.sequence,
    }


def _from_body(body: bytes) -> Card:
    try:
        value = json.loads(body)
        signed.number(len(value["keys"]), 1, MOST_KEYS)
        card = Card(
            desk=VerifyKey(bytes.fromhex(signed.digest(value["desk"]))),
            sequence=signed.number(value["sequence"], 1, MOST_CARDS),
            keys=tuple(
                Key(parse_recipient(key["recipient"]), date.fromisoformat(key["expires"]))
                for key in value["keys"]
            ),
        )
        check_recipients(card.recipients)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, Malformed, MixedRecipients):
        raise Malformed("the desk's card is broken") from None
    if len(set(card.recipients)) != len(card.keys) or signed.canonical(_value(card)) != body:
        raise Malformed("the desk's card is not in the one allowed form")
    return card
