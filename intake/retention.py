"""Deletes what nobody fetched for as long as the settings say, unless the clock cannot be trusted.

A report goes when its ISO week ended more than `keep_days` ago. One that is in a bundle goes with the
whole bundle, because a part of a bundle is another bundle. A clock that jumps by a year would
delete everything: the last day that was seen is kept, and after a jump nothing is deleted until the
clock has gone on by ordinary steps for a week, in which `status` says so.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from intake import deletion
from intake.deletion import Deleted
from intake.guard import place
from intake.keeping import Connection, Database
from intake.repeating import repeating

# A step of the clock of more days than this is a jump, and so many days without one are trusted again.
MOST_DAYS = 7
STEADY_DAYS = 7
SECONDS_BETWEEN = 3600.0

log = logging.getLogger("intake")


@dataclass(frozen=True, slots=True)
class Clock:
    """The last day that was seen, and on how many days since the last jump the clock moved by small steps."""

    day: date
    steady: int

    @property
    def trusted(self) -> bool:
        """Whether its days may be counted."""
        return self.steady >= STEADY_DAYS

    def seen(self, today: date) -> "Clock":
        """The clock after a look at it."""
        moved = (today - self.day).days
        if abs(moved) > MOST_DAYS:
            return Clock(today, 0)
        return Clock(today, min(STEADY_DAYS, self.steady + 1) if moved > 0 else self.steady)


def utc_today() -> date:
    """The day by which weeks are counted."""
    return datetime.now(UTC).date()


def week_end(week: str) -> date:
    """The Sunday of an ISO week; a week that is none lies in the future for ever."""
    year, number = week.split("-W")
    try:
        return date.fromisocalendar(int(year), int(number), 7)
    except ValueError:
        return date.max


def check(
    database: Database, keep_days: int, today: Callable[[], date] = utc_today, *, wipe: bool = False
) -> Deleted | None:
    """Deletes what is too old; None while another command is at work, which leaves it to the next time.

    `wipe` says that bytes may be left of what was deleted before.
    """
    try:
        with database.alone(), closing(database.connect()) as connection, database.explained():
            return _check(connection, database, keep_days, today(), wipe=wipe)
    except BlockingIOError:
        return None


def read_clock(connection: Connection) -> Clock | None:
    """The clock as it was last seen."""
    row = connection.execute("SELECT day, steady FROM clock").fetchone()
    return Clock(date.fromisoformat(row[0]), row[1]) if row else None


@contextmanager
def daily(
    database: Database,
    keep_days: int,
    today: Callable[[], date] = utc_today,
    seconds: float = SECONDS_BETWEEN,
) -> Iterator[None]:
    """Checks at once, and as long as the block lasts whenever a new day has begun.

    Where somebody was in the way it is done again after so many seconds.
    """
    done: date | None = None
    left = False

    def look() -> None:
        nonlocal done, left
        day = today()
        if day == done and not left:
            return
        found = check(database, keep_days, lambda: day, wipe=left)
        if found is not None:
            done, left = day, not found.wiped

    def look_again() -> None:
        try:
            look()
        except Exception as error:
            log.error("what is too old was not deleted: %s", place(error))

    look()
    with repeating("retention", seconds, look_again):
        yield


def _check(connection: Connection, database: Database, keep_days: int, today: date, *, wipe: bool) -> Deleted:
    before = read_clock(connection)
    # A new intake has nothing that is old, whatever its clock says.
    clock = before.seen(today) if before else Clock(today, STEADY_DAYS)
    if clock != before:
        connection.execute(
            "INSERT INTO clock (one, day, steady) VALUES (1, ?, ?)"
            " ON CONFLICT (one) DO UPDATE SET day = excluded.day, steady = excluded.steady",
            (clock.day.isoformat(), clock.steady),
        )
    # What a killed command was told to delete goes whatever the clock says.
    deleted = deletion.delete_gone(connection)
    if clock.trusted:
        _expire(connection, today - timedelta(keep_days), deleted)
    database.sweep(connection, today)
    if deleted or wipe:
        deleted.wiped = database.wipe(connection)
    return deleted


def _expire(connection: Connection, before: date, deleted: Deleted) -> None:
    """Deletes what came in weeks that ended before a day."""
    weeks = connection.execute("SELECT week FROM reports UNION SELECT week FROM attachments").fetchall()
    old = tuple(week for (week,) in weeks if week_end(week) < before)
    if not old:
        return
    newest = connection.execute(
        "SELECT bundle, max(week) FROM bundled JOIN"
        " (SELECT id, week FROM reports UNION ALL SELECT id, week FROM attachments) AS held USING (id)"
        " JOIN bundles ON bundle = sequence WHERE gone IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM exports WHERE exports.bundle = sequence) GROUP BY bundle"
    ).fetchall()
    connection.executemany(
        "UPDATE bundles SET gone = ? WHERE sequence = ?",
        [(deletion.EXPIRED, bundle) for bundle, week in newest if week in old],
    )
    for part in (deletion.delete_gone(connection), deletion.delete_waiting(connection, old)):
        deleted.reports += part.reports
        deleted.attachments += part.attachments
