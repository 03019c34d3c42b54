"""The committed vectors are those that the generator makes."""

from pathlib import Path

import pytest

from intake.forms.xlsform import compile_form
from tests.vectors.make import files

HERE = Path(__file__).parent
NAMES = sorted(path.name for path in HERE.glob("*.json") if path.name != "every.json")


def test_each_file_of_vectors_is_one_that_the_generator_makes() -> None:
    assert sorted(files()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_generator_makes_the_committed_vectors_again(name: str) -> None:
    assert files()[name] == (HERE / name).read_text(), (
        "run `python -m tests.vectors.make` and look at what changed"
    )


def test_the_form_of_the_vectors_is_compiled_from_its_source() -> None:
    assert compile_form(HERE / "every.csv") == (HERE / "every.json").read_bytes()
