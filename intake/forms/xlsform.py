"""Compiles an XLSForm into the form that everything else reads.

XLSForm is the field's convention: organizers with a form already have one. We accept a subset:

    survey    type (select_one L, select_multiple L, text, integer, date, note, begin_group, end_group),
              name, label::Language (xx), hint::..., required, relevant, constraint,
              constraint_message::..., appearance (multiline, month-year, year, minimal), default
    choices   list_name, name, label::Language (xx)
    settings  form_id, version, default_language, form_title

and add the columns sdc_role (survey), rollup and exclusive (choices), page_title::Language (xx)
(settings), because XLSForm cannot translate a title, and attachments (settings): the media types of
files that may be sent along, with spaces between them. The list named "rollup" holds the
labels of the rollups. A group is a section; each question stands in one.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from intake.forms.errors import MalformedForm, RefusedSource
from intake.forms.expression import parse
from intake.forms.form import VERSION, Form, canonical
from intake.forms.lint import check_question
from intake.forms.question import LONGEST, Question, parse_question
from intake.forms.sheets import Row, read_sheets

_COLUMNS = {
    "survey": {"type", "name", "label", "hint", "required", "relevant", "constraint", "constraint_message"}
    | {"appearance", "default", "sdc_role"},
    "choices": {"list_name", "name", "label", "rollup", "exclusive"},
    "settings": {"form_id", "version", "default_language", "form_title", "page_title", "attachments"},
}
# For other tools and for later: they change nothing that a reporter sees.
_PASSED_OVER = {"sdc_generalise", "sdc_topcode", "short_form", "hxl", "iccs"}
_TRANSLATED = {"label", "hint", "constraint_message", "page_title"}
_LANGUAGE = re.compile(r".*\(([A-Za-z-]+)\)")
_YES, _NO = {"yes", "true", "true()"}, {"", "no", "false", "false()"}
# The kind that a type and an appearance make together.
_KINDS = {
    ("select_one", ""): "select_one",
    ("select_one", "minimal"): "select_one",
    ("select_multiple", ""): "select_multiple",
    ("text", ""): "text",
    ("text", "multiline"): "long_text",
    ("integer", ""): "integer",
    ("date", "month-year"): "month",
    ("date", "year"): "month",
    ("note", ""): "note",
}
ROLLUP = "rollup"


def compile_form(path: Path) -> bytes:
    """The canonical JSON of the form in an .xlsx or .csv file.

    Raises RefusedSource that names the file, the sheet, the row and the rule.
    """
    try:
        return _Compiler(read_sheets(path)).compile()
    except RefusedSource as error:
        raise RefusedSource(f"{path.name}: {error}") from None


class _Compiler:
    def __init__(self, sheets: Mapping[str, Sequence[Row]]) -> None:
        self._sheets = sheets
        for row in (row for rows in sheets.values() for row in rows):
            _check_columns(row)
        self._languages = _languages(sheets["survey"])
        self._lists: dict[str, list[Row]] = {}
        for row in sheets["choices"]:
            self._lists.setdefault(row.get("list_name"), []).append(row)
        self._known: dict[str, Question] = {}
        self._questions: list[dict[str, Any]] = []
        self._sections: list[dict[str, Any]] = []
        self._group: Row | None = None

    def compile(self) -> bytes:
        for row in self._sheets["survey"]:
            self._add(row)
        if self._group is not None:
            raise self._group.refuse("the group is never ended")
        data = canonical(self._settings() | self._contents()) + b"\n"
        try:
            Form.from_json(data)
        except MalformedForm as error:
            raise RefusedSource(str(error)) from None
        return data

    def _settings(self) -> dict[str, Any]:
        row = self._sheets["settings"][0]
        attachments = row.get("attachments").split()
        return {
            "v": VERSION,
            "id": row.get("form_id"),
            "version": row.get("version"),
            "default_language": _language(row.get("default_language")),
            "languages": self._languages,
            "title": self._texts(row, "page_title"),
            **({"attachments": attachments} if attachments else {}),
        }

    def _contents(self) -> dict[str, Any]:
        named = {choice["rollup"] for question in self._questions for choice in question["choices"]}
        rollups = [row for row in self._lists.get(ROLLUP, ()) if row.get("name") in named]
        return {
            "questions": self._questions,
            "sections": self._sections,
            "rollups": [{"code": row.get("name"), "label": self._texts(row, "label")} for row in rollups],
        }

    def _add(self, row: Row) -> None:
        kind, _, rest = row.get("type").replace("begin ", "begin_").replace("end ", "end_").partition(" ")
        check_question(row, kind, row.get("name"))
        if kind == "begin_group":
            self._begin(row)
        elif kind == "end_group":
            self._end(row)
        else:
            self._ask(row, kind, rest.strip())

    def _begin(self, row: Row) -> None:
        if self._group is not None:
            raise row.refuse("a group inside a group is not accepted")
        self._group = row
        label = self._texts(row, "label")
        self._sections.append({"id": row.get("name"), "label": label, "questions": []})

    def _end(self, row: Row) -> None:
        if self._group is None:
            raise row.refuse("no group is open")
        self._group = None

    def _ask(self, row: Row, kind: str, list_name: str) -> None:
        if self._group is None:
            raise row.refuse("each question stands in a group, which is a section of the page")
        fields = self._fields(row, _kind(row, kind), list_name)
        try:
            # A copy, because the parser turns the JSON into the form's own types.
            self._known[fields["id"]] = parse_question(dict(fields), self._languages, self._known)
        except ValueError as error:
            raise row.refuse(str(error)) from None
        self._questions.append(fields)
        self._sections[-1]["questions"].append(fields["id"])

    def _fields(self, row: Row, kind: str, list_name: str) -> dict[str, Any]:
        appearance = row.get("appearance")
        return {
            "id": row.get("name"),
            "kind": kind,
            "label": self._texts(row, "label"),
            "hint": self._texts(row, "hint"),
            "required": _yes(row, "required"),
            "relevant": _all(_condition(self._group, "relevant"), _condition(row, "relevant")),
            "constraint": _condition(row, "constraint"),
            "constraint_message": self._texts(row, "constraint_message"),
            "choices": [self._choice(choice) for choice in self._choices(row, kind, list_name)],
            "default": row.get("default") or None,
            "max_length": LONGEST.get(kind),
            "role": row.get("sdc_role") or ("ops" if kind == "note" else ""),
            "appearance": "" if appearance in ("multiline", "month-year") else appearance,
        }

    def _choices(self, row: Row, kind: str, list_name: str) -> Iterable[Row]:
        if not kind.startswith("select_"):
            return ()
        if list_name not in self._lists:
            raise row.refuse(f"the sheet choices has no list {list_name!r}")
        return self._lists[list_name]

    def _choice(self, row: Row) -> dict[str, Any]:
        rollup = row.get("rollup")
        if rollup and rollup not in {one.get("name") for one in self._lists.get(ROLLUP, ())}:
            raise row.refuse(f"the list {ROLLUP} has no {rollup!r}")
        label = self._texts(row, "label")
        return {
            "code": row.get("name"),
            "label": label,
            "rollup": rollup,
            "exclusive": _yes(row, "exclusive"),
        }

    def _texts(self, row: Row, column: str) -> dict[str, str]:
        texts = {}
        for heading, text in row.cells.items():
            name, _, language = heading.partition("::")
            if name == column and language:
                texts[_language(language)] = text
        return texts


def _check_columns(row: Row) -> None:
    for heading in row.cells:
        name, _, language = heading.partition("::")
        if name not in _COLUMNS[row.sheet] | _PASSED_OVER:
            raise row.refuse(f"the column {heading!r} is not accepted")
        if bool(language) != (name in _TRANSLATED):
            raise row.refuse(f"the column {heading!r} must be named as in label::English (en)")
        if language and not _language(language):
            raise row.refuse(f"the column {heading!r} names no language code, as in English (en)")


def _languages(rows: Iterable[Row]) -> list[str]:
    headings = [heading for row in rows for heading in row.cells if heading.startswith("label::")]
    return list(dict.fromkeys(_language(heading.partition("::")[2]) for heading in headings))


def _language(name: str) -> str:
    match = _LANGUAGE.fullmatch(name)
    return match[1] if match else ""


def _kind(row: Row, kind: str) -> str:
    found = _KINDS.get((kind, row.get("appearance")))
    if found is not None:
        return found
    if kind == "date":
        raise row.refuse("an exact date can point to a person; set appearance to month-year or year")
    if any(known == kind for known, _ in _KINDS):
        raise row.refuse(f"the appearance {row.get('appearance')!r} is not accepted for {kind}")
    raise row.refuse(f"the type {kind!r} is not accepted")


def _condition(row: Row | None, column: str) -> list[Any] | None:
    if row is None or not row.get(column):
        return None
    try:
        return parse(row.get(column), row.get("name"))
    except ValueError as error:
        raise row.refuse(f"{column}: {error}") from None


def _all(group: list[Any] | None, own: list[Any] | None) -> list[Any] | None:
    return ["and", group, own] if group and own else group or own


def _yes(row: Row, column: str) -> bool:
    text = row.get(column).lower()
    if text not in _YES | _NO:
        raise row.refuse(f"the column {column!r} takes yes or no")
    return text in _YES
