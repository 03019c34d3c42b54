import pytest

from analysis.findings.codebook import read_codebook
from analysis.findings.disclosure import FLOOR, SafeCell, SafeTable, Status, protect
from analysis.findings.errors import BadThreshold, Recoverable, TooFewReports
from analysis.findings.table import BASE, TOTAL, count_acts
from tests.findings.small_desk import SmallDesk, choice, form, question, settings_form


def _protect(desk: SmallDesk, k: int = 10) -> SafeTable:
    return protect(count_acts(desk.database, read_codebook(desk.database, "en")), k)


def _two_settings_with_own_acts() -> SmallDesk:
    return SmallDesk(
        form(
            question("setting", "select_one", [choice("police"), choice("health")]),
            question(
                "acts",
                "select_multiple",
                [choice("shout"), choice("push")],
                relevant=["=", ["answer", "setting"], "police"],
            ),
            question(
                "health_acts",
                "select_multiple",
                [choice("refused"), choice("waited")],
                relevant=["=", ["answer", "setting"], "health"],
            ),
        )
    )


def test_a_zero_and_a_small_cell_are_withheld_alike() -> None:
    desk = SmallDesk(settings_form("police", acts=("shout", "push", "never")))
    desk.add(30, ["shout"], setting="police")
    desk.add(9, ["push"], setting="police")
    table = _protect(desk)
    assert table.cell("acts.shout", "police") == SafeCell(Status.SHOWN, 30, 39, 77)
    assert table.cell("acts.push", "police") == SafeCell(Status.WITHHELD)
    assert table.cell("acts.push", "police") == table.cell("acts.never", "police")


def test_a_cell_of_just_the_threshold_is_shown() -> None:
    desk = SmallDesk(settings_form("police"))
    desk.add(10, ["shout"], setting="police")
    assert _protect(desk).cell("acts.shout", "police").reports == 10


def test_acts_of_each_setting_alone_make_a_safe_table_with_totals() -> None:
    desk = _two_settings_with_own_acts()
    desk.add(20, ["shout"], setting="police")
    desk.add(3, ["push"], setting="police")
    desk.add(15, ["health_acts.refused"], setting="health")
    table = _protect(desk)
    assert table.cell("health_acts.refused", TOTAL).reports == 15
    assert table.cell("acts.push", TOTAL).status is Status.WITHHELD
    assert table.cell(BASE, TOTAL).reports == 38


def test_a_cell_that_nobody_is_asked_about_is_not_withheld() -> None:
    desk = _two_settings_with_own_acts()
    desk.add(20, ["shout"], setting="police")
    desk.add(15, ["health_acts.refused"], setting="health")
    assert _protect(desk).cell("health_acts.refused", "police") == SafeCell(Status.NOT_ASKED)


def test_a_cell_that_subtraction_would_reveal_is_refused() -> None:
    desk = SmallDesk(settings_form("police", "health"))
    desk.add(40, ["shout", "push"], setting="police")
    desk.add(3, ["shout"], setting="health")
    desk.add(30, ["push"], setting="health")
    with pytest.raises(Recoverable, match="refusing to publish") as refusal:
        _protect(desk)
    assert "1 withheld cell could" in refusal.value.message
    assert "Label of shout (Label of health)" in refusal.value.message
    assert refusal.value.hint


def test_two_withheld_cells_with_a_small_sum_are_refused() -> None:
    # 41 - 40 = 1 is left for both: nobody can be sure which, and everybody that each is small.
    desk = SmallDesk(settings_form("police", "health", "housing"))
    desk.add(40, ["shout"], setting="police")
    desk.add(1, ["shout"], setting="health")
    desk.add(30, setting="health")
    desk.add(30, setting="housing")
    with pytest.raises(Recoverable, match=r"shout \(Label of health\), .*shout \(Label of housing\)"):
        _protect(desk)


def test_two_withheld_cells_that_must_both_be_nine_are_refused() -> None:
    # 18 is left for two cells, and whoever has read this program knows that each is under 10.
    desk = SmallDesk(settings_form("police", "health", "housing", acts=("shout",)))
    desk.add(40, ["shout"], setting="police")
    for setting in ("health", "housing"):
        desk.add(9, ["shout"], setting=setting)
        desk.add(30, setting=setting)
    with pytest.raises(Recoverable, match="2 withheld cells could"):
        _protect(desk)


def test_three_withheld_cells_with_room_between_them_are_published() -> None:
    desk = SmallDesk(settings_form("police", "health", "housing", "work", acts=("shout",)))
    desk.add(40, ["shout"], setting="police")
    for setting, reports in (("health", 8), ("housing", 2), ("work", 4)):
        desk.add(reports, ["shout"], setting=setting)
        desk.add(30, setting=setting)
    table = _protect(desk)
    assert table.cell("acts.shout", TOTAL).reports == 54
    assert table.cell("acts.shout", "health") == table.cell("acts.shout", "housing")


