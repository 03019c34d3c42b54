"""The lists of choices of an XLSForm: those of its own sheet, and local ones in files of their own.

The list named "rollup" of the sheet, and the columns rollup and rollup_label of a file, word the coarser
groups that findings may fall back on.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from intake.forms import cells
from intake.forms.errors import RefusedSource
from intake.forms.local import read_choices
from intake.forms.sheets import Row

FROM_FILE = "_from_file"
ROLLUP = "rollup"
_FILE = re.compile(r"[a-z][a-z0-9_]*\.csv")
_CODE = re.compile(r"[a-z0-9_]{1,40}")


class ChoiceLists:
    """Every list of one form, as the compiled form holds its choices.

    A list that cannot be used is told once, in `problems`; each question that takes its choices from it
    is then refused without a word.
    """

    def __init__(self, rows: Iterable[Row], folder: Path, languages: Sequence[str], default: str) -> None:
        self.problems: list[str] = []
        self.hint: str | None = None
        self._folder, self._languages, self._default = folder, languages, default
        self._lists: dict[str, list[dict[str, Any]] | None] = {}
        by_name: dict[str, list[Row]] = {}
        for row in rows:
            by_name.setdefault(row.get("list_name"), []).append(row)
        self._rollups = {row.get("name"): row for row in by_name.pop(ROLLUP, ())}
        for name, own in by_name.items():
            self._add(name, own)

    def find(self, row: Row, type_: str, name: str) -> list[dict[str, Any]]:
        """The choices of the question in this row; RefusedSource when there is no such list."""
        if type_.endswith(FROM_FILE) and name not in self._lists:
            if not _FILE.fullmatch(name):
                raise row.refuse(f"{name!r} is not the name of a list, such as areas.csv")
            self._read(name)
        if name not in self._lists:
            raise row.refuse(f"the sheet choices has no list {name!r}")
        found = self._lists[name]
        if found is None:
            raise RefusedSource()
        return found

    def rollups(self, codes: Iterable[str]) -> list[dict[str, Any]]:
        """The rollups of these codes, worded, in the order of the form."""
        wanted = set(codes)
        return [
            {"code": code, "label": cells.texts(row, "label", self._languages)}
            for code, row in self._rollups.items()
            if code in wanted
        ]

    def _read(self, file: str) -> None:
        self._lists[file] = None
        try:
            rows = read_choices(self._folder, file, self._default)
            for row in rows:
                self._add_rollup(row)
        except RefusedSource as error:
            self.problems += error.problems
            self.hint = self.hint or error.hint
        else:
            self._add(file, rows)

    def _add_rollup(self, row: Row) -> None:
        code = row.get(ROLLUP)
        worded = {f"label::{tag}": row.get(f"rollup_label::{tag}") for tag in self._languages}
        if not code:
            return
        known = self._rollups.get(code)
        if known is None or not any(known.get(heading) for heading in worded):
            self._rollups[code] = row.holding(worded)
        elif any(worded.values()) and any(known.get(heading) != text for heading, text in worded.items()):
            raise row.refuse(f"the rollup {code!r} has another label above, or in the form")

    def _add(self, name: str, rows: Sequence[Row]) -> None:
        found: dict[str, dict[str, Any]] = {}
        before = len(self.problems)
        for row in rows:
            try:
                if row.get("name") in found:
                    raise row.refuse(f"the name {row.get('name')!r} stands twice in this list")
                found[row.get("name")] = self._choice(row)
            except RefusedSource as error:
                self.problems += error.problems
        self._lists[name] = list(found.values()) if len(self.problems) == before else None

    def _choice(self, row: Row) -> dict[str, Any]:
        code, rollup = row.get("name"), row.get(ROLLUP)
        if not _CODE.fullmatch(code):
            raise row.refuse(f"the name {code!r} is not made of lower-case letters, digits and _ alone")
        if rollup and rollup not in self._rollups:
            raise row.refuse(f"the list rollup has no {rollup!r}")
        return {
            "code": code,
            "label": cells.texts(row, "label", self._languages),
            "rollup": rollup,
            "exclusive": cells.yes(row, "exclusive"),
            "content_note": cells.yes(row, "content_note"),
        }
