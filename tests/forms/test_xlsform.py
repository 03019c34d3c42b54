"""An organizer's XLSForm is compiled, or refused with the place and the reason."""

import csv
import sys
from pathlib import Path

import pytest
from openpyxl import Workbook

from intake.forms.errors import RefusedSource
from intake.forms.form import Form
from intake.forms.lint import UNSAFE_TYPES
from intake.forms.xlsform import compile_form

Rows = list[list[str]]
Sheets = dict[str, Rows]

SURVEY = ["type", "name", "label::English (en)", "required", "relevant", "appearance", "sdc_role"]


def sheets(*questions: list[str], settings: list[str] | None = None) -> Sheets:
    """A small form with these rows inside its one group."""
    filled = [[*row, *[""] * (len(SURVEY) - len(row))] for row in questions]
    return {
        "survey": [SURVEY, ["begin_group", "all", "All"], *filled, ["end_group"]],
        "choices": [
            ["list_name", "name", "label::English (en)", "rollup", "exclusive"],
            ["colours", "red", "Red", "", ""],
            ["colours", "none", "None", "", "yes"],
        ],
        "settings": [
            ["form_id", "version", "default_language", "form_title", "page_title::English (en)"],
            settings or ["small", "1", "English (en)", "Small", "Small"],
        ],
    }


def write(directory: Path, contents: Sheets) -> Path:
    path = directory / "small.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        for sheet, rows in contents.items():
            writer.writerow([sheet])
            writer.writerows(["", *row] for row in rows)
    return path


COLOUR = ["select_one colours", "colour", "Which colour?", "", "", "", "meas"]


def compiled(directory: Path, *questions: list[str]) -> Form:
    return Form.from_json(compile_form(write(directory, sheets(*questions))))


def test_a_group_becomes_a_section_and_hands_its_condition_down(tmp_path: Path) -> None:
    contents = sheets(COLOUR)
    condition = ["", "${colour} = 'red'"]
    contents["survey"] += [
        ["begin_group", "more", "More", *condition],
        ["text", "why", "Why?", "", "${colour} != 'none'", "", "meas"],
        ["integer", "days", "How many days?", "", "", "", "meas"],
        ["end_group"],
    ]
    form = Form.from_json(compile_form(write(tmp_path, contents)))
    assert [(section.id, section.questions) for section in form.sections] == [
        ("all", ("colour",)),
        ("more", ("why", "days")),
    ]
    own, group = ["!=", ["answer", "colour"], "none"], ["=", ["answer", "colour"], "red"]
    assert form.question("why").relevant == ["and", group, own]
    assert form.question("days").relevant == group


@pytest.mark.parametrize(
    ("type_", "appearance", "kind"),
    [
        ("text", "", "text"),
        ("text", "multiline", "long_text"),
        ("date", "month-year", "month"),
        ("date", "year", "month"),
        ("integer", "", "integer"),
        ("select_multiple colours", "", "select_multiple"),
        ("select_one colours", "minimal", "select_one"),
    ],
)
def test_a_type_and_its_appearance_make_a_kind(
    tmp_path: Path, type_: str, appearance: str, kind: str
) -> None:
    form = compiled(tmp_path, [type_, "x", "X?", "", "", appearance, "meas"])
    assert form.question("x").kind == kind


def test_a_spreadsheet_and_a_csv_file_compile_to_the_same_form(tmp_path: Path) -> None:
    contents = sheets(COLOUR, ["text", "why", "Why?", "", "selected(${colour}, 'red')", "", "narr"])
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in contents.items():
        page = book.create_sheet(name)
        for row in rows:
            # Excel turns the version 1 into a number.
            page.append([1.0 if cell == "1" else cell for cell in row])
    book.save(tmp_path / "small.xlsx")
    assert compile_form(tmp_path / "small.xlsx") == compile_form(write(tmp_path, contents))


def test_a_spreadsheet_without_its_reader_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(RefusedSource, match=r"small\.xlsx needs the package openpyxl"):
        compile_form(tmp_path / "small.xlsx")


@pytest.mark.parametrize("kind", sorted(UNSAFE_TYPES))
def test_a_question_that_would_put_a_reporter_at_risk_is_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(
        RefusedSource, match=rf"small\.csv: sheet survey, row 4: the type {kind} is not allowed: "
    ):
        compiled(tmp_path, [kind, "x", "X?", "", "", "", "meas"])


