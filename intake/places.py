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
from typing import Any

from intake.database import Connection
from intake.keeping import Waiting

Below = Callable[[int], int]


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
        before = _standing(connection, list(moved.values()))
        rows = {place: before[old] for place, old in moved.items()}
        rows |= {place: _row(reports[number]) for place, number in fresh.items()}
        lengths = {len(sealed) for _, _, sealed in rows.values()}
        self._usual = self._usual or min(lengths)
        self.uneven = self.uneven or lengths != {self._usual}
        # In rising order those who stand in an old place are replaced before they appear in their new one.
        _put(connection, [(place, *rows[place]) for place in sorted(rows)])
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


def _row(report: Waiting) -> tuple[bytes, str, bytes]:
    assert report.sealed is not None  # noqa: S101 - these want to be kept
    return report.id, report.week, report.sealed


def _standing(connection: Connection, places: Sequence[int]) -> dict[int, tuple[bytes, str, bytes]]:
    holes = ", ".join("?" * len(places))
    found = connection.execute(
        f"SELECT place, id, week, sealed FROM places JOIN bodies USING (place) WHERE place IN ({holes})",  # noqa: S608
        places,
    )
    return {place: (report_id, week, sealed) for place, report_id, week, sealed in found}


def _put(connection: Connection, rows: Sequence[tuple[int, bytes, str, bytes]]) -> None:
    """In two statements, however many they are: the thread that answers must wait for each."""
    values: list[Any] = [value for place, report_id, week, _ in rows for value in (place, report_id, week)]
    connection.execute(
        f"INSERT INTO places (place, id, week) VALUES {_groups(3, len(rows))}"  # noqa: S608
        " ON CONFLICT (place) DO UPDATE SET id = excluded.id, week = excluded.week",
        values,
    )
    connection.execute(
        f"INSERT INTO bodies (place, sealed) VALUES {_groups(2, len(rows))}"  # noqa: S608
        " ON CONFLICT (place) DO UPDATE SET sealed = excluded.sealed",
        [value for place, _, _, sealed in rows for value in (place, sealed)],
    )


def _groups(width: int, number: int) -> str:
    return ", ".join([f"({', '.join('?' * width)})"] * number)
