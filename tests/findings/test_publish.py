import json
import os
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from analysis.desk import Desk
from analysis.desk_errors import Unwritable
from analysis.findings import batches, past
from analysis.findings.calendar import Months
from analysis.findings.control.attack import attack
from analysis.findings.control.errors import PastDiscloses
from analysis.findings.errors import (
    BadReleaseFile,
    Changed,
    NothingToPublish,
    Overlaps,
    RefusedRelease,
    TooFewReports,
    Unauditable,
    UnknownTable,
)
from analysis.findings.plan import make_plan
from analysis.findings.publish import Written, rehearse
from analysis.findings.questions import read_questions
from analysis.findings.released import Cell, Status
from analysis.findings.selection import Selection, choose
from analysis.review import exclusions
from analysis.review.people import Reviewer
from intake.forms.form import Form, shipped
from tests.findings.releasing import FIRST, Publisher
from tests.findings.small_desk import choice, form, question, settings_form

ROOT = Path(__file__).resolve().parents[2]
WITHHELD = Cell(Status.WITHHELD)
ANA = Reviewer.named("Ana")


def _police(*acts: str) -> Form:
    return settings_form("police", acts=acts or ("shout", "push", "never"))


@pytest.fixture
def police(tmp_path: Path) -> Iterator[Publisher]:
    made = Publisher(tmp_path, _police())
    yield made
    made.desk.close()


def recovered(made: Written) -> int:
    """How many sensitive cells, differences too, a stranger learns more of than may be."""
    edition = made.edition
    sensitive = sorted(edition.sensitive - edition.known.keys())
    known = {cell: number for cell, number in edition.known.items() if cell in edition.system.index}
    found = attack(edition.system, known, sensitive)
    need = {cell: max(edition.file.k, edition.counts[cell].reports + 1) for cell in sensitive}
    return sum(
        one.integer.low > 0 or (one.integer.high is not None and one.integer.high < need[cell])
        for cell, one in found.items()
    )


