"""The flow of reports (finding F1): received, left out for which reason, counted.

Every report is in one place of it: who did not say that it may be counted is not asked whether it
is also a duplicate. Sealed reports that could not be opened stand before it, in `set_aside`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analysis.review.exclusions import REASONS
from analysis.review.tables import CONSENT

NO_CONSENT = "no_consent"
# By which columns the flow is told apart (DOMAIN.md, 3.2); "setting" where a form asks it.
BY = ("channel", "lang", "setting")


@dataclass(frozen=True, slots=True)
class Flow:
    """Numbers of reports: received is counted and all of `excluded`, which has every reason."""

    received: int
    excluded: Mapping[str, int]
    counted: int


def read_flow(connection: Any) -> Flow:
    """The flow of all reports at the desk."""
    return _flow(connection, None).get(None) or Flow(0, dict.fromkeys(REASONS, 0), 0)


def read_flow_by(connection: Any, column: str) -> dict[str | None, Flow]:
    """The same for each value of one of BY; a setting by its code, None where it was not answered."""
    if column not in BY:
        raise ValueError("the flow is not told apart by this column")
    return _flow(connection, column)


def _flow(connection: Any, column: str | None) -> dict[str | None, Flow]:
    columns = {row[1] for row in connection.execute('PRAGMA table_info("reports")')}
    place = _place(column, columns)
    # Only names of columns that are there stand in the text.
    consent = f'"r"."{CONSENT[0]}"' if CONSENT[0] in columns else "NULL"
    query = f"""SELECT "place", "reason", count(*) FROM (
        SELECT {place} AS "place", CASE WHEN {consent} IS NOT ? THEN ? ELSE "d"."value" END AS "reason"
        FROM "reports" AS "r" LEFT JOIN "exclusions" AS "e" ON "e"."report" = "r"."id"
        LEFT JOIN "decisions" AS "d" ON "d"."id" = "e"."decision")
        GROUP BY "place", "reason" """  # noqa: S608
    found: dict[str | None, dict[str | None, int]] = {}
    for value, reason, reports in connection.execute(query, [_yes(connection), NO_CONSENT]):
        found.setdefault(value, {})[reason] = reports
    if column == "setting":
        found = {_code(connection, value): numbers for value, numbers in found.items()}
    return {value: _made(numbers) for value, numbers in found.items()}


def _made(numbers: dict[str | None, int]) -> Flow:
    excluded = {reason: numbers.get(reason, 0) for reason in REASONS}
    return Flow(sum(numbers.values()), excluded, numbers.get(None, 0))


def _place(column: str | None, columns: set[str]) -> str:
    return f'"r"."{column}"' if column in columns else "NULL"


def _yes(connection: Any) -> int | None:
    # Where no form asks, no report may be counted: nothing is this number.
    row = connection.execute(
        'SELECT "id" FROM "choices" WHERE "question" = ? AND "code" = ?', CONSENT
    ).fetchone()
    return int(row[0]) if row else -1


def _code(connection: Any, choice: object) -> str | None:
    row = connection.execute('SELECT "code" FROM "choices" WHERE "id" = ?', [choice]).fetchone()
    return str(row[0]) if row else None
