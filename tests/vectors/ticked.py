"""Tick codes as they are typed in from paper: right in many ways, and wrong in each that has a rule.

The letters are those that `intake.forms.ticks` prints; what they stand for is written down here by hand.
"""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from intake.forms import ticks
from intake.forms.form import Form
from intake.forms.question import Question

RANDOM_SHEETS = 40
Raw = dict[str, list[str]]
Case = tuple[str, Raw, list[tuple[str, str]]]

WHEN = {"when.year": ["2026"], "when.month": ["5"]}
POLICE: Raw = {"setting": ["police"]}

# What was typed, the fields that it is, and the codes that break a rule. {acts} stands for the letters of
# that question on the sheet, and "acts 3" for the code of its third choice in the form.
REPORT: dict[str, Case] = {
    "nothing": ("", {}, []),
    "blanks alone": (" \t\n ,; ", {}, []),
    "a sheet": (
        "{setting}1 {agency}2 {acts}1 {acts}3 {when}2026-05 {area}3 {count}1",
        {
            **POLICE,
            "agency": ["agency 2"],
            "acts": ["acts 1", "acts 3"],
            **WHEN,
            "area": ["area 3"],
            "count": ["yes"],
        },
        [],
    ),
    "a number alone is of the letters before it": (
        "{setting}1 {acts}1 3 44 {grounds}2 3",
        {**POLICE, "acts": ["acts 1", "acts 3", "acts 44"], "grounds": ["grounds 2", "grounds 3"]},
        [],
    ),
    "letters and number apart": ("{setting} 1 {acts} 7", {**POLICE, "acts": ["acts 7"]}, []),
    "any order": ("{acts}3 {acts}1 {setting}1", {**POLICE, "acts": ["acts 3", "acts 1"]}, []),
    "small letters": ("a1 b2", {**POLICE, "agency": ["agency 2"]}, []),
    "commas and semicolons and lines": (
        "{setting}1,{acts}1;3\n{count}2",
        {**POLICE, "acts": ["acts 1", "acts 3"], "count": ["no"]},
        [],
    ),
    "zeros before the number": ("{setting}01 {acts}007", {**POLICE, "acts": ["acts 7"]}, []),
    "wide letters": ("\uff21\uff11", POLICE, []),
    "a year": ("{when}2026", {"when.year": ["2026"]}, []),
    "a month of one digit": ("{when}2026-5", WHEN, []),
    "the month first": ("{when}5/2026", WHEN, []),
    "the month first with a dot": ("{when}05.2026", WHEN, []),
    "a month that is not sure": ("{when}?", {"when.year": ["not_sure"]}, []),
    "a month apart from its letters": ("{when} 2026/12", {"when.year": ["2026"], "when.month": ["12"]}, []),
    "a sheet that is not named": (
        "{acts}1 {health_acts}2",
        {"acts": ["acts 1"], "health_acts": ["health_acts 2"]},
        [],
    ),
    "the sheet's code stands last": (
        "{health_acts}2 {acts}1 {setting}2",
        {"setting": ["health"], "health_acts": ["health_acts 2"]},
        [("{acts}1", "other_sheet")],
    ),
    "no code at all": ("hello! {setting}1", POLICE, [("HELLO!", "unreadable")]),
    "signs that no code has": (
        "{setting}1 {acts}7x {acts}1",
        {**POLICE, "acts": ["acts 1"]},
        [("{acts}7X", "unreadable")],
    ),
    "a long word is cut": ("abcdefghijklmnop!", {}, [("ABCDEFGHIJKL", "unreadable")]),
    "letters that no question has": ("{setting}1 ZZ3", POLICE, [("ZZ3", "unknown")]),
    "numbers after unknown letters": ("ZZ3 4", {}, [("ZZ3", "unknown"), ("ZZ4", "unknown")]),
    "a number first": ("7 {setting}1", POLICE, [("7", "no_letters")]),
    "letters alone": ("{setting}1 {acts}", POLICE, [("{acts}", "no_letters")]),
    "letters alone before others": ("{setting} {acts}7", {"acts": ["acts 7"]}, [("{setting}", "no_letters")]),
    "a question of another sheet": ("{setting}1 {health_acts}3", POLICE, [("{health_acts}3", "other_sheet")]),
    "box zero": ("{setting}1 {acts}0", POLICE, [("{acts}0", "no_box")]),
    "a box after the last": ("{setting}1 {acts}45", POLICE, [("{acts}45", "no_box")]),
    "a sheet that there is not": ("{setting}5", {}, [("{setting}5", "no_box")]),
    "a month where boxes are": ("{setting}1 {acts}2026-05", POLICE, [("{acts}2026-05", "no_box")]),
    "a question mark where boxes are": ("{setting}1 {acts}?", POLICE, [("{acts}?", "no_box")]),
    "a code twice": ("{setting}1 {acts}3 {acts}3", {**POLICE, "acts": ["acts 3"]}, [("{acts}3", "twice")]),
    "one answer twice": ("{setting}1 {setting}1", POLICE, [("{setting}1", "twice")]),
    "two sheets": ("{setting}1 {setting}2", POLICE, [("{setting}2", "one_only")]),
    "two answers where one fits": (
        "{setting}1 {count}1 {count}2",
        {**POLICE, "count": ["yes"]},
        [("{count}2", "one_only")],
    ),
    "two months": ("{when}2026-05 {when}2025", WHEN, [("{when}2025", "one_only")]),
    "a thirteenth month": ("{when}2026-13", {}, [("{when}2026-13", "bad_month")]),
    "month zero": ("{when}2026-0", {}, [("{when}2026-0", "bad_month")]),
    "a year of two digits": ("{when}26-05", {}, [("{when}26-05", "bad_month")]),
    "a year of another century": ("{when}1826", {}, [("{when}1826", "bad_month")]),
    "a box of a month": ("{when}3", {}, [("{when}3", "bad_month")]),
    "words are no codes": ("{setting}1 {agency_other}", POLICE, [("{agency_other}", "words")]),
    "words with a number": ("{setting}1 {agency_other}1", POLICE, [("{agency_other}1", "words")]),
    "none beside another": (
        "{setting}1 {harm}2 {harm}17",
        {**POLICE, "harm": ["harm 2"]},
        [("{harm}17", "alone")],
    ),
    "another beside none": (
        "{setting}1 {harm}17 {harm}2",
        {**POLICE, "harm": ["harm 17"]},
        [("{harm}2", "alone")],
    ),
    "none by itself": ("{setting}1 {harm}17", {**POLICE, "harm": ["harm 17"]}, []),
    "several mistakes, and the rest is read": (
        "{setting}1 {acts}99 hm? {count}1 {when}x",
        {**POLICE, "count": ["yes"]},
        [("{acts}99", "no_box"), ("HM?", "unknown"), ("{when}X", "unknown")],
    ),
}
EVERY: dict[str, Case] = {
    "a number that is asked for": ("{one}1 {days}15", {"one": ["yes"], "days": ["15"]}, []),
    "a number with zeros": ("{days}0007", {"days": ["0007"]}, []),
    "a number of ten digits": ("{days}1000000000", {}, [("{days}1000000000", "bad_number")]),
    "a date where a number is asked for": ("{days}2026-05", {}, [("{days}2026-05", "bad_number")]),
    "two numbers": ("{days}3 4", {"days": ["3"]}, [("{days}4", "one_only")]),
    "two answers that stand alone": ("{many}3 {many}6", {"many": ["none"]}, [("{many}6", "alone")]),
    "a question of the long form": ("ZZ1", {}, [("ZZ1", "unknown")]),
}


