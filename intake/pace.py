"""When what was kept is put in an order that says nothing: often enough, and never for ever."""

import time
from collections.abc import Callable

# After as many new rows as a quarter of what is held, and no fewer than this: so that the work for each
# stays the same, however many there are.
LEAST_TO_TIDY = 64
TIDY_SHARE = 4
# And when nothing comes for so long, though it may not take more than one part in IDLE_SHARE of the time:
# the last report is the one whose sender somebody may have seen.
QUIET_SECONDS = 2.0
IDLE_SHARE = 10


class Pace:
    """Counts what came since the last time, and how long that took."""

    def __init__(self, least: int = LEAST_TO_TIDY, share: int = TIDY_SHARE) -> None:
        self._least, self._share = least, share
        self.untidy = 0
        self._may_at = 0.0

    def due(self, held: int) -> bool:
        """Whether enough came, where so many are held."""
        return self.untidy >= max(self._least, held // self._share)

    def rest(self) -> float:
        """The seconds until it may be done because nothing comes."""
        return self._may_at - time.monotonic()

    def do(self, tidy: Callable[[], None]) -> None:
        """Puts in order what is counted; `tidy` counts anew what it could not."""
        self.untidy, start = 0, time.monotonic()
        tidy()
        self._may_at = time.monotonic() + IDLE_SHARE * (time.monotonic() - start)
