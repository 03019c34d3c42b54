"""Codes that wait to be shown once, for a minute or two, to a browser that runs no script.

The page after sending can show the code of a report that the server sealed. It must come by a redirect:
where it answers the form itself, browsers write the form, words and all, to their disk, to be able to send
it again (Chromium does, in its file of sessions). And the code must not stand in an address. So the redirect
names a random number, which is worth nothing once the page was shown. All of this is in memory.
"""

import asyncio
import os
from collections.abc import Callable

FIELD = "once"
SECONDS = 120.0
MOST = 1_000
_NUMBER = 16


class Once:
    """What waits is dropped when it is taken, or when its time is over."""

    def __init__(self, seconds: float = SECONDS, random: Callable[[int], bytes] = os.urandom) -> None:
        self._seconds = seconds
        self._random = random
        self._codes: dict[str, bytes] = {}

    def keep(self, code: bytes) -> str:
        """The number under which the code waits; empty when too many wait already."""
        if len(self._codes) >= MOST:
            return ""
        number = self._random(_NUMBER).hex()
        self._codes[number] = code
        asyncio.get_running_loop().call_later(self._seconds, self.take, number)
        return number

    def take(self, number: str) -> bytes:
        """The code, this one time; empty when there is none."""
        return self._codes.pop(number, b"")
