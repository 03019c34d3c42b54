"""Reads the sheets of an XLSForm, from .csv as pyxform writes it or from .xlsx, row by row.

In the .csv all sheets stand in one file: a row whose first cell is a sheet's name begins that sheet,
the next row holds its headings from the second cell on, and the rows after that its contents.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from intake.forms.errors import RefusedSource

SHEETS = ("survey", "choices", "settings")
Table: TypeAlias = Iterable[tuple[int, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Row:
    """The filled cells of one row by their headings, and where the row stands in the file."""

    sheet: str
    number: int
    cells: dict[str, str]

    def get(self, heading: str) -> str:
        """The cell's text, or an empty text."""
        return self.cells.get(heading, "")

    def refuse(self, rule: str) -> RefusedSource:
        """The error that tells an organizer where to look."""
        return RefusedSource(f"sheet {self.sheet}, row {self.number}: {rule}")


def read_sheets(path: Path) -> dict[str, list[Row]]:
    """The rows of the sheets survey, choices and settings; RefusedSource when the file is not one."""
    if path.suffix == ".xlsx":
        tables = _read_xlsx(path)
    elif path.suffix == ".csv":
        tables = _read_csv(path)
    else:
        raise RefusedSource(f"{path.name} is neither .csv nor .xlsx")
    sheets = {sheet: list(_rows(sheet, table)) for sheet, table in tables.items() if sheet in SHEETS}
    for sheet in SHEETS:
        if not sheets.get(sheet):
            raise RefusedSource(f"{path.name} has no rows in its sheet {sheet}")
    return sheets


def _read_csv(path: Path) -> dict[str, list[tuple[int, Sequence[str]]]]:
    tables: dict[str, list[tuple[int, Sequence[str]]]] = {}
    current: list[tuple[int, Sequence[str]]] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            for cells in reader:
                if cells and cells[0].strip():
                    current = tables.setdefault(cells[0].strip(), [])
                current.append((reader.line_num, cells[1:]))
    except (csv.Error, UnicodeDecodeError):
        raise RefusedSource(f"{path.name} is not a CSV file in UTF-8") from None
    return tables


def _read_xlsx(path: Path) -> dict[str, list[tuple[int, Sequence[str]]]]:
    try:
        # Only organizers who edit forms in a spreadsheet need it; the server never does.
        from openpyxl import load_workbook  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        raise RefusedSource(f"{path.name} needs the package openpyxl; or save the form as .csv") from None
    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except Exception:  # openpyxl raises whatever its ZIP and XML readers raise
        raise RefusedSource(f"{path.name} is not an .xlsx file") from None
    return {
        sheet.title: [
            (number, [_text(value) for value in cells])
            for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1)
        ]
        for sheet in book.worksheets
    }


def _text(value: object) -> str:
    # A spreadsheet turns the code 1 into the number 1.0.
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def _rows(sheet: str, table: Table) -> Iterator[Row]:
    headings: list[str] = []
    for number, cells in table:
        texts = [cell.strip() for cell in cells]
        if not any(texts):
            continue
        if not headings:
            headings = texts
            continue
        if any(text for text in texts[len(headings) :]):
            raise RefusedSource(f"sheet {sheet}, row {number}: a cell has no heading")
        yield Row(sheet, number, {name: text for name, text in zip(headings, texts, strict=False) if text})
