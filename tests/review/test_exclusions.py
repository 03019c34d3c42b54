import numpy as np
import pytest

from analysis.desk import Desk
from analysis.findings.calendar import Months
from analysis.findings.counting import Count, count, select
from analysis.findings.flow import count_flow
from analysis.findings.plan import make_plan
from analysis.findings.questions import read_questions
from analysis.review import exclusions
from analysis.review.errors import UnknownReason
from analysis.review.log import undo
from tests.findings.small_desk import SmallDesk, choice, form, question
from tests.review.conftest import ANA, BEN, Bring, counted


def test_a_report_that_was_left_out_is_in_no_number_until_it_is_taken_back(desk: Desk, bring: Bring) -> None:
    one, two = bring({}, {})
    assert counted(desk) == {one, two}
    decision = exclusions.exclude(desk, [one], "duplicate", ANA)
    assert counted(desk) == {two}
    undo(desk, decision, BEN)
    assert counted(desk) == {one, two}


def test_only_reports_whose_senders_said_yes_are_counted(desk: Desk, bring: Bring) -> None:
    yes, no = bring({}, {"count": ["no"]})
    assert counted(desk) == {yes}
    exclusions.restore(desk, [no], ANA)
    assert counted(desk) == {yes}, "no decision of an organizer stands above the sender's"


def test_where_no_form_asks_for_consent_nothing_is_counted() -> None:
    desk = SmallDesk(form(question("acts", "select_multiple", [choice("shout")])))
    assert desk.database.conn.execute('SELECT count(*) FROM "counted"').fetchone() == (0,)
    desk.add(2, ["shout"])
    assert desk.database.conn.execute('SELECT count(*) FROM "counted"').fetchone() == (2,)


def test_findings_leave_out_what_was_left_out_and_say_why_in_the_flow(desk: Desk, bring: Bring) -> None:
    reports = bring({}, {}, {}, {"count": ["no"]})
    exclusions.exclude(desk, reports[:1], "junk", ANA)
    year = Months("2026-01", "2026-12")
    plan = make_plan(read_questions(desk.database), year, year)
    none = np.zeros(0, dtype=np.int64)
    cells = count(desk.database, plan, select(desk.database, year, undated=True, taken=none))
    assert cells[("setting=police",)].reports == 2
    assert cells[("acts.pat_down=yes",)].reports == 2
    flow = count_flow(desk.database, plan, undated=True)
    assert flow.cells[("flow=excluded.no_consent", "setting=police")] == Count(1, 1)
    assert flow.cells[("flow=excluded.junk",)] == Count(1, 1)
    assert flow.left_out.tolist() == sorted([reports[0], reports[3]])


def test_a_report_is_left_out_for_one_of_six_reasons(desk: Desk, bring: Bring) -> None:
    reports = bring({})
    with pytest.raises(UnknownReason, match="duplicate, junk, test, out_of_area, out_of_scope or no_consent"):
        exclusions.exclude(desk, reports, "boring", ANA)


def test_of_two_reasons_the_later_one_holds(desk: Desk, bring: Bring) -> None:
    (report,) = bring({})
    exclusions.exclude(desk, [report], "junk", ANA)
    later = exclusions.exclude(desk, [report], "test", BEN)
    query = 'SELECT "value" FROM "exclusions" JOIN "decisions" ON "decisions"."id" = "decision"'
    assert desk.database.conn.execute(query).fetchall() == [("test",)]
    undo(desk, later, BEN)
    assert desk.database.conn.execute(query).fetchall() == [("junk",)]
