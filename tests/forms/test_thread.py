"""A follow-up and a withdrawal have one text each, and nothing else is read as one."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.crypto.padding import SIZE_CLASSES, pad
from intake.crypto.receipt import Receipt
from intake.forms import report, thread
from intake.forms.answers import InvalidAnswers, clean
from intake.forms.errors import MalformedReport
from intake.forms.form import canonical
from intake.forms.thread import FOLLOWUP, WITHDRAWAL, Message
from tests.vectors.make import FORMS, POLICE_DONE

RECEIPT = Receipt.from_code(bytes(12))
NONCE = bytes(range(16))
MORE = Message(FOLLOWUP, RECEIPT, NONCE, "es", "server", "onion", 'They came "back".\nAgain.')
BACK = Message(WITHDRAWAL, RECEIPT, NONCE, "en", "browser", "web")
BODY = thread.build(MORE)


def changed(key: str, to: Any, of: Message = MORE) -> bytes:
    """The message with one value replaced, or removed when `to` is Ellipsis."""
    value = json.loads(thread.build(of)) | {key: to}
    return canonical({name: one for name, one in value.items() if one is not ...})


@pytest.mark.parametrize("message", [MORE, BACK], ids=lambda one: one.kind)
def test_a_message_that_was_built_is_read_back_whole(message: Message) -> None:
    assert thread.parse(thread.build(message)) == message


def test_a_message_is_the_json_that_its_format_describes() -> None:
    assert json.loads(BODY) == {
        "channel": "onion",
        "kind": "followup",
        "lang": "es",
        "nonce": NONCE.hex(),
        "receipt": RECEIPT.to_json(),
        "sealed_by": "server",
        "text": 'They came "back".\nAgain.',
        "v": 1,
    }


def test_messages_and_reports_are_told_apart_by_how_they_begin() -> None:
    body = report.build(
        FORMS["report"],
        clean(FORMS["report"], POLICE_DONE),
        lang="en",
        sealed_by="file",
        channel="web",
        receipt=RECEIPT,
    )
    assert BODY.startswith(thread.BEGINS)
    assert thread.build(BACK).startswith(thread.BEGINS)
    assert not body.startswith(thread.BEGINS)


def test_the_longest_follow_up_fills_no_larger_class_than_a_withdrawal() -> None:
    longest = replace(MORE, text="\U0001f469" * thread.LONGEST_TEXT)
    widest = replace(MORE, text="a" + '"' * (thread.LONGEST_TEXT - 2) + "a")
    assert {len(pad(thread.build(one))) for one in (longest, widest, BACK)} == {SIZE_CLASSES[0]}


def test_a_message_shows_no_word_when_printed() -> None:
    assert "Again" not in repr(MORE)


def test_two_messages_of_one_report_have_different_ids() -> None:
    other = replace(MORE, nonce=bytes(16))
    assert len({MORE.id, other.id, RECEIPT.id}) == 3


def test_what_was_typed_is_tidied_as_a_long_answer_is() -> None:
    assert thread.clean("  a\r\nb\x00\ud800 \n") == "a\nb\ufffd"


@pytest.mark.parametrize(
    ("typed", "rule"), [(" \n", "required"), ("é" * 2001, "too_long")], ids=["nothing", "too much"]
)
def test_words_that_cannot_be_sent_are_named_by_their_rule(typed: str, rule: str) -> None:
    with pytest.raises(InvalidAnswers, match=f"text: {rule}"):
        thread.clean(typed)


@pytest.mark.parametrize(
    ("message", "rule"),
    [
        pytest.param(replace(MORE, kind="report"), "kind", id="another kind"),
        pytest.param(replace(MORE, lang="ES"), "language", id="a language in capitals"),
        pytest.param(replace(MORE, channel="mail"), "channel", id="an unknown channel"),
        pytest.param(replace(MORE, sealed_by="me"), "sealer", id="an unknown sealer"),
        pytest.param(replace(MORE, nonce=bytes(15)), "nonce", id="a short nonce"),
        pytest.param(replace(MORE, text=None), "has words", id="a follow-up without words"),
        pytest.param(replace(BACK, text="a"), "has none", id="a withdrawal with words"),
        pytest.param(replace(MORE, text=" a"), "one spelling", id="blanks outside"),
        pytest.param(replace(MORE, text=""), "one spelling", id="empty words"),
        pytest.param(replace(MORE, text="é" * 2001), "one spelling", id="too long"),
    ],
)
def test_a_message_that_breaks_a_rule_is_never_built(message: Message, rule: str) -> None:
    with pytest.raises(MalformedReport, match=rule):
        thread.build(message)


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        pytest.param(b"", "fields", id="empty"),
        pytest.param(b"\xff", "not UTF-8", id="not UTF-8"),
        pytest.param(BODY + b" ", "fields", id="padding left on"),
        pytest.param(BODY.replace(b'"v":1', b'"v": 1'), "fields", id="a space"),
        pytest.param(changed("v", 2), "fields", id="another version"),
        pytest.param(changed("kind", "report"), "fields", id="another kind"),
        pytest.param(changed("more", "canary"), "fields", id="an unknown field"),
        pytest.param(changed("nonce", "0" * 31), "fields", id="a short nonce"),
        pytest.param(changed("text", ...), "has words", id="a follow-up without words"),
        pytest.param(changed("text", "canary", BACK), "has none", id="a withdrawal with words"),
        pytest.param(changed("text", None), "fields", id="no words but a null"),
        pytest.param(changed("text", " canary"), "one spelling", id="blanks outside"),
        pytest.param(changed("text", ""), "one spelling", id="empty words"),
        pytest.param(changed("text", "canary\r\n."), "one spelling", id="another line end"),
        pytest.param(
            changed("receipt", RECEIPT.to_json() | {"id": "0" * 32}), "receipt", id="another report's id"
        ),
        pytest.param(BODY.replace(b"They", b"\\u0054hey"), "not canonical", id="an escape without need"),
        pytest.param(BODY.replace(b"They", b"\\ud800"), "one spelling", id="a lone surrogate"),
        pytest.param(BODY.replace(b"They", b'canary","text":"a'), "not JSON", id="words twice"),
        pytest.param(BODY.replace(b"They", b"\\x"), "not JSON", id="an escape that is none"),
    ],
)
def test_a_message_that_breaks_a_rule_is_refused_without_being_quoted(body: bytes, rule: str) -> None:
    with pytest.raises(MalformedReport, match=rule) as caught:
        thread.parse(body)
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@settings(deadline=None)
@given(st.integers(0, len(BODY) - 1), st.integers(0, 255))
def test_a_message_with_one_byte_changed_is_another_message_or_none(place: int, byte: int) -> None:
    edited = BODY[:place] + bytes([byte]) + BODY[place + 1 :]
    try:
        found = thread.parse(edited)
    except MalformedReport:
        return
    assert thread.build(found) == edited
