"""A report has one text, and whatever else arrives is refused without quoting it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.crypto.receipt import Receipt
from intake.forms import report
from intake.forms.answers import InvalidAnswers, clean
from intake.forms.form import canonical
from intake.forms.report import MalformedReport
from tests.vectors.make import FORMS, POLICE_DONE, REPORT

FORM = FORMS["report"]
KNOWN = {form.digest: form for form in FORMS.values()}
ANSWERS = clean(FORM, REPORT["a whole report"])
RECEIPT = Receipt.from_code(bytes(12))
BODY = report.build(FORM, ANSWERS, lang="es", sealed_by="server", channel="onion", receipt=RECEIPT)


def changed(*path: str, to: Any) -> bytes:
    """The report with one value replaced, or removed when `to` is Ellipsis."""
    value = json.loads(BODY)
    inner = value
    for key in path[:-1]:
        inner = inner[key]
    if to is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = to
    return canonical(value)


def test_a_report_that_was_built_is_read_back_whole() -> None:
    assert report.parse(BODY, KNOWN) == report.Report(FORM, ANSWERS, RECEIPT, "es", "server", "onion")


def test_a_report_is_the_json_that_its_format_describes() -> None:
    assert json.loads(BODY) == {
        "answers": ANSWERS,
        "attachments": [],
        "channel": "onion",
        "form": "report",
        "form_digest": FORM.digest,
        "form_version": FORM.version,
        "kind": "report",
        "lang": "es",
        "receipt": RECEIPT.to_json(),
        "sealed_by": "server",
        "v": 1,
    }


def test_the_text_of_a_report_does_not_hang_on_the_order_of_answers() -> None:
    backwards = dict(reversed(ANSWERS.items()))
    assert (
        report.build(FORM, backwards, lang="es", sealed_by="server", channel="onion", receipt=RECEIPT) == BODY
    )


def test_a_report_shows_no_answer_when_printed() -> None:
    assert "took my bag" not in repr(report.parse(BODY, KNOWN))


def test_answers_that_break_the_form_are_never_built_into_a_report() -> None:
    with pytest.raises(InvalidAnswers, match="setting: missing"):
        report.build(FORM, {}, lang="en", sealed_by="server", channel="web", receipt=RECEIPT)


@pytest.mark.parametrize(
    "statement",
    [{"lang": "fr"}, {"sealed_by": "nobody"}, {"channel": "mail"}],
    ids=lambda one: next(iter(one)),
)
def test_an_unknown_statement_is_never_built_into_a_report(statement: dict[str, str]) -> None:
    statements = {"lang": "en", "sealed_by": "server", "channel": "web"} | statement
    with pytest.raises(MalformedReport, match="the language, the sealer or the channel"):
        report.build(FORM, ANSWERS, receipt=RECEIPT, **statements)


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        pytest.param(b"", "fields", id="empty"),
        pytest.param(b"\xff", "not UTF-8", id="not UTF-8"),
        pytest.param(b"null", "fields", id="no object"),
        pytest.param(BODY + b" ", "fields", id="padding left on"),
        pytest.param(BODY.replace(b'"v":1', b'"v": 1'), "fields", id="a space"),
        pytest.param(BODY.replace(b'"v":1', b'"v":1,"v":1'), "fields", id="a field twice"),
        pytest.param(changed("v", to=2), "fields", id="another version"),
        pytest.param(changed("v", to=True), "fields", id="a version that is true"),
        pytest.param(changed("kind", to="followup"), "fields", id="another kind"),
        pytest.param(changed("more", to=1), "fields", id="an unknown field"),
        pytest.param(changed("lang", to=...), "fields", id="a missing field"),
        pytest.param(changed("attachments", to=[1]), "fields", id="an attachment"),
        pytest.param(changed("channel", to="mail"), "fields", id="an unknown channel"),
        pytest.param(changed("channel", to=["web"]), "fields", id="a channel in a list"),
        pytest.param(changed("sealed_by", to="nobody"), "fields", id="an unknown sealer"),
        pytest.param(changed("lang", to="fr"), "language is not one of the form", id="another language"),
        pytest.param(changed("form_digest", to="0" * 64), "form is not known here", id="an unknown form"),
        pytest.param(
            changed("form_digest", to=FORMS["every"].digest), "name or version", id="another form's digest"
        ),
        pytest.param(changed("form_version", to="2"), "name or version", id="another version of the form"),
        pytest.param(changed("receipt", "box", to="0" * 31), "fields", id="a short box tag"),
        pytest.param(changed("receipt", "box", to="A" * 32), "fields", id="capital hexadecimal"),
        pytest.param(changed("receipt", "id", to="0" * 32), "receipt is malformed", id="another report's id"),
        pytest.param(changed("answers", to=[]), "fields", id="answers in a list"),
        pytest.param(changed("answers", to={}), "setting: missing", id="no answers"),
        pytest.param(changed("answers", "area", to="canary"), "area: not_canonical", id="an unknown code"),
        pytest.param(changed("answers", "canary", to="x"), "not_asked", id="an unknown question"),
        pytest.param(
            BODY.replace(b'"count":"yes"', b'"count":"yes","count":"yes"'),
            "not canonical",
            id="an answer twice",
        ),
        pytest.param(
            BODY.replace(b'"count":"yes"', b'"count":"y\\u0065s"'),
            "not canonical",
            id="an escape without need",
        ),
        pytest.param(
            BODY.replace(b'"count":"yes"', b'"count":"\\ud800"'), "not canonical", id="a lone surrogate"
        ),
        pytest.param(BODY.replace(b'"count":"yes"', b'"count":canary'), "not JSON", id="not JSON within"),
        pytest.param(BODY.replace(b'"count":"yes"', b'"count":1.0'), "not_canonical", id="a fraction"),
        pytest.param(BODY.replace(b'"count":"yes"', b'"count":NaN'), "not JSON", id="not a number"),
        pytest.param(BODY.replace(b'"yes"', b"[" * 60_000), "not JSON", id="nested too deeply"),
        pytest.param(BODY.replace(b'"yes"', b"9" * 5000), "not JSON", id="a number without end"),
    ],
)
def test_a_report_that_breaks_a_rule_is_refused_without_being_quoted(body: bytes, rule: str) -> None:
    with pytest.raises(MalformedReport, match=rule) as caught:
        report.parse(body, KNOWN)
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@settings(deadline=None)
@given(st.integers(0, len(BODY) - 1), st.integers(0, 255))
def test_a_report_with_one_byte_changed_is_another_report_or_none(place: int, byte: int) -> None:
    edited = BODY[:place] + bytes([byte]) + BODY[place + 1 :]
    try:
        found = report.parse(edited, KNOWN)
    except MalformedReport:
        return
    again = report.build(
        found.form,
        found.answers,
        lang=found.lang,
        sealed_by=found.sealed_by,
        channel=found.channel,
        receipt=found.receipt,
    )
    assert again == edited


def test_words_that_imitate_the_end_of_a_report_stay_words() -> None:
    story = '},"attachments":[],"channel":"web"}'
    answers = clean(FORM, POLICE_DONE | {"story": [story]})
    body = report.build(FORM, answers, lang="en", sealed_by="file", channel="paper", receipt=RECEIPT)
    assert report.parse(body, KNOWN).answers["story"] == story
