"""Messages to reporters: one size, one spelling, one key, or nothing."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from intake.crypto.errors import Malformed, TooLong
from intake.crypto.message import MESSAGE, SEALED, Message, open_message, parse, seal_message, serialise

VECTORS: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "box.json").read_text()
)
REPLY = Message("reply", "2026-W46", "2027-W05", 1, text="We read it.")
KEY, NONCE = bytes(range(32)), bytes(24)


@pytest.mark.parametrize("vector", VECTORS["messages"], ids=lambda vector: str(vector["name"]))
def test_each_message_of_the_vectors_seals_and_opens(vector: dict[str, Any]) -> None:
    message = Message(**vector["message"])
    key, nonce = bytes.fromhex(vector["reply"]), bytes.fromhex(vector["nonce"])
    assert serialise(message).decode() == vector["plaintext"]
    assert parse(vector["plaintext"].encode()) == message
    sealed = seal_message(key, nonce, message)
    assert sealed.hex() == vector["sealed"]
    assert open_message(key, sealed) == message


def test_all_messages_have_one_length_sealed() -> None:
    kinds = [REPLY, replace(REPLY, text="x" * 1_800), Message("withdrawn", "2026-W46", "2027-W05", 2)]
    assert {len(seal_message(KEY, NONCE, one)) for one in kinds} == {SEALED} == {2_088}


@pytest.mark.parametrize("vector", VECTORS["broken"], ids=lambda vector: str(vector["name"]))
def test_any_other_spelling_of_a_message_is_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(Malformed, match=r"message (is|has|\")"):
        parse(vector["plaintext"].encode())


@pytest.mark.parametrize("place", range(0, SEALED, 87))
def test_no_byte_of_a_sealed_message_can_be_changed(place: int) -> None:
    sealed = bytearray(seal_message(KEY, NONCE, REPLY))
    sealed[place] ^= 1
    assert open_message(KEY, bytes(sealed)) is None


def test_a_message_opens_for_no_other_key() -> None:
    assert open_message(bytes(32), seal_message(KEY, NONCE, REPLY)) is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a" * 1_801, id="of letters"),
        pytest.param("é" * 901, id="of letters of two bytes"),
        pytest.param("<" * 401, id="of signs that take five bytes in a page"),
        pytest.param("a" + "\n" * 1_700 + "b", id="of signs that take two bytes in JSON"),
    ],
)
def test_a_text_that_is_too_long_is_not_sealed(text: str) -> None:
    with pytest.raises(TooLong, match="takes 1800 bytes at most"):
        serialise(replace(REPLY, text=text))


@pytest.mark.parametrize(
    "flaw",
    [
        pytest.param({"kind": "letter"}, id="kind"),
        pytest.param({"at": "2026-W00"}, id="at"),
        pytest.param({"until": "2026-W54"}, id="until"),
        pytest.param({"until": "2025-W53"}, id="a week that no year has"),
        pytest.param({"n": 0}, id="n"),
        pytest.param({"text": ""}, id="no text"),
        pytest.param({"text": "a\tb"}, id="a control character"),
        pytest.param({"text": "a\ud800"}, id="half a character"),
        pytest.param({"kind": "counted", "release": "/", "tracker": "a"}, id="release"),
        pytest.param({"kind": "counted", "release": "2026-1"}, id="no tracker"),
    ],
)
def test_a_message_that_breaks_a_rule_is_not_sealed(flaw: dict[str, Any]) -> None:
    with pytest.raises(Malformed, match=r"a message (has a wrong|is of no known kind)"):
        serialise(replace(REPLY, **flaw))


def test_the_repr_of_a_message_shows_none_of_its_words() -> None:
    assert "read" not in repr(REPLY)


def test_a_message_of_another_length_is_refused_unread() -> None:
    with pytest.raises(Malformed, match=f"has {MESSAGE} bytes"):
        parse(serialise(REPLY) + b" ")
