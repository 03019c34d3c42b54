from datetime import date

import pytest

from analysis.desk import Desk
from analysis.review.retention import COUNTED, LEGAL, YEAR, find_due, note_release
from tests.analysis.making import FORM, WEEK
from tests.findings.small_desk import SmallDesk, form
from tests.review.conftest import Bring

# The week in which all reports of these tests came, 2026-W46, ended on Sunday, the 15th of November.
assert WEEK == "2026-W46"
assert FORM.question("keep").default == COUNTED
NOW = date(2026, 11, 22)
KEPT = [{"keep": [code]} for code in (COUNTED, YEAR, LEGAL)]


def due(desk: Desk, day: date, *, counted: bool = False) -> dict[str, int]:
    with desk.database.atomic():
        return dict(find_due(desk.database.conn, day, counted=counted))


def test_words_are_due_once_a_release_has_counted_them(desk: Desk, bring: Bring) -> None:
    bring(*KEPT)
    assert due(desk, NOW) == {}
    with desk.database.atomic():
        note_release(desk.database.conn, "2026-1", NOW)
    assert due(desk, NOW) == {COUNTED: 1}
    bring(*KEPT)
    assert due(desk, NOW) == {COUNTED: 1}, "the release did not count what came later"
    assert due(desk, NOW, counted=True) == {COUNTED: 2}


def test_whoever_answers_nothing_is_promised_what_the_form_says(desk: Desk, bring: Bring) -> None:
    bring({}, {"count": ["no"]})
    assert due(desk, NOW, counted=True) == {COUNTED: 2}


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2027, 11, 14), {}),
        (date(2027, 11, 15), {YEAR: 1}),
        (date(2028, 2, 29), {YEAR: 1}),
        (date(2028, 11, 14), {YEAR: 1}),
        (date(2028, 11, 15), {YEAR: 1, LEGAL: 1}),
    ],
)
def test_words_are_kept_for_12_or_24_months_from_the_end_of_their_week(
    desk: Desk, bring: Bring, day: date, expected: dict[str, int]
) -> None:
    bring(*KEPT)
    assert due(desk, day) == expected


def test_a_report_without_words_is_never_due(desk: Desk, bring: Bring) -> None:
    bring({"story": []})
    assert due(desk, NOW, counted=True) == {}


def test_a_form_that_promises_nothing_keeps_its_words() -> None:
    desk = SmallDesk(form())
    desk.add(1)
    desk.database.conn.execute("INSERT INTO texts (report, question, text) VALUES (1, 'story', 'words')")
    assert find_due(desk.database.conn, NOW, counted=True) == {}
