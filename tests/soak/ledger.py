"""What reporters know: what they sent, what they were told is kept, and what they took back."""

import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field


def story() -> str:
    """Words that nobody else says."""
    return f"They kept me waiting outside. My mark is {os.urandom(12).hex()}."


@dataclass(frozen=True, slots=True)
class Balance:
    """How sent and received compare; `doubled` counts all beyond the first that say the same one thing.

    `in_doubt` are those that somebody asked to take back and was told nothing about:
    there or not, both are right. `changed` say something else than was sent under their id.
    """

    tried: int
    acknowledged: int
    taken_back: int
    in_doubt: int
    received: int
    lost: int
    doubled: int
    changed: int
    still_readable: int
    strange: int

    @property
    def even(self) -> bool:
        """Nothing is lost, doubled, changed, readable though it was taken back, or from nowhere."""
        return not (self.lost or self.doubled or self.changed or self.still_readable or self.strange)


@dataclass
class Ledger:
    """One kind of thing that is sent. Many senders write in it at once.

    `tried` has what was to be said under each id. All that is said differs, so one thing that stands under
    two ids was said once, by somebody who got no answer and was given another code.
    """

    tried: dict[bytes, str] = field(default_factory=dict)
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

    def close(self, received: Iterable[tuple[bytes, str]]) -> Balance:
        """Compares it with what the desk has: ids, and what is said under each."""
        found = list(received)
        ids = {one for one, _ in found}
        said = [self.tried[one] for one, _ in found if one in self.tried]
        gone = {self.tried[one] for one in self.gone}
        return Balance(
            tried=len(self.tried),
            acknowledged=len(self.kept),
            taken_back=len(self.gone),
            in_doubt=len(self.unsure - self.gone),
            received=len(found),
            lost=len(self.kept - self.gone - self.unsure - ids),
            doubled=len(said) - len(set(said)),
            changed=sum(self.tried.get(one, words) != words for one, words in found),
            still_readable=sum(words in gone for words in said),
            strange=len(ids - self.tried.keys()),
        )
