"""`witnessbox-intake form check` on the files that people send: odd, broken, or made to do harm."""

import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from intake.forms.local import SHIPPED

COMMAND = str(Path(sys.executable).with_name("witnessbox-intake"))
SURVEY = [
    ["type", "name", "label::English (en)", "relevant", "sdc_role"],
    ["begin_group", "all", "All", None, None],
    ["select_one colours", "colour", "Which colour?", None, "meas"],
    ["text", "why", "What came before?", "${colour} = 'red'", "narr"],
    ["end_group", None, None, None, None],
]
CHOICES = [["list_name", "name", "label::English (en)"], ["colours", "red", "Red"], ["colours", 2, "Blue"]]
SETTINGS = [
    ["form_id", "version", "default_language", "form_title"],
    ["small", 1, "English (en)", "What happened"],
]
USABLE = 'form "small", version 1, in en; sections: 1; questions: 2; on the short form: 0\n'
# A few bytes that grow to a thousand million letters.
LAUGHS = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY l0 "ha">{}]>'.format(
    "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
)


def check(path: Path, *, without: str = "") -> "subprocess.CompletedProcess[str]":
    """Runs the command, in a Python that lacks a package where one is named."""
    words = [COMMAND, "form", "check", str(path)]
    if without:
        code = f"import sys; sys.modules[{without!r}] = None; from intake.main import main; main()"
        words = [sys.executable, "-c", code, *words[1:]]
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)


def refused(path: Path, rule: str, hint: str | None = None, **how: str) -> None:
    result = check(path, **how)
    expected = f"witnessbox-intake: error: {path.name}{rule}\n" + (f"hint: {hint}\n" if hint else "")
    assert (result.returncode, result.stdout, result.stderr) == (1, "", expected)


def book(path: Path, change: Callable[[Workbook], Any] = lambda _: None) -> Path:
    """A form that can be used, and what is changed in it."""
    made = Workbook()
    made.remove(made.worksheets[0])
    for title, rows in (("survey", SURVEY), ("choices", CHOICES), ("settings", SETTINGS)):
        sheet = made.create_sheet(title)
        for row in rows:
            sheet.append(row)
    change(made)
    made.save(path)
    return path


def text(delimiter: str = ",") -> str:
    """The same form as a spreadsheet program writes it as CSV."""
    lines = []
    for title, rows in (("survey", SURVEY), ("choices", CHOICES), ("settings", SETTINGS)):
        lines.append([title])
        lines += [["", *("" if cell is None else str(cell) for cell in row)] for row in rows]
    return "".join(delimiter.join(line) + "\r\n" for line in lines)


def _blank_rows(made: Workbook) -> None:
    for number in range(6, 2000):
        made["survey"].cell(number, 1).value = " "
    made["survey"].cell(1_048_576, 3).value = " "


def _other_sheets(made: Workbook) -> None:
    made["survey"].title = " Survey"
    made.create_sheet("Read me").merge_cells("A1:D4")
    made["Read me"]["A1"] = "=1/0"


@pytest.mark.parametrize(
    ("name", "change"),
    [
        pytest.param("small.xlsx", lambda _: None, id="plain"),
        pytest.param("SMALL.XLSX", lambda _: None, id="capitals"),
        pytest.param("small.xlsx", _blank_rows, id="blank rows to the end of the sheet"),
        pytest.param("small.xlsx", _other_sheets, id="other sheets, and a blank before a sheet's name"),
    ],
)
def test_a_workbook_as_people_leave_it_can_be_used(
    tmp_path: Path, name: str, change: Callable[[Workbook], Any]
) -> None:
    result = check(book(tmp_path / name, change))
    assert (result.returncode, result.stdout, result.stderr) == (0, f"{name}: {USABLE}", "")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(text().encode(), id="commas"),
        pytest.param(text(";").encode("utf-8-sig"), id="semicolons, and the mark that Excel sets"),
        pytest.param(text("\t").encode(), id="tabs"),
        pytest.param(text().replace("\r\n", "\r").encode(), id="line ends of an old Mac"),
        pytest.param(text().replace("survey\r", "Survey,,,,,\r").encode(), id="a sheet's name in capitals"),
    ],
)
def test_csv_as_spreadsheets_save_it_can_be_used(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "small.csv").write_bytes(data)
    result = check(tmp_path / "small.csv")
    assert (result.returncode, result.stdout, result.stderr) == (0, f"small.csv: {USABLE}", "")


