"""`witnessbox-intake form`, and the questionnaires of a data directory, run for real."""

import json
from pathlib import Path

import pytest

from analysis.identity import HybridIdentity
from intake import directory
from intake.directory import DirectoryError
from intake.forms import local
from intake.forms.form import Form, shipped
from tests.serving import Server, make_data, run

SOURCE = local.SHIPPED.parent / "report.csv"
FOREIGN = Path(__file__).parents[1] / "forms" / "foreign"


@pytest.fixture
def data(tmp_path: Path, identity: HybridIdentity) -> Path:
    return make_data(tmp_path / "data", identity)


def add_clinic(data: Path) -> None:
    with (data / "lists" / "facilities.csv").open("a", encoding="utf-8") as file:
        file.write("river_clinic,River clinic,Clínica del río\n")


def test_check_says_what_a_form_asks() -> None:
    done = run("form", "check", SOURCE)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(
        'report.csv: form "report", version 1, in en, es; sections: 13; questions: '
    )


def test_check_tells_every_row_that_cannot_be_used(tmp_path: Path) -> None:
    done = run("form", "check", FOREIGN / "patients.csv")
    assert (done.returncode, done.stdout) == (1, "")
    expected = (FOREIGN / "patients.txt").read_text().splitlines()
    assert done.stderr.splitlines() == [f"witnessbox-intake: error: {line}" for line in expected]


def test_compile_writes_the_form_and_says_nothing(tmp_path: Path) -> None:
    done = run("form", "compile", SOURCE, "-o", tmp_path / "report.json")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert Form.load(tmp_path / "report.json") == shipped("report")


def test_a_refused_form_leaves_no_file_and_the_older_one_as_it_was(tmp_path: Path) -> None:
    output = tmp_path / "form.json"
    done = run("form", "compile", FOREIGN / "patients.csv", "-o", output)
    assert done.returncode == 1
    assert list(tmp_path.iterdir()) == []
    output.write_text("older")
    assert run("form", "compile", FOREIGN / "patients.csv", "-o", output).returncode == 1
    assert output.read_text() == "older"


def test_a_form_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    done = run("form", "compile", SOURCE, "-o", tmp_path / "nowhere" / "form.json")
    assert done.returncode == 1
    assert "No such file or directory" in done.stderr


def test_lists_from_another_folder_are_used(data: Path, tmp_path: Path) -> None:
    add_clinic(data)
    done = run("form", "compile", SOURCE, "--lists", data / "lists", "-o", tmp_path / "mine.json")
    assert done.returncode == 0, done.stderr
    assert "river_clinic" in Form.load(tmp_path / "mine.json").question("facility").positions


def test_a_new_data_directory_asks_the_form_that_ships(data: Path) -> None:
    assert directory.read(data).forms == (shipped("report"),)
    assert {path.name for path in (data / "lists").iterdir()} == {
        path.name for path in local.SHIPPED.iterdir()
    }


def test_an_edited_list_is_on_the_page_after_a_restart(data: Path) -> None:
    add_clinic(data)
    with Server(data) as server:
        assert "Clínica del río" in server.client.get("/es/report/").text


def test_a_list_that_cannot_be_used_stops_the_start_with_its_row(data: Path) -> None:
    add_clinic(data)
    add_clinic(data)
    done = run("serve", "--data", data, "--port", "0")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        f"witnessbox-intake: error: {data / 'lists'}: "
        "facilities.csv: row 8: the name 'river_clinic' stands twice in this list",
        "hint: mend the list there, then start the server again",
    ]


def test_help_and_deadlines_are_read_with_the_data_directory(data: Path) -> None:
    read = directory.read(data)
    assert read.help["en"][1] == ("A lawyer", "Ask a legal aid office near you. Many are free.")
    assert len(read.deadlines["es"]) == 3
    (data / "lists" / "deadlines.csv").write_text("label,text\nx,y\n")
    with pytest.raises(DirectoryError, match=r"deadlines\.csv: row 2: the column 'label' is not accepted"):
        directory.read(data)


def test_a_questionnaire_of_their_own_is_offered(data: Path) -> None:
    (data / "forms").mkdir()
    done = run("form", "compile", FOREIGN / "stigma.csv", "-o", data / "forms" / "stigma.json")
    assert done.returncode == 0, done.stderr
    settings = (data / "intake.toml").read_text().replace('["report"]', '["report", "stigma"]')
    (data / "intake.toml").write_text(settings)
    with Server(data) as server:
        assert "Stigma in care" in server.client.get("/en/stigma_short/").text


def test_an_own_form_that_is_damaged_stops_the_start(data: Path) -> None:
    (data / "forms").mkdir()
    (data / "forms" / "report.json").write_text(json.dumps({"v": 1}))
    with pytest.raises(DirectoryError, match=r"report\.json: not a compiled form"):
        directory.read(data)
