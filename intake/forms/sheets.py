"""Reads the rows of an XLSForm, from .csv as pyxform reads it or from .xlsx, and of plain CSV lists.

In the .csv of a form all sheets stand in one file: a row whose first cell is a sheet's name begins
that sheet, the next row holds its headings from the second cell on, and the rows after that its
contents. A list has no sheets: its first row holds the headings.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self, TypeAlias

from intake.forms.errors import RefusedSource
from intake.forms.workbook import MAX_FILE, read_workbook

SHEETS = ("survey", "choices", "settings")
Table: TypeAlias = Iterable[tuple[int, Sequence[str]]]
# Commas stand in front: a label may hold any of the others.
_DELIMITERS = ",;\t"
_AS_UTF8 = 'save it from the spreadsheet as "CSV UTF-8"'
_AS_XLSX = "save it from the spreadsheet as .xlsx"


@dataclass(frozen=True, slots=True)
class Row:
    """The filled cells of one row by their headings, and where it stands; a list's sheet is empty."""

    file: str
    sheet: str
    number: int
    cells: Mapping[str, str]

    def get(self, heading: str) -> str:
        """The cell's text, or an empty text."""
        return self.cells.get(heading, "")

    def holding(self, cells: Mapping[str, str]) -> Self:
        """The same row with other cells."""
        return replace(self, cells=cells)

    @property
    def place(self) -> str:
        """Where a person finds the row."""
        return f"sheet {self.sheet}, row {self.number}" if self.sheet else f"row {self.number}"

    def refuse(self, rule: str) -> RefusedSource:
        """The error that tells an organizer where to look."""
        return RefusedSource(f"{self.file}: {self.place}: {rule}")


def read_sheets(path: Path) -> dict[str, list[Row]]:
    """The rows of the sheets survey, choices and settings; RefusedSource when the file is no form."""
    if path.suffix.lower() == ".xlsx":
        tables: Mapping[str, Table] = read_workbook(path, SHEETS)
    elif path.suffix.lower() == ".csv":
        tables = _split_sheets(_read_csv(path))
    else:
        raise RefusedSource(f"{path.name} is neither .csv nor .xlsx", hint=_AS_XLSX)
    sheets = {sheet: list(_rows(path.name, sheet, tables.get(sheet, ()))) for sheet in SHEETS}
    if not sheets["survey"]:
        raise RefusedSource(f"{path.name} has no rows in its sheet survey")
    return sheets


def read_list(path: Path) -> list[Row]:
    """The rows of a CSV list; RefusedSource when there is none or it is no CSV file in UTF-8."""
    rows = list(_rows(path.name, "", _read_csv(path)))
    if not rows:
        raise RefusedSource(f"{path.name} has no rows")
    return rows


def _read_csv(path: Path) -> list[tuple[int, Sequence[str]]]:
    try:
        if path.stat().st_size > MAX_FILE:
            raise RefusedSource(f"{path.name} is larger than {MAX_FILE // 1024**2} MB, as no form is")
        text = path.read_bytes().decode("utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=_delimiter(text))
        return [(reader.line_num, cells) for cells in reader]
    except (csv.Error, UnicodeDecodeError):
        raise RefusedSource(f"{path.name} is not a CSV file in UTF-8", hint=_AS_UTF8) from None
    except OSError as error:
        raise RefusedSource(f"{path.name} cannot be read: {error.strerror}") from None


def _delimiter(text: str) -> str:
    """Spreadsheets of countries that write 1,5 save their "CSV" with semicolons, or on request with tabs."""
    headings = next((line for line in re.split(r"[\r\n]+", text) if set(line) & set(_DELIMITERS)), ",")
    return next(one for one in _DELIMITERS if one in headings)


def _split_sheets(table: Table) -> dict[str, list[tuple[int, Sequence[str]]]]:
    tables: dict[str, list[tuple[int, Sequence[str]]]] = {}
    current: list[tuple[int, Sequence[str]]] = []
    for number, cells in table:
        if cells and cells[0].strip():
            current = tables.setdefault(cells[0].strip().lower(), [])
        current.append((number, cells[1:]))
    return tables


def _rows(file: str, sheet: str, table: Table) -> Iterator[Row]:
    headings: list[str] = []
    for number, cells in table:
        texts = [cell.strip() for cell in cells]
        if not any(texts):
            continue
        if not headings:
            headings = texts
            continue
        row = Row(file, sheet, number, {})
        if any(text for text in texts[len(headings) :]):
            raise row.refuse("a cell has no heading")
        yield row.holding({name: text for name, text in zip(headings, texts, strict=False) if text})
