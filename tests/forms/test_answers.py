"""What was typed becomes canonical answers, and nothing else is accepted as such."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.forms.answers import InvalidAnswers, check, clean
from intake.forms.form import Form
from tests.forms.raws import random_raw
from tests.vectors.make import FORMS, POLICE_DONE

REPORT, EVERY = FORMS["report"], FORMS["every"]


def test_what_is_blank_is_null_and_what_does_not_apply_is_absent() -> None:
    answers = clean(REPORT, {"setting": ["police"], "count": ["yes"]})
    assert answers["acts"] is None
    assert "consent_search" not in answers
    assert "court" not in answers


def test_multiple_answers_come_in_the_order_of_the_form() -> None:
    assert clean(EVERY, {"one": ["yes"], "many": ["c", "a", "c"]})["many"] == ["a", "c"]


def test_an_exclusive_answer_clears_the_others() -> None:
    assert clean(REPORT, POLICE_DONE | {"harm": ["injury", "none"]})["harm"] == ["none"]


@pytest.mark.parametrize(
    ("year", "month", "expected"),
    [
        ("", "", None),
        ("2026", "", "2026"),
        ("2026", "5", "2026-05"),
        ("2026", "12", "2026-12"),
        ("not_sure", "5", "not_sure"),
    ],
)
def test_a_month_is_as_precise_as_what_was_chosen(year: str, month: str, expected: str | None) -> None:
    raw = POLICE_DONE | {"when.year": [year], "when.month": [month]}
    assert clean(REPORT, raw)["when"] == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        pytest.param("a\r\nb\rc", "a\nb\nc", id="line ends"),
        pytest.param(" \t\r\na b\n ", "a b", id="blanks around"),
        pytest.param("a\x00\x1b\x7f\x9fb", "ab", id="control characters"),
        pytest.param("a\tb", "a\tb", id="a tab within"),
        pytest.param("\ud83d", "\ufffd", id="a lone surrogate"),
        pytest.param("\u202eb", "\u202eb", id="direction marks stay"),
        pytest.param(" \n ", None, id="blanks alone"),
    ],
)
def test_a_long_text_is_tidied_but_its_words_stay(typed: str, expected: str | None) -> None:
    assert clean(REPORT, POLICE_DONE | {"story": [typed]})["story"] == expected


def test_a_short_text_is_one_line() -> None:
    assert clean(REPORT, POLICE_DONE | {"station": ["5th\r\nprecinct\tnorth"]})["station"] == (
        "5th precinct north"
    )


def test_every_problem_is_told_at_once() -> None:
    raw = {"setting": ["x"], "story": ["a" * 2001], "when.month": ["5"], "quote": ["no", "theme_only"]}
    with pytest.raises(InvalidAnswers, match="setting: unknown_choice") as caught:
        clean(REPORT, raw)
    assert caught.value.problems == {
        "setting": "unknown_choice",
        "when": "bad_date",
        "story": "too_long",
        "count": "required",
        "quote": "too_many",
    }


def test_an_error_holds_no_word_that_was_typed() -> None:
    with pytest.raises(InvalidAnswers, match="required") as caught:
        clean(REPORT, {"setting": ["canary"], "story": ["canary" * 500]})
    assert "canary" not in str(caught.value)


def test_a_question_that_does_not_apply_cannot_be_wrong() -> None:
    assert "acts" not in clean(REPORT, {"setting": ["health"], "count": ["yes"], "acts": ["x"]})


SHORT = clean(EVERY, {"one": ["yes"], "many": ["a"], "days": ["15"], "_shown": ["short"]})


def test_unseen_skipped_and_not_sure_are_told_apart() -> None:
    raw = POLICE_DONE | {"agency": ["not_sure"]}
    assert clean(REPORT, raw | {"_shown": ["short"]}) == {
        "setting": "police",
        "agency": "not_sure",
        "acts": None,
        "when": None,
        "area": None,
        "grounds": None,
        "harm": None,
        "count": "yes",
        "quote": None,
        "keep": None,
    }
    whole = clean(REPORT, raw | {"_shown": ["all"]})
    assert whole["agency"] == "not_sure"
    assert whole["story"] is None


@pytest.mark.parametrize("shown", [[], ["all"], [""], ["SHORT"], ["short", "all"]], ids=str)
def test_all_questions_were_shown_unless_the_page_says_otherwise(shown: list[str]) -> None:
    assert "story" in clean(REPORT, POLICE_DONE | {"_shown": shown})


def test_a_condition_on_an_unseen_question_finds_it_blank() -> None:
    assert SHORT == {"one": "yes", "many": ["a"], "days": 15, "few": None, "blank": None}


def test_a_form_without_a_short_one_is_always_shown_whole() -> None:
    questions = [replace(question, short=False) for question in EVERY.questions]
    form = replace(EVERY, questions=tuple(questions))
    assert "short" in clean(form, {"one": ["yes"], "_shown": ["short"]})


@pytest.mark.parametrize(
    ("change", "problems"),
    [
        pytest.param({}, {}, id="the short form"),
        pytest.param({"short": None}, {"long": "missing"}, id="one more question than the short form"),
        pytest.param({"many": ...}, {"many": "missing"}, id="one question less"),
        pytest.param({"one": ...}, {"one": "missing"}, id="no required answer"),
        pytest.param({"remark": None}, {"": "not_asked"}, id="a note"),
    ],
)
def test_the_short_form_is_accepted_whole_or_not_at_all(
    change: dict[str, Any], problems: dict[str, str]
) -> None:
    answers = {name: value for name, value in (SHORT | change).items() if value is not ...}
    if not problems:
        check(EVERY, answers)
        return
    with pytest.raises(InvalidAnswers, match=next(iter(problems.values()))) as caught:
        check(EVERY, answers)
    assert caught.value.problems == problems


WHOLE = clean(
    EVERY,
    {
        "one": ["yes"],
        "many": ["a", "c"],
        "short": ["s"],
        "long": ["12345"],
        "when.year": ["2026"],
        "days": ["15"],
        "again": ["3"],
        "few": ["a"],
        "reply": ["ab"],
        "last": ["no"],
    },
)


@pytest.mark.parametrize(
    ("change", "problems"),
    [
        pytest.param({"one": None}, {"one": "required"}, id="a required answer is blank"),
        pytest.param({"one": ...}, {"one": "missing"}, id="a required answer is absent"),
        pytest.param({"short": ...}, {"short": "missing"}, id="an answer is absent"),
        pytest.param({"other": "x"}, {"": "not_asked"}, id="an answer to no question"),
        pytest.param({"blank": None}, {"": "not_asked"}, id="an answer to what does not apply"),
        pytest.param({"remark": None}, {"": "not_asked"}, id="an answer to a note"),
        pytest.param({"one": "maybe"}, {"one": "not_canonical"}, id="a code that is no choice"),
        pytest.param({"one": ["yes"]}, {"one": "not_canonical"}, id="a list for one choice"),
        pytest.param({"one": True}, {"one": "not_canonical"}, id="true"),
        pytest.param({"many": "a"}, {"many": "not_canonical"}, id="a text for many choices"),
        pytest.param({"many": []}, {"many": "not_canonical"}, id="an empty list"),
        pytest.param({"many": ["c", "a"]}, {"many": "not_canonical"}, id="another order"),
        pytest.param({"many": ["a", "a"]}, {"many": "not_canonical"}, id="a code twice"),
        pytest.param({"many": ["a", "x"]}, {"many": "not_canonical"}, id="an unknown code"),
        pytest.param({"many": [["a"]]}, {"many": "not_canonical"}, id="a list in a list"),
        pytest.param({"many": ["a", "none"]}, {"many": "not_canonical"}, id="an exclusive code with others"),
        pytest.param({"short": ""}, {"short": "not_canonical"}, id="an empty text"),
        pytest.param({"short": " s"}, {"short": "not_canonical"}, id="a blank before"),
        pytest.param({"short": "a\nb"}, {"short": "not_canonical"}, id="two lines in a short text"),
        pytest.param({"short": "a" * 121}, {"short": "not_canonical"}, id="a text that is too long"),
        pytest.param({"long": "1234\r5"}, {"long": "not_canonical"}, id="a carriage return"),
        pytest.param({"long": "1234\x1b5"}, {"long": "not_canonical"}, id="an escape character"),
        pytest.param({"long": "1234\ud800"}, {"long": "not_canonical"}, id="a lone surrogate"),
        pytest.param({"long": 12345}, {"long": "not_canonical"}, id="a number for a text"),
        pytest.param({"when": "2026-13"}, {"when": "not_canonical"}, id="a thirteenth month"),
        pytest.param({"when": "2026-05-01"}, {"when": "not_canonical"}, id="a day"),
        pytest.param({"when": "2026\n"}, {"when": "not_canonical"}, id="a newline after a year"),
        pytest.param({"when": 2026}, {"when": "not_canonical"}, id="a number for a year"),
        pytest.param({"days": True}, {"days": "not_canonical"}, id="true for a number"),
        pytest.param({"days": 15.0}, {"days": "not_canonical"}, id="a fraction"),
        pytest.param({"again": -1}, {"again": "not_canonical"}, id="a negative number"),
        pytest.param({"again": 10**9}, {"again": "not_canonical"}, id="a number too large"),
        pytest.param({"days": 61}, {"days": "constraint"}, id="a number over its constraint"),
    ],
)
def test_answers_that_cleaning_cannot_give_are_refused(
    change: dict[str, Any], problems: dict[str, str]
) -> None:
    answers = {name: value for name, value in (WHOLE | change).items() if value is not ...}
    with pytest.raises(InvalidAnswers, match=next(iter(problems.values()))) as caught:
        check(EVERY, answers)
    assert caught.value.problems == problems


def as_raw(form: Form, answers: dict[str, Any]) -> dict[str, list[str]]:
    """Fields that a page would send for these answers."""
    raw: dict[str, list[str]] = {}
    for name, value in answers.items():
        if form.question(name).kind == "month":
            year, _, month = (value or "").partition("-")
            raw |= {f"{name}.year": [year], f"{name}.month": [month]}
        else:
            raw[name] = value if isinstance(value, list) else [str("" if value is None else value)]
    return raw


@pytest.mark.parametrize("shown", ["short", "all"])
@pytest.mark.parametrize("form", [REPORT, EVERY], ids=lambda form: form.id)
def test_cleaning_what_was_cleaned_changes_nothing(form: Form, shown: str) -> None:
    source = Random("again")
    for raw in (random_raw(form, source) | {"_shown": [shown]} for _ in range(300)):
        try:
            answers = clean(form, raw)
        except InvalidAnswers:
            continue
        check(form, answers)
        assert clean(form, as_raw(form, answers) | {"_shown": [shown]}) == answers


SCRAPS = st.sampled_from(
    [
        None,
        "yes",
        "no",
        "a",
        "c",
        "2026",
        "2026-05",
        "not_sure",
        "\x00",
        " ",
        0,
        3,
        61,
        True,
        [],
        ["a"],
        ["c", "a"],
    ]
)


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(sorted(WHOLE)), st.one_of(SCRAPS, st.text("ab \n\x00é👩", max_size=8)))
)
def test_whatever_the_check_accepts_cleaning_would_give(changes: dict[str, Any]) -> None:
    answers = {question.id: None for question in EVERY.asked} | WHOLE | changes
    answers = {name: answers[name] for name in WHOLE}
    try:
        check(EVERY, answers)
    except InvalidAnswers:
        return
    assert clean(EVERY, as_raw(EVERY, answers)) == answers
