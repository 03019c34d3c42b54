"""What waits to be shown once, for a minute or two, to a browser that runs no script.

The page after sending can show the code of a report that the server sealed; the page behind a code shows
what was found; and a form that cannot be taken comes back with what was typed. All must come by a redirect:
where a page answers a form, browsers write the form, words and all, to their disk, to be able to send it
again (Chromium does, in its file of sessions). And neither code nor words must stand in an address. So the
redirect names a random number, which is worth nothing once the page was shown. All of this is in memory.
"""

import asyncio
import os
from collections.abc import Callable
from typing import Generic, TypeVar

FIELD = "once"
SECONDS = 120.0
MOST = 1_000
_NUMBER = 16


Held = TypeVar("Held")


class Once(Generic[Held]):
    """What waits is dropped when it is taken, or when its time is over."""

    def __init__(
        self,
        seconds: float = SECONDS,
        most: int = MOST,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._seconds = seconds
        self._most = most
        self._random = random
        self._held: dict[str, Held] = {}

    def keep(self, held: Held) -> str:
        """The number under which it waits; empty when too many wait already."""
        if len(self._held) >= self._most:
            return ""
        number = self._random(_NUMBER).hex()
        self._held[number] = held
        asyncio.get_running_loop().call_later(self._seconds, self.take, number)
        return number

    def take(self, number: str) -> Held | None:
        """What waits, this one time; None when there is nothing."""
        return self._held.pop(number, None)
