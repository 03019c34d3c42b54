"""How much work a browser must do before its report is taken: none in quiet times.

Three things press: reports that come faster than the settings allow for free, a store that lags
behind, and room that runs out. The greatest of them decides. Nothing here knows who sends.
"""

import math
from typing import Protocol

from intake.work import MOST_BITS

# The writer takes all that waits at once, so some always wait; this part of the queue is no pressure,
# and that part is as much as there can be.
QUEUE_AT_EASE = 1 / 8
QUEUE_AT_MOST = 1 / 2
ROOM_TO_SPARE = 1 / 4


class Level(Protocol):
    """What there is of something, from 0 to 1."""

    @property
    def left(self) -> float: ...


def asked_bits(free: Level, queue: float, room: float) -> int:
    """The difficulty, 0 to MOST_BITS, of the work that is asked for now.

    `free` is what may come without work; `queue` is the part of the waiting places that is taken, and
    `room` the part of the room for reports that is left, both 0 to 1. A step of one doubles the work.
    """
    hurry = 1 - 2 * free.left
    lag = (queue - QUEUE_AT_EASE) / (QUEUE_AT_MOST - QUEUE_AT_EASE)
    scarcity = 1 - room / ROOM_TO_SPARE
    return math.ceil(MOST_BITS * min(1.0, max(0.0, hurry, lag, scarcity)))
