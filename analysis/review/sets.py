"""Sets of reports that are alike: said to be different after all, so that they are not proposed again.

That one of them tells what another told is no decision of this kind: it is left out as a duplicate.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

from analysis.desk import Desk
from analysis.review.log import deciding, record
from analysis.review.people import Reviewer

APART = "apart"


def keep_apart(
    desk: Desk, reports: Iterable[int], by: Reviewer, *, remark: str = "", today: date | None = None
) -> int:
    """Says that these reports tell of different things, or of one thing that many saw; the decision."""
    with deciding(desk) as connection:
        return record(connection, APART, by, reports=reports, remark=remark, today=today)


def read_apart(connection: Any) -> list[frozenset[int]]:
    """The sets of reports that were said to be different, by decisions that stand."""
    rows = connection.execute(
        'SELECT "d"."decision", "d"."report" FROM "standing" CROSS JOIN "decided" AS "d" '
        'ON "d"."decision" = "standing"."id" WHERE "standing"."kind" = ?',
        [APART],
    )
    found: dict[int, set[int]] = {}
    for decision, report in rows:
        found.setdefault(decision, set()).add(report)
    return [frozenset(reports) for reports in found.values()]
