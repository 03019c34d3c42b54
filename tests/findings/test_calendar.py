import pytest

from analysis.findings import calendar
from analysis.findings.calendar import Months, node_of, outside, side_of, tree

HALF = Months("2026-01", "2026-06")


def test_months_lie_in_quarters_and_quarters_in_years() -> None:
    made = tree("month", Months("2025-11", "2026-04"))
    assert made.path("2025-12") == ("2025-12", "2025-Q4", "2025", "all")
    assert made.path("2026-04") == ("2026-04", "2026-Q2", "2026", "all")


@pytest.mark.parametrize(
    ("when", "held"),
    [("2026-03", True), ("2026-07", False), ("2026", False), ("not_sure", None), (None, None)],
)
def test_a_year_alone_lies_in_a_period_that_holds_all_of_it(when: str | None, held: bool | None) -> None:
    assert HALF.holds(when) is held
    assert Months("2026-01", "2026-12").holds("2026") is True


def test_a_report_that_tells_the_year_alone_has_a_place_in_it() -> None:
    made = tree("month", Months("2026-01", "2026-12"), years_alone=True)
    assert node_of("2026", made) == "2026.year"
    assert made.parents["2026.year"] == "2026"
    assert node_of("not_sure", made) == calendar.UNKNOWN


def test_a_week_belongs_to_the_month_of_its_thursday() -> None:
    assert calendar.month_of_week("2026-W01") == "2026-01"
    assert calendar.month_of_week("2026-W05") == "2026-01"
    assert calendar.month_of_week("2026-W14") == "2026-04"


def test_everybody_knows_which_months_a_batch_cannot_hold() -> None:
    made = tree("month", Months("2026-01", "2026-12"), years_alone=True)
    empty = set(outside(made, HALF, undated=False))
    assert {"2026-Q3", "2026-12", "2026.year", calendar.UNKNOWN} <= empty
    assert not {"2026", "2026-Q1", "2026-06"} & empty
    assert calendar.UNKNOWN not in set(outside(made, HALF, undated=True))


@pytest.mark.parametrize(
    ("leaf", "side"),
    [
        ("2026-02", calendar.BEFORE),
        ("2026-03", calendar.SINCE),
        ("2025.year", calendar.BEFORE),
        ("2026.year", calendar.UNKNOWN),
        (calendar.UNKNOWN, calendar.UNKNOWN),
    ],
)
def test_a_month_lies_before_a_campaign_or_since_it_began(leaf: str, side: str) -> None:
    assert side_of(leaf, "2026-03") == side
