"""No name of a question is an address of the workbench, or a column that every desk has."""

import pytest

from analysis import schema
from analysis.cipher import Database
from analysis.desk_errors import BadForm
from analysis.workbench.labels import FIXED
from analysis.workbench.named import NAMED, ONLY
from analysis.workbench.selection import NUMBERS, SEARCH
from intake.forms.lint import TAKEN
from tests.findings.small_desk import form, question


def test_the_names_that_are_taken_are_those_of_columns_and_addresses() -> None:
    assert {*schema.FIXED_COLUMNS, *FIXED, NAMED, ONLY, NUMBERS, SEARCH} <= TAKEN


@pytest.mark.parametrize("name", ["q", "named", "only", "reports", "week", "rowid"])
def test_a_desk_takes_no_form_whose_question_has_such_a_name(name: str) -> None:
    database = Database(memory=True)
    schema.create(database)
    with pytest.raises(BadForm, match="an id that the desk uses itself"):
        schema.add_form(database, form(question(name, "text", max_length=120, role="act")))
