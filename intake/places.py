"""Deals reports their places in a file of SQLite at random, so that no place says when its report came.

    the new report goes to any place of those taken, or to the next that is free, each as likely as another;
    the one that stood there moves to the next that is free

That is how a deck is shuffled while cards are still being added (Knuth, The Art of Computer Programming,
3.4.2, "inside-out"): after each of them every order is as likely as every other. It costs a second write a
report, and spares rewriting the file again and again. Bytes of the same length are overwritten where they
stand, so that places in the table are places on the disk. Lengths that differ take other pages of the file:
then, and only then, it must be rewritten to be in no order (`uneven`).
"""

import secrets
from array import array
from collections.abc import Callable, Sequence

from intake.database import Connection
from intake.keeping import Waiting

Below = Callable[[int], int]
# Its place; then the place that it leaves, or what it is: id, week, sealed bytes.
Row = tuple[int, int | None, bytes | None, str | None, bytes | None]


class Places:
    """The places that are taken in the file of one writer, in rising order."""

    def __init__(self, below: Below = secrets.randbelow) -> None:
        self._below = below
        self._taken: array[int] = array("q")
        self._usual: int | None = None
        self.uneven = False

    def __len__(self) -> int:
        return len(self._taken)

    def read(self, connection: Connection) -> None:
        """Learns which are taken, and how long a report is as a rule."""
        found = connection.execute("SELECT place FROM places ORDER BY place")
        self._taken = array("q", (place for (place,) in found))
        some = "SELECT sealed FROM bodies LIMIT 100"
        (self._usual,) = connection.execute(f"SELECT min(length(sealed)) FROM ({some})").fetchone()  # noqa: S608

    def add(self, connection: Connection, reports: Sequence[Waiting]) -> None:
        """Adds reports that are not held yet, in a transaction. After one that failed, `read` again."""
        if not reports:
            return
        first = self._taken[-1] + 1 if self._taken else 1
        fresh, moved = deal(self._taken, first, len(reports), self._below)
        rows = [_moved(place, old) for place, old in moved.items()]
        rows += [_fresh(place, reports[number]) for place, number in fresh.items()]
        lengths = {len(one.sealed) for one in reports if one.sealed}
        self._usual = min(lengths | {self._usual or min(lengths)})
        self.uneven = (
            self.uneven
            or lengths != {self._usual}
            or _any_other(connection, list(moved.values()), self._usual)
        )
        _put(connection, sorted(rows, key=lambda row: row[0]))
        self._taken.extend(range(first, first + len(reports)))


def deal(
    taken: Sequence[int], first: int, number: int, below: Below
) -> tuple[dict[int, int], dict[int, int]]:
    """Which of `number` new reports goes where, and which report moves where: from its place, to its place.

    `first` and those after it are free. Each old place stands in the first answer, or stays as it is.
    """
    fresh: dict[int, int] = {}
    moved: dict[int, int] = {}
    for new in range(number):
        free, drawn = first + new, below(len(taken) + new + 1)
        chosen = taken[drawn] if drawn < len(taken) else first + drawn - len(taken)
        if chosen in fresh:
            fresh[free] = fresh[chosen]
        elif chosen in moved:
            moved[free] = moved.pop(chosen)
        elif chosen != free:
            moved[free] = chosen
        fresh[chosen] = new
    return fresh, moved


def _fresh(place: int, report: Waiting) -> Row:
    return place, None, report.id, report.week, report.sealed


def _moved(place: int, old: int) -> Row:
    return place, old, None, None, None


def _any_other(connection: Connection, places: Sequence[int], length: int) -> bool:
    holes = ", ".join("?" * len(places))
    other = f"SELECT EXISTS (SELECT 1 FROM bodies WHERE place IN ({holes}) AND length(sealed) <> ?)"  # noqa: S608
    (found,) = connection.execute(other, [*places, length]).fetchone()
    return bool(found)


def _put(connection: Connection, rows: Sequence[Row]) -> None:
    """In two statements that answer nothing: each row of an answer would wait for the thread of the visitors.

    SQLite reads all that is moved before it writes the first row, as for any INSERT from its own table
    (readsTable in its insert.c; a test looks at the plan).
    New pages are taken in the order of `rows`, in which the places rise.
    """
    connection.execute(
        "INSERT INTO bodies (place, sealed)"  # noqa: S608
        f" SELECT column1, {_either('column3', 'sealed', 'bodies')} FROM (VALUES {_groups(3, len(rows))})"
        " WHERE true ON CONFLICT (place) DO UPDATE SET sealed = excluded.sealed",
        [value for place, old, _, _, sealed in rows for value in (place, old, sealed)],
    )
    # In rising order those who stand in an old place are replaced before they appear in their new one.
    connection.execute(
        "INSERT INTO places (place, id, week)"  # noqa: S608
        f" SELECT column1, {_either('column3', 'id', 'places')}, {_either('column4', 'week', 'places')}"
        f" FROM (VALUES {_groups(4, len(rows))})"
        " WHERE true ON CONFLICT (place) DO UPDATE SET id = excluded.id, week = excluded.week",
        [value for row in rows for value in row[:4]],
    )


def _either(given: str, column: str, table: str) -> str:
    """What is given, or what stands at the place that the second column names."""
    return f"coalesce({given}, (SELECT {column} FROM {table} WHERE place = column2))"  # noqa: S608


def _groups(width: int, number: int) -> str:
    return ", ".join([f"({', '.join('?' * width)})"] * number)
