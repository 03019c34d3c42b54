"""What reporters know: what they sent, what they were told is kept, and what they took back."""

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Balance:
    """How sent and received compare; `doubled` counts all beyond the first of each.

    `in_doubt` are those that somebody asked to take back and was told nothing about:
    there or not, both are right.
    """

    tried: int
    acknowledged: int
    taken_back: int
    in_doubt: int
    received: int
    lost: int
    doubled: int
    still_readable: int
    strange: int

    @property
    def even(self) -> bool:
        """Nothing is lost, doubled, readable though it was taken back, or from nowhere."""
        return not (self.lost or self.doubled or self.still_readable or self.strange)


@dataclass
class Ledger:
    """One kind of thing that is sent. Many senders write in it at once."""

    tried: set[bytes] = field(default_factory=set)
    kept: set[bytes] = field(default_factory=set)
    gone: set[bytes] = field(default_factory=set)
    # Somebody asked to take these back, and was told nothing: either is right.
    unsure: set[bytes] = field(default_factory=set)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def acknowledge(self, one: bytes) -> None:
        """Its sender was told that it is kept."""
        with self._changed:
            self.kept.add(one)
            self._changed.notify_all()

    def wait_for(self, more: int, seconds: float) -> bool:
        """Until so many more were acknowledged; False when that takes too long."""
        with self._changed:
            wanted = len(self.kept) + more
            return self._changed.wait_for(lambda: len(self.kept) >= wanted, seconds)

    def close(self, received: Iterable[bytes]) -> Balance:
        """Compares it with what the desk has."""
        found = Counter(received)
        return Balance(
            tried=len(self.tried),
            acknowledged=len(self.kept),
            taken_back=len(self.gone),
            in_doubt=len(self.unsure - self.gone),
            received=found.total(),
            lost=len(self.kept - self.gone - self.unsure - found.keys()),
            doubled=found.total() - len(found),
            still_readable=len(self.gone & found.keys()),
            strange=len(found.keys() - self.tried),
        )
