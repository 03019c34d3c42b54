"""Acknowledgements: one spelling, signed by a desk that is known, or nothing."""

import base64
import json
from dataclasses import replace

import pytest

from intake.crypto.acknowledgement import (
    KIND,
    MAX_ACKNOWLEDGEMENT,
    Acknowledgement,
    box_name,
    file_name,
    parse,
    serialise,
)
from intake.crypto.card import MAX_CARD
from intake.crypto.errors import Malformed, WrongSignature
from intake.crypto.signing import SigningKey

DESK = SigningKey(bytes(range(32)))
SERVER = SigningKey(bytes(32))
GIVEN = Acknowledgement(
    desk=DESK.verify_key,
    server=SERVER.verify_key,
    sequence=3,
    accepted=((1, "a" * 64), (2, "b" * 64), (7, "c" * 64)),
    card="witnessbox-desk/1\n{}\n\n",
    box="d" * 64,
)


def changed(**members: object) -> bytes:
    """The acknowledgement with other members in its body, signed by the desk all the same."""
    body = json.loads(serialise(GIVEN, DESK).split(b"\n")[1])
    return KIND.write(body | members, DESK)


def test_an_acknowledgement_reads_back_as_it_was_written() -> None:
    data = serialise(GIVEN, DESK)
    assert parse(data, [SERVER.verify_key, DESK.verify_key]) == GIVEN
    assert data == serialise(GIVEN, DESK)
    assert (file_name(3), box_name(3)) == ("acknowledgement-000003", "box-000003")


def test_one_that_was_written_before_there_were_boxes_is_read() -> None:
    body = json.loads(serialise(GIVEN, DESK).split(b"\n")[1])
    del body["box"]
    assert parse(KIND.write(body, DESK), [DESK.verify_key]) == replace(GIVEN, box="")


def test_one_of_a_foreign_desk_is_refused_unread() -> None:
    with pytest.raises(WrongSignature, match="not signed by a desk that is known here"):
        parse(serialise(GIVEN, DESK), [SERVER.verify_key])


def test_a_desk_cannot_answer_in_the_name_of_another() -> None:
    other = SigningKey.generate()
    data = serialise(replace(GIVEN, desk=other.verify_key), DESK)
    with pytest.raises(WrongSignature, match="names another desk"):
        parse(data, [DESK.verify_key, other.verify_key])


@pytest.mark.parametrize("place", range(0, len(serialise(GIVEN, DESK)), 7))
def test_no_byte_of_it_can_be_changed(place: int) -> None:
    data = bytearray(serialise(GIVEN, DESK))
    data[place] ^= 1
    with pytest.raises((WrongSignature, Malformed), match="acknowledgement"):
        parse(bytes(data), [DESK.verify_key])


ONE = {"digest": "a" * 64, "sequence": 1}


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"accepted": [ONE, ONE]}, id="a bundle twice"),
        pytest.param({"accepted": [{**ONE, "sequence": 2}, ONE]}, id="out of order"),
        pytest.param({"accepted": [{**ONE, "more": 1}]}, id="a member more"),
        pytest.param({"accepted": [{**ONE, "sequence": True}]}, id="no number"),
        pytest.param({"accepted": [{**ONE, "digest": "A" * 64}]}, id="capitals"),
        pytest.param({"accepted": "none"}, id="no list"),
        pytest.param({"card": 7}, id="a card that is no text"),
        pytest.param({"card": "á"}, id="a card that is not ASCII"),
        pytest.param({"box": "D" * 64}, id="a box in capitals"),
        pytest.param({"box": 0}, id="a box that is no text"),
        pytest.param({"sequence": 0}, id="before the first"),
        pytest.param({"server": "0"}, id="no server"),
        pytest.param({"reply": ""}, id="an unknown member"),
    ],
)
def test_any_other_spelling_is_refused(members: dict[str, object]) -> None:
    with pytest.raises(Malformed, match="the acknowledgement is"):
        parse(changed(**members), [DESK.verify_key])


def test_a_manifest_is_not_taken_for_an_acknowledgement() -> None:
    data = serialise(GIVEN, DESK).replace(b"acknowledgement/1", b"bundle/1", 1)
    with pytest.raises(Malformed, match="not one of Witnessbox"):
        parse(data, [DESK.verify_key])


def test_the_first_answer_with_the_longest_card_is_read() -> None:
    given = replace(GIVEN, sequence=1, card="c" * MAX_CARD)
    assert parse(serialise(given, DESK), [DESK.verify_key]) == given
    with pytest.raises(Malformed, match=r"^the acknowledgement is broken$"):
        parse(serialise(replace(given, card="c" * (MAX_CARD + 1)), DESK), [DESK.verify_key])


def test_one_that_is_longer_than_any_can_be_is_refused_before_it_is_read() -> None:
    """Up to the limit it is read: there the signature is what is wrong."""
    data = serialise(GIVEN, DESK)
    with pytest.raises((Malformed, WrongSignature), match=r"signature|signed"):
        parse(data.ljust(MAX_ACKNOWLEDGEMENT, b"\n"), [DESK.verify_key])
    with pytest.raises(Malformed, match=r"^the acknowledgement is longer than one can be$"):
        parse(data.ljust(MAX_ACKNOWLEDGEMENT + 1, b"\n"), [DESK.verify_key])


@pytest.mark.parametrize("length", [0, 63, 65])
def test_a_signature_of_another_length_is_refused_like_any_that_is_wrong(length: int) -> None:
    head, body, _ = serialise(GIVEN, DESK).split(b"\n", 2)
    data = b"\n".join([head, body, base64.b64encode(bytes(length)), b""])
    with pytest.raises((Malformed, WrongSignature), match="acknowledgement"):
        parse(data, [DESK.verify_key])
