"""What a screen for paper sheets is told of them, and that typed codes are answers of the form."""

import json
from pathlib import Path

import pytest

from intake.forms import ticks
from intake.forms.answers import clean
from intake.forms.form import Form, shipped

FORM = shipped("report")
VECTORS = Path(__file__).parents[1] / "vectors"
EVERY = Form.load(VECTORS / "every.json")


def test_the_screen_knows_each_sheet_and_each_question_by_its_letters() -> None:
    screen = ticks.screen(FORM)
    assert screen["branch"] == "setting"
    assert list(screen["sheets"]) == [choice.code for choice in FORM.question("setting").choices]
    for asked in screen["sheets"].values():
        assert set(asked) < set(screen["letters"])
        assert "setting" not in asked


def test_a_form_that_does_not_branch_has_one_sheet() -> None:
    text = json.loads(EVERY.json)
    for question in text["questions"]:
        question["relevant"] = None
    plain = Form.from_json(
        json.dumps(text, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
    )
    screen = ticks.screen(plain)
    assert screen["branch"] is None
    assert screen["sheets"] == {"": [question.id for question in ticks.printed(plain)]}


@pytest.mark.parametrize(
    "vector",
    [one for one in json.loads((VECTORS / "ticks.json").read_text()) if one["name"].startswith("sheet ")],
    ids=lambda vector: vector["name"],
)
def test_the_codes_of_a_sheet_are_answers_of_its_questions(vector: dict[str, object]) -> None:
    raw = vector["raw"]
    assert isinstance(raw, dict)
    # A person may have left out what is needed, and then the screen says so.
    needed = {"count": raw.get("count", ["no"])}
    found = clean(FORM, {**raw, **needed, "_shown": ["short"]})
    ticked = {name.partition(".")[0] for name, values in raw.items() if values}
    assert {name for name, value in found.items() if value is not None} == ticked | {"count"}
