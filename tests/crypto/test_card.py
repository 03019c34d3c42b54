"""The desk's card comes back as it was written, and in no other way."""

import base64
from dataclasses import replace
from datetime import date

import pytest

from analysis.identity import HybridIdentity, X25519Identity
from intake.crypto.card import VERSION_LINE, Card, Key, introduce, parse, serialise
from intake.crypto.errors import Malformed, WrongSignature
from intake.crypto.manifest import VERSION_LINE as BUNDLE_LINE
from intake.crypto.signing import SigningKey

DESK = SigningKey(bytes(range(32)))
PINNED = [DESK.verify_key]
RECIPIENT = HybridIdentity(bytes(32)).recipient
OTHER = HybridIdentity(bytes(range(32))).recipient
CLASSIC = X25519Identity(bytes(range(1, 33))).recipient
CARD = Card(DESK.verify_key, 3, (Key(RECIPIENT, date(2027, 11, 22)), Key(OTHER, date(2027, 5, 1))))


def signed(body: bytes, key: SigningKey = DESK) -> bytes:
    """A card whose body says anything, with a signature that is right."""
    return VERSION_LINE + body + b"\n" + base64.b64encode(key.sign(VERSION_LINE + body + b"\n")) + b"\n"


def test_a_card_comes_back_as_it_was_written() -> None:
    data = serialise(CARD, DESK)
    assert parse(data, PINNED) == introduce(data) == CARD
    assert serialise(CARD, DESK) == data
    assert CARD.recipients == (RECIPIENT, OTHER)
    assert CARD.expires == date(2027, 5, 1)


def test_the_card_in_the_specification_is_what_is_written() -> None:
    one = replace(CARD, sequence=1, keys=CARD.keys[:1])
    key = f'{{"expires":"2027-11-22","recipient":"{RECIPIENT}"}}'
    body = f'{{"desk":"{DESK.verify_key.public.hex()}","keys":[{key}],"sequence":1}}'
    assert serialise(one, DESK) == signed(body.encode())


def test_a_changed_byte_anywhere_in_a_card_is_noticed() -> None:
    data = serialise(replace(CARD, keys=(Key(RECIPIENT, date(2027, 11, 22)),)), DESK)
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 1
        with pytest.raises((Malformed, WrongSignature), match="card"):
            parse(bytes(changed), PINNED)
        with pytest.raises((Malformed, WrongSignature), match="card"):
            introduce(bytes(changed))


def test_a_desk_that_nobody_pinned_cannot_send_a_card() -> None:
    stranger = SigningKey.generate()
    data = serialise(replace(CARD, desk=stranger.verify_key), stranger)
    with pytest.raises(WrongSignature, match="not signed by a desk that is known"):
        parse(data, PINNED)
    assert introduce(data).desk == stranger.verify_key


def test_one_desk_cannot_send_the_card_of_another() -> None:
    other = SigningKey.generate()
    data = serialise(replace(CARD, desk=other.verify_key), DESK)
    with pytest.raises(WrongSignature, match="names another desk"):
        parse(data, [*PINNED, other.verify_key])
    with pytest.raises(WrongSignature, match="not signed by a desk"):
        introduce(data)


def test_a_signature_over_another_kind_of_file_is_no_card() -> None:
    body = serialise(CARD, DESK).split(b"\n")[1]
    line = base64.b64encode(DESK.sign(BUNDLE_LINE + body + b"\n")) + b"\n"
    with pytest.raises(WrongSignature, match="not signed by a desk"):
        parse(VERSION_LINE + body + b"\n" + line, PINNED)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b'"sequence":3', b'"sequence":0', id="no number"),
        pytest.param(b'"sequence":3', b'"sequence":true', id="a truth for a number"),
        pytest.param(b'"sequence":3', b'"sequence": 3', id="a space"),
        pytest.param(b'"sequence":3', b'"sequence":3,"then":1', id="another field"),
        pytest.param(b"2027-11-22", b"20271122", id="a date of another form"),
        pytest.param(b"2027-11-22", b"2027-11-31", id="a day that does not exist"),
        pytest.param(b"2027-11-22", b"2027-W47-1", id="a week for a date"),
        pytest.param(str(OTHER).encode(), str(RECIPIENT).encode(), id="a key twice"),
        pytest.param(str(OTHER).encode(), str(CLASSIC).encode(), id="keys of two kinds"),
        pytest.param(str(OTHER).encode(), b"age1pq1xyz", id="a broken key"),
        pytest.param(str(OTHER).encode(), str(OTHER).upper().encode(), id="a key in capitals"),
        pytest.param(b'"recipient":', b'"recipient":[],"recipient":', id="a field twice"),
        pytest.param(b'"keys":[', b'"keys":[' + b"[" * 10_000, id="nested without end"),
        pytest.param(b'"keys":[', b'"keys":[[],', id="a list for a key"),
    ],
)
def test_a_signed_card_in_any_other_form_is_refused(old: bytes, new: bytes) -> None:
    body = serialise(CARD, DESK).split(b"\n")[1]
    assert old in body
    with pytest.raises(Malformed, match="desk's card"):
        parse(signed(body.replace(old, new)), PINNED)


@pytest.mark.parametrize("number", [0, 9])
def test_a_card_has_between_one_key_and_eight(number: int) -> None:
    keys = tuple(Key(HybridIdentity.generate().recipient, date(2027, 1, 1)) for _ in range(number))
    with pytest.raises(Malformed, match="broken"):
        parse(serialise(replace(CARD, keys=keys), DESK), PINNED)


def test_a_card_of_a_newer_version_is_named_as_such() -> None:
    with pytest.raises(Malformed, match="newer version"):
        parse(serialise(CARD, DESK).replace(b"desk/1", b"desk/2"), PINNED)


def test_the_first_card_with_a_single_key_is_read() -> None:
    one = replace(CARD, sequence=1, keys=CARD.keys[:1])
    assert parse(serialise(one, DESK), PINNED) == one
