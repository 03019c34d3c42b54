"""The questionnaire on paper: one sheet of two sides for each answer to the question that branches.

It asks the short form in the form's words, with a tick code beside each box (`intake.forms.ticks`), so that
keying it in takes a minute. Nothing on a sheet tells it from the others of its kind.
"""

import datetime
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from intake.forms import ticks
from intake.forms.form import Form
from intake.forms.question import Choice, Question
from intake.printing import PAPERS
from intake.printing.errors import PrintingError
from intake.printing.words import read_words, spoken
from templates.typesetting import NotSet, typeset

TEMPLATE, WORDS = "printed/paper.typ", "printed/paper.txt"
SIDES = 2
# In points, the largest that fits is taken. Smaller than the last, many people cannot read it.
SIZES = (13.0, 12.5, 12.0, 11.5, 11.0, 10.5, 10.0, 9.5, 9.0, 8.5, 8.0)
_DIGITS = 8
_CONSENT = "ops"


def make(form: Form, paper: str) -> dict[str, bytes]:
    """The sheets of a form by file name, in those of its languages that are spoken; or PrintingError."""
    branch = ticks.branching(form)
    answers: Sequence[Choice | None] = branch.choices if branch else (None,)
    return {
        f"paper-{form.id}{f'-{answer.code}' if answer else ''}-{language}.pdf": _sheet(
            form, answer, language, paper
        )
        for answer in answers
        for language in spoken(form.languages)
    }


def _sheet(form: Form, answer: Choice | None, language: str, paper: str) -> bytes:
    data = _data(form, answer, language) | {"paper": PAPERS[paper]}
    # A form has a version, and no day.
    day = datetime.date(1980, 1, 1)
    try:
        for size in SIZES:
            if len(typeset(TEMPLATE, data | {"size": size}, day, "svg")) <= SIDES:
                return typeset(TEMPLATE, data | {"size": size}, day, "pdf")[0]
    except NotSet as error:
        raise PrintingError(f'form "{form.id}" cannot be printed: {error}') from None
    raise PrintingError(
        f'form "{form.id}" does not fit on {SIDES} sides in {language}',
        "mark fewer questions as short, or shorten its lists",
    )


def _data(form: Form, answer: Choice | None, language: str) -> dict[str, Any]:
    words, letters, branch = read_words(WORDS, language), ticks.letters(form), ticks.branching(form)
    asked = ticks.sheet(form, answer.code if answer else None)
    return {
        "lang": language,
        "title": form.title[language],
        "about": branch.label[language] if branch and answer else "",
        "answer": answer.label[language] if answer else "",
        "code": _code(letters, branch, answer) if branch and answer else "",
        "questions": [_question(one, form, language, words) for one in asked],
        "form": str(words.version(form.id, form.version, form.digest[:_DIGITS])),
        "say": {
            name: str(getattr(words, name)())
            for name in ("before", "after", "never", "year", "month", "typed", "unsure")
        },
        "sides": [str(words.side(number, SIDES)) for number in range(1, SIDES + 1)],
    }


def _code(letters: dict[str, str], question: Question, choice: Choice) -> str:
    return f"{letters[question.id]}{question.positions[choice.code] + 1}"


def _question(one: Question, form: Form, language: str, words: Any) -> dict[str, Any]:
    letters = ticks.letters(form)
    kinds = {"select_one": words.one, "select_multiple": words.many}
    after = ticks.after(form, one)
    return {
        "letter": letters[one.id],
        "kind": one.kind,
        "label": one.label[language],
        "how": str(kinds[one.kind]()) if one.kind in kinds else "",
        "only": str(words.only(_code(letters, *after))) if after else "",
        # What may be done with the report is to be understood before it is ticked; the rest has little room.
        "hint": one.hint.get(language, "") if one.kind == "month" or one.role == _CONSENT else "",
        "groups": list(_groups(one, letters[one.id], language, form)),
    }


def _groups(one: Question, letter: str, language: str, form: Form) -> Iterator[dict[str, Any]]:
    """The choices in the form's order, with a line above each group where they have groups."""
    names = {rollup.code: rollup.label[language] for rollup in form.rollups}
    for rollup, choices in groupby(one.choices, lambda choice: choice.rollup):
        yield {
            "name": names.get(rollup, "") if one.kind == "select_multiple" else "",
            "choices": [
                {"code": f"{letter}{one.positions[choice.code] + 1}", "label": choice.label[language]}
                for choice in choices
            ],
        }
