from datetime import date

import pytest

from analysis.desk import Desk
from analysis.review import marking
from analysis.review.consent import purge
from analysis.review.errors import BadName, WordsGone
from analysis.review.exclusions import exclude
from analysis.review.log import history, undo
from tests.review.conftest import ANA, BEN, Bring


def test_labels_are_counted_and_come_off_again(desk: Desk, bring: Bring) -> None:
    reports = bring({}, {}, {})
    first = marking.label(desk, reports, " took  medicine ", ANA)
    marking.label(desk, reports[:1], "night", BEN)
    marking.unlabel(desk, reports[1:2], "took medicine", BEN)
    assert marking.label_counts(desk.database.conn) == {"night": 1, "took medicine": 2}
    undo(desk, first, ANA)
    assert marking.label_counts(desk.database.conn) == {"night": 1}


def test_a_note_stands_with_its_author_until_it_is_taken_back(desk: Desk, bring: Bring) -> None:
    one, two = bring({}, {})
    decision = marking.note(desk, one, "ask Rosa about this week", ANA)
    (note,) = marking.notes(desk.database.conn, one)
    assert (note.who, note.remark) == ("Ana", "ask Rosa about this week")
    assert marking.notes(desk.database.conn, two) == []
    undo(desk, decision, BEN)
    assert marking.notes(desk.database.conn, one) == []
    with pytest.raises(BadName, match="a note"):
        marking.note(desk, one, "  ", ANA)


def test_nothing_is_noted_about_a_report_once_its_words_were_deleted(desk: Desk, bring: Bring) -> None:
    (one,) = bring({"keep": ["delete_words_keep_ticks"]})
    with desk.changing():
        purge(desk, date(2026, 11, 22), counted=True)
    with pytest.raises(WordsGone, match=f"the words of report {one} were deleted"):
        marking.note(desk, one, "she said so", ANA)
    assert marking.notes(desk.database.conn, one) == []


def test_a_remark_that_was_made_after_a_purge_goes_at_the_next_one(desk: Desk, bring: Bring) -> None:
    one, two = bring({"keep": ["delete_words_keep_ticks"]}, {"keep": ["keep_for_legal"]})
    with desk.changing():
        purge(desk, date(2026, 11, 22), counted=True)
    for report in (one, two):
        exclude(desk, [report], "junk", ANA, remark=f"about {report}")
    bring({"keep": ["delete_words_keep_ticks"]})
    with desk.changing():
        purge(desk, date(2026, 11, 23), counted=True)
    assert [entry.remark for entry in history(desk.database.conn) if entry.remark] == [f"about {two}"]


def test_a_report_is_given_to_one_organizer_at_a_time(desk: Desk, bring: Bring) -> None:
    one, two = bring({}, {})
    marking.assign(desk, [one, two], BEN, ANA)
    marking.assign(desk, [two], ANA, ANA)
    query = 'SELECT "report", "who" FROM "assignments"'
    assert dict(desk.database.conn.execute(query).fetchall()) == {one: "Ben", two: "Ana"}
    marking.assign(desk, [one], None, BEN)
    assert dict(desk.database.conn.execute(query).fetchall()) == {two: "Ana"}
