import pytest

from analysis.findings.codebook import read_codebook
from analysis.findings.disclosure import FLOOR, protect
from analysis.findings.errors import BadThreshold, Recoverable, TooFewReports
from analysis.findings.knowledge import BASE
from analysis.findings.safe import TOTAL, SafeCell, SafeTable, Status
from analysis.findings.table import count_acts
from tests.findings.small_desk import SmallDesk, choice, form, question, settings_form

WITHHELD = SafeCell(Status.WITHHELD)


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


def test_settings_with_acts_of_their_own_need_no_total_column() -> None:
    desk = _two_settings_with_own_acts()
    desk.add(20, ["shout"], setting="police")
    desk.add(3, ["push"], setting="police")
    desk.add(15, ["health_acts.refused"], setting="health")
    table = _protect(desk)
    assert table.columns == ("police", "health")
    assert table.cell("health_acts.refused", "health").reports == 15
    assert table.cell("acts.push", "police") == WITHHELD
    assert table.reports == 38


def test_a_cell_that_nobody_is_asked_about_is_not_withheld() -> None:
    desk = _two_settings_with_own_acts()
    desk.add(20, ["shout"], setting="police")
    desk.add(15, ["health_acts.refused"], setting="health")
    assert _protect(desk).cell("health_acts.refused", "police") == SafeCell(Status.NOT_ASKED)


@pytest.mark.parametrize("small", [0, 3, 9])
def test_a_total_that_subtraction_could_use_is_withheld(small: int) -> None:
    desk = SmallDesk(settings_form("police", "health"))
    desk.add(40, ["shout", "push"], setting="police")
    desk.add(small, ["shout"], setting="health")
    desk.add(30, ["push"], setting="health")
    desk.add(9 - small, setting="health")
    table = _protect(desk)
    assert table.columns == ("police", "health", TOTAL)
    assert table.cell("acts.shout", TOTAL) == WITHHELD
    assert table.cell("acts.push", TOTAL) == SafeCell(Status.SHOWN, 70, 79, 89)


@pytest.mark.parametrize("parts", [(1, 0), (9, 9), (8, 2), (0, 0)])
def test_a_total_is_withheld_whatever_its_withheld_parts_are(parts: tuple[int, int]) -> None:
    # Were it shown for some parts only, then its absence would tell about the others.
    desk = SmallDesk(settings_form("police", "health", "housing", acts=("shout",)))
    desk.add(40, ["shout"], setting="police")
    for setting, reports in zip(("health", "housing"), parts, strict=True):
        desk.add(reports, ["shout"], setting=setting)
        desk.add(30, setting=setting)
    table = _protect(desk)
    assert table.columns == ("police", "health", "housing")
    assert table.cell("acts.shout", TOTAL) == WITHHELD


@pytest.mark.parametrize("small", [0, 5, 9])
def test_a_small_setting_is_withheld_whole_and_is_in_no_total(small: int) -> None:
    desk = SmallDesk(settings_form("police", "health", "housing"))
    desk.add(40, ["shout"], setting="police")
    desk.add(20, ["shout"], setting="health")
    desk.add(small, ["shout"], setting="housing")
    table = _protect(desk)
    assert [one.code for one in table.withheld] == ["housing"]
    assert [table.cell(row, "housing") for row in (BASE, "acts.shout")] == [WITHHELD, WITHHELD]
    assert [table.cell(row, TOTAL).reports for row in (BASE, "acts.shout")] == [60, 60]
    assert table.reports == 60


def test_the_only_other_setting_is_withheld_without_a_total_to_subtract_from() -> None:
    desk = SmallDesk(settings_form("police", "health"))
    desk.add(40, ["shout", "push"], setting="police")
    desk.add(7, setting="health")
    desk.add(20, setting="health", count="no")
    table = _protect(desk)
    assert table.columns == ("police", "health")
    assert table.cell(BASE, "health") == WITHHELD
    assert (table.reports, table.excluded) == (40, None)


def test_an_act_of_a_setting_withheld_whole_is_withheld_and_others_are_not_asked() -> None:
    desk = _two_settings_with_own_acts()
    desk.add(20, ["shout"], setting="police")
    table = _protect(desk)
    assert table.cell("health_acts.refused", "health") == WITHHELD
    assert table.cell("acts.shout", "health") == SafeCell(Status.NOT_ASKED)
    assert table.count(Status.WITHHELD) == 4


def test_a_setting_that_gives_a_cell_away_is_withheld_whole_and_the_others_stay() -> None:
    acts = [choice("none", exclusive=True), choice("shout")]
    settings = [choice("police"), choice("health")]
    desk = SmallDesk(
        form(question("setting", "select_one", settings), question("acts", "select_multiple", acts))
    )
    desk.add(95, ["none"], setting="health")
    desk.add(5, ["shout"], setting="health")
    desk.add(40, ["shout"], setting="police")
    desk.add(20, setting="police")
    table = _protect(desk)
    assert [one.code for one in table.withheld] == ["health"]
    assert table.cell("acts.none", "health") == WITHHELD
    assert table.cell("acts.shout", "police").reports == 40


def test_an_act_next_to_one_that_nearly_all_denied_is_refused() -> None:
    acts = [choice("none", exclusive=True), choice("shout")]
    desk = SmallDesk(form(question("acts", "select_multiple", acts), name="clinic"))
    desk.add(95, ["none"])
    desk.add(5, ["shout"])
    with pytest.raises(Recoverable, match=r"1 withheld cell could .*: Label of shout") as refusal:
        _protect(desk)
    assert refusal.value.hint == "wait for more reports"


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
    only_health = ["=", ["answer", "setting"], "health"]
    desk = SmallDesk(
        form(
            question("setting", "select_one", [choice("police"), choice("health")]),
            question("acts", "select_multiple", [choice("shout")]),
            question("health_acts", "select_multiple", [choice("refused")], relevant=only_health),
        )
    )
    desk.add(30, ["shout"], setting="police")
    desk.add(20, ["shout", "health_acts.refused"], setting="health")
    desk.add(20, setting="health")
    table = _protect(desk)
    assert table.cell("health_acts.refused", TOTAL) == SafeCell(Status.SHOWN, 20, 40, 50)
    assert table.cell("acts.shout", TOTAL) == SafeCell(Status.SHOWN, 50, 70, 71)
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


def test_settings_that_all_have_fewer_reports_than_the_threshold_are_refused() -> None:
    desk = SmallDesk(settings_form("police", "health"))
    desk.add(9, ["shout"], setting="police")
    desk.add(9, ["shout"], setting="health")
    desk.add(5, ["shout"], setting="police", count="no")
    with pytest.raises(TooFewReports, match="fewer than 10 reports may be counted"):
        _protect(desk)


@pytest.mark.parametrize(("excluded", "published"), [(9, None), (0, None), (10, 10)])
def test_the_number_of_excluded_reports_is_withheld_when_small(excluded: int, published: int | None) -> None:
    desk = SmallDesk(settings_form("police"))
    desk.add(40, ["shout"], setting="police")
    desk.add(excluded, setting="police", count="no")
    assert _protect(desk).excluded == published
