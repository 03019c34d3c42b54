"""Turns what was typed and ticked into the answers of a report, and checks answers that arrive.

The browser's script (`intake/browser/src/answers.js`) follows the same rules to the byte; the
vectors in `tests/vectors/answers.json` hold the two together. The shape of each answer:

    select_one       a code                  text, long_text  a text
    select_multiple  codes in form order     integer          0 to 999999999
    month            "2026", "2026-05" or "not_sure"

A question that applies and was left blank (skipped) is null; "not sure" is a code of its own. One
that does not apply is absent, so that nobody can tell later what was ticked before an earlier answer
was changed. One that the short form left out is absent too (unseen): the page sends `_shown`, "short"
or "all", and a report holds either every question that applies or those of the short form alone.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from intake.forms.errors import InvalidAnswers
from intake.forms.form import Form, Question

__all__ = ["InvalidAnswers", "check", "clean", "is_tidy", "tidy"]

Raw: TypeAlias = Mapping[str, Sequence[str]]

_BLANKS = " \t\r\n"
_LINE_ENDS = re.compile(r"\r\n?")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
# All of Unicode's control characters (Cc) but tab and newline: a terminal may obey them.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_UNTIDY = {
    "text": re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]"),
    "long_text": re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]"),
}
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
_MONTH = re.compile(r"0?[1-9]|1[0-2]")
_WHEN = re.compile(r"(?:19|20)[0-9]{2}(?:-(?:0[1-9]|1[0-2]))?|not_sure")
_INTEGER = re.compile(r"[0-9]{1,9}")
_LARGEST = 999_999_999
_MISSING = object()
_NOTHING: frozenset[str] = frozenset()
NOT_SURE = "not_sure"
SHOWN, SHORT = "_shown", "short"


class _BrokenRule(Exception):
    """The name of the rule that one answer breaks."""


def clean(form: Form, raw: Raw) -> dict[str, Any]:
    """The canonical answers for raw form fields, each a list of what was sent under its name.

    A month comes as two fields, `<id>.year` (four digits or "not_sure") and `<id>.month` (1 to 12 or
    blank). Fields that the form does not ask are ignored. Raises InvalidAnswers with every problem
    at once.
    """
    answers: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for question in shown(form, raw):
        if question.applies is None or question.applies(answers):
            try:
                answers[question.id] = _CLEAN[question.kind](question, raw)
                _check_rules(question, answers)
            except _BrokenRule as broken:
                problems[question.id] = str(broken)
                answers[question.id] = None
    if problems:
        raise InvalidAnswers(problems)
    return answers


def shown(form: Form, raw: Raw) -> tuple[Question, ...]:
    """The questions that the reporter's page had: of the short form where it says so, else all."""
    if [value for value in raw.get(SHOWN, ()) if value] != [SHORT]:
        return form.asked
    return tuple(question for question in form.asked if question.id not in form.unseen)


def _check_rules(question: Question, answers: Mapping[str, Any]) -> None:
    if answers[question.id] is None:
        if question.required:
            raise _BrokenRule("required")
    elif question.holds is not None and not question.holds(answers):
        raise _BrokenRule("constraint")


def _clean_select_one(question: Question, raw: Raw) -> str | None:
    code = _single(raw, question.id)
    if code and code not in question.positions:
        raise _BrokenRule("unknown_choice")
    return code or None


def _clean_select_multiple(question: Question, raw: Raw) -> list[str] | None:
    ticked = {code for code in raw.get(question.id, ()) if code}
    if not ticked <= question.positions.keys():
        raise _BrokenRule("unknown_choice")
    codes = sorted(ticked, key=question.positions.__getitem__)
    # "None of these" beside an act is a slip of the finger: the first such code stands alone.
    alone = [code for code in codes if code in question.exclusive]
    return alone[:1] or codes or None


def _clean_text(question: Question, raw: Raw) -> str | None:
    text = tidy(question.kind, _single(raw, question.id))
    if len(text) > (question.max_length or 0):
        raise _BrokenRule("too_long")
    return text or None


