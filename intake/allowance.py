"""A token bucket: so many now, and so many more a minute. One for everybody, never one for a person."""

import time
from collections.abc import Callable

BURST_MINUTES = 2

Seconds = Callable[[], float]


class Allowance:
    """Fills at `per_minute`, and holds what comes in BURST_MINUTES."""

    def __init__(self, per_minute: int, clock: Seconds = time.monotonic) -> None:
        self._capacity = float(per_minute * BURST_MINUTES)
        self._per_second = per_minute / 60
        self._clock = clock
        self._level = self._capacity
        self._at = clock()

    @property
    def left(self) -> float:
        """What is left of it, from 0 to 1."""
        return self._filled() / self._capacity

    def take(self, count: int = 1) -> bool:
        """Takes so many if there is one, or what there is of them; says whether there was."""
        if self._filled() < 1:
            return False
        self._level = max(0.0, self._level - count)
        return True

    def _filled(self) -> float:
        now = self._clock()
        self._level = min(self._capacity, self._level + (now - self._at) * self._per_second)
        self._at = now
        return self._level
