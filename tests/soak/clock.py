"""A clock that jumps under a running program: libfaketime, which every program of the intake's machine loads.

What a real change of the clock leaves alone is left alone here too: the clock that only counts on.
"""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from intake.week import iso_week

DAY, HOUR = 86_400, 3_600
# The farthest that it goes from the true time, so that no report grows too old to be kept.
FARTHEST = 20 * DAY
BEFORE_THE_WEEK_ENDS = 3


def library() -> Path:
    """Where Debian's package `faketime` puts it."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    assert found, "apt-get install faketime"
    return found[0]


class Clock:
    """The time on one machine; `weeks` are those that it has shown."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self._lock = threading.Lock()
        self.weeks: set[str] = set()
        self.offset = 0
        self.jumps = 0
        self._write(0)

    @property
    def environment(self) -> dict[str, str]:
        """What makes a program go by this clock, and hear of a jump within a second."""
        return {
            "LD_PRELOAD": str(library()),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def now(self) -> datetime:
        """What it shows."""
        return datetime.now(UTC) + timedelta(seconds=self.offset)

    def jump(self, seconds: int) -> None:
        """Goes so far forward, or back; the other way where that would be too far."""
        if abs(self.offset + seconds) > FARTHEST:
            seconds = -seconds
        self._write(self.offset + seconds)
        self.jumps += 1

    def jump_to_the_end_of_a_week(self) -> None:
        """A moment before Monday, so that the week turns while reports come."""
        now = self.now()
        monday = (now - timedelta(days=now.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
        end = monday + timedelta(days=7, seconds=-BEFORE_THE_WEEK_ENDS)
        ahead = round((end - now).total_seconds())
        self.jump(ahead if self.offset + ahead <= FARTHEST else ahead - 14 * DAY)

    def note(self) -> None:
        """Remembers the week that it shows."""
        with self._lock:
            self.weeks.add(iso_week(self.now()))

    def _write(self, offset: int) -> None:
        self.note()
        new = self._file.with_suffix(".new")
        new.write_text(f"{offset:+d}\n")
        new.rename(self._file)
        self.offset = offset
        self.note()