def tidy(kind: str, typed: str) -> str:
    """What was typed, in the one spelling of a `text` or a `long_text`; perhaps empty, or too long."""
    text = _LINE_ENDS.sub("\n", typed)
    if kind == "text":
        text = text.replace("\n", " ").replace("\t", " ")
    return _CONTROLS.sub("", _SURROGATES.sub("\ufffd", text)).strip(_BLANKS)


def _clean_month(question: Question, raw: Raw) -> str | None:
    year = _single(raw, f"{question.id}.year").strip(_BLANKS)
    month = _single(raw, f"{question.id}.month").strip(_BLANKS)
    if year == NOT_SURE or (not year and not month):
        return year or None
    if not _YEAR.fullmatch(year) or (month and not _MONTH.fullmatch(month)):
        raise _BrokenRule("bad_date")
    return f"{year}-{month.zfill(2)}" if month else year


def _clean_integer(question: Question, raw: Raw) -> int | None:
    digits = _single(raw, question.id).strip(_BLANKS)
    if digits and not _INTEGER.fullmatch(digits):
        raise _BrokenRule("bad_number")
    return int(digits) if digits else None


def _single(raw: Raw, name: str) -> str:
    values = raw.get(name, ())
    if len(values) > 1:
        values = [value for value in values if value]
    if len(values) > 1:
        raise _BrokenRule("too_many")
    return values[0] if values else ""


_CLEAN: dict[str, Callable[[Question, Raw], Any]] = {
    "select_one": _clean_select_one,
    "select_multiple": _clean_select_multiple,
    "text": _clean_text,
    "long_text": _clean_text,
    "month": _clean_month,
    "integer": _clean_integer,
}


def check(form: Form, answers: Mapping[str, Any]) -> None:
    """Accept answers that `clean` could have returned; InvalidAnswers names the first problem else.

    The desk runs this on every report, because anybody can seal anything to its public key.
    """
    found = 0
    unseen = _unseen(form, answers)
    for question in form.asked:
        if question.id in unseen or (question.applies is not None and not question.applies(answers)):
            continue
        found += 1
        value = answers.get(question.id, _MISSING)
        fits = not question.required if value is None else _IS_CANONICAL[question.kind](question, value)
        if not fits:
            raise InvalidAnswers({question.id: _misfit(value)})
        if question.holds is not None and value is not None and not question.holds(answers):
            raise InvalidAnswers({question.id: "constraint"})
    if found != len(answers):
        raise InvalidAnswers({"": "not_asked"})


def _unseen(form: Form, answers: Mapping[str, Any]) -> frozenset[str]:
    # All or none: one answer to what the short form leaves out means that the whole form was shown.
    return form.unseen if form.unseen.isdisjoint(answers) else _NOTHING


def _misfit(value: object) -> str:
    if value is None:
        return "required"
    return "missing" if value is _MISSING else "not_canonical"


def _is_code(question: Question, value: Any) -> bool:
    return type(value) is str and value in question.positions


def _is_codes(question: Question, value: Any) -> bool:
    if type(value) is not list or not value:
        return False
    places, last = question.positions, -1
    for code in value:
        place = places.get(code, -1) if type(code) is str else -1
        if place <= last:
            return False
        last = place
    return len(value) == 1 or question.exclusive.isdisjoint(value)


def _is_text(question: Question, value: Any) -> bool:
    return type(value) is str and is_tidy(question.kind, value, question.max_length or 0)


def is_tidy(kind: str, text: str, most: int) -> bool:
    """Whether `tidy` could have returned this, not empty, of at most so many characters."""
    if not 0 < len(text) <= most:
        return False
    return text == text.strip(_BLANKS) and not _UNTIDY[kind].search(text)


def _is_month(question: Question, value: Any) -> bool:
    return type(value) is str and _WHEN.fullmatch(value) is not None


def _is_integer(question: Question, value: Any) -> bool:
    return type(value) is int and 0 <= value <= _LARGEST


_IS_CANONICAL: dict[str, Callable[[Question, Any], bool]] = {
    "select_one": _is_code,
    "select_multiple": _is_codes,
    "text": _is_text,
    "long_text": _is_text,
    "month": _is_month,
    "integer": _is_integer,
}
