"""Questionnaires as others write them, in the manner of KoboToolbox, ODK and pyxform's own examples.

Beside each .csv stands, in a .txt, what `form check` says of it: that it can be used, or each row that
cannot, with the reason. Read those files as an organizer would.
"""

import csv
import re
from pathlib import Path

import pytest
from openpyxl import Workbook
from pyxform.xls2xform import convert

from intake.forms.errors import RefusedSource
from intake.forms.form import Form
from intake.forms.xlsform import compile_form

FOREIGN = Path(__file__).parent / "foreign"
EXPECTED = sorted(FOREIGN.glob("*.txt"))
USABLE = ["colons", "pulse", "stigma"]


def outcome(path: Path) -> list[str]:
    """What is refused; nothing when the form can be used."""
    try:
        Form.from_json(compile_form(path, FOREIGN))
    except RefusedSource as error:
        return list(error.problems)
    return []


def as_xlsx(source: Path, folder: Path) -> Path:
    """The same form as a spreadsheet, with numbers and truths as a spreadsheet keeps them."""
    book = Workbook()
    book.remove(book.worksheets[0])
    with source.open(newline="", encoding="utf-8") as file:
        for row in csv.reader(file):
            if row[0]:
                book.create_sheet(row[0])
            else:
                book.worksheets[-1].append([_cell(text) for text in row[1:]])
    book.save(folder / f"{source.stem}.xlsx")
    return folder / f"{source.stem}.xlsx"


def _cell(text: str) -> object:
    if text in ("true", "false"):
        return text == "true"
    return float(text) if re.fullmatch(r"[0-9]{1,3}", text) else text


def without_places(problems: list[str]) -> list[str]:
    return [re.sub(r"row \d+|\.(csv|xlsx)\b", "", problem) for problem in problems]


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda path: path.stem)
def test_a_foreign_form_is_told_every_row_that_cannot_be_used(expected: Path) -> None:
    assert outcome(expected.with_suffix(".csv")) == expected.read_text().splitlines()


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda path: path.stem)
def test_a_spreadsheet_is_told_the_same_as_its_csv(expected: Path, tmp_path: Path) -> None:
    found = outcome(as_xlsx(expected.with_suffix(".csv"), tmp_path))
    assert without_places(found) == without_places(expected.read_text().splitlines())


def test_a_dozen_forms_stand_here_and_some_can_be_used() -> None:
    assert len(EXPECTED) >= 12
    assert [path.stem for path in EXPECTED if not path.read_text()] == USABLE


@pytest.mark.parametrize("name", USABLE)
def test_a_form_that_can_be_used_here_can_be_used_elsewhere(name: str) -> None:
    assert convert(FOREIGN / f"{name}.csv").xform
