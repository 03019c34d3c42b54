"""How much room there is for more, on all machines together.

Each machine counts in a row of `counters` of its own choice, in the transaction that adds: so the sum is
exact, and machines seldom wait for each other. Near the end of the room they do: each then locks all
rows before it adds, and no limit is passed.
"""

from dataclasses import dataclass

from intake.keeping import Room
from intake.postgres.schema import SLOTS, Raw

# What all machines may add between a look and a COMMIT: a batch each, of the largest that are common.
NEAR_REPORTS = SLOTS * 512
NEAR_BYTES = NEAR_REPORTS * 20_000


@dataclass(slots=True)
class Measured(Room):
    """The room, the reports that are `held`, and the `part` of the room that is left, 0 to 1."""

    held: int
    part: float


def room(raw: Raw, max_reports: int, max_bytes: int, *, alone: bool = False) -> Measured:
    """The room now; when `alone`, nobody else adds anything before the end of the transaction."""
    if alone:
        raw.execute("SELECT slot FROM counters ORDER BY slot FOR UPDATE")
    row = raw.execute("SELECT sum(reports)::BIGINT, sum(bytes)::BIGINT FROM counters", binary=True).fetchone()
    assert row  # noqa: S101 - a sum is one row
    reports, taken = row
    left = min((max_reports - reports) / max_reports, (max_bytes - taken) / max_bytes)
    return Measured(max_reports - reports, max_bytes - taken, reports, max(0.0, left))


def near(found: Room) -> bool:
    """Whether so little is left that machines must not add at the same time."""
    return found.reports < NEAR_REPORTS or found.bytes < NEAR_BYTES
