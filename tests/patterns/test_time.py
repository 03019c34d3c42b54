"""Weeks, months, changed mixes, bursts, and the two sides of a date."""

from collections import Counter
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.patterns import overview, time
from tests.findings.small_desk import choice, form, question
from tests.patterns.desks import Desk

WHEN = st.sampled_from([None, "not_sure", "2024", "2025", "2025-03", "2025-04", "2025-05", "2026-01"])
ROWS = st.lists(st.tuples(WHEN, st.sampled_from(["web", "paper"]), st.integers(1, 9)), max_size=25)


def desk_of(rows: list[tuple[str | None, str, int]]) -> Desk:
    desk = Desk()
    for when, channel, week in rows:
        desk.add(when=when, channel=channel, week=f"2026-W{week:02d}")
    return desk


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_every_report_stands_in_one_week_and_one_month(rows: list[tuple[str | None, str, int]]) -> None:
    database = desk_of(rows).database
    by_week = {period.name: period.n for period in time.by_week(database) if period.n}
    assert by_week == Counter(f"2026-W{week:02d}" for *_, week in rows)
    months = time.by_month(database)
    assert {period.name: dict(period.channels) for period in months if period.n} == {
        name: dict(Counter(channel for when, channel, _ in rows if when == name)) for name, *_ in rows
    }
    whole = overview.overview(database)
    tables = (whole.weeks, whole.months, whole.channels, whole.languages, *whole.asked.values())
    assert {sum(row.n for row in table) for table in tables} == {len(rows)}


@settings(max_examples=60, deadline=None)
@given(ROWS, st.sampled_from([date(2025, 4, 1), date(2025, 4, 15)]))
def test_every_report_stands_on_one_side_of_a_date(
    rows: list[tuple[str | None, str, int]], day: date
) -> None:
    found = time.before_after(desk_of(rows).database, "acts", day)
    straddling = day.day != 1
    counts = Counter(when for when, *_ in rows)
    assert found.before.n == counts["2024"] + counts["2025-03"]
    assert found.after.n == counts["2025-05"] + counts["2026-01"] + counts["2025-04"] * (not straddling)
    assert found.same_month == counts["2025-04"] * straddling
    assert found.undated == counts[None] + counts["not_sure"] + counts["2025"]


def test_shares_on_each_side_are_of_those_who_answered() -> None:
    desk = Desk()
    for when, acts in (
        ("2025-01", ["shout"]),
        ("2025-01", ["push"]),
        ("2025-06", ["shout"]),
        ("2025-06", []),
    ):
        desk.add(when=when, ticks={"acts": acts})
    found = time.before_after(desk.database, "acts", date(2025, 3, 1))
    assert (found.answered_before, found.answered_after) == (2, 1)
    shout = next(change for change in found.changes if change.choice.code == "shout")
    assert (shout.share_before, shout.share_after) == (0.5, 1.0)


def test_nothing_happened_is_an_answer_and_not_sure_is_none() -> None:
    harm = [choice("injury"), choice("none", exclusive=True), choice("not_sure", exclusive=True)]
    desk = Desk(form(question("harm", "select_multiple", harm)))
    told = [("2025-01", "injury")] * 3 + [("2025-01", "none"), ("2025-01", "not_sure")]
    for when, code in [*told, ("2025-06", "injury"), *[("2025-06", "none")] * 3, ("2025-06", "not_sure")]:
        desk.add(when=when, ticks={"harm": [code]})
    found = time.before_after(desk.database, "harm", date(2025, 3, 1))
    shares = {one.choice.code: (one.share_before, one.share_after) for one in found.changes}
    assert shares == {"injury": (0.75, 0.25), "none": (0.25, 0.75)}


def test_weeks_without_a_report_are_shown_as_such() -> None:
    desk = Desk()
    desk.add(week="2025-W51")
    desk.add(week="2026-W02")
    assert [(one.name, one.n) for one in time.by_week(desk.database)] == [
        ("2025-W51", 1), ("2025-W52", 0), ("2026-W01", 0), ("2026-W02", 1),
    ]  # fmt: skip


def test_a_wrong_year_does_not_make_thousands_of_empty_months() -> None:
    desk = Desk()
    for when in ("0203-05", "2026-05"):
        desk.add(when=when)
    assert [one.name for one in time.by_month(desk.database)] == ["0203-05", "2026-05"]


def test_a_burst_and_a_changed_mix_are_said_for_their_week_alone() -> None:
    desk = Desk()
    for week in range(1, 13):
        for _ in range(40 if week == 10 else 5):
            desk.add(week=f"2026-W{week:02d}", channel="paper" if week == 10 else "web")
    periods = time.by_week(desk.database)
    assert [one.name for one in periods if one.burst] == ["2026-W10"]
    assert [one.name for one in periods if one.changed] == ["2026-W10"]


def test_few_reports_by_another_channel_are_no_changed_mix() -> None:
    desk = Desk()
    for week in range(1, 10):
        for number in range(12):
            desk.add(week=f"2026-W{week:02d}", channel="paper" if (number + week) % 4 == 0 else "web")
    desk.add(week="2026-W10", channel="phone")
    assert not any(one.changed for one in time.by_week(desk.database))


def test_weeks_that_no_calendar_has_are_shown_as_they_came() -> None:
    desk = Desk()
    for week in ("2025-W53", "2026-W02", "0000-W01"):
        desk.add(week=week)
    assert [(one.name, one.n) for one in time.by_week(desk.database) if one.n] == [
        ("0000-W01", 1), ("2025-W53", 1), ("2026-W02", 1),
    ]  # fmt: skip
