"""The compiled form is read strictly: one byte string per form, and nothing that does not hold together."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from intake.forms.form import Form, MalformedForm, canonical, shipped

POLICE = shipped("police")


def changed(*path: str | int, to: Any) -> bytes:
    """The police form with one value replaced, or removed when `to` is Ellipsis."""
    value = json.loads(POLICE.json)
    inner = value
    for key in path[:-1]:
        inner = inner[key]
    if to is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = to
    return canonical(value) + b"\n"


def test_the_digest_is_the_sha256_of_the_bytes() -> None:
    assert POLICE.digest == hashlib.sha256(POLICE.json).hexdigest()


def test_a_form_read_from_a_file_is_the_form_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "form.json").write_bytes(POLICE.json)
    assert Form.load(tmp_path / "form.json") == POLICE


def test_an_error_of_a_file_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "form.json").write_bytes(b"{}")
    with pytest.raises(MalformedForm, match=r"form\.json: not a compiled form"):
        Form.load(tmp_path / "form.json")


def test_questions_are_found_by_their_ids() -> None:
    assert POLICE.question("acts").kind == "select_multiple"
    assert [choice.code for choice in POLICE.question("count").choices] == ["yes", "no"]


def test_notes_are_shown_but_not_asked() -> None:
    assert POLICE.question("court").kind == "note"
    assert "court" not in {question.id for question in POLICE.asked}


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        pytest.param(b"", "Expecting value", id="empty"),
        pytest.param(b"[" * 100_000, "recursion", id="nested too deeply"),
        pytest.param(b"\xff", "invalid start byte", id="not UTF-8"),
        pytest.param(POLICE.json[:-1], "not canonical", id="no newline at the end"),
        pytest.param(b" " + POLICE.json, "not canonical", id="a space before"),
        pytest.param(POLICE.json.replace(b'"v":1', b'"v":1,"v":1'), "not canonical", id="a key twice"),
        pytest.param(changed("v", to=2), "another version of the format", id="version of the format"),
        pytest.param(changed("v", to=True), "wrong v", id="a version that is no number"),
        pytest.param(changed("version", to='1"'), "version is not made of", id="version"),
        pytest.param(changed("extra", to=1), "other fields", id="an unknown field"),
        pytest.param(changed("title", to=...), "other fields", id="a missing field"),
        pytest.param(changed("title", "es", to=...), "title lacks a text", id="a title in one language"),
        pytest.param(changed("languages", to=["en", "e s"]), "no language tag", id="language tag"),
        pytest.param(changed("languages", to=["en", "es", "en"]), "'en' twice", id="a language twice"),
        pytest.param(changed("default_language", to="fr"), "default language", id="default language"),
        pytest.param(changed("id", to="Police"), "has an id", id="id in capitals"),
        pytest.param(changed("questions", 0, "id", to="__proto__"), "has an id", id="a question's id"),
        pytest.param(changed("questions", 1, "id", to="setting"), "'setting' twice", id="a question twice"),
        pytest.param(changed("questions", 0, "label", "es", to=""), "lacks a text", id="an empty label"),
        pytest.param(
            changed("questions", 0, "label", "es", to="\x1b[2J"), "control character", id="an escape sequence"
        ),
        pytest.param(changed("questions", 0, "kind", to="image"), "wrong kind", id="kind"),
        pytest.param(changed("questions", 0, "role", to="x"), "wrong role", id="role"),
        pytest.param(changed("questions", 0, "choices", to=[]), "wrong choices", id="no choices"),
        pytest.param(changed("questions", 0, "default", to="x"), "wrong default", id="default"),
        pytest.param(
            changed("questions", 0, "max_length", to=5), "wrong max_length", id="length of a choice"
        ),
        pytest.param(
            changed("questions", 4, "max_length", to=121), "wrong max_length", id="length of a text"
        ),
        pytest.param(changed("questions", 4, "max_length", to=True), "wrong max_length", id="length of true"),
        pytest.param(
            changed("questions", 0, "choices", 0, "code", to="a b"), "has a code", id="a code with a space"
        ),
        pytest.param(
            changed("questions", 0, "choices", 1, "code", to="police"), "'police' twice", id="a code twice"
        ),
        pytest.param(
            changed("questions", 0, "relevant", to=["=", ["answer", "role"], "me"]),
            "'role', which is no question before",
            id="a condition that looks forward",
        ),
        pytest.param(changed("sections", 0, "questions", to=[]), "each question once", id="a lost question"),
        pytest.param(changed("sections", 1, "id", to="about"), "'about' twice", id="a section twice"),
        pytest.param(changed("rollups", to=[]), "rollups are not those", id="no rollups"),
    ],
)
def test_a_form_that_breaks_a_rule_is_refused(data: bytes, rule: str) -> None:
    with pytest.raises(MalformedForm, match=rule):
        Form.from_json(data)
