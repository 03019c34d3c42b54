"""Leaves reports out of every number, for a reason that is counted (finding F1), and takes them back.

Nothing is deleted: a report that was left out stands in the tables as it came. One that is a
duplicate of another says so by its reason alone, since the one that stays may change.
"""

from collections.abc import Iterable
from datetime import date

from analysis.desk import Desk
from analysis.review.errors import UnknownReason
from analysis.review.log import deciding, follow, record
from analysis.review.people import Reviewer

REASONS = ("duplicate", "junk", "test", "out_of_area", "out_of_scope", "no_consent")


def exclude(
    desk: Desk,
    reports: Iterable[int],
    reason: str,
    by: Reviewer,
    *,
    remark: str = "",
    today: date | None = None,
) -> int:
    """Leaves reports out for one of REASONS; the number of the decision, by which it is undone."""
    if reason not in REASONS:
        raise UnknownReason(f"a report is left out as {', '.join(REASONS[:-1])} or {REASONS[-1]}")
    return _decide(desk, "exclude", reports, reason, by, remark, today)


def restore(
    desk: Desk, reports: Iterable[int], by: Reviewer, *, remark: str = "", today: date | None = None
) -> int:
    """Takes reports back in, whatever they were left out for; the number of the decision."""
    return _decide(desk, "restore", reports, None, by, remark, today)


def _decide(
    desk: Desk,
    kind: str,
    reports: Iterable[int],
    value: str | None,
    by: Reviewer,
    remark: str,
    today: date | None,
) -> int:
    with deciding(desk) as connection:
        number = record(connection, kind, by, value=value, remark=remark, reports=reports, today=today)
        follow(connection, number)
    return number
