"""Tick codes: what stands beside each box on paper, and is typed in from it.

    code = letters of the question, then the number of the choice from 1: "D7", "AA12"

intake/browser/src/ticks.js reads them as they are typed, and says what else may be typed so.

A question has its letters by its place among those of the short form (or of all, where a form has no short
one), the same on every sheet of that form. A form with other questions has another digest, and the sheet
names it, so that nobody reads old ticks by a new form's letters.
"""

from collections.abc import Mapping
from typing import Any

from intake.forms.form import Form
from intake.forms.question import Choice, Question
from intake.forms.relevance import Tree

_BASE = 26


def printed(form: Form) -> tuple[Question, ...]:
    """The questions that paper asks, in order."""
    return tuple(one for one in form.asked if one.id not in form.unseen)


def letters(form: Form) -> dict[str, str]:
    """The letters of each printed question."""
    return {question.id: _letters(place) for place, question in enumerate(printed(form))}


def screen(form: Form) -> dict[str, Any]:
    """What a screen for typing sheets in needs: the letters, and what each sheet asks, by its answer."""
    branch = branching(form)
    answers = [choice.code for choice in branch.choices] if branch else [""]
    return {
        "branch": branch.id if branch else None,
        "letters": letters(form),
        "sheets": {answer: [one.id for one in sheet(form, answer or None)] for answer in answers},
    }


def _letters(place: int) -> str:
    first, last = divmod(place, _BASE)
    return (_letters(first - 1) if first else "") + chr(ord("A") + last)


def branching(form: Form) -> Question | None:
    """The required single choice that decides what else is asked; there is a sheet for each answer."""
    asked = printed(form)
    named = {name for one in asked if one.relevant for name in _names(one.relevant)}
    return next((q for q in asked if q.id in named and q.required and q.kind == "select_one"), None)


def sheet(form: Form, answer: str | None) -> tuple[Question, ...]:
    """The questions that can apply when the branching question has this answer, without that one itself."""
    branch = branching(form)
    known = {branch.id: answer} if branch else {}
    return tuple(
        one
        for one in printed(form)
        if one is not branch and (one.relevant is None or _can(one.relevant, known, True))
    )


def after(form: Form, question: Question) -> tuple[Question, Choice] | None:
    """The one answer after which a question is asked, beside the branching one; None when there is none."""
    branch = branching(form)
    found = [
        (asked, choice)
        for asked in printed(form)
        if asked is not branch and asked.kind in ("select_one", "select_multiple")
        for choice in asked.choices
        if question.relevant and _needs(question.relevant, asked.id, choice.code)
    ]
    return found[0] if len(found) == 1 else None


def _needs(tree: Tree, name: str, code: str) -> bool:
    match tree:
        case ["and", *parts]:
            return any(_needs(part, name, code) for part in parts)
        case ["=", ["answer", str(asked)], str(answer)] | ["selected", str(asked), str(answer)]:
            return (asked, answer) == (name, code)
    return False


def _names(tree: Tree) -> set[str]:
    match tree:
        case ["answer" | "count-selected" | "string-length", name] | ["selected", name, _]:
            return {str(name)}
        case [str(), *parts]:
            return set().union(*(_names(part) for part in parts if isinstance(part, list)))
    return set()


def _can(tree: Tree, known: Mapping[str, Any], value: bool) -> bool:
    """Whether a condition can come out as `value`, whatever is answered beside what is `known`."""
    match tree:
        case ["not", part]:
            return _can(part, known, not value)
        case ["and" | "or" as word, *parts]:
            every = all if (word == "and") == value else any
            return every(_can(part, known, value) for part in parts)
        case ["=" | "!=" as sign, ["answer", name], str(code)] if name in known:
            return bool(((known[name] == code) == (sign == "=")) == value)
        case ["selected", name, code] if name in known:
            return bool((known[name] == code) == value)
    return True