@pytest.mark.parametrize(
    ("cell", "value", "rule"),
    [
        pytest.param("C4", '=CONCAT("Your ","name")', "a cell holds a formula without a value", id="formula"),
        pytest.param("D4", "=E4", "a cell holds a formula without a value", id="a condition by formula"),
        pytest.param("D4", "#REF!", "a cell holds a formula without a value", id="a broken reference"),
    ],
)
def test_a_formula_without_its_value_is_refused_and_not_passed_over(
    tmp_path: Path, cell: str, value: str, rule: str
) -> None:
    path = book(tmp_path / "small.xlsx", lambda made: made["survey"].__setitem__(cell, value))
    refused(path, f": sheet survey, row 4: {rule}; write its value there")


def test_a_cell_that_a_merge_swallowed_is_told_by_its_row(tmp_path: Path) -> None:
    path = book(tmp_path / "small.xlsx", lambda made: made["survey"].merge_cells("A3:A4"))
    refused(path, ": sheet survey, row 4: the type '' is not accepted")


def test_a_place_question_inside_a_group_is_refused_by_its_row(tmp_path: Path) -> None:
    row = ["geopoint", "spot", "Where?", None, "meas"]
    path = book(tmp_path / "small.xlsx", lambda made: [made["survey"].insert_rows(4), _fill(made, 4, row)])
    rule = "the type geopoint is not allowed: it would tell where the reporter is"
    refused(path, f": sheet survey, row 4: {rule}; ask for a big area with select_one")


def _fill(made: Workbook, number: int, row: list[Any]) -> None:
    for column, value in enumerate(row, start=1):
        made["survey"].cell(number, column).value = value


@pytest.mark.parametrize(
    ("name", "data", "rule", "hint"),
    [
        pytest.param("small.xls", b"", " is neither .csv nor .xlsx", "save it from the spreadsheet as .xlsx"),
        pytest.param(
            "small.xlsx",
            text().encode(),
            " is not an .xlsx file",
            "save it as an Excel workbook, or as CSV in UTF-8",
            id="CSV that is called xlsx",
        ),
        pytest.param(
            "small.csv",
            text().replace("Blue", "Añil").encode("cp1252"),
            " is not a CSV file in UTF-8",
            'save it from the spreadsheet as "CSV UTF-8"',
            id="Windows-1252",
        ),
        pytest.param(
            "small.csv",
            text().encode("utf-16"),
            " is not a CSV file in UTF-8",
            'save it from the spreadsheet as "CSV UTF-8"',
            id="UTF-16",
        ),
        pytest.param(
            "small.csv", b"x" * 9_000_000, " is larger than 8 MB, as no form is", None, id="huge CSV"
        ),
        pytest.param("small.xlsx", b"x" * 9_000_000, " is larger than 8 MB, as no form is", None, id="huge"),
    ],
)
def test_a_file_of_another_kind_is_refused_with_what_to_do(
    tmp_path: Path, name: str, data: bytes, rule: str, hint: str | None
) -> None:
    (tmp_path / name).write_bytes(data)
    refused(tmp_path / name, rule, hint)


def test_a_missing_file_is_an_error_of_one_line(tmp_path: Path) -> None:
    refused(tmp_path / "none.xlsx", " cannot be read: No such file or directory")


