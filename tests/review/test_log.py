from datetime import date
from typing import Any

import pytest

from analysis import cipher
from analysis.desk import Desk
from analysis.desk_errors import Busy
from analysis.review import exclusions, marking
from analysis.review.errors import BadName, UnknownDecision, UnknownReport
from analysis.review.log import FOLLOWING, derive, history, undo
from tests.review.conftest import ANA, BEN, Bring, counted

DAY = date(2026, 11, 22)


def followed(desk: Desk) -> dict[str, list[Any]]:
    return {
        one.table: desk.database.conn.execute(f'SELECT * FROM "{one.table}" ORDER BY 1, 2').fetchall()  # noqa: S608
        for one in FOLLOWING
    }


def test_a_decision_says_who_took_it_when_and_why(desk: Desk, bring: Bring) -> None:
    reports = bring({}, {})
    number = exclusions.exclude(desk, reports, "junk", ANA, remark=" one sentence \n twice ", today=DAY)
    (decision,) = history(desk.database.conn, report=reports[0])
    assert (decision.id, decision.kind, decision.value, decision.reports) == (number, "exclude", "junk", 2)
    assert (decision.who, decision.day, decision.remark) == ("Ana", "2026-11-22", "one sentence twice")
    assert (decision.undoes, decision.undone) == (None, None)


def test_an_undoing_is_a_decision_of_its_own_and_brings_back_what_held_before(
    desk: Desk, bring: Bring
) -> None:
    (report,) = bring({})
    exclusions.exclude(desk, [report], "duplicate", ANA)
    restored = exclusions.restore(desk, [report], BEN)
    assert counted(desk) == {report}
    undoing = undo(desk, restored, ANA, today=DAY)
    assert counted(desk) == set()
    newest, undone, _ = history(desk.database.conn, report=report)
    assert (newest.id, newest.kind, newest.undoes, newest.who) == (undoing, "undo", restored, "Ana")
    assert undone.undone == undoing


def test_a_decision_is_undone_once_and_an_undoing_never(desk: Desk, bring: Bring) -> None:
    decision = exclusions.exclude(desk, bring({}), "test", ANA)
    undoing = undo(desk, decision, ANA)
    for number in (decision, undoing, 99):
        with pytest.raises(UnknownDecision, match=f"decision {number} does not stand"):
            undo(desk, number, BEN)


@pytest.mark.parametrize(
    "statement",
    [
        'DELETE FROM "decisions"',
        'UPDATE "decisions" SET "who" = \'Nobody\'',
        'DELETE FROM "decided"',
        'UPDATE "decided" SET "report" = 1',
    ],
)
def test_the_database_itself_refuses_to_change_or_delete_a_decision(
    desk: Desk, bring: Bring, statement: str
) -> None:
    exclusions.exclude(desk, bring({}), "test", ANA)
    with pytest.raises(cipher.DatabaseError, match="a decision is undone, never"):
        desk.database.conn.execute(statement)


def test_a_decision_about_an_unknown_report_leaves_no_trace(desk: Desk, bring: Bring) -> None:
    (report,) = bring({})
    with pytest.raises(UnknownReport, match="a report that this desk does not have"):
        exclusions.exclude(desk, [report, report + 1], "junk", ANA)
    assert counted(desk) == {report}
    assert history(desk.database.conn) == []


def test_what_holds_follows_from_the_log_alone(desk: Desk, bring: Bring) -> None:
    one, two, three = bring({}, {}, {})
    exclusions.exclude(desk, [one, two], "junk", ANA)
    exclusions.exclude(desk, [two, three], "duplicate", BEN)
    exclusions.restore(desk, [one], BEN)
    marking.label(desk, [one, three], "naloxone", ANA)
    marking.unlabel(desk, [three], "naloxone", BEN)
    marking.assign(desk, [one, two], BEN, ANA)
    marking.assign(desk, [one], None, ANA)
    undo(desk, 2, ANA)
    undo(desk, 5, ANA)
    before = followed(desk)
    assert {table: len(rows) for table, rows in before.items()} == {
        "exclusions": 1,
        "labels": 2,
        "assignments": 1,
    }
    for table in before:
        desk.database.conn.execute(f'DELETE FROM "{table}"')  # noqa: S608
    derive(desk.database.conn)
    assert followed(desk) == before


def test_two_decisions_at_once_are_not_mixed(desk: Desk, bring: Bring) -> None:
    reports = bring({})
    with desk.changing(), pytest.raises(Busy, match="another command is changing this desk"):
        exclusions.exclude(desk, reports, "junk", ANA)
    assert counted(desk) == set(reports)


def test_a_remark_is_one_line_that_can_be_seen_whole(desk: Desk, bring: Bring) -> None:
    reports = bring({})
    for remark in ("x" * 1001, "turned \u202e round", "…"):
        with pytest.raises(BadName, match="a remark"):
            exclusions.exclude(desk, reports, "junk", ANA, remark=remark)
