"""A form written as an XLSForm: other tools load it, and it compiles to the same form."""

import random
import subprocess
from pathlib import Path

import pytest
from pyxform.xls2xform import convert

from intake.forms import xlsform_out
from intake.forms.form import Form, shipped
from intake.forms.xlsform import compile_form
from tests.forms.random_forms import random_form
from tests.serving import COMMAND

EVERY = Path("tests/vectors/every.json")
FORMS = {"report": shipped("report"), "every": Form.from_json(EVERY.read_bytes())}
WRITERS = {".xlsx": xlsform_out.xlsx_bytes, ".csv": xlsform_out.csv_bytes}


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize("name", FORMS)
def test_what_was_written_compiles_to_the_same_bytes(tmp_path: Path, name: str, suffix: str) -> None:
    path = tmp_path / f"form{suffix}"
    path.write_bytes(WRITERS[suffix](FORMS[name]))
    assert compile_form(path, tmp_path) == FORMS[name].json


@pytest.mark.parametrize("name", FORMS)
def test_pyxform_makes_a_form_of_the_workbook_without_a_warning(tmp_path: Path, name: str) -> None:
    path = tmp_path / "form.xlsx"
    path.write_bytes(xlsform_out.xlsx_bytes(FORMS[name]))
    made = convert(path)
    assert made.warnings == []
    for question in FORMS[name].asked:
        assert f"/{question.id}" in made.xform


def test_a_hundred_random_forms_come_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "form.csv"
    for seed in range(100):
        form = random_form(random.Random(seed))
        path.write_bytes(xlsform_out.csv_bytes(form))
        assert compile_form(path, tmp_path) == form.json, seed


def run(*words: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COMMAND, "form", "export", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("source", ["intake/forms/report.csv", "intake/forms/report.json"])
def test_the_command_takes_a_compiled_form_and_an_xlsform(tmp_path: Path, source: str) -> None:
    done = run(source, "-o", tmp_path / "out.xlsx")
    assert (done.returncode, done.stderr) == (0, "")
    assert compile_form(tmp_path / "out.xlsx", tmp_path) == FORMS["report"].json


@pytest.mark.parametrize(
    ("source", "target", "words"),
    [
        ("intake/forms/report.json", "out.pdf", "neither .xlsx nor .csv"),
        ("nothing.json", "out.csv", "cannot read nothing.json"),
        ("tests/vectors/answers.json", "out.csv", "not a compiled form"),
        ("intake/forms/report.json", "no/folder/out.csv", "cannot write"),
    ],
)
def test_what_cannot_be_written_is_refused_and_leaves_nothing(
    tmp_path: Path, source: str, target: str, words: str
) -> None:
    done = run(source, "-o", tmp_path / target)
    assert done.returncode == 1
    assert words in done.stderr
    assert list(tmp_path.iterdir()) == []
