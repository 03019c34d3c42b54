"""The questionnaire that ships: valid XLSForm, compiled afresh, and what the domain asks for."""

from itertools import pairwise
from pathlib import Path

import pytest
from pyxform.xls2xform import convert

from intake.crypto.padding import SIZE_CLASSES, pad
from intake.crypto.receipt import Receipt
from intake.forms import report
from intake.forms.answers import clean
from intake.forms.form import Question, shipped
from intake.forms.xlsform import compile_form

FORMS = Path(__file__).parents[2] / "intake" / "forms"
FORM = shipped("report")
MODULES = ("police", "health", "housing")
ACTS = ("acts", "health_acts", "housing_acts")
# Where "not sure" would say nothing that skipping does not: consent, and who writes.
UNSURE_SELVES = {"setting", "role", "behalf_ok", "age", "count", "quote", "keep"}
SHORT_FORM = {
    "police": ["setting", "agency", "acts", "when", "area", "grounds", "harm"],
    "health": ["setting", "facility", "health_acts", "when", "area", "grounds", "harm"],
    "housing": ["setting", "landlord", "housing_acts", "when", "area", "grounds", "harm"],
}


def asked(setting: str, **raw: list[str]) -> list[str]:
    return list(clean(FORM, {"setting": [setting], "count": ["yes"], **raw}))


def test_the_source_is_valid_for_pyxform_without_a_warning() -> None:
    assert convert(FORMS / "report.csv").warnings == []


def test_the_committed_form_is_compiled_from_its_source() -> None:
    assert compile_form(FORMS / "report.csv") == (FORMS / "report.json").read_bytes(), "run `make build`"


def test_only_what_is_needed_to_count_is_required() -> None:
    assert {question.id for question in FORM.questions if question.required} == {"setting", "count"}


def test_the_form_speaks_english_and_spanish() -> None:
    assert FORM.languages == ("en", "es")


@pytest.mark.parametrize("module", MODULES)
def test_a_report_is_asked_one_module_and_no_more_than_a_person_can_bear(module: str) -> None:
    found = set(asked(module))
    assert [acts for acts in ACTS if acts in found] == [ACTS[MODULES.index(module)]]
    sections = [section for section in FORM.sections if found & set(section.questions)]
    assert len(sections) <= 12
    assert len(found) <= 36 + 3


def test_a_report_about_another_service_is_asked_the_core_alone() -> None:
    assert not set(asked("other_service")) & set(ACTS)
    assert {"when", "grounds", "harm", "story", "age"} <= set(asked("other_service"))


@pytest.mark.parametrize("module", MODULES)
def test_the_short_form_asks_seven_things_and_the_consents(module: str) -> None:
    assert asked(module, _shown=["short"]) == [*SHORT_FORM[module], "count", "quote", "keep"]


def test_facts_come_before_the_person_and_the_person_before_consent() -> None:
    order = [question.id for question in FORM.asked]
    places = [order.index(name) for name in ("setting", "acts", "when", "grounds", "story", "age", "count")]
    assert all(before < after for before, after in pairwise(places))


def test_every_choice_but_acts_consent_and_who_writes_offers_not_sure() -> None:
    choosing = [question for question in FORM.asked if question.choices]
    without = {question.id for question in choosing if "not_sure" not in question.positions}
    # Among acts it would clear what was ticked beside it; "something else" and skipping are there.
    assert without == UNSURE_SELVES | set(ACTS)


def test_in_a_multiple_choice_none_and_not_sure_clear_the_others() -> None:
    for question in FORM.asked:
        if question.kind == "select_multiple":
            alone = {"none", "nothing", "no_one", "not_sure"} & set(question.positions)
            assert question.exclusive == alone, question.id


@pytest.mark.parametrize("acts", ACTS)
def test_every_act_belongs_to_a_rollup(acts: str) -> None:
    used = [choice.rollup for choice in FORM.question(acts).choices]
    assert "" not in used
    runs = [rollup for place, rollup in enumerate(used) if place == 0 or used[place - 1] != rollup]
    assert len(runs) == len(set(runs)), "the acts of one rollup stand together"


def test_areas_lie_in_bigger_areas() -> None:
    rollups = {choice.code: choice.rollup for choice in FORM.question("area").choices}
    assert rollups["hills"] == rollups["harbor"] == "outer_city"
    assert rollups["not_sure"] == ""


def test_choices_about_force_and_sexual_harm_carry_a_content_note() -> None:
    noted = {
        f"{question.id}.{choice.code}"
        for question in FORM.asked
        for choice in question.choices
        if choice.content_note
    }
    heavy = [choice for choice in FORM.question("acts").choices if choice.rollup in ("force", "sexual")]
    assert {f"acts.{choice.code}" for choice in heavy} <= noted
    assert {"acts.strip", "health_acts.restrained", "health_acts.sexual", "housing_acts.harass"} <= noted
    assert not {name for name in noted if name.split(".")[0] not in ACTS}


def test_a_sensitive_question_says_why_it_is_asked() -> None:
    sensitive = [question for question in FORM.asked if question.role == "sens"]
    assert len(sensitive) > 8
    assert [question.id for question in sensitive if not question.sensitive_note] == []


def test_an_age_under_eighteen_brings_the_youth_notice_and_no_closer_question() -> None:
    youth = FORM.question("youth")
    assert youth.kind == "note"
    assert youth.applies is not None
    assert youth.applies({"age": "under_18"})
    assert not youth.applies({"age": "18_24"})


def test_a_court_case_brings_its_notice_in_every_module_that_can_have_one() -> None:
    court = FORM.question("court")
    assert court.applies is not None
    for answers in ({"outcome": "charged"}, {"outcome": "open_case"}, {"housing_outcome": "court_open"}):
        assert court.applies(answers)
    assert not court.applies({"outcome": "let_go"})


def longest(question: Question, sign: str) -> list[str]:
    if question.choices:
        # Exclusive codes would empty the list again.
        plain = [code for code in question.positions if code not in question.exclusive]
        if question.kind == "select_multiple":
            return plain
        return ["other" if question.id in ("agency", "facility", "landlord") else max(plain, key=len)]
    return ["60"] if question.kind == "integer" else [sign * (question.max_length or 0)]


@pytest.mark.parametrize("sign", ["\U0001f692", "ق", "က"], ids=["emoji", "Arabic", "Burmese"])
@pytest.mark.parametrize("module", MODULES)
def test_the_longest_possible_report_fits_the_smallest_size_class(module: str, sign: str) -> None:
    raw = {question.id: longest(question, sign) for question in FORM.asked} | {
        "setting": [module],
        "when.year": ["2026"],
        "when.month": ["12"],
        "role": ["helping_now"],
    }
    body = report.build(
        FORM, clean(FORM, raw), lang="en", sealed_by="browser", channel="outreach", receipt=Receipt.draw()
    )
    assert len(pad(body)) == SIZE_CLASSES[0]