def test_the_only_small_setting_is_refused_because_n_gives_it_away() -> None:
    desk = SmallDesk(settings_form("police", "health"))
    desk.add(40, ["shout", "push"], setting="police")
    desk.add(7, setting="health")
    with pytest.raises(Recoverable, match=r"n \(Label of health\)"):
        _protect(desk)


def test_a_setting_with_a_small_n_is_withheld_whole() -> None:
    desk = SmallDesk(settings_form("police", "health", "housing", "work", acts=("shout",)))
    desk.add(40, ["shout"], setting="police")
    for setting in ("health", "housing", "work"):
        desk.add(5, ["shout"], setting=setting)
    table = _protect(desk)
    withheld = SafeCell(Status.WITHHELD)
    assert [table.cell(row, "health") for row in (BASE, "acts.shout")] == [withheld, withheld]


def test_an_act_next_to_one_that_nearly_all_denied_is_refused() -> None:
    acts = [choice("none", exclusive=True), choice("shout")]
    desk = SmallDesk(form(question("acts", "select_multiple", acts), name="clinic"))
    desk.add(95, ["none"])
    desk.add(5, ["shout"])
    with pytest.raises(Recoverable, match="Label of shout"):
        _protect(desk)


def test_an_act_next_to_two_answers_that_exclude_it_is_refused() -> None:
    # 60 + 36 of 100 reports say that they named no act, so 4 at most named this one.
    acts = [choice("none", exclusive=True), choice("not_said", exclusive=True), choice("shout")]
    desk = SmallDesk(form(question("acts", "select_multiple", acts), name="clinic"))
    desk.add(60, ["none"])
    desk.add(36, ["not_said"])
    desk.add(4, ["shout"])
    with pytest.raises(Recoverable, match="Label of shout"):
        _protect(desk)


def test_an_answer_next_to_the_ones_that_exclude_it_is_refused() -> None:
    acts = [choice("none", exclusive=True), choice("not_said", exclusive=True)]
    desk = SmallDesk(form(question("acts", "select_multiple", acts), name="clinic"))
    desk.add(95, ["none"])
    desk.add(5, ["not_said"])
    with pytest.raises(Recoverable, match="Label of not_said"):
        _protect(desk)


def test_the_base_of_a_total_is_the_settings_that_were_asked() -> None:
    desk = _two_settings_with_own_acts()
    desk.add(30, ["shout"], setting="police")
    desk.add(20, ["health_acts.refused"], setting="health")
    desk.add(20, setting="health")
    table = _protect(desk)
    assert table.cell("health_acts.refused", TOTAL) == SafeCell(Status.SHOWN, 20, 40, 50)
    assert table.cell(BASE, TOTAL) == SafeCell(Status.SHOWN, 70, 70, 100)


def test_an_act_that_only_some_forms_ask_has_no_base_and_no_percentage() -> None:
    desk = SmallDesk(settings_form("police", acts=("shout",)))
    desk.add(500, ["shout"], setting="police")
    settings = question("setting", "select_one", [choice("police")])
    acts = question("acts", "select_multiple", [choice("shout"), choice("grab")])
    desk.add_form(form(settings, acts, version="2"))
    desk.add(20, ["grab"], setting="police")
    table = _protect(desk)
    assert table.cell("acts.grab", "police") == SafeCell(Status.SHOWN, 20, None, None)
    assert table.cell("acts.shout", "police") == SafeCell(Status.SHOWN, 500, 520, 96)


def test_percentages_need_a_base_of_twenty() -> None:
    desk = _two_settings_with_own_acts()
    desk.add(20, ["shout"], setting="police")
    desk.add(19, ["health_acts.refused"], setting="health")
    table = _protect(desk)
    assert table.cell("acts.shout", "police").percent == 100
    assert table.cell("health_acts.refused", "health") == SafeCell(Status.SHOWN, 19, 19, None)


@pytest.mark.parametrize("k", [FLOOR - 1, 1, 0, -10])
def test_a_threshold_under_the_floor_is_refused(k: int) -> None:
    desk = SmallDesk(settings_form("police"))
    desk.add(40, ["shout"], setting="police")
    with pytest.raises(BadThreshold, match="no cell under 5 reports is ever published"):
        _protect(desk, k)


def test_fewer_reports_than_the_threshold_are_refused() -> None:
    desk = SmallDesk(settings_form("police"))
    desk.add(9, ["shout"], setting="police")
    desk.add(5, ["shout"], setting="police", count="no")
    with pytest.raises(TooFewReports, match="fewer than 10 reports may be counted"):
        _protect(desk)


@pytest.mark.parametrize(("excluded", "published"), [(9, None), (0, None), (10, 10)])
def test_the_number_of_excluded_reports_is_withheld_when_small(excluded: int, published: int | None) -> None:
    desk = SmallDesk(settings_form("police"))
    desk.add(40, ["shout"], setting="police")
    desk.add(excluded, setting="police", count="no")
    assert _protect(desk).excluded == published
