"""A form says which files may be sent along; a report names the ones that are its own."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from intake.crypto.attachment import MAX_ATTACHMENT, Attachment
from intake.crypto.receipt import Receipt
from intake.forms import report
from intake.forms.answers import clean
from intake.forms.errors import RefusedSource
from intake.forms.form import Form, MalformedForm, canonical
from intake.forms.report import MalformedReport
from intake.forms.xlsform import compile_form
from tests.vectors.make import FORMS

HERE = Path(__file__).parents[1] / "vectors"
PLAIN = FORMS["every"]
FORM = Form.from_json(
    canonical(json.loads(PLAIN.json) | {"attachments": ["image/jpeg", "application/pdf"]}) + b"\n"
)
RECEIPT = Receipt.from_code(bytes(12))
ANSWERS = clean(FORM, {"one": ["yes"]})


def files(number: int) -> list[Attachment]:
    ids = [RECEIPT.attachment_id(place + 1) for place in range(number)]
    return [Attachment(7, one, "ab" * 32, "image/jpeg") for one in ids]


def build(attachments: list[Attachment], form: Form = FORM) -> bytes:
    return report.build(
        form,
        ANSWERS,
        lang="en",
        sealed_by="browser",
        channel="web",
        receipt=RECEIPT,
        attachments=attachments,
    )


def test_a_form_without_attachments_does_not_mention_them() -> None:
    assert PLAIN.attachments == ()
    assert "attachments" not in json.loads(PLAIN.json)
    assert FORM.attachments == ("image/jpeg", "application/pdf")


def source_with(tmp_path: Path, types: str) -> Path:
    """The XLSForm of all kinds of questions with the settings column attachments."""
    heads, values = (HERE / "every.csv").read_text(encoding="utf-8").rstrip("\n").rsplit("\n", 2)[-2:]
    text = (HERE / "every.csv").read_text(encoding="utf-8")
    path = tmp_path / "form.csv"
    changed = text.replace(heads, f"{heads},attachments").replace(values, f'{values},"{types}"')
    path.write_text(changed, encoding="utf-8")
    return path


def test_the_settings_sheet_switches_attachments_on(tmp_path: Path) -> None:
    compiled = compile_form(source_with(tmp_path, "image/jpeg image/png"))
    assert Form.from_json(compiled).attachments == ("image/jpeg", "image/png")


@pytest.mark.parametrize(
    ("types", "rule"),
    [
        pytest.param("image/png", "must take image/jpeg", id="pictures, but not what they become"),
        pytest.param("pdf", "no media type", id="no media type"),
        pytest.param("Image/JPEG", "no media type", id="upper case"),
        pytest.param("image/jpeg image/jpeg", "twice", id="twice"),
    ],
)
def test_a_type_that_cannot_be_taken_is_refused(types: str, rule: str, tmp_path: Path) -> None:
    with pytest.raises(RefusedSource, match=rule):
        compile_form(source_with(tmp_path, types))


def test_an_empty_list_of_types_is_a_second_spelling_and_refused() -> None:
    with pytest.raises(MalformedForm, match="other fields"):
        Form.from_json(canonical(json.loads(PLAIN.json) | {"attachments": []}) + b"\n")


@pytest.mark.parametrize("number", [0, 1, 5])
def test_a_report_names_its_attachments_in_their_order(number: int) -> None:
    found = report.parse(build(files(number)), {FORM.digest: FORM})
    assert found.attachments == tuple(files(number))


@pytest.mark.parametrize(
    ("attachments", "rule"),
    [
        pytest.param(files(6), "too many", id="six"),
        pytest.param([replace(files(1)[0], type="image/png")], "type", id="another type"),
        pytest.param([replace(files(1)[0], length=MAX_ATTACHMENT + 1)], "too large", id="too large"),
        pytest.param([replace(files(1)[0], length=0)], "too large", id="empty"),
        pytest.param(files(2)[::-1], "does not follow", id="another order"),
        pytest.param([replace(files(1)[0], id=bytes(16))], "does not follow", id="another's"),
    ],
)
def test_attachments_that_break_a_rule_are_neither_built_nor_read(
    attachments: list[Attachment], rule: str
) -> None:
    with pytest.raises(MalformedReport, match=rule):
        build(attachments)
    body = json.loads(build([])) | {"attachments": [one.to_json() for one in attachments]}
    with pytest.raises(MalformedReport, match="fields|" + rule):
        report.parse(canonical(body), {FORM.digest: FORM})


def test_a_form_that_takes_no_attachments_refuses_a_report_with_one() -> None:
    with pytest.raises(MalformedReport, match="type that the form does not take"):
        build(files(1), PLAIN)
