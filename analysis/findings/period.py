"""When the events of a finding happened and when they were reported, without pointing at anybody.

The first and the last month of all reports may be the month of a single one. So an end is a month
that k reports name by themselves, with fewer than k beyond it; else a year that k reports name.
"""

from collections import Counter
from dataclasses import dataclass

from analysis.cipher import Database
from analysis.findings.codebook import Codebook
from analysis.findings.scope import scope

_YEAR = 4  # characters of the year in "2026-05" and "2026-W21"


@dataclass(frozen=True, slots=True)
class Span:
    """First and last month ("2026-05", or "2026" where only the year is known) or week ("2026-W21")."""

    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Period:
    """Months of the events and weeks of the reports; None where too few reports say."""

    events: Span | None
    received: Span | None


def read_period(database: Database, codebook: Codebook, k: int) -> Period:
    """The period of the reports that may be counted, with k reports at each end."""
    return Period(_span(database, codebook, "incident", k), _span(database, codebook, "week", k))


def _span(database: Database, codebook: Codebook, column: str, k: int) -> Span | None:
    query = f"""select {column} as date, count(*) as reports from scope
      where counted and {column} glob '[0-9][0-9][0-9][0-9]*' group by {column}"""  # noqa: S608 - own words
    dates: Counter[str] = Counter()
    years: Counter[str] = Counter()
    for row in scope(database, codebook, query):
        years[row["date"][:_YEAR]] += row["reports"]
        if len(row["date"]) > _YEAR:
            dates[row["date"]] += row["reports"]
    exact = _ends(dates, k)
    if exact and all(beyond < k for beyond in _beyond(dates, exact)):
        return exact
    return _ends(years, k)


def _ends(reports: Counter[str], k: int) -> Span | None:
    named = sorted(date for date, number in reports.items() if number >= k)
    return Span(named[0], named[-1]) if named else None


def _beyond(reports: Counter[str], span: Span) -> tuple[int, int]:
    """How many reports are dated before and after."""
    before = sum(number for date, number in reports.items() if date < span.first)
    after = sum(number for date, number in reports.items() if date > span.last)
    return before, after
