"""Local lists are CSV files that a person edits: what is wrong is told by file, row and rule."""

import csv
import shutil
from pathlib import Path

import pytest

from intake.forms import local
from intake.forms.errors import RefusedSource
from intake.forms.form import Form, shipped
from intake.forms.local import read_notices
from intake.forms.xlsform import compile_form

SOURCE = local.SHIPPED.parent / "report.csv"


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    return Path(shutil.copytree(local.SHIPPED, tmp_path / "lists"))


def compiled(lists: Path) -> Form:
    return Form.from_json(compile_form(SOURCE, lists))


def edit(lists: Path, file: str, before: str, after: str) -> None:
    text = (lists / file).read_text(encoding="utf-8")
    assert before in text
    (lists / file).write_text(text.replace(before, after), encoding="utf-8")


def test_lists_that_nobody_edited_give_the_form_that_ships(lists: Path) -> None:
    assert compiled(lists) == shipped("report")


def test_a_new_row_is_a_new_choice_and_a_form_of_another_digest(lists: Path) -> None:
    with (lists / "facilities.csv").open("a", encoding="utf-8") as file:
        file.write("river_clinic,River clinic,Clínica del río\n")
    form = compiled(lists)
    assert form.question("facility").choices[-1].label["es"] == "Clínica del río"
    assert form.digest != shipped("report").digest
    assert form.question("area") == shipped("report").question("area")


def test_a_row_that_is_removed_is_no_longer_asked(lists: Path) -> None:
    edit(lists, "groups.csv", "migrant,Migrants,Migrantes,\n", "")
    assert "migrant" not in compiled(lists).question("groups").positions


def test_an_area_takes_the_label_of_its_bigger_area_from_any_row(lists: Path) -> None:
    rollups = {rollup.code: rollup.label["en"] for rollup in compiled(lists).rollups}
    assert rollups["inner_city"] == "The inner city"
    edit(
        lists, "areas.csv", "inner_city,The inner city,El centro y sus barrios\nnorth", "inner_city,,\nnorth"
    )
    edit(lists, "areas.csv", "outer_city,The outer city,Las afueras\nhills", "outer_city,,\nhills")
    assert {rollup.code: rollup.label["en"] for rollup in compiled(lists).rollups} == rollups


def test_what_other_countries_spreadsheets_save_is_read_too(lists: Path) -> None:
    with (lists / "agencies.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    with (lists / "agencies.csv").open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file, delimiter=";", lineterminator="\r\n").writerows(rows)
    assert compiled(lists) == shipped("report")


@pytest.mark.parametrize(
    ("file", "before", "after", "problem"),
    [
        pytest.param(
            "areas.csv",
            ",Zona Sur,",
            ",,",
            "areas.csv: row 4: the column 'label' lacks its text in es",
            id="blank",
        ),
        pytest.param(
            "areas.csv",
            "hills,",
            "north_side,",
            "areas.csv: row 8: the name 'north_side' stands twice in this list",
            id="twice",
        ),
        pytest.param(
            "areas.csv",
            "hills,",
            "The Hills,",
            "areas.csv: row 8: the name 'The Hills' is not made of lower-case letters, digits and _ alone",
            id="name",
        ),
        pytest.param(
            "areas.csv",
            "outer_city,The outer city,Las afueras\nhills",
            "outer_city,Elsewhere,Otro\nhills",
            "areas.csv: row 8: the rollup 'outer_city' has another label above, or in the form",
            id="two labels",
        ),
        pytest.param(
            "areas.csv",
            "harbor,Harbor",
            "harbor,${area}",
            "areas.csv: row 9: the column 'label' shows an earlier answer, which is not accepted",
            id="reference",
        ),
        pytest.param(
            "facilities.csv",
            "other,Another place,Otro lugar\n",
            "",
            "facilities.csv: the row named 'other' is missing, which report.csv needs (sheet survey, row 28)",
            id="a row that the form needs",
        ),
        pytest.param(
            "groups.csv",
            "exclusive",
            "exclusiv",
            "groups.csv: row 12: the column 'exclusiv' is not accepted: nothing here would obey it",
            id="heading",
        ),
        pytest.param(
            "groups.csv",
            ",yes",
            ",perhaps",
            "groups.csv: row 12: the column 'exclusive' takes yes or no",
            id="flag",
        ),
    ],
)
def test_a_list_that_cannot_be_used_is_refused_by_its_row(
    lists: Path, file: str, before: str, after: str, problem: str
) -> None:
    edit(lists, file, before, after)
    with pytest.raises(RefusedSource, match=file) as caught:
        compiled(lists)
    assert problem in caught.value.problems


def test_a_bad_row_is_told_once_however_many_questions_hang_on_it(lists: Path) -> None:
    edit(lists, "agencies.csv", "Policía estatal", "")
    with pytest.raises(RefusedSource, match="row 4") as caught:
        compiled(lists)
    assert caught.value.problems == ("agencies.csv: row 4: the column 'label' lacks its text in es",)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        pytest.param(None, "areas.csv cannot be read: No such file or directory", id="missing"),
        pytest.param(b"", "areas.csv has no rows", id="empty"),
        pytest.param(
            "name,label::English (en)\na,\xe1\n".encode("latin-1"), "not a CSV file in UTF-8", id="not UTF-8"
        ),
        pytest.param(b"name\na,b\n", "areas.csv: row 2: a cell has no heading", id="no heading"),
    ],
)
def test_a_file_that_is_no_list_is_refused(lists: Path, content: bytes | None, rule: str) -> None:
    (lists / "areas.csv").unlink()
    if content is not None:
        (lists / "areas.csv").write_bytes(content)
    with pytest.raises(RefusedSource, match=rule):
        compiled(lists)


@pytest.mark.parametrize("file", [local.HELP, local.DEADLINES])
def test_help_and_deadlines_ship_as_pairs_in_both_languages(file: str) -> None:
    notices = read_notices(local.SHIPPED / file, ("en", "es"))
    assert len(notices["en"]) == len(notices["es"]) > 1
    assert all(label and text for pairs in notices.values() for label, text in pairs)


def test_a_list_of_help_without_rows_is_an_empty_list(tmp_path: Path) -> None:
    (tmp_path / "help.csv").write_text("label::English (en),text::English (en)\n")
    assert read_notices(tmp_path / "help.csv", ("en", "es")) == {"en": (), "es": ()}


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (
            "label::English (en),text::English (en)\nA lawyer,\n",
            "help.csv: row 2: the column 'text' lacks its text in en",
        ),
        (
            "label,text\nA lawyer,Ask\n",
            r"help.csv: row 2: the column 'label' is not accepted; name it as in text::",
        ),
    ],
)
def test_a_help_number_that_is_not_whole_is_refused_by_its_row(
    tmp_path: Path, content: str, rule: str
) -> None:
    (tmp_path / "help.csv").write_text(content)
    with pytest.raises(RefusedSource, match=rule):
        read_notices(tmp_path / "help.csv", ("en",))


def test_every_list_that_ships_is_named_by_the_form_or_shown_by_the_pages() -> None:
    files = {path.name for path in local.SHIPPED.iterdir()}
    named = {file for file in files if f"_from_file {file}" in SOURCE.read_text(encoding="utf-8")}
    assert files - named == {local.HELP, local.DEADLINES}
