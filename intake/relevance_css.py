"""Writes the conditions of a form as a style sheet, so that a browser without script asks only what applies.

    #report:not(:has([name="setting"][value="police"]:checked)) #q-acts { display: none }

A selector that stands for "surely true" is put together from parts that stand side by side for "and"
and in `:is()` for "or"; `:not()` turns one around. What a style sheet cannot know, such as a length or a
number, is neither surely true nor surely false, and its question stays in sight. Hiding is a kindness and no
rule: what is answered and does not apply is dropped where the report is sealed.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from intake.forms.form import Form, Question
from intake.forms.relevance import Tree

FORM = "#report"
_HIDE = "{display:none}"
# Selectors on the form's element: one that always fits, and one that never does.
_ALWAYS, _NEVER = "", None


@dataclass(frozen=True, slots=True)
class _Known:
    """The selector that fits when a condition surely holds, and the one when it surely does not."""

    true: str | None
    false: str | None


_UNKNOWN = _Known(_NEVER, _NEVER)
_CONSTANT = {True: _Known(_ALWAYS, _NEVER), False: _Known(_NEVER, _ALWAYS)}


def style_sheet(form: Form) -> str:
    """The rules that hide each question, and each section, of the form that surely does not apply."""
    known: dict[str, _Known] = {}
    for question in form.questions:
        known[question.id] = _condition(question.relevant, form, known)
    sections = {
        section.id: _all(known[name].false for name in section.questions) for section in form.sections
    }
    hidden: dict[str | None, list[str]] = {}
    for name, one in known.items():
        hidden.setdefault(one.false, []).append(f"#q-{name}")
    for name, false in sections.items():
        hidden.setdefault(false, []).append(f"#s-{name}")
    hidden[_has(_box("_shown", "short"))] = _left_out(form)
    return "".join(
        f"{FORM}{false} :is({','.join(what)}){_HIDE}\n" for false, what in hidden.items() if false and what
    )


def _left_out(form: Form) -> list[str]:
    """The questions that the short form leaves out, and the sections that it leaves empty."""
    kept = {question.id for question in form.questions if question.short or question.required}
    if not form.unseen:
        return []
    questions = [f"#q-{question.id}" for question in form.questions if question.id not in kept]
    return questions + [f"#s-{one.id}" for one in form.sections if not kept & set(one.questions)]


def _condition(tree: Tree | None, form: Form, asked: dict[str, _Known]) -> _Known:
    match tree:
        case None:
            return _CONSTANT[True]
        case ["and", *parts]:
            inner = [_condition(part, form, asked) for part in parts]
            return _Known(_all(one.true for one in inner), _any(one.false for one in inner))
        case ["or", *parts]:
            inner = [_condition(part, form, asked) for part in parts]
            return _Known(_any(one.true for one in inner), _all(one.false for one in inner))
        case ["not", part]:
            one = _condition(part, form, asked)
            return _Known(one.false, one.true)
        case (
            ["selected", str(name), str(value)]
            | ["=", ["answer", str(name)], str(value)]
            | ["=", str(value), ["answer", str(name)]]
        ):
            return _answered(form.question(name), value, asked[name])
        case ["!=", left, right]:
            return _condition(["not", ["=", left, right]], form, asked)
    return _UNKNOWN


def _answered(question: Question, value: str, asked: _Known) -> _Known:
    """The question was asked and has that answer; it has the empty one when it was not asked, too."""
    if not value:
        filled = _filled(question)
        inverse = _both(asked, filled)
        return _Known(inverse.false, inverse.true)
    if question.kind == "select_multiple":
        return _both(asked, _ticked(question, value))
    if question.kind == "select_one":
        return _both(asked, _sure(_has(_box(question.id, value))))
    if question.kind == "month" and value == "not_sure":
        return _both(asked, _sure(_has(_option(question.id, "year", value))))
    return _UNKNOWN


def _ticked(question: Question, code: str) -> _Known:
    """An exclusive choice that stands before another one, or beside any other, is the only answer."""
    rivals = [one.code for one in question.choices if one.exclusive]
    if code in rivals:
        rivals = rivals[: rivals.index(code)]
    box = _has(_box(question.id, code))
    return _sure(box + "".join(f":not({_has(_box(question.id, one))})" for one in rivals))


def _filled(question: Question) -> _Known:
    match question.kind:
        case "select_one" | "select_multiple":
            return _sure(_has(f'[name="{question.id}"]:checked:not([value=""])'))
        case "month":
            return _sure(_has(f'[name="{question.id}.year"] option:checked:not([value=""])'))
    return _UNKNOWN


def _box(name: str, value: str) -> str:
    return f'[name="{name}"][value="{value}"]:checked'


def _option(name: str, part: str, value: str) -> str:
    return f'[name="{name}.{part}"] option[value="{value}"]:checked'


def _has(selector: str) -> str:
    return f":has({selector})"


def _sure(true: str) -> _Known:
    return _Known(true, f":not({true})")


def _both(one: _Known, other: _Known) -> _Known:
    return _Known(_all([one.true, other.true]), _any([one.false, other.false]))


def _all(selectors: Iterable[str | None]) -> str | None:
    """Fits when all of them fit."""
    parts = list(dict.fromkeys(selectors))
    return None if None in parts else "".join(part for part in parts if part)


def _any(selectors: Iterable[str | None]) -> str | None:
    """Fits when one of them fits."""
    parts = list(dict.fromkeys(part for part in selectors if part is not None))
    if _ALWAYS in parts:
        return _ALWAYS
    return f":is({','.join(parts)})" if len(parts) > 1 else (parts[0] if parts else _NEVER)
