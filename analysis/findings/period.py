"""When the events of a finding happened and when they were reported, without pointing at anybody.

The first and the last month of all reports may be the month of a single one. So an end is a month
that k reports name by themselves, with fewer than k beyond it; else a year of which the same holds;
else nothing is told.
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
        dates[row["date"]] += row["reports"]
        years[row["date"][:_YEAR]] += row["reports"]
    exact = Counter({date: number for date, number in dates.items() if len(date) > _YEAR})
    return _ends(exact, dates, k) or _ends(years, years, k)


def _ends(named: Counter[str], dates: Counter[str], k: int) -> Span | None:
    """The span of what k reports name, unless k of all the `dates` lie before or after it."""
    large = sorted(date for date, number in named.items() if number >= k)
    if not large:
        return None
    span = Span(large[0], large[-1])
    return span if all(beyond < k for beyond in _beyond(dates, span)) else None


def _beyond(dates: Counter[str], span: Span) -> tuple[int, int]:
    """How many reports are dated before and after; a year alone, where the whole year is."""
    before = sum(number for date, number in dates.items() if date < span.first[: len(date)])
    after = sum(number for date, number in dates.items() if date > span.last[: len(date)])
    return before, after
