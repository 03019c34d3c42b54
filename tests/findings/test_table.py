import pytest

from analysis.findings.audit import Interval, Publication, Relation, intervals
from analysis.findings.codebook import read_codebook
from analysis.findings.errors import Unauditable
from analysis.findings.knowledge import BASE, relations
from analysis.findings.period import Period, Span, read_period
from analysis.findings.table import Table, count_acts
from intake.forms.form import Form
from tests.findings.small_desk import SmallDesk, choice, form, question, settings_form


def _table(desk: SmallDesk) -> Table:
    return count_acts(desk.database, read_codebook(desk.database, "en"))


def _known(desk: SmallDesk, setting: str) -> tuple[Relation, ...]:
    return tuple(relations(read_codebook(desk.database, "en"), setting))


def test_a_report_counts_once_in_each_act_that_it_names() -> None:
    desk = SmallDesk(settings_form("police"))
    desk.add(3, ["shout", "push"], setting="police")
    desk.add(2, ["shout"], setting="police")
    counts = _table(desk).counts
    assert counts["acts.shout", "police"] == 5
    assert counts["acts.push", "police"] == 3
    assert counts[BASE, "police"] == 5


def test_a_report_that_may_not_be_counted_is_in_no_number_but_the_excluded() -> None:
    desk = SmallDesk(settings_form("police"))
    desk.add(4, ["shout"], setting="police")
    desk.add(2, ["shout", "push"], setting="police", count="no")
    desk.add(1, ["shout", "push"], setting="police", count=None)
    table = _table(desk)
    assert table.counts == {
        (BASE, "police"): 4,
        ("acts.shout", "police"): 4,
        ("acts.push", "police"): 0,
    }
    assert table.excluded == {"police": 3}


def test_an_act_that_a_setting_does_not_ask_about_has_no_cell_there() -> None:
    only_health = ["=", ["answer", "setting"], "health"]
    desk = SmallDesk(
        form(
            question("setting", "select_one", [choice("police"), choice("health"), choice("housing")]),
            question("acts", "select_multiple", [choice("shout")], relevant=["not", only_health]),
            question("health_acts", "select_multiple", [choice("refused")], relevant=only_health),
        )
    )
    asked = {cell for cell in _table(desk).counts if cell[0] != BASE}
    assert asked == {
        ("acts.shout", "police"),
        ("acts.shout", "housing"),
        ("health_acts.refused", "health"),
    }


def test_settings_without_a_list_of_acts_stay_outside_with_their_reports() -> None:
    setting = ["answer", "setting"]
    police = ["and", ["=", setting, "police"], ["!=", setting, "other"]]
    desk = SmallDesk(
        form(
            question("setting", "select_one", [choice("police"), choice("other")]),
            question("acts", "select_multiple", [choice("shout")], relevant=police),
        )
    )
    desk.add(5, setting="police")
    desk.add(7, setting="other")
    desk.add(2, setting="other", count="no")
    table = _table(desk)
    assert table.counts == {(BASE, "police"): 5, ("acts.shout", "police"): 0}
    assert table.excluded == {"police": 0}


def test_a_form_that_asks_no_setting_is_a_setting_of_its_own() -> None:
    desk = SmallDesk(form(question("acts", "select_multiple", [choice("shout")]), name="clinic"))
    desk.add(4, ["shout"])
    assert _table(desk).counts == {(BASE, "clinic"): 4, ("acts.shout", "clinic"): 4}


def test_a_report_that_names_no_setting_is_not_counted_under_the_name_of_its_form() -> None:
    only_police = ["=", ["answer", "setting"], "police"]
    desk = SmallDesk(
        form(
            question("setting", "select_one", [choice("police"), choice("health")]),
            question("acts", "select_multiple", [choice("shout")], relevant=only_police),
            name="police",
        )
    )
    desk.add(3, ["shout"], setting="police")
    desk.add(7)
    assert _table(desk).counts[BASE, "police"] == 3


def test_a_report_whose_form_asks_no_acts_in_its_setting_is_not_counted() -> None:
    only_police = ["=", ["answer", "setting"], "police"]
    desk = SmallDesk(
        form(
            question("setting", "select_one", [choice("police"), choice("health")]),
            question("acts", "select_multiple", [choice("shout")], relevant=only_police),
        )
    )
    desk.add(3, ["shout"], setting="police")
    desk.add(7, setting="health")
    desk.add(7, setting="health", count="no")
    desk.add_form(form(question("health_acts", "select_multiple", [choice("refused")]), name="health"))
    desk.add(5, ["health_acts.refused"])
    table = _table(desk)
    assert table.counts[BASE, "health"] == 5
    assert table.excluded["health"] == 0


