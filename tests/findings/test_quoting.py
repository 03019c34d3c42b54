"""What is told of a quote tells of nobody: its themes, and its place and month."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from analysis.findings.released import Quote
from analysis.review import quotes
from analysis.review.people import Reviewer
from tests.findings.releasing import Publisher
from tests.findings.small_desk import choice, form, question

WORDS = "They laughed."
ANA, BEN = Reviewer.named("Ana"), Reviewer.named("Ben")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Publisher]:
    acts = [
        choice("shout", rollup="speech"),
        choice("threat", rollup="speech"),
        choice("push", rollup="force"),
        choice("hit", rollup="force"),
    ]
    areas = [choice("north", rollup="inner"), choice("south", rollup="inner"), choice("hill", rollup="outer")]
    made = Publisher(
        tmp_path,
        form(
            question("acts", "select_multiple", acts),
            question("area", "select_one", areas),
            question("story", "long_text", max_length=500),
            question("quote", "select_one", [choice("yes_after_check"), choice("no")]),
        ),
    )
    yield made
    made.desk.close()


def add(desk: Publisher, reports: int, acts: Sequence[str], area: str, when: str | None) -> None:
    desk.reports.add(reports, acts, area=area, when=when, quote="yes_after_check")


def quoted(desk: Publisher) -> Quote:
    """The quote of the newest report, as a release tells it."""
    connection = desk.desk.database.conn
    (report,) = connection.execute('SELECT max("id") FROM "reports"').fetchone()
    desk.desk.database.table("texts").insert({"report": report, "question": "story", "text": WORDS})
    connection.commit()
    number = quotes.propose(desk.desk, report, "story", WORDS, ANA)
    for by in (ANA, BEN):
        quotes.check(desk.desk, number, by)
    desk.publish()
    assert desk.last
    (found,) = desk.last.quotes
    assert found.text == WORDS
    return found


def themes(found: Quote) -> list[str]:
    return [words["en"] for words in found.themes]


def test_place_and_month_are_told_where_many_share_all_that_is_told(desk: Publisher) -> None:
    add(desk, 30, ["push"], "south", "2026-03")
    add(desk, 30, ["shout"], "north", "2026-05")
    found = quoted(desk)
    assert (found.place, found.month) == ({"en": "Label of north"}, "2026-05")
    assert themes(found) == ["Group speech"]
    page = (desk.folder / "out" / "findings" / "F16.html").read_text()
    assert "Label of north · May 2026" in page


@pytest.mark.parametrize(
    ("area", "when"),
    [
        pytest.param("hill", "2026-05", id="few in the area"),
        pytest.param("north", "2026-01", id="few in the month"),
        pytest.param("south", "2026-05", id="few in both together"),
        pytest.param("north", None, id="no month"),
    ],
)
def test_place_and_month_stay_untold_where_few_share_them(
    desk: Publisher, area: str, when: str | None
) -> None:
    add(desk, 30, ["shout"], "south", "2026-03")
    add(desk, 30, ["shout"], "north", "2026-05")
    add(desk, 2, ["shout"], area, when)
    found = quoted(desk)
    assert (found.place, found.month) == (None, None)
    assert themes(found) == ["Group speech"]


def test_place_and_month_are_not_told_beside_a_theme_that_few_there_have(desk: Publisher) -> None:
    add(desk, 30, ["push"], "south", "2026-03")
    add(desk, 30, ["push"], "north", "2026-05")
    add(desk, 30, ["shout"], "south", "2026-03")
    add(desk, 3, ["shout"], "north", "2026-05")
    found = quoted(desk)
    assert (found.place, found.month) == (None, None)
    assert themes(found) == ["Group speech"]


def test_two_themes_are_not_told_together_where_their_pair_is_withheld(desk: Publisher) -> None:
    add(desk, 30, ["push"], "south", "2026-03")
    add(desk, 30, ["shout"], "north", "2026-05")
    add(desk, 2, ["shout", "push"], "north", "2026-05")
    assert len(themes(quoted(desk))) == 1


def test_two_themes_are_told_together_where_their_pair_is_printed(desk: Publisher) -> None:
    add(desk, 30, ["push"], "south", "2026-03")
    add(desk, 30, ["shout"], "north", "2026-05")
    add(desk, 30, ["shout", "push"], "north", "2026-05")
    assert len(themes(quoted(desk))) == 2