def tick_vectors(forms: Mapping[str, Form]) -> list[dict[str, Any]]:
    """The contents of ticks.json."""
    cases = [("report", name, case) for name, case in REPORT.items()]
    cases += [("every", name, case) for name, case in EVERY.items()]
    source = random.Random("sheets")
    sheets = [sheet_vector(forms["report"], number, source) for number in range(RANDOM_SHEETS)]
    return [*(tick_vector(forms[form], name, case) for form, name, case in cases), *sheets]


def tick_vector(form: Form, name: str, case: Case) -> dict[str, Any]:
    """One line of codes."""
    typed, raw, problems = case
    letters = ticks.letters(form)
    fields = {field: [to_code(form, field, value) for value in values] for field, values in raw.items()}
    return {
        "form": form.id,
        "name": name,
        "typed": typed.format_map(letters),
        "raw": fields,
        "problems": [{"code": code.format_map(letters), "rule": rule} for code, rule in problems],
        "codes": codes_of(form, fields),
    }


def to_code(form: Form, field: str, value: str) -> str:
    """The code of "acts 3", the third choice; any other value as it is."""
    question, _, number = value.partition(" ")
    return form.question(field).choices[int(number) - 1].code if question == field else value


def codes_of(form: Form, raw: Mapping[str, Sequence[str]]) -> str:
    """The codes of raw fields in the order of the sheet, as the paper prints them."""
    letters = ticks.letters(form)
    found: list[str] = []
    for question in ticks.printed(form):
        found += [letters[question.id] + value for value in _values(question, raw)]
    return " ".join(found)


def _values(question: Question, raw: Mapping[str, Sequence[str]]) -> list[str]:
    match question.kind:
        case "month":
            [year] = raw.get(f"{question.id}.year", [""])
            [month] = raw.get(f"{question.id}.month", [""])
            return (
                ["?"]
                if year == "not_sure"
                else [f"{year}-{int(month):02d}" if month else year]
                if year
                else []
            )
        case "integer":
            return list(raw.get(question.id, ()))
        case _:
            return [
                str(place + 1)
                for place in sorted(map(question.positions.__getitem__, raw.get(question.id, ())))
            ]


def sheet_vector(form: Form, number: int, source: random.Random) -> dict[str, Any]:
    """A random sheet, typed in its own order."""
    branch = ticks.branching(form)
    assert branch
    answer = source.choice(branch.choices).code
    raw: Raw = {branch.id: [answer]}
    for question in ticks.sheet(form, answer):
        raw |= random_answer(question, source)
    typed = codes_of(form, raw)
    return {
        "form": form.id,
        "name": f"sheet {number}",
        "typed": typed,
        "raw": raw,
        "problems": [],
        "codes": typed,
    }


def random_answer(question: Question, source: random.Random) -> Raw:
    """What somebody could tick, or nothing."""
    codes = [choice.code for choice in question.choices if choice.code not in question.exclusive]
    match question.kind:
        case "select_one":
            return {question.id: [source.choice(question.choices).code]} if source.random() < 0.8 else {}
        case "select_multiple":
            chosen = source.sample(codes, source.randrange(min(6, len(codes))))
            return {question.id: sorted(chosen, key=question.positions.__getitem__)} if chosen else {}
        case "month":
            year, month = str(source.randrange(2020, 2027)), str(source.randrange(1, 13))
            return {f"{question.id}.year": [year], f"{question.id}.month": [month]}
    return {}
