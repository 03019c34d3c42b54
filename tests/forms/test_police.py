"""The police form that ships: valid XLSForm, compiled afresh, and what the domain asks for."""

from pathlib import Path

import pytest
from pyxform.xls2xform import convert

from intake.crypto.padding import SIZE_CLASSES, pad
from intake.crypto.receipt import Receipt
from intake.forms import report
from intake.forms.answers import clean
from intake.forms.form import Form, Question, shipped
from intake.forms.xlsform import compile_form

FORMS = Path(__file__).parents[2] / "intake" / "forms"
POLICE = shipped("police")
UNSURE_SELVES = {"setting", "role", "behalf_ok", "acts", "harm", "count", "quote", "keep"}


def test_the_source_is_valid_for_pyxform_without_a_warning() -> None:
    assert convert(FORMS / "police.csv").warnings == []


def test_the_committed_form_is_compiled_from_its_source() -> None:
    assert compile_form(FORMS / "police.csv") == (FORMS / "police.json").read_bytes(), (
        "run `python -m intake.forms.compile intake/forms/police.csv -o intake/forms/police.json`"
    )


def test_only_what_is_needed_to_count_is_required() -> None:
    assert {question.id for question in POLICE.questions if question.required} == {"setting", "count"}


def test_the_form_speaks_english_and_spanish() -> None:
    assert POLICE.languages == ("en", "es")


def test_every_choice_about_the_event_offers_not_sure() -> None:
    choosing = [question for question in POLICE.questions if question.choices]
    without = {question.id for question in choosing if "not_sure" not in question.positions}
    assert without == UNSURE_SELVES


def test_every_act_belongs_to_a_rollup() -> None:
    used = {choice.rollup for choice in POLICE.question("acts").choices}
    assert used == {rollup.code for rollup in POLICE.rollups}
    assert "" not in used


def test_a_sensitive_question_says_why_it_is_asked_or_may_be_skipped() -> None:
    sensitive = [question for question in POLICE.questions if question.role in ("sens", "narr")]
    assert sensitive
    assert all(question.hint for question in sensitive)


def longest(question: Question) -> list[str]:
    if question.choices:
        # Exclusive codes would empty the list again.
        plain = [code for code in question.positions if code not in question.exclusive]
        return plain if question.kind == "select_multiple" else [max(plain, key=len)]
    return ["\U0001f692" * (question.max_length or 0)]


@pytest.mark.parametrize("form", [POLICE], ids=["police"])
def test_the_longest_possible_report_fits_the_smallest_size_class(form: Form) -> None:
    raw = {question.id: longest(question) for question in form.asked} | {
        "setting": ["police"],
        "when.year": ["2026"],
        "when.month": ["12"],
        "role": ["helping_now"],
    }
    body = report.build(
        form, clean(form, raw), lang="en", sealed_by="browser", channel="outreach", receipt=Receipt.draw()
    )
    assert len(pad(body)) == SIZE_CLASSES[0]
