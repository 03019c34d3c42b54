"""Labels, notes and assignments: what organizers write about reports, apart from what reports say.

A label is one of the organizers' own words for a kind of report. A note may repeat what a report
says, so it is emptied with the words of its report.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

from analysis.desk import Desk
from analysis.review.errors import WordsGone
from analysis.review.log import LONGEST_REMARK, Decision, deciding, follow, history, record
from analysis.review.people import Reviewer, tidy

LONGEST_LABEL = 40


def label(desk: Desk, reports: Iterable[int], words: str, by: Reviewer, *, today: date | None = None) -> int:
    """Puts a label on reports; the number of the decision. Raises BadName."""
    return _mark(desk, "label", reports, _label(words), by, today)


def unlabel(
    desk: Desk, reports: Iterable[int], words: str, by: Reviewer, *, today: date | None = None
) -> int:
    """Takes a label off reports; the number of the decision."""
    return _mark(desk, "unlabel", reports, _label(words), by, today)


def assign(
    desk: Desk, reports: Iterable[int], to: Reviewer | None, by: Reviewer, *, today: date | None = None
) -> int:
    """Gives reports to an organizer to look at, or to nobody; the number of the decision."""
    return _mark(desk, "assign", reports, to.name if to else "", by, today)


def note(desk: Desk, report: int, words: str, by: Reviewer, *, today: date | None = None) -> int:
    """Writes a note about a report; the number of the decision, by which it is taken back.

    Raises WordsGone once the report's words were deleted: they were promised to stand nowhere.
    """
    words = tidy(words, LONGEST_REMARK, "a note")
    with deciding(desk) as connection:
        if connection.execute('SELECT 1 FROM "purges" WHERE "report" = ?', [report]).fetchone():
            raise WordsGone(f"the words of report {report} were deleted, and a note could repeat them")
        return record(connection, "note", by, remark=words, reports=[report], today=today)


def notes(connection: Any, report: int) -> list[Decision]:
    """The notes about a report that were not taken back, newest first."""
    return [one for one in history(connection, report=report) if one.kind == "note" and not one.undone]


def label_counts(connection: Any) -> dict[str, int]:
    """The labels in use, each with the number of reports that carry it."""
    query = 'SELECT "label", count(*) FROM "labels" GROUP BY "label" ORDER BY "label"'
    return dict(connection.execute(query).fetchall())


def _label(words: str) -> str:
    return tidy(words, LONGEST_LABEL, "a label")


def _mark(desk: Desk, kind: str, reports: Iterable[int], value: str, by: Reviewer, today: date | None) -> int:
    with deciding(desk) as connection:
        number = record(connection, kind, by, value=value, reports=reports, today=today)
        follow(connection, number)
    return number
