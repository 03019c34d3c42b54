"""Random form fields, good and bad, for tests that put two implementations against each other."""

import json
from random import Random

from intake.forms.form import Form, Question

Raw = dict[str, list[str]]

PIECES = (
    *(
        "",
        " ",
        "\t",
        "\n",
        "\r",
        "\r\n",
        "a",
        "é",
        "e\u0301",
        "👩🏽‍🚒",
        "🇺🇬",
        "قالوا",
        "သူတို့",
        "\u202e",
        "\u2028",
    ),
    *(
        "\x00",
        "\x1b[2J",
        "\x7f",
        "\x9f",
        "\ud83d",
        "\ude00",
        '"',
        "\\",
        "</script>",
        "\u00a0",
        "\ufeff",
        "12345",
    ),
)
NUMBERS = (
    "",
    "0",
    "1",
    "3",
    "15",
    "60",
    "61",
    "007",
    "999999999",
    "1000000000",
    "-1",
    "1.5",
    " 2 ",
    "٣",
    "1e3",
)
YEARS = ("", "2026", "1999", " 2024 ", "not_sure", "1899", "20265", "MMXX")
MONTHS = ("", "1", "05", "12", "13", "0", "not_sure", "x")
SHOWN = ([], ["all"], ["short"], ["short"], ["short", "short"], ["", "short"])
# Now and then something that no page offers.
STRANGE = ("constructor", "__proto__", "YES", "not_sure ", "\ud800")


def random_raw(form: Form, source: Random) -> Raw:
    """Fields for the form: mostly what a page could send, some of it blank, a little of it hostile."""
    raw: Raw = {"_shown": source.choice(SHOWN)}
    for question in form.asked:
        if source.random() < 0.8:
            raw |= _fields(question, source)
    # Two lone surrogates that stand together are one character to a browser, and after JSON to Python.
    joined: Raw = json.loads(json.dumps(raw))
    return joined


def _fields(question: Question, source: Random) -> Raw:
    if question.kind == "month":
        year, month = (source.choice(values) for values in (YEARS, MONTHS))
        return {f"{question.id}.year": [year], f"{question.id}.month": [month]}
    return {question.id: _values(question, source)}


def _values(question: Question, source: Random) -> list[str]:
    codes = list(question.positions)
    if question.kind == "select_one":
        return [source.choice(STRANGE)] if source.random() < 0.02 else [source.choice([*codes, ""])]
    if question.kind == "select_multiple":
        ticked = source.choices(codes, k=source.randrange(5))
        return [*ticked, source.choice(STRANGE)] if source.random() < 0.02 else ticked
    if question.kind == "integer":
        return [source.choice(NUMBERS)]
    return ["".join(source.choices(PIECES, k=source.choice((0, 1, 3, 8, 20, 60))))]