def test_acts_that_no_form_asks_together_add_up_to_all_reports_at_most() -> None:
    desk = SmallDesk(form(question("acts", "select_multiple", [choice("shout")]), name="clinic"))
    newer = form(question("more_acts", "select_multiple", [choice("push")]), name="clinic", version="2")
    desk.add_form(newer)
    shown = {(BASE, "clinic"): 100, ("acts.shout", "clinic"): 95}
    act = ("more_acts.push", "clinic")
    publication = Publication(shown, (act,), _known(desk, "clinic"), 100)
    assert intervals(publication) == {act: Interval(0, 5)}


def test_an_act_that_excludes_others_bounds_them_together() -> None:
    acts = [choice("none", exclusive=True), choice("shout")]
    desk = SmallDesk(form(question("acts", "select_multiple", acts), name="clinic"))
    both = ("acts.none", "clinic"), ("acts.shout", "clinic")
    assert Relation(both, (BASE, "clinic"), exact=False) in _known(desk, "clinic")


def _period(desk: SmallDesk) -> Period:
    return read_period(desk.database, read_codebook(desk.database, "en"), 10)


def test_the_month_of_a_single_report_is_not_an_end_of_the_period() -> None:
    desk = SmallDesk(settings_form("police"))
    desk.add(1, setting="police", when="2019-02", week="2026-W01")
    desk.add(10, setting="police", when="2026-03", week="2026-W20")
    desk.add(30, setting="police", when="2026", week="2026-W21")
    desk.add(10, setting="police", when="2026-06", week="2026-W30")
    desk.add(1, setting="police", when="2026-11", week="2026-W40")
    desk.add(30, setting="police", when="not_sure", week="2026-W25")
    desk.add(30, setting="police", when="2031-01", week="2031-W01", count="no")
    assert _period(desk) == Period(Span("2026-03", "2026-06"), Span("2026-W20", "2026-W30"))


def test_years_are_the_ends_where_many_reports_lie_beyond_the_months() -> None:
    desk = SmallDesk(settings_form("police"))
    for month in ("2024-01", "2024-02"):
        desk.add(9, setting="police", when=month)
    desk.add(10, setting="police", when="2026-02")
    assert _period(desk).events == Span("2024", "2026")


def test_few_dates_scattered_over_a_year_give_the_year_alone() -> None:
    desk = SmallDesk(settings_form("police"))
    for month in range(1, 13):
        desk.add(1, setting="police", when=f"2025-{month:02}")
    assert _period(desk).events == Span("2025", "2025")


def test_years_alone_that_lie_beyond_the_months_are_not_hidden_by_them() -> None:
    desk = SmallDesk(settings_form("police"))
    desk.add(500, setting="police", when="2019")
    desk.add(20, setting="police", when="2026-05")
    assert _period(desk).events == Span("2019", "2026")


def test_many_reports_of_small_years_beyond_the_only_large_one_give_no_period() -> None:
    desk = SmallDesk(settings_form("police"))
    for year in range(2010, 2020):
        desk.add(9, setting="police", when=f"{year}-03")
    desk.add(10, setting="police", when="2020-03")
    assert _period(desk).events is None


def test_too_few_dates_give_no_period() -> None:
    desk = SmallDesk(settings_form("police"))
    desk.add(9, setting="police", when="2025-01")
    desk.add(30, setting="police", when="not_sure")
    assert _period(desk).events is None


def _short_and_long() -> Form:
    """The short form asks where it was; only the whole one asks what was done."""
    return form(
        question("setting", "select_one", [choice("police")], short=True),
        question("acts", "select_multiple", [choice("shout"), choice("push")]),
    )


def test_a_report_that_was_not_asked_about_acts_is_not_in_their_base() -> None:
    desk = SmallDesk(_short_and_long())
    desk.add(12, ["shout"], setting="police")
    desk.add(8, [], setting="police")
    desk.add(100, [], setting="police", asked=["setting", "count"])
    counts = _table(desk).counts
    assert counts[BASE, "police"] == 20, "who ticked nothing was asked, and who never saw the list was not"
    assert counts["acts.shout", "police"] == 12


def test_acts_of_which_the_short_form_asks_a_part_are_refused() -> None:
    desk = SmallDesk(
        form(
            question("acts", "select_multiple", [choice("shout")], short=True),
            question("more_acts", "select_multiple", [choice("push")]),
        )
    )
    with pytest.raises(Unauditable, match='asks only one of "acts" and "more_acts"'):
        read_codebook(desk.database, "en")