def _read(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def _forty(desk: Publisher, push: int = 4) -> None:
    desk.reports.add(31, ["shout"], setting="police")
    desk.reports.add(push, ["push"], setting="police")
    desk.reports.add(9 - push, setting="police")


def test_a_release_is_whole_and_its_checksums_are_right(police: Publisher) -> None:
    _forty(police)
    made = police.publish()
    files = _read(made.path)
    sums, signature = files.pop("SHA256SUMS"), files.pop("SHA256SUMS.minisig")
    assert b"trusted comment:" in signature
    assert made.digest == sha256(sums).hexdigest()
    assert sums.decode() == "".join(f"{sha256(data).hexdigest()}  {name}\n" for name, data in files.items())
    assert {"audit.json", "codebook.json", "ledger.jsonl", "tables/F02.csv"} <= files.keys()


def test_a_zero_and_a_small_cell_are_withheld_alike(police: Publisher) -> None:
    _forty(police)
    police.publish()
    assert police.cell("F02", "acts.shout", "police") == Cell(Status.SHOWN, 31, 40, 78)
    assert police.cell("F02", "acts.push", "police") == WITHHELD
    assert police.cell("F02", "acts.never", "police") == WITHHELD


def test_no_byte_of_a_release_depends_on_a_small_number(tmp_path: Path) -> None:
    releases = []
    for push in (0, 4, 9):
        (tmp_path / str(push)).mkdir()
        desk = Publisher(tmp_path / str(push), _police())
        _forty(desk, push)
        releases.append(_read(desk.publish().path))
        desk.desk.close()
    assert releases[0] == releases[1] == releases[2]


def test_an_act_that_a_setting_does_not_ask_about_is_marked_so(tmp_path: Path) -> None:
    only_health = ["=", ["answer", "setting"], "health"]
    desk = Publisher(
        tmp_path,
        form(
            question("setting", "select_one", [choice("police"), choice("health")], required=True),
            question("acts", "select_multiple", [choice("shout")], relevant=["not", only_health]),
            question("health_acts", "select_multiple", [choice("refused")], relevant=only_health),
        ),
    )
    desk.reports.add(30, ["shout"], setting="police")
    desk.reports.add(20, ["health_acts.refused"], setting="health")
    desk.publish()
    assert desk.cell("F02", "acts.shout", "health") == Cell(Status.NOT_ASKED)
    assert desk.cell("F02", "health_acts.refused", "health") == Cell(Status.SHOWN, 20, 20, 100)
    desk.desk.close()


def test_percentages_are_of_those_who_were_asked(tmp_path: Path) -> None:
    desk = Publisher(
        tmp_path,
        form(
            question("setting", "select_one", [choice("police")], required=True, short=True),
            question("acts", "select_multiple", [choice("shout")]),
        ),
    )
    desk.reports.add(12, ["shout"], setting="police")
    desk.reports.add(28, setting="police")
    desk.reports.add(100, setting="police", asked=["setting"])
    desk.publish()
    assert desk.cell("F02", "acts.shout", "police") == Cell(Status.SHOWN, 12, 40, 30)
    assert desk.last
    assert desk.last.n.reports == 140
    desk.desk.close()


def test_percentages_need_a_base_of_twenty(police: Publisher) -> None:
    police.reports.add(19, ["shout"], setting="police")
    police.publish(k=5)
    assert police.cell("F02", "acts.shout", "police") == Cell(Status.SHOWN, 19, 19, None)


def test_a_report_that_may_not_be_counted_is_in_no_number_but_the_flow(police: Publisher) -> None:
    _forty(police)
    police.reports.add(12, ["shout"], setting="police", count="no")
    police.publish()
    assert police.last
    assert (police.last.n.reports, police.last.excluded.reports) == (40, 12)
    assert police.last.flow.received.reports == 52
    assert police.cell("F02", "acts.shout", "police").reports == 31


def test_a_small_answer_of_one_takes_another_with_it(tmp_path: Path) -> None:
    kinds = question("place_type", "select_one", [choice("street"), choice("home"), choice("jail")])
    desk = Publisher(tmp_path, form(kinds))
    desk.reports.add(40, place_type="street")
    desk.reports.add(30, place_type="home")
    desk.reports.add(3, place_type="jail")
    desk.publish()
    withheld = [code for code, cell in desk.table("F05").cells.items() if cell == WITHHELD]
    assert ("jail",) in withheld
    assert len(withheld) == 3, "none was left blank, and one of the large ones protects the small one"
    desk.desk.close()


def test_an_act_next_to_one_that_nearly_all_denied_is_not_given_away(tmp_path: Path) -> None:
    acts = [choice("none", exclusive=True), choice("shout")]
    desk = Publisher(tmp_path, form(question("acts", "select_multiple", acts), name="clinic"))
    desk.reports.add(95, ["none"])
    desk.reports.add(5, ["shout"])
    made = desk.publish()
    assert desk.cell("F02", "acts.none", "clinic") == WITHHELD
    assert recovered(made) == 0
    desk.desk.close()


def test_the_second_release_withholds_what_the_difference_would_tell(police: Publisher) -> None:
    _forty(police)
    police.publish(period=("2026-01", "2026-06"))
    assert police.cell("F02", "acts.shout", "police").reports == 31
    police.reports.add(3, ["shout"], setting="police", when="2026-08")
    police.reports.add(20, ["push"], setting="police", when="2026-08")
    police.reports.add(17, setting="police", when="2026-08")
    made = police.publish("again", release="2026-2", period=("2026-01", "2026-12"), date="2027-01-15")
    assert police.last
    assert police.last.n.reports == 80
    assert police.cell("F02", "acts.shout", "police") == WITHHELD, "34 - 31 would tell of three"
    assert police.cell("F02", "acts.push", "police").reports == 24
    assert recovered(made) == 0


def test_a_batch_keeps_its_numbers_whatever_is_decided_later(police: Publisher) -> None:
    _forty(police)
    police.publish()
    exclusions.exclude(police.desk, [1, 2, 3], "junk", ANA)
    police.reports.add(40, ["shout"], setting="police", when="2026-08")
    police.publish("again", release="2026-2", period=("2026-01", "2026-12"), date="2027-01-15")
    assert police.cell("F02", "acts.shout", "police").reports == 71


def test_what_was_left_out_and_taken_back_is_counted_in_the_next_batch(police: Publisher) -> None:
    _forty(police)
    decision = exclusions.exclude(police.desk, range(1, 11), "junk", ANA)
    assert decision
    police.publish()
    assert police.last
    assert police.last.n.reports == 30
    exclusions.restore(police.desk, range(1, 11), ANA)
    police.reports.add(30, ["push"], setting="police", when="2026-08")
    police.publish("again", release="2026-2", period=("2026-01", "2026-12"), date="2027-01-15")
    assert police.last.n.reports == 70


def test_reports_of_other_times_are_in_no_number_of_a_period(police: Publisher) -> None:
    _forty(police)
    police.reports.add(50, ["shout"], setting="police", when="2027")
    police.reports.add(50, ["shout"], setting="police", when="2025-12")
    police.publish()
    assert police.last
    assert police.last.n.reports == police.last.flow.received.reports == 40


def test_the_same_file_makes_the_same_release_again(police: Publisher) -> None:
    _forty(police)
    first = police.publish()
    police.reports.add(40, ["push"], setting="police")
    second = police.publish("again")
    assert _read(first.path) == _read(second.path)


def test_a_release_is_never_published_otherwise_under_its_name(police: Publisher) -> None:
    _forty(police)
    police.publish()
    with pytest.raises(Changed, match='"2026-1" was published otherwise') as refusal:
        police.publish("again", k=35)
    assert refusal.value.hint == "give the new release a name of its own"


def test_what_a_newer_form_asks_was_not_asked_in_an_earlier_batch(police: Publisher) -> None:
    _forty(police)
    police.publish()
    settings = question("setting", "select_one", [choice("police")], required=True)
    acts = [choice(code) for code in ("shout", "push", "never", "grab")]
    more = question("place_type", "select_one", [choice("street"), choice("home")])
    police.reports.add_form(form(settings, question("acts", "select_multiple", acts), more, version="2"))
    police.reports.add(25, ["grab", "shout"], setting="police", when="2026-08", place_type="street")
    police.reports.add(25, setting="police", when="2026-08", place_type="home")
    police.publish("again", release="2026-2", period=("2026-01", "2026-12"), date="2027-01-15")
    assert police.cell("F02", "acts.grab", "police").reports == 25
    assert police.cell("F02", "acts.shout", "police").reports == 56
    assert police.cell("F05", "street") == Cell(Status.SHOWN, 25, 50, 50)


def test_a_category_that_moves_to_another_group_is_refused(tmp_path: Path) -> None:
    def city(group: str, version: str) -> Form:
        codes = [
            choice("north", rollup="inner"),
            choice("south", rollup=group),
            choice("far", rollup="outer"),
        ]
        return form(question("area", "select_one", codes), version=version)

    desk = Publisher(tmp_path, city("inner", "1"))
    desk.reports.add(40, area="south")
    desk.publish()
    desk.reports.add_form(city("outer", "2"))
    desk.reports.add(40, area="south", when="2026-08")
    with pytest.raises((Unauditable, Changed), match=r"another group|lies elsewhere"):
        desk.publish("again", release="2026-2", period=("2026-01", "2026-12"), date="2027-01-15")
    desk.desk.close()


@pytest.mark.parametrize("last", ["2026-03", "2026-04"])
def test_a_period_that_cuts_through_an_earlier_one_is_refused(police: Publisher, last: str) -> None:
    _forty(police)
    police.publish()
    police.reports.add(40, setting="police", when="2025-11")
    with pytest.raises(Overlaps, match='cuts through that of "2026-1"') as refusal:
        police.publish("again", release="2026-2", period=("2025-07", last))
    assert refusal.value.hint == "choose a period that holds all of 2026-01 to 2026-06, or none of it"


def test_a_release_about_later_months_counts_nothing_of_an_earlier_one(police: Publisher) -> None:
    police.reports.add(40, ["shout"], setting="police")
    police.publish()
    police.reports.add(40, ["push"], setting="police", when="2026-08")
    made = police.publish("again", release="2026-2", period=("2026-07", "2026-12"), date="2027-01-15")
    assert [one.batch.id for one in made.edition.own] == ["2026-2"]
    assert police.cell("F02", "acts.push", "police").reports == 40


def test_a_batch_of_less_than_three_times_the_threshold_is_refused(police: Publisher) -> None:
    police.reports.add(29, ["shout"], setting="police")
    with pytest.raises(TooFewReports, match="fewer than 30 reports are new"):
        police.publish()
    assert past.read_lines(police.desk.database.conn) == ()
    assert not (police.folder / "out").exists()


def test_a_flood_by_one_channel_in_one_week_is_refused(police: Publisher) -> None:
    _forty(police)
    with pytest.raises(TooFewReports, match="more than half of all reports came by one channel") as refusal:
        police.publish(one_arrival=False)
    assert "one_arrival = true" in str(refusal.value.hint)


def test_exactly_half_by_one_channel_in_one_week_is_not_more_than_half(police: Publisher) -> None:
    police.reports.add(20, ["shout"], setting="police", week="2026-W20")
    police.reports.add(20, ["shout"], setting="police", week="2026-W21")
    police.publish(one_arrival=False)
    assert police.cell("F02", "acts.shout", "police").reports == 40


def test_a_number_that_one_week_of_one_channel_made_is_withheld(police: Publisher) -> None:
    for week in range(1, 11):
        police.reports.add(8, ["shout"], setting="police", week=f"2026-W{week:02d}")
    police.reports.add(30, ["push"], setting="police", week="2026-W20")
    police.publish(one_arrival=False)
    assert police.cell("F02", "acts.shout", "police").reports == 80
    assert police.cell("F02", "acts.push", "police") == WITHHELD


@pytest.fixture
def stands(tmp_path: Path) -> Iterator[Publisher]:
    """A desk whose form asks where a report was filled in; half of the reports came by no such place."""
    acts = [choice(code) for code in ("shout", "push", "grab")]
    sites = question("entry_site", "select_one", [choice("market"), choice("clinic")])
    made = Publisher(tmp_path, form(question("acts", "select_multiple", acts), sites))
    for week in range(1, 11):
        came = {"week": f"2026-W{week:02d}"}
        made.reports.add(4, ["shout"], entry_site="market", **came)
        made.reports.add(4, ["push"], entry_site="clinic", **came)
        made.reports.add(2, ["push"], entry_site="market", **came)
        made.reports.add(4, ["shout", "push", "grab"], **came)
        made.reports.add(2, ["grab"], entry_site="market", **came)
        made.reports.add(1, ["grab"], entry_site="clinic", **came)
    yield made
    made.desk.close()


def test_a_number_that_one_entry_site_made_is_withheld(stands: Publisher) -> None:
    made = stands.publish(one_arrival=False, without=("F07",))
    assert stands.cell("F02", "acts.grab", "small").reports == 70
    assert stands.cell("F02", "acts.shout", "small") == Cell(Status.SHOWN, 80, 170, 47), "half is not more"
    stands.reports.add(1, ["shout"], entry_site="market", week="2026-W11", when="2026-08")
    stands.reports.add(40, ["push"], week="2026-W11", when="2026-08")
    stands.reports.add(40, ["push"], week="2026-W12", when="2026-08")
    later = {"release": "2026-2", "period": ("2026-01", "2026-12"), "date": "2027-01-15"}
    # Who asks for more than the release before did may ask too late: its sums tell of combinations already.
    with pytest.raises(PastDiscloses, match=r"acts\.whole=\.only1"):
        stands.publish("2", **later)
    stands.publish("2", **later, without=("F07",))
    assert stands.cell("F02", "acts.shout", "small") == WITHHELD, "41 of 81 came by one site"
    assert recovered(made) == 0


def test_the_method_says_whether_entry_sites_are_known(stands: Publisher) -> None:
    stands.publish()
    assert stands.last
    assert stands.last.method.sites == "withheld"
    stands.publish("shown", release="shown", one_site=True)
    assert stands.last.method.sites == "shown"


def test_the_method_says_that_nobody_asks_for_entry_sites(police: Publisher) -> None:
    _forty(police)
    police.publish()
    assert police.last
    assert police.last.method.sites == "unknown"


def test_a_batch_of_one_entry_site_is_refused_until_the_file_says_so(tmp_path: Path) -> None:
    sites = question("entry_site", "select_one", [choice("market"), choice("clinic")])
    desk = Publisher(tmp_path, form(question("acts", "select_multiple", [choice("shout")]), sites))
    desk.reports.add(31, ["shout"], entry_site="market")
    desk.reports.add(9)
    with pytest.raises(TooFewReports, match="more than half of all reports came by one entry") as refusal:
        desk.publish()
    assert "one_site = true" in str(refusal.value.hint)
    desk.publish(one_site=True)
    assert desk.cell("F02", "acts.shout", "small").reports == 31
    desk.desk.close()


def test_a_place_with_too_few_people_is_withheld_however_large(tmp_path: Path) -> None:
    codes = [choice(code) for code in ("main", "tiny", "other")]
    desk = Publisher(tmp_path, form(question("facility", "select_one", codes, role="act")))
    desk.reports.add(60, facility="main")
    desk.reports.add(40, facility="tiny")
    desk.reports.add(30, facility="other")
    desk.publish(small_places={"facility": ["tiny"]}, tables=["F06"])
    assert desk.cell("F06-facility", "tiny", "total") == WITHHELD
    desk.desk.close()


def test_a_landlord_of_a_small_building_is_not_named(tmp_path: Path) -> None:
    desk = Publisher(
        tmp_path,
        form(
            question("landlord", "select_one", [choice("big"), choice("other")], role="act"),
            question("size", "select_one", [choice("1_2"), choice("3_9"), choice("50up")]),
        ),
    )
    desk.reports.add(40, landlord="big", size="50up")
    desk.reports.add(25, landlord="big", size="3_9")
    desk.reports.add(30, landlord="other", size="50up")
    desk.publish(tables=["F06"])
    assert desk.cell("F06-landlord", "big", "total").reports == 40
    assert desk.cell("F06-landlord", ".blank", "total").reports == 25
    desk.desk.close()


def test_a_table_that_there_is_not_is_refused_by_its_name(police: Publisher) -> None:
    _forty(police)
    with pytest.raises(UnknownTable, match='there is no table "F99"'):
        police.publish(tables=["F02", "F99"])


def test_a_finding_that_no_form_asks_is_left_out_and_named(police: Publisher) -> None:
    _forty(police)
    police.publish(tables=["F02", "F15"])
    assert police.last
    assert [table.id[:3] for table in police.last.tables][-1] == "F02"
    assert "F15" in police.last.method.left_out


def test_a_question_that_cannot_be_audited_is_refused_with_a_way_out(tmp_path: Path) -> None:
    role = question("role", "select_one", [choice("me"), choice("saw")])
    many = {"relevant": [">", ["count-selected", "acts"], 1]}
    desk = Publisher(
        tmp_path,
        form(
            role,
            question("acts", "select_multiple", [choice("shout"), choice("push")]),
            question("harm", "select_multiple", [choice("hurt")], **many),
        ),
    )
    desk.reports.add(40, ["shout"])
    with pytest.raises(Unauditable, match=r'a table of "harm": .* a condition that the audit') as refusal:
        desk.publish()
    assert "without" in str(refusal.value.hint)
    desk.desk.close()


def _by_gender(folder: Path) -> Publisher:
    """A desk whose acts by gender have 14 cells, no answer and totals among them."""
    return Publisher(
        folder,
        form(
            question("acts", "select_multiple", [choice("shout"), choice("push")]),
            question("gender", "select_one", [choice(code) for code in ("f", "m", "n", "o", "p")]),
        ),
    )


@pytest.mark.parametrize(
    ("reports", "sparse"), [pytest.param(279, ("F14-gender",), id="few"), pytest.param(280, (), id="enough")]
)
def test_whether_a_table_is_left_out_depends_on_no_withheld_number(
    reports: int, sparse: tuple[str, ...], tmp_path: Path
) -> None:
    for name, others in (("one", 0), ("several", 12)):
        (tmp_path / name).mkdir()
        desk = _by_gender(tmp_path / name)
        desk.reports.add(reports - others, ["shout"], gender="f")
        for code in ("m", "n", "o") * (others // 3):
            desk.reports.add(1, ["push"], gender=code)
        selection = desk.publish().edition.selection
        assert tuple(table for table in selection.sparse if table.startswith("F14")) == sparse
        desk.desk.close()


def test_a_finding_that_the_file_names_stays_though_reports_are_few(tmp_path: Path) -> None:
    desk = _by_gender(tmp_path)
    desk.reports.add(31, ["shout"], gender="f")
    assert desk.publish("all", release="all").edition.selection.left_out[-1:] == ("F14-gender",)
    desk.reports.add(32, ["shout"], gender="f", when="2026-04")
    assert "F14-gender" in desk.publish("named", tables=["F14"]).edition.selection.tables


@pytest.fixture
def crossed(tmp_path: Path) -> Iterator[Publisher]:
    """A desk at which both pairs of acts, and acts by gender, have large numbers alone."""
    acts = [choice("shout", rollup="speech"), choice("push", rollup="force")]
    asked = question("acts", "select_multiple", acts)
    gender = question("gender", "select_one", [choice("f"), choice("m")])
    made = Publisher(tmp_path, form(asked, gender))
    for one in ("f", "m"):
        made.reports.add(40, ["shout", "push"], gender=one)
        made.reports.add(40, ["shout"], gender=one)
        made.reports.add(40, ["push"], gender=one)
        made.reports.add(40, gender=one)
    yield made
    made.desk.close()


def test_pairs_of_acts_are_published_beside_the_same_acts_by_gender(crossed: Publisher) -> None:
    made = crossed.publish(tables=["F07", "F14"])
    assert {"F07-acts", "F07-acts-whole", "F14-gender"} <= {*made.edition.selection.tables}
    assert made.edition.selection.apart == ()
    assert recovered(made) == 0


def test_pairs_beside_other_tables_wait_for_more_reports_unless_named(crossed: Publisher) -> None:
    selection = crossed.publish().edition.selection
    assert "F14-gender" in selection.tables
    assert {"F07-acts", "F07-acts-whole"} <= {*selection.sparse}


def _choose(folder: Path, *earlier: str, **settings: Any) -> Selection:
    """The tables of a form whose combinations of acts by gender are too many, with a million reports."""
    acts = [choice(f"a{number}", rollup=f"kind{number}") for number in range(7)]
    gender = [choice(f"g{number}") for number in range(60)]
    desk = Publisher(
        folder,
        form(question("acts", "select_multiple", acts), question("gender", "select_one", gender)),
    )
    months = Months(FIRST, FIRST)
    plan = make_plan(read_questions(desk.desk.database), months, months)
    file = desk.file(**settings)
    desk.desk.close()
    return choose(plan, file, 1_000_000, earlier)


def test_pairs_are_left_out_where_combinations_by_gender_are_too_many(tmp_path: Path) -> None:
    selection = _choose(tmp_path)
    assert "F14-gender" in selection.tables
    assert selection.apart == ("F07-acts", "F07-acts-whole")
    assert set(selection.apart) <= set(selection.left_out)


def test_pairs_and_too_many_answers_by_gender_are_refused_where_both_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadReleaseFile, match="and a table that crosses the same acts") as refusal:
        _choose(tmp_path, tables=["F07", "F14"])
    assert refusal.value.hint == 'leave one of them out, such as without = ["F07"]'


def test_too_many_answers_by_gender_stay_out_once_pairs_were_published(tmp_path: Path) -> None:
    selection = _choose(tmp_path, "F07-acts")
    assert "F07-acts" in selection.tables
    assert "F14-gender" in selection.apart


def test_a_desk_without_a_questionnaire_publishes_nothing(tmp_path: Path) -> None:
    desk = Publisher(tmp_path, _police())
    desk.desk.database.conn.execute('DELETE FROM "asked"')
    desk.desk.database.conn.execute('DELETE FROM "askings"')
    desk.desk.database.conn.execute('DELETE FROM "forms"')
    with pytest.raises(NothingToPublish, match="no questionnaire"):
        desk.publish()
    desk.desk.close()


def test_a_rehearsal_writes_nothing_and_says_what_it_costs(police: Publisher) -> None:
    _forty(police)
    police.desk.database.conn.commit()
    said = list(rehearse(police.desk, police.file(), police.folder / "out"))
    assert any("under 10 reports" in line for line in said)
    assert batches.read_batches(police.desk.database.conn) == ()
    assert past.read_lines(police.desk.database.conn) == ()
    assert not (police.folder / "out").exists()


def test_the_ledger_is_chained_and_holds_no_withheld_number(police: Publisher) -> None:
    _forty(police)
    police.publish()
    police.reports.add(40, ["push"], setting="police", when="2026-08")
    made = police.publish("again", release="2026-2", period=("2026-01", "2026-12"), date="2027-01-15")
    first, second = (json.loads(line) for line in (made.path / "ledger.jsonl").read_text().splitlines())
    assert second["prev"] == first["this"]
    assert first["prev"] == "0" * 64
    assert not first["printed"].keys() & set(first["withheld"])
    assert min(first["printed"].values()) >= 10


@pytest.mark.parametrize("there", ["folder", "file", "link"])
def test_what_is_there_already_is_never_overwritten(police: Publisher, there: str) -> None:
    out = police.folder / "out"
    if there == "folder":
        out.mkdir()
    elif there == "file":
        out.write_text("mine")
    else:
        out.symlink_to(police.folder / "nowhere")
    before = out.lstat()
    with pytest.raises(RefusedRelease, match="out: exists already"):
        police.publish()
    assert out.lstat() == before


def test_a_disk_that_refuses_leaves_no_part_and_the_same_command_makes_it(
    police: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    _forty(police)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(Unwritable, match="no space left on device"):
            police.publish()
    assert not (police.folder / "out").exists()
    assert police.publish().edition.new is None


def test_everybody_may_read_a_release(police: Publisher) -> None:
    _forty(police)
    out = police.publish().path
    assert {path.stat().st_mode & 0o777 for path in [out, *out.rglob("*")] if path.is_dir()} == {0o755}
    assert {path.stat().st_mode & 0o777 for path in out.rglob("*") if path.is_file()} == {0o644}


def test_the_past_that_gives_a_cell_away_stops_the_release(police: Publisher) -> None:
    _forty(police)
    police.publish(k=5)
    police.reports.add(6, ["shout"], setting="police", when="2026-08")
    police.reports.add(34, setting="police", when="2026-08")
    police.publish("second", release="2026-2", k=5, period=("2026-01", "2026-12"), date="2027-01-15")
    assert police.cell("F02", "acts.shout", "police").reports == 37
    police.reports.add(40, ["shout"], setting="police", when="2027-03")
    with pytest.raises(PastDiscloses, match=r"withheld cell acts\.shout=yes\|batch=2026-2") as refusal:
        police.publish("third", release="2027-1", period=("2026-01", "2027-06"), date="2027-07-15")
    assert ("acts.shout=yes", "batch=2026-1") in refusal.value.blocking
    assert "acts.shout=yes|batch=2026-1" in refusal.value.message
    assert len(past.read_lines(police.desk.database.conn)) == 2


def test_a_first_release_is_not_told_of_a_past_that_it_does_not_have(tmp_path: Path) -> None:
    codes = [choice(code) for code in ("tiny", "main")]
    desk = Publisher(tmp_path, form(question("facility", "select_one", codes, role="act")))
    desk.reports.add(60, facility="tiny")
    with pytest.raises(PastDiscloses, match="how the questions hang together") as refusal:
        desk.publish(small_places={"facility": ["tiny"]}, tables=["F06"])
    assert "before" not in refusal.value.message
    assert refusal.value.blocking == ()
    desk.desk.close()


_SCRIPT = """
import sys
from pathlib import Path
from tests.findings.test_publish import _forty, _police
from tests.findings.releasing import Publisher
folder = Path(sys.argv[1])
folder.mkdir()
desk = Publisher(folder, _police())
_forty(desk)
desk.publish()
"""


def test_a_release_is_the_same_in_another_place_and_time_zone(tmp_path: Path) -> None:
    places: list[dict[str, Any]] = [
        {"TZ": "UTC", "LC_ALL": "C", "PYTHONHASHSEED": "1", "cwd": str(ROOT)},
        {"TZ": "Pacific/Kiritimati", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "2", "cwd": str(tmp_path)},
    ]
    for number, place in enumerate(places):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **place}
        command = [sys.executable, "-c", _SCRIPT, str(tmp_path / f"out{number}")]
        subprocess.run(command, check=True, env=environment, cwd=place["cwd"], umask=0o77 * number)
    assert _read(tmp_path / "out0" / "out") == _read(tmp_path / "out1" / "out")


def test_the_form_that_ships_gives_all_its_findings(tmp_path: Path) -> None:
    desk = Publisher(tmp_path, shipped("report"))
    desk.reports.add(40, ["pat_down", "insult", "harm.injury"], setting="police", gender="woman", age="25_34")
    desk.reports.add(20, ["arrest", "told.no_one", "why_not.language"], setting="police", gender="man")
    made = desk.publish(languages=["en", "es"], title={"en": "What", "es": "Qué"}, campaign="2026-03")
    assert desk.last
    assert {table.finding for table in desk.last.tables} >= {
        *("F01", "F02", "F03", "F05", "F08", "F09", "F10", "F11", "F12", "F13", "F15"),
    }
    assert desk.cell("F02", "acts.any.search", "police") == Cell(Status.SHOWN, 40, 60, 67)
    assert desk.table("F02").axes[0].categories[0].label == {"en": "What they said", "es": "Lo que dijeron"}
    assert recovered(made) == 0
    desk.desk.close()


def test_an_unlocked_desk_finds_its_ledger_again(police: Publisher) -> None:
    _forty(police)
    police.publish()
    police.desk.close()
    with Desk.unlocked(police.folder / "desk", lambda: "") as desk:
        assert len(past.read_lines(desk.database.conn)) == 1
        assert [one.id for one in batches.read_batches(desk.database.conn)] == ["2026-1"]
