"""What the doors of an intake count: how much came lately, and which work was used. About no one.

Where one process is the whole intake this is its memory. Where several machines are one intake it is
shared (`postgres/doors.py`), so that none of them is a second helping.
"""

import os
import secrets
import time
from collections.abc import Callable
from typing import Protocol

from intake.allowance import Allowance, Seconds

Key = Callable[[], bytes]


class Budget(Protocol):
    """So much a minute for everybody together."""

    @property
    def left(self) -> float:
        """What is left of it, from 0 to 1."""

    async def take(self, count: int = 1) -> bool:
        """Takes so many, or what there is of them; says whether there was one. Or Unavailable."""


class Tally(Protocol):
    """What is counted, and by which clock."""

    @property
    def clock(self) -> Seconds:
        """Seconds that count from nowhere, the same for all who share this."""

    def key(self, purpose: bytes) -> Key:
        """What gives the key of now for a purpose; with a new one, all that the old one signed is void."""

    def gauge(self, name: str, per_minute: int) -> Budget:
        """A budget that only measures how much comes: what others took may be known a second late."""

    def budget(self, name: str, per_minute: int) -> Budget:
        """A budget that is a limit: what others took is known at once."""

    async def spend(self, challenge: str, expires: int) -> bool:
        """Notes that a challenge was used; False when it was before. Or Unavailable."""


def disguised_clock() -> Seconds:
    """Seconds that count from nowhere: challenges and stamps must not tell how long this machine is up,
    which would show that two addresses are one machine.
    """
    start = secrets.randbelow(10**9) - int(time.monotonic())
    return lambda: start + time.monotonic()


class OwnTally:
    """The tally of one process; it begins anew with each."""

    def __init__(self, clock: Seconds | None = None) -> None:
        self.clock = clock or disguised_clock()

    def key(self, purpose: bytes) -> Key:
        """A key that lives as long as the process."""
        key = os.urandom(32)
        return lambda: key

    def gauge(self, name: str, per_minute: int) -> Budget:
        """What this process took."""
        return _Own(Allowance(per_minute, self.clock))

    budget = gauge

    async def spend(self, challenge: str, expires: int) -> bool:
        """Each door remembers what it took."""
        return True


class _Own:
    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance

    @property
    def left(self) -> float:
        return self._allowance.left

    async def take(self, count: int = 1) -> bool:
        return self._allowance.take(count)
