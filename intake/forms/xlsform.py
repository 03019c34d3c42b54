"""Compiles an XLSForm into the form that everything else reads.

XLSForm is the field's convention: organizers with a form already have one. We accept a subset:

    types       select_one L, select_multiple L, the same ..._from_file F.csv, text, integer, date, note,
                begin_group, end_group
    appearance  multiline (text), month-year or year (date), minimal (select_one)

with the columns of `intake.forms.headings` and the conditions of `intake.forms.expression`. A group
is a section; each question stands in one. The list named "rollup" holds the labels of the rollups.

Every row that is outside is refused with its reason, all of them at once, because a person mends a
form in a spreadsheet and not in a dialogue.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from intake.forms import cells, headings
from intake.forms.choices import FROM_FILE, ChoiceLists
from intake.forms.errors import MalformedForm, RefusedSource
from intake.forms.form import VERSION, Form, canonical
from intake.forms.kinds import read_kind, read_type
from intake.forms.length import MOST, longest
from intake.forms.lint import check_role, check_taken, check_type, check_words
from intake.forms.question import LONGEST, Question, parse_name, parse_question
from intake.forms.relevance import UnknownName, check
from intake.forms.sheets import Row, read_sheets


def compile_form(path: Path, lists: Path | None = None) -> bytes:
    """The canonical JSON of the form in an .xlsx or .csv file.

    Local lists are read from the folder `lists`, else from the folder `lists` beside the file, else
    from beside it. Raises RefusedSource; each of its problems names the file, the sheet and the row.
    """
    if lists is None:
        beside = path.parent / "lists"
        lists = beside if beside.is_dir() else path.parent
    return _Compiler(path, lists).compile()


class _Compiler:
    def __init__(self, path: Path, lists: Path) -> None:
        self._file = path.name
        self._problems: list[str] = []
        sheets = read_sheets(path)
        self._default = self._default_language(sheets)
        self._sheets = {
            name: list(headings.normalized(rows, self._default, self._problems))
            for name, rows in sheets.items()
        }
        self._languages = headings.languages(self._sheets["survey"])
        self._lists = ChoiceLists(self._sheets["choices"], lists, self._languages, self._default)
        # Questions that were refused, so that what hangs on them is not refused once more.
        self._refused: set[str] = set()
        self._known: dict[str, Question] = {}
        self._files: dict[str, str] = {}
        self._questions: list[dict[str, Any]] = []
        self._sections: list[dict[str, Any]] = []
        self._groups: list[Row] = []
        self._condition: list[Any] | None = None
        self._told_of_groups = False

    def _default_language(self, sheets: Mapping[str, Sequence[Row]]) -> str:
        """The language of headings that name none; without one, they are read on to find all problems."""
        settings = sheets["settings"]
        if not settings:
            self._problems.append(
                f"{self._file} has no rows in its sheet settings: add form_id, version and default_language"
            )
            return "en"
        found = headings.language(settings[0].get("default_language"))
        if not found and not headings.names_all_languages([*sheets["survey"], *sheets["choices"]]):
            rule = "default_language must say which language the labels are in, such as English (en)"
            self._problems += settings[0].refuse(rule).problems
        return found or "en"

    def compile(self) -> bytes:
        for row in self._sheets["survey"]:
            with self._collected():
                self._add(row)
        for row in self._groups:
            self._problems += row.refuse("the group is never ended").problems
        for row in self._sheets["settings"][:1]:
            with self._collected():
                data = canonical(self._settings(row) | self._contents()) + b"\n"
        problems = [*self._problems, *self._lists.problems]
        if problems or self._refused:
            raise RefusedSource(*problems, hint=self._lists.hint)
        try:
            form = Form.from_json(data)
        except MalformedForm as error:
            raise RefusedSource(f"{self._file}: {error}") from None
        if longest(form) > MOST:
            rule = f"a long report could not be sealed: its answers can take {longest(form)} bytes of {MOST}"
            raise RefusedSource(f"{self._file}: {rule}", hint="ask for fewer texts with appearance multiline")
        return data

    @contextmanager
    def _collected(self) -> Iterator[None]:
        try:
            yield
        except RefusedSource as error:
            self._problems += error.problems

    def _settings(self, row: Row) -> dict[str, Any]:
        _check_name(row, "form_id")
        if not row.get("version"):
            raise row.refuse("the column 'version' is blank or missing")
        spoken = (self._default, *self._languages)
        title = row.get("form_title")
        if len(self._languages) == 1 and title:
            # XLSForm cannot translate a title; with one language there is nothing to translate.
            only = f"page_title::{self._languages[0]}"
            row = row.holding({only: title} | dict(row.cells))
        attachments = row.get("attachments").split()
        return {
            "v": VERSION,
            "id": row.get("form_id"),
            "version": row.get("version"),
            "default_language": next((tag for tag in spoken if tag in self._languages), ""),
            "languages": self._languages,
            "title": cells.texts(row, "page_title", self._languages),
            **({"attachments": attachments} if attachments else {}),
        }

    def _contents(self) -> dict[str, Any]:
        named = {choice["rollup"] for question in self._questions for choice in question["choices"]}
        return {
            "questions": self._questions,
            "sections": self._sections,
            "rollups": self._lists.rollups(named),
        }

    def _add(self, row: Row) -> None:
        kind, list_name = read_type(row)
        if kind in ("end_group", "end_repeat"):
            self._end(row)
        elif kind in ("begin_group", "begin_repeat"):
            self._begin(row, kind)
        else:
            self._ask(row, kind, list_name)

    def _begin(self, row: Row, kind: str) -> None:
        self._groups.append(row)
        check_type(row, kind)
        if len(self._groups) > 1:
            raise row.refuse("a group inside a group is not accepted: a group is one screen")
        section = {"id": row.get("name"), "label": {}, "questions": []}
        self._sections.append(section)
        section["label"] = cells.texts(row, "label", self._languages)
        condition = cells.condition(row, "relevant")
        if condition is not None:
            self._check_condition(row, condition)
        self._condition = condition

    def _check_condition(self, row: Row, condition: list[Any]) -> None:
        try:
            check(condition, self._known)
        except ValueError as error:
            raise self._explained(row, error) from None

    def _end(self, row: Row) -> None:
        if not self._groups:
            raise row.refuse("no group is open")
        self._groups.pop()
        if not self._groups:
            self._condition = None

    def _ask(self, row: Row, kind: str, list_name: str) -> None:
        self._refused.add(row.get("name"))
        check_type(row, kind)
        check_words(row, kind)
        check_taken(row)
        _check_name(row)
        fields = self._fields(row, kind, list_name)
        check_role(row, kind)
        if not self._sections or (not self._groups and not self._told_of_groups):
            self._told_of_groups = True
            self._sections.append({"id": "", "label": {}, "questions": []})
            self._problems += row.refuse(
                "each question stands in a group, which is one screen: add begin_group and end_group"
            ).problems
        try:
            # A copy, because the parser turns the JSON into the form's own types.
            self._known[fields["id"]] = parse_question(dict(fields), self._languages, self._known)
        except ValueError as error:
            raise self._explained(row, error) from None
        self._refused.remove(fields["id"])
        self._questions.append(fields)
        self._sections[-1]["questions"].append(fields["id"])

    def _explained(self, row: Row, error: ValueError) -> RefusedSource:
        if isinstance(error, UnknownName):
            if error.question in self._refused:
                # What is wrong there is told already.
                return RefusedSource()
            file = self._files.get(error.question)
            if file and error.code:
                return RefusedSource(
                    f"{file}: the row named {error.code!r} is missing, which {self._file} needs ({row.place})"
                )
        return row.refuse(str(error))

    def _fields(self, row: Row, type_: str, list_name: str) -> dict[str, Any]:
        kind, appearance = read_kind(row, type_.removesuffix(FROM_FILE))
        choices: Sequence[dict[str, Any]] = ()
        if kind.startswith("select_"):
            choices = self._lists.find(row, type_, list_name)
            if type_.endswith(FROM_FILE):
                self._files[row.get("name")] = list_name
        own, group = cells.condition(row, "relevant"), self._condition
        return {
            "id": row.get("name"),
            "kind": kind,
            "label": cells.texts(row, "label", self._languages),
            "required": cells.yes(row, "required"),
            "short": cells.yes(row, "short_form"),
            "relevant": ["and", group, own] if group and own else group or own,
            "constraint": cells.condition(row, "constraint"),
            "choices": list(choices),
            "default": row.get("default") or None,
            "max_length": LONGEST.get(kind),
            "role": row.get("sdc_role") or ("ops" if kind == "note" else ""),
            "appearance": appearance,
        } | {
            name: cells.texts(row, name, self._languages, optional=True)
            for name in ("hint", "sensitive_note", "constraint_message")
        }


def _check_name(row: Row, column: str = "name") -> None:
    try:
        parse_name(row.get(column), "the form" if column == "form_id" else "the question")
    except ValueError as error:
        raise row.refuse(str(error)) from None