def test_a_workbook_without_its_reader_says_how_to_install_it(tmp_path: Path) -> None:
    refused(
        book(tmp_path / "small.xlsx"),
        " needs the package openpyxl",
        "pip install 'witnessbox[xlsx]', or save the form as CSV in UTF-8",
        without="openpyxl",
    )


@pytest.mark.parametrize(
    ("data", "rule", "hint"),
    [
        pytest.param(
            "name,label::English (en),label::Español (es)\nother,Other,Otro\n".encode("cp1252"),
            "areas.csv is not a CSV file in UTF-8",
            'save it from the spreadsheet as "CSV UTF-8"',
            id="Windows-1252",
        ),
        pytest.param(
            "name;label::English (en);label::Español (es)\r\nother;Other;\r\n".encode("utf-8-sig"),
            "areas.csv: row 2: the column 'label' lacks its text in es",
            None,
            id="semicolons, and a text that is missing",
        ),
        pytest.param(
            "name,label::English (en),label::Español (es)\nOther Place,Other,Otro\n".encode(),
            "areas.csv: row 2: the name 'Other Place' is not made of lower-case letters, digits and _ alone",
            None,
            id="a name with a space",
        ),
    ],
)
def test_a_list_that_cannot_be_used_is_told_by_file_row_and_rule(
    tmp_path: Path, data: bytes, rule: str, hint: str | None
) -> None:
    shutil.copytree(SHIPPED, tmp_path / "lists")
    shutil.copy(SHIPPED.parent / "report.csv", tmp_path)
    (tmp_path / "lists" / "areas.csv").write_bytes(data)
    result = check(tmp_path / "report.csv")
    expected = f"witnessbox-intake: error: {rule}\n" + (f"hint: {hint}\n" if hint else "")
    assert (result.returncode, result.stdout, result.stderr) == (1, "", expected)


def replaced(path: Path, part: str, data: bytes | Callable[[bytes], bytes]) -> Path:
    """The workbook with another content of one of its parts."""
    with zipfile.ZipFile(path) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    parts[part] = data(parts[part]) if callable(data) else data
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in parts.items():
            target.writestr(name, content)
    return path


SHEET = "xl/worksheets/sheet1.xml"


def _laughing(data: bytes) -> bytes:
    body = data.partition(b"?>")[2] if data.startswith(b"<?xml") else data
    return LAUGHS.encode() + body.replace(b"<sheetData>", b"<sheetData>&l9;", 1)


@pytest.mark.parametrize(
    ("part", "data", "rule"),
    [
        pytest.param(SHEET, b" " * 80_000_000, " unpacks to more than any form needs", id="zip bomb"),
        pytest.param(SHEET, _laughing, " has a document type in its XML, which no form needs", id="entities"),
        pytest.param(
            SHEET,
            lambda data: (
                _laughing(data).decode().replace('"1.0"', '"1.0" encoding="UTF-16"').encode("utf-16")
            ),
            " has a document type in its XML, which no form needs",
            id="entities in UTF-16",
        ),
        pytest.param(
            SHEET,
            lambda data: data.replace(
                b"</sheetData>",
                b'<row><c r="XFD9"><v>1</v></c></row>' * 100_000 + b"</sheetData>",
            ),
            ": sheet survey: has more cells than a form needs; delete blank ones",
            id="wide rows",
        ),
    ],
)
def test_a_workbook_that_would_wear_the_machine_out_is_refused_at_once(
    tmp_path: Path, part: str, data: bytes | Callable[[bytes], bytes], rule: str
) -> None:
    path = replaced(book(tmp_path / "small.xlsx"), part, data)
    started = time.monotonic()
    refused(path, rule)
    assert time.monotonic() - started < 20


def test_a_workbook_whose_sheet_is_broken_is_no_traceback(tmp_path: Path) -> None:
    path = replaced(book(tmp_path / "small.xlsx"), SHEET, lambda data: data[: len(data) // 2])
    refused(path, " is not an .xlsx file", "save it as an Excel workbook, or as CSV in UTF-8")
