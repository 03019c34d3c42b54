"""Trackers: random names under which the counted reports stand in a release's list (trackers.csv).

    tracker = 16 signs of a-z and 2-7, drawn when the report is counted: nobody's code determines it

The list says no more than how many reports were counted, which is published beside it: no tracker is
bound to what a report says. Who sent a report finds its tracker in the reply box afterwards, and sees it in
the list. Who is forced to show one can point at any other. A batch is drawn once for all releases: as many
trackers as it counted, also for reports that were taken back since, which point to nobody then.
"""

import base64
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from analysis.findings.counting import NONE
from analysis.findings.edition import Counted, Edition
from analysis.findings.errors import Changed, RefusedRelease
from analysis.findings.model import within

_BYTES = 10


@dataclass(frozen=True, slots=True)
class Drawn:
    """The trackers of a release by batch, each with the id of its report where that is at the desk."""

    known: Mapping[str, tuple[tuple[str, str | None], ...]]
    new: Mapping[str, tuple[tuple[str, str | None], ...]]

    @property
    def listed(self) -> tuple[str, ...]:
        """All of them, in an order that says nothing."""
        return tuple(
            sorted(one for each in (self.known, self.new) for rows in each.values() for one, _ in rows)
        )

    @property
    def owned(self) -> tuple[tuple[str, str], ...]:
        """The ids of reports with their trackers."""
        rows = [row for each in (self.known, self.new) for batch in each.values() for row in batch]
        return tuple(sorted((thread, tracker) for tracker, thread in rows if thread is not None))


def draw(
    connection: Any, edition: Edition, *, again: bool, random: Callable[[int], bytes] = os.urandom
) -> Drawn | None:
    """The trackers of a release, None where its file wants none; those of new batches are drawn now.

    `again` makes a release that was published. Raises RefusedRelease, Changed. Writes nothing.
    """
    if not edition.file.trackers:
        return None
    if within((), edition.span.id) not in edition.printed:
        raise RefusedRelease(
            "a list of trackers would tell how many reports were counted, and that number is withheld",
            "publish without it: trackers = false",
        )
    own = [one for one in edition.counted if one.batch.id in edition.span.batches]
    found = {one.batch.id: _read(connection, one.batch.id) for one in own}
    missing = [one for one in own if not found[one.batch.id]]
    if again and missing:
        raise Changed(
            f'"{edition.file.release}" was published without a list of trackers',
            "give the new release a name of its own",
        )
    new = {one.batch.id: _draw(connection, one, random) for one in missing}
    return Drawn({name: rows for name, rows in found.items() if rows}, new)


def keep(connection: Any, drawn: Drawn) -> None:
    """Writes new trackers down for ever. Belongs in the transaction that publishes."""
    connection.executemany(
        'INSERT INTO "trackers" ("tracker", "batch", "thread") VALUES (?, ?, ?)',
        [(tracker, batch, thread) for batch, rows in drawn.new.items() for tracker, thread in rows],
    )


def _read(connection: Any, batch: str) -> tuple[tuple[str, str | None], ...]:
    query = 'SELECT "tracker", "thread" FROM "trackers" WHERE "batch" = ? ORDER BY "tracker"'
    return tuple(map(tuple, connection.execute(query, [batch])))


def _draw(
    connection: Any, one: Counted, random: Callable[[int], bytes]
) -> tuple[tuple[str, str | None], ...]:
    """As many as the batch counted: what left since has a tracker too, which is nobody's."""
    if one.reports is not None:
        numbers = one.reports.tolist()
    else:
        query = 'SELECT "report" FROM "counted_in" WHERE "batch" = ? AND "counted" ORDER BY "report"'
        numbers = [number for (number,) in connection.execute(query, [one.batch.id])]
    query = 'SELECT "name" FROM "reports" WHERE "id" = ?'
    names = [connection.execute(query, [number]).fetchone()[0] for number in numbers]
    left = one.cells.get((), NONE).reports - len(names)
    return tuple((_tracker(random), name) for name in [*names, *[None] * left])


def _tracker(random: Callable[[int], bytes]) -> str:
    return base64.b32encode(random(_BYTES)).decode().lower()
