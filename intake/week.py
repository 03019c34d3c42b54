"""All that is kept of the time: the ISO 8601 week, in UTC so that weeks begin for everybody at once."""

from datetime import date, datetime


def iso_week(now: datetime) -> str:
    """The week of a moment, as 2026-W47."""
    year, week, _ = now.isocalendar()
    return f"{year}-W{week:02d}"


def monday(week: str) -> date:
    """The first day of a week that a calendar has."""
    return date.fromisocalendar(int(week[:4]), int(week[6:]), 1)