@pytest.mark.parametrize(
    ("question", "rule"),
    [
        (["select_one colours or_other", "x", "X?", "", "", "", "meas"], "or_other is not allowed"),
        (["text", "named", "X?", "", "", "", "meas"], "a question cannot be named 'named'"),
        (["text", "q", "X?", "", "", "", "meas"], "the desk uses that name itself"),
        (["begin repeat", "x", "X?"], "the type begin_repeat is not allowed"),
        (["text", "phone_number", "X?", "", "", "", "meas"], "would identify the reporter"),
        (
            ["text", "x", "X?", "yes", "", "", "sens"],
            r"sensitive question \(sdc_role sens\) may not be required",
        ),
        (["date", "x", "X?", "", "", "", "qi"], "an exact date can point to a person"),
        (["text", "x", "X?", "", "", "signature", "meas"], "appearance 'signature' is not accepted for text"),
        (["bearing", "x", "X?", "", "", "", "meas"], "type 'bearing' is not accepted"),
        (["select_one shapes", "x", "X?", "", "", "", "meas"], "no list 'shapes'"),
        (["text", "x", "X?", "", "today() = 'x'", "", "meas"], "relevant: 'today' is not accepted"),
        (["text", "x", "X?", "", "${y} = 'x'", "", "meas"], "'y', which is no question before this one"),
        (["text", "x", "X?", "", "", "", ""], "sdc_role must say what the answer can give away"),
        (["text", "x", "X?", "", "", "", "public"], "wrong role"),
        (["text", "x", "Why ${colour}?", "", "", "", "meas"], "shows an earlier answer"),
        (["text", "X", "X?", "", "", "", "meas"], "has an id"),
        (["text", "x", "", "", "", "", "meas"], "the column 'label' lacks its text in en"),
        (["text", "x", "X?", "perhaps", "", "", "meas"], "takes yes or no"),
        (["begin_group", "inner", "Inner"], "a group inside a group"),
    ],
)
def test_a_row_outside_the_subset_is_refused_by_its_number(
    tmp_path: Path, question: list[str], rule: str
) -> None:
    with pytest.raises(RefusedSource, match=rf"small\.csv: sheet survey, row 4: .*{rule}"):
        compiled(tmp_path, question)


def test_a_column_that_we_do_not_know_is_refused_once_it_is_filled(tmp_path: Path) -> None:
    contents = sheets(COLOUR)
    contents["survey"][0] = [*SURVEY, "media::image"]
    assert compile_form(write(tmp_path, contents))
    contents["survey"][2] = [*COLOUR, "face.jpg"]
    with pytest.raises(RefusedSource, match="row 4: the column 'media::image' is not accepted"):
        compile_form(write(tmp_path, contents))


def test_a_label_has_to_name_the_code_of_its_language(tmp_path: Path) -> None:
    contents = sheets(COLOUR)
    contents["survey"][0] = ["label::English" if name.startswith("label") else name for name in SURVEY]
    with pytest.raises(RefusedSource, match=r"row 3: the column 'label::English' names no language code"):
        compile_form(write(tmp_path, contents))


def test_a_label_without_a_language_is_in_the_default_language(tmp_path: Path) -> None:
    contents = sheets(COLOUR)
    named = compile_form(write(tmp_path, contents))
    for rows in contents.values():
        rows[0] = [heading.removesuffix("::English (en)") for heading in rows[0]]
    assert compile_form(write(tmp_path, contents)) == named
    contents["settings"][1][2] = ""
    with pytest.raises(RefusedSource, match="row 12: default_language must say which language"):
        compile_form(write(tmp_path, contents))


def test_every_row_that_is_refused_is_told_at_once_and_once(tmp_path: Path) -> None:
    contents = sheets(
        ["image", "face", "Your face?", "", "", "", "meas"],
        COLOUR,
        ["text", "why", "Why?", "", "${face} = 'x'", "", "meas"],
        ["text", "how", "How?", "perhaps", "", "", "meas"],
    )
    contents["choices"].append(["colours", "Green", "Green", "", ""])
    with pytest.raises(RefusedSource, match="row 4") as caught:
        compile_form(write(tmp_path, contents))
    places = [problem.split(": ")[1] for problem in caught.value.problems]
    assert places == ["sheet survey, row 4", "sheet survey, row 7", "sheet choices, row 13"]


def test_a_condition_of_a_group_is_refused_at_the_group(tmp_path: Path) -> None:
    contents = sheets(COLOUR)
    contents["survey"] += [["begin_group", "more", "More", "", "${shape} = 'round'"], COLOUR, ["end_group"]]
    with pytest.raises(RefusedSource, match=r"^small\.csv: sheet survey, row 6: .*'shape'"):
        compile_form(write(tmp_path, contents))


def test_a_question_outside_every_group_is_refused(tmp_path: Path) -> None:
    contents = sheets()
    contents["survey"].append(COLOUR)
    with pytest.raises(RefusedSource, match="row 5: each question stands in a group"):
        compile_form(write(tmp_path, contents))


def test_a_group_that_is_never_ended_is_refused(tmp_path: Path) -> None:
    contents = sheets(COLOUR)
    contents["survey"].pop()
    with pytest.raises(RefusedSource, match="row 3: the group is never ended"):
        compile_form(write(tmp_path, contents))


def test_an_unknown_rollup_is_refused_by_its_row(tmp_path: Path) -> None:
    contents = sheets(COLOUR)
    contents["choices"][1][3] = "warm"
    with pytest.raises(RefusedSource, match="sheet choices, row 8: the list rollup has no 'warm'"):
        compile_form(write(tmp_path, contents))


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("form.ods", b"", "neither .csv nor .xlsx"),
        ("form.csv", b"\xff\xfe", "not a CSV file in UTF-8"),
        ("form.csv", b"survey\n,type\n,text\n", "no rows in its sheet settings"),
        ("form.csv", b"survey\n,type\n,text,x\n", "sheet survey, row 3: a cell has no heading"),
        ("form.xlsx", b"PK", "not an .xlsx file"),
    ],
)
def test_a_file_that_is_no_xlsform_is_refused(tmp_path: Path, name: str, content: bytes, rule: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RefusedSource, match=rule):
        compile_form(tmp_path / name)
