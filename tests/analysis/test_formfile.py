"""A spreadsheet is imported by the questionnaire that the organizers use, with their own places."""

import shutil
from pathlib import Path

import pytest

from analysis.desk import Desk
from intake.forms import local
from intake.forms.form import Form, shipped
from intake.forms.xlsform import compile_form
from tests.analysis.conftest import Run
from tests.analysis.making import FORM, Server

SOURCE = local.SHIPPED.parent / "report.csv"
MAP = """
form = "report"
channel = "paper"
[constant]
setting = "health"
count = "yes"
[question.facility]
column = "clinic"
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A map, and a spreadsheet with a clinic that the shipped list does not have."""
    (tmp_path / "map.toml").write_text(MAP)
    (tmp_path / "rows.csv").write_text("clinic\nriver_clinic\ncity_hospital\n")
    return tmp_path / "map.toml", tmp_path / "rows.csv"


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    """The organizers' lists: those that ship, and one more clinic."""
    folder = Path(shutil.copytree(local.SHIPPED, tmp_path / "lists"))
    with (folder / "facilities.csv").open("a", encoding="utf-8") as file:
        file.write("river_clinic,River clinic,Clínica del río\n")
    return folder


def facilities(desk: Desk) -> list[str]:
    query = 'SELECT "label" FROM "choices" JOIN "reports" ON "facility" = "choices"."id" ORDER BY 1'
    return [row[0] for row in desk.database.conn.execute(query)]


def test_lists_that_are_named_are_those_of_the_import(
    run: Run, desk: Desk, files: tuple[Path, Path], lists: Path
) -> None:
    result = run("import-csv", "--desk", desk.path, "--lists", lists, *files)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines()[0] == "2 rows: 2 reports added"
    assert facilities(desk) == ["City hospital", "River clinic"]


def test_a_clinic_that_no_list_has_is_counted_as_not_in_the_map(
    run: Run, desk: Desk, files: tuple[Path, Path]
) -> None:
    result = run("import-csv", "--desk", desk.path, *files)
    assert result.stdout == '2 rows: 2 reports added\ncolumn "clinic": 1 value not in the map\n'
    assert facilities(desk) == ["City hospital"]


def test_the_form_that_a_bundle_brought_is_used_without_a_word(
    run: Run, desk: Desk, files: tuple[Path, Path], lists: Path, tmp_path: Path
) -> None:
    server = Server(form=Form.from_json(compile_form(SOURCE, lists)))
    run("pin", "--desk", desk.path, server.public(tmp_path))
    brought = run("import", "--desk", desk.path, server.bundle(tmp_path))
    assert brought.returncode == 0, brought.stderr
    result = run("import-csv", "--desk", desk.path, *files)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "2 rows: 2 reports added\n"
    assert facilities(desk) == ["City hospital", "River clinic"]


@pytest.mark.parametrize("name", ["report.csv", "own.json"])
def test_a_form_may_be_named_as_a_source_or_compiled(
    run: Run, desk: Desk, files: tuple[Path, Path], lists: Path, tmp_path: Path, name: str
) -> None:
    shutil.copy(SOURCE, tmp_path / "report.csv")
    (tmp_path / "own.json").write_bytes(compile_form(SOURCE, lists))
    result = run("import-csv", "--desk", desk.path, "--form", tmp_path / name, *files)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines()[0] == "2 rows: 2 reports added"
    assert facilities(desk) == ["City hospital", "River clinic"]


@pytest.mark.parametrize(
    ("file", "text", "rule"),
    [
        pytest.param("lists/areas.csv", "name,label::English (en)\nx\n", "areas.csv: row 2: ", id="list"),
        pytest.param("form.csv", "survey\n,type\n,text\n", "form.csv has no rows in its sheet", id="source"),
        pytest.param("form.json", "{}", "form.json: not a compiled form", id="compiled"),
        pytest.param("form.csv", None, "form.csv cannot be read: No such file", id="missing"),
        pytest.param("form.json", None, "form.json", id="missing and compiled"),
    ],
)
def test_a_form_or_a_list_that_cannot_be_used_is_named(
    run: Run,
    desk: Desk,
    files: tuple[Path, Path],
    lists: Path,
    tmp_path: Path,
    file: str,
    text: str | None,
    rule: str,
) -> None:
    if text is not None:
        (tmp_path / file).write_text(text)
    option = ["--lists", lists] if file.startswith("lists") else ["--form", tmp_path / file]
    result = run("import-csv", "--desk", desk.path, *option, *files)
    assert (result.returncode, result.stdout) == (1, "")
    assert rule in result.stderr
    assert "should not happen" not in result.stderr
    assert result.stderr.count("\n") <= 2


def test_a_form_of_another_name_than_the_map_s_is_refused(
    run: Run, desk: Desk, files: tuple[Path, Path], tmp_path: Path
) -> None:
    other = FORM.json.replace(b'"id":"report"', b'"id":"other"', 1)
    (tmp_path / "other.json").write_bytes(other)
    result = run("import-csv", "--desk", desk.path, "--form", tmp_path / "other.json", *files)
    assert result.returncode == 1
    assert 'other.json: is form "other", and the map is for "report"' in result.stderr


def test_a_form_that_words_known_answers_anew_is_taken_when_it_is_accepted(
    run: Run, desk: Desk, files: tuple[Path, Path], tmp_path: Path
) -> None:
    run("import-csv", "--desk", desk.path, *files)
    form = Form.from_json(shipped("report").json.replace(b'"City hospital"', b'"The old hospital"'))
    (tmp_path / "own.json").write_bytes(form.json)
    words = ("import-csv", "--desk", desk.path, "--form", tmp_path / "own.json", *files)
    refused = run(*words)
    assert refused.returncode == 1
    assert '"City hospital" is now "The old hospital"' in refused.stderr
    assert run(*words, "--accept-form", form.digest).returncode == 0
    assert facilities(desk) == ["The old hospital"]
