"""Conditions are read from XLSForm, checked against the form, and evaluated as XPath would."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from intake.forms.expression import parse
from intake.forms.relevance import UnknownName, check, compile_tree, named


@dataclass
class Asked:
    """A question, as far as a condition cares."""

    kind: str
    positions: dict[str, int] = field(default_factory=dict)


CODES = {"yes": 0, "no": 1}
KNOWN = {
    "one": Asked("select_one", CODES),
    "many": Asked("select_multiple", CODES),
    "days": Asked("integer"),
    "words": Asked("long_text"),
    "when": Asked("month"),
}


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("${one} = 'yes'", ["=", ["answer", "one"], "yes"]),
        ('${one}!="yes"', ["!=", ["answer", "one"], "yes"]),
        ("selected(${many}, 'no')", ["selected", "many", "no"]),
        (". <= 60", ["<=", ["answer", "own"], 60]),
        ("count-selected(.) > 1", [">", ["count-selected", "own"], 1]),
        ("string-length( ${words} ) >= 5", [">=", ["string-length", "words"], 5]),
        ("not(${one} = 'yes')", ["not", ["=", ["answer", "one"], "yes"]]),
        ("1 = 1 or 2 = 2 and 3 = 3", ["or", ["=", 1, 1], ["and", ["=", 2, 2], ["=", 3, 3]]]),
        ("(1 = 1 or 2 = 2) and 3 = 3", ["and", ["or", ["=", 1, 1], ["=", 2, 2]], ["=", 3, 3]]),
        ("1 = 1 and 2 = 2 and 3 = 3", ["and", ["=", 1, 1], ["=", 2, 2], ["=", 3, 3]]),
    ],
)
def test_an_expression_becomes_its_tree(text: str, tree: list[Any]) -> None:
    assert parse(text, "own") == tree


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "expected a question, found 'the end'"),
        ("${one}", "expected a comparison"),
        ("${one} = ", "expected a question"),
        ("${one} = 'yes' 3", "unexpected '3'"),
        ("${one} = 'yes", "is not accepted"),
        ("${One} = 'yes'", "is not accepted"),
        ("(${one} = 'yes'", r"expected '\)'"),
        ("selected(${many}, ${one})", "code in quotes"),
        ("selected('a', 'b')", "expected a question"),
        ("pulldata('a', 'b') = 'c'", "'pulldata' is not accepted"),
        ("${days} + 1 = 2", "is not accepted"),
        ("today() > '2026'", "'today' is not accepted"),
        ("../one = 'yes'", "is not accepted"),
        ("true()", "'true' is not accepted"),
        ("not ${one} = 'yes'", r"expected '\('"),
    ],
)
def test_an_expression_outside_the_subset_is_refused(text: str, rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        parse(text, "own")


@pytest.mark.parametrize(
    ("tree", "rule"),
    [
        (["=", ["answer", "later"], "x"], "'later', which is no question before"),
        (["selected", "many", "maybe"], "'maybe', which is no choice of 'many'"),
        (["=", ["answer", "one"], "maybe"], "'maybe', which is no choice of 'one'"),
        (["!=", "maybe", ["answer", "one"]], "'maybe', which is no choice of 'one'"),
        (["=", ["answer", "many"], "yes"], r"use selected\(\)"),
        (["=", ["answer", "days"], "3"], "compares a text with a number"),
        (["<", ["answer", "when"], "2026"], "compares texts by '<'"),
        (["<", ["string-length", "one"], 3], "cannot be compared"),
        (["=", True, 1], "cannot be compared"),
        (["=", 1.5, 1], "cannot be compared"),
        (["and", ["=", 1, 1]], "part that is not known"),
        (["selected", "many"], "part that is not known"),
        (["xor", ["=", 1, 1], ["=", 1, 1]], "part that is not known"),
        ("yes", "part that is not known"),
        (None, "part that is not known"),
    ],
)
def test_a_condition_that_does_not_fit_the_form_is_refused(tree: Any, rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        check(tree, KNOWN)


def test_a_note_is_no_question_that_a_condition_can_name() -> None:
    with pytest.raises(UnknownName):
        check(["=", ["answer", "said"], "yes"], KNOWN | {"said": Asked("note")})


def test_a_condition_nested_without_end_is_refused() -> None:
    tree: list[Any] = ["=", 1, 1]
    for _ in range(30):
        tree = ["not", tree]
    with pytest.raises(ValueError, match="nested too deeply"):
        check(tree, KNOWN)


@pytest.mark.parametrize("opening", ["(", "not("])
def test_an_expression_of_brackets_without_end_is_refused(opening: str) -> None:
    text = opening * 10_000 + "${one} = 'yes'" + ")" * 10_000
    with pytest.raises(ValueError, match="nested too deeply"):
        parse(text, "own")


@pytest.mark.parametrize(
    ("text", "answers", "expected"),
    [
        ("${one} = 'yes'", {"one": "yes"}, True),
        ("${one} = 'yes'", {"one": None}, False),
        ("${one} != 'yes'", {"one": None}, True),
        ("${one} != 'yes'", {}, True),
        ("${one} = ''", {}, True),
        ("${one} = ''", {"one": "no"}, False),
        ("selected(${many}, 'yes')", {"many": ["no", "yes"]}, True),
        ("selected(${many}, 'yes')", {"many": None}, False),
        ("selected(${one}, 'yes')", {"one": "yes"}, True),
        ("selected(${one}, 'yes')", {}, False),
        ("${days} > 2", {"days": 3}, True),
        ("${days} > 2", {"days": 2}, False),
        ("${days} < 2", {"days": None}, False),
        ("${days} >= 0", {}, False),
        ("${days} = 0", {"days": 0}, True),
        ("${days} = 0", {"days": None}, False),
        ("${days} != 0", {"days": None}, True),
        ("count-selected(${many}) = 0", {"many": None}, True),
        ("count-selected(${many}) >= 2", {"many": ["no", "yes"]}, True),
        ("string-length(${words}) = 2", {"words": "👩é"}, True),
        ("string-length(${words}) = 0", {}, True),
        ("${when} = 'not_sure'", {"when": "not_sure"}, True),
        ("not(${one} = 'yes') or ${days} = 1", {"one": "yes", "days": 1}, True),
        ("${one} = 'yes' and ${days} = 1", {"one": "yes", "days": 2}, False),
    ],
)
def test_a_condition_is_true_of_the_answers_or_not(
    text: str, answers: dict[str, Any], expected: bool
) -> None:
    tree = parse(text, "own")
    check(tree, KNOWN)
    assert compile_tree(tree)(answers) is expected


@pytest.mark.parametrize(
    ("text", "questions"),
    [
        ("${one} = 'yes' and not(selected(${many}, 'no'))", {"one", "many"}),
        ("'yes' = ${one} or count-selected(${many}) > string-length(${words})", {"one", "many", "words"}),
        ("1 = 1", set()),
    ],
)
def test_a_condition_names_the_questions_that_it_looks_at(text: str, questions: set[str]) -> None:
    assert named(parse(text, "own")) == questions
