"""ISO weeks, by which all that is said to reporters is dated."""

import re
from datetime import date, timedelta

WEEK = re.compile(r"([0-9]{4})-W(0[1-9]|[1-4][0-9]|5[0-3])")


def week_of(day: date) -> str:
    """The ISO week of a day, as in "2026-W47"."""
    year, week, _ = day.isocalendar()
    return f"{year:04d}-W{week:02d}"


def later(week: str, weeks: int) -> str:
    """The week that is so many weeks later."""
    year, number = week.split("-W")
    return week_of(date.fromisocalendar(int(year), int(number), 1) + timedelta(weeks=weeks))


def is_week(text: str) -> bool:
    """Whether this is an ISO week that there is."""
    found = WEEK.fullmatch(text)
    try:
        return bool(found and date.fromisocalendar(int(found[1]), int(found[2]), 1))
    except ValueError:
        return False
