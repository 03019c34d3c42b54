"""Writes a compiled form as an XLSForm that KoboToolbox and ODK load, and that compiles to the same form.

Local lists stand in the sheet choices, so the workbook needs no file beside it. Columns of ours that
XLSForm does not have (sensitive_note, sdc_role, short_form, rollup ...) are passed over by other tools.
"""

import csv
import io
from collections.abc import Iterator
from typing import Any, TypeAlias

from intake.forms.choices import ROLLUP
from intake.forms.errors import RefusedSource
from intake.forms.form import Form, Texts
from intake.forms.question import Question
from intake.forms.relevance import COUNTS, ORDER, SAME, Tree
from intake.forms.sheets import SHEETS

Rows: TypeAlias = list[list[str]]

# How languages call themselves; a heading needs a name before the code.
_NAMES = {"en": "English", "es": "Español"}
_TRANSLATED = {"survey": ("label", "hint", "sensitive_note", "constraint_message"), "choices": ("label",)}
_HEADINGS: dict[str, tuple[str, ...]] = {
    "survey": (
        *("type", "name", "label", "hint", "sensitive_note", "required", "relevant", "constraint"),
        *("constraint_message", "appearance", "default", "sdc_role", "short_form"),
    ),
    "choices": ("list_name", "name", "label", "rollup", "exclusive", "content_note"),
}
_TYPES = {"long_text": "text", "month": "date"}
_APPEARANCES = {"long_text": "multiline", "month": "month-year"}


def csv_bytes(form: Form) -> bytes:
    """All sheets in one CSV file, as `intake.forms.sheets` describes it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    for name, rows in sheets(form).items():
        writer.writerow([name])
        writer.writerows(["", *row] for row in rows)
    return out.getvalue().encode()


def xlsx_bytes(form: Form) -> bytes:
    """The workbook; RefusedSource where the package openpyxl is missing."""
    try:
        from openpyxl import Workbook  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        raise RefusedSource(
            "a workbook needs the package openpyxl", hint="pip install 'witnessbox[xlsx]', or write a .csv"
        ) from None
    book = Workbook(write_only=True)
    for name, rows in sheets(form).items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append([_cell(text) for text in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def sheets(form: Form) -> dict[str, Rows]:
    """The sheets survey, choices and settings, headings first."""
    survey = [_headings("survey", form), *_survey(form)]
    choices = [_headings("choices", form), *_choices(form)]
    return dict(zip(SHEETS, (survey, choices, _settings(form)), strict=True))


def _cell(text: str) -> str | None:
    return text or None


def _headings(sheet: str, form: Form) -> list[str]:
    return [
        heading
        for name in _HEADINGS[sheet]
        for heading in ([_spoken(name, tag) for tag in form.languages] if _is_spoken(sheet, name) else [name])
    ]


def _is_spoken(sheet: str, name: str) -> bool:
    return name in _TRANSLATED[sheet]


def _spoken(name: str, tag: str) -> str:
    return f"{name}::{_NAMES.get(tag, tag)} ({tag})"


def _row(sheet: str, form: Form, cells: dict[str, Any]) -> list[str]:
    """A row's cells in the order of the headings; texts are given by language."""
    row: list[str] = []
    for name in _HEADINGS[sheet]:
        value = cells.get(name, "")
        if _is_spoken(sheet, name):
            row += [value.get(tag, "") if value else "" for tag in form.languages]
        else:
            row.append(value)
    return row


def _survey(form: Form) -> Iterator[list[str]]:
    lists = _list_names(form)
    for section in form.sections:
        yield _row("survey", form, {"type": "begin_group", "name": section.id, "label": section.label})
        for name in section.questions:
            yield _row("survey", form, _question(form.question(name), lists))
        yield _row("survey", form, {"type": "end_group"})


def _question(one: Question, lists: dict[str, str]) -> dict[str, Any]:
    kind = _TYPES.get(one.kind, one.kind)
    return {
        "type": f"{kind} {lists[one.id]}" if one.choices else kind,
        "name": one.id,
        "label": one.label,
        "hint": one.hint,
        "sensitive_note": one.sensitive_note,
        "required": _yes(one.required),
        "relevant": _text(one.relevant, one.id) if one.relevant else "",
        "constraint": _text(one.constraint, one.id) if one.constraint else "",
        "constraint_message": one.constraint_message,
        "appearance": one.appearance or _APPEARANCES.get(one.kind, ""),
        "default": one.default or "",
        "sdc_role": one.role,
        "short_form": _yes(one.short),
    }


def _list_names(form: Form) -> dict[str, str]:
    """The list of each question: questions with the same choices share one, named after the first."""
    found: dict[str, str] = {}
    first: list[Question] = []
    for one in form.questions:
        if one.choices:
            same = next((known for known in first if known.choices == one.choices), None)
            first += [] if same else [one]
            found[one.id] = (same or one).id
    return found


def _choices(form: Form) -> Iterator[list[str]]:
    for question, name in _list_names(form).items():
        if name != question:
            continue
        for choice in form.question(question).choices:
            cells = {
                "list_name": name,
                "name": choice.code,
                "label": choice.label,
                "rollup": choice.rollup,
                "exclusive": _yes(choice.exclusive),
                "content_note": _yes(choice.content_note),
            }
            yield _row("choices", form, cells)
    for rollup in form.rollups:
        yield _row("choices", form, {"list_name": ROLLUP, "name": rollup.code, "label": rollup.label})


def _settings(form: Form) -> Rows:
    default = form.default_language
    titles: Texts = form.title
    headings = ["form_id", "version", "default_language", "form_title", "attachments"]
    values = [
        *(form.id, form.version, f"{_NAMES.get(default, default)} ({default})"),
        *(titles[default], " ".join(form.attachments)),
    ]
    return [
        headings + [_spoken("page_title", tag) for tag in form.languages],
        values + [titles[tag] for tag in form.languages],
    ]


def _yes(value: bool) -> str:
    return "yes" if value else ""


def _text(tree: Tree, own: str) -> str:
    """The expression of which `intake.forms.expression` makes this tree."""
    match tree:
        case ["and" | "or" as word, *parts]:
            return f" {word} ".join(_part(part, own) for part in parts)
        case ["not", part]:
            return f"not({_text(part, own)})"
        case ["selected", str(question), str(code)]:
            return f"selected({_reference(question, own)}, {_quoted(code)})"
        case [str(sign), left, right] if sign in SAME or sign in ORDER:
            return f"{_operand(left, own)} {sign} {_operand(right, own)}"
    raise AssertionError(tree)


def _part(tree: Tree, own: str) -> str:
    return f"({_text(tree, own)})" if tree[0] in ("and", "or") else _text(tree, own)


def _operand(value: Any, own: str) -> str:
    match value:
        case ["answer", str(question)]:
            return _reference(question, own)
        case [str(count), str(question)] if count in COUNTS:
            return f"{count}({_reference(question, own)})"
    return str(value) if isinstance(value, int) else _quoted(value)


def _reference(question: str, own: str) -> str:
    return "." if question == own else f"${{{question}}}"


def _quoted(text: str) -> str:
    return f'"{text}"' if "'" in text else f"'{text}'"
