"""The paper form: two sides, every short question in the form's words, and codes that can be typed in."""

import itertools
import re
from pathlib import Path

import pytest
from pypdf import PdfReader

from intake.forms import ticks
from intake.forms.answers import InvalidAnswers, clean
from intake.forms.form import Form, shipped
from intake.printing import paper
from tests.printing.conftest import command

FORM = shipped("report")
BRANCH = FORM.question("setting")
SHEETS = list(itertools.product([choice.code for choice in BRANCH.choices], FORM.languages))


@pytest.fixture(scope="module")
def folder(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sheets on both papers, made by the command."""
    out = tmp_path_factory.mktemp("paper")
    for size in ("a4", "letter"):
        done = command("paper", "--data", data, "report", "--out", out / size, "--paper", size)
        assert done.returncode == 0, done.stderr
        assert len(done.stdout.splitlines()) == len(SHEETS)
    return out


def words(path: Path) -> str:
    """All that a sheet says, on one line, and without the places where a word was divided."""
    text = "".join(page.extract_text() + "\n" for page in PdfReader(path).pages)
    return " ".join(re.sub(r"[\u00ad\u2010]\n", "", text).split())


@pytest.mark.parametrize("size", ["a4", "letter"])
@pytest.mark.parametrize(("answer", "language"), SHEETS)
def test_a_sheet_has_two_sides_and_asks_all_that_the_short_form_asks(
    folder: Path, size: str, answer: str, language: str
) -> None:
    path = folder / size / f"paper-report-{answer}-{language}.pdf"
    assert len(PdfReader(path).pages) <= 2
    text, letters = words(path), ticks.letters(FORM)
    asked = ticks.sheet(FORM, answer)
    assert asked
    for question in asked:
        assert f"{letters[question.id]}. {question.label[language]}" in text
        for number, choice in enumerate(question.choices, start=1):
            assert f"{letters[question.id]}{number} {choice.label[language]}" in text
    others = {one.id for one in ticks.printed(FORM)} - {one.id for one in asked} - {"setting"}
    for name in others:
        assert f"{letters[name]}. " not in text
    assert FORM.digest[:8] in text


def test_the_sheet_of_an_answer_has_just_what_can_apply() -> None:
    for choice in BRANCH.choices:
        asked = {one.id for one in ticks.sheet(FORM, choice.code)}
        possible: set[str] = set()
        # Every way to answer the single choices of the sheet, each with whatever then applies.
        singles = [FORM.question(name) for name in asked if FORM.question(name).kind == "select_one"]
        for question in singles:
            for tick in question.choices:
                raw = {
                    "setting": [choice.code],
                    question.id: [tick.code],
                    "count": ["yes"],
                    "_shown": ["short"],
                }
                try:
                    possible |= clean(FORM, raw).keys()
                except InvalidAnswers:
                    continue
        assert possible - {"setting"} == asked


def test_letters_go_on_after_z_and_no_two_questions_share_them() -> None:
    assert [ticks._letters(place) for place in (0, 25, 26, 51, 52, 701, 702)] == [
        *("A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"),
    ]
    assert len(set(ticks.letters(FORM).values())) == len(ticks.printed(FORM))


@pytest.mark.parametrize(
    ("answer", "name", "other"),
    [("police", "agency", "agency_other"), ("housing", "landlord", "landlord_other")],
)
def test_a_line_to_write_on_says_after_which_tick(folder: Path, answer: str, name: str, other: str) -> None:
    letters, label = ticks.letters(FORM), FORM.question(other).label["en"]
    number = FORM.question(name).positions["other"] + 1
    line = f"{letters[other]}. {label} Only if you ticked {letters[name]}{number}."
    assert line in words(folder / "letter" / f"paper-report-{answer}-en.pdf")


def test_two_runs_make_the_same_bytes_in_the_languages_that_are_spoken() -> None:
    plain = Form.from_json(Path("tests/vectors/every.json").read_bytes())
    made = paper.make(plain, "letter")
    assert made == paper.make(plain, "letter")
    branch = ticks.branching(plain)
    assert branch
    # Its other language is one that the program has no words in.
    assert sorted(made) == sorted(f"paper-every-{choice.code}-en.pdf" for choice in branch.choices)


def test_a_form_that_is_not_offered_is_refused_with_those_that_are(data: Path, tmp_path: Path) -> None:
    done = command("paper", "--data", data, "diary", "--out", tmp_path / "out")
    assert done.returncode == 1
    assert 'offers no form "diary"' in done.stderr
    assert "hint: it offers report" in done.stderr
    assert not (tmp_path / "out").exists()
