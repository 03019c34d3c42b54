"""Says whether reports are taken now, in one word, to whoever looks after the machine.

No number is in it: a count that anybody may fetch as often as they like would tell when each report
came. What it says, a visitor who sends something learns as well.
"""

import asyncio
import os
import time
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from intake.crypto.receipt import LENGTHS
from intake.keeping import Unavailable
from intake.store import Store

PATH = "/healthz"
# One look at the store serves all who ask in this time, so that asking is no way to keep it busy.
SECONDS = 5.0


def said(ok: bool) -> Response:
    """One word, and nothing of why."""
    return PlainTextResponse("ok\n" if ok else "not ok\n", 200 if ok else 503)


class Health:
    """Asks the store's own writer, so that the answer is "ok" only while it works and has room.

    Nothing is written only to find out; but once a report could not be kept, it is not "ok" for a minute, or
    until one is.
    """

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._clock = store, clock
        self._lock = asyncio.Lock()
        self._ok, self._until = False, clock()

    async def show(self, request: Request) -> Response:
        """The page at /healthz: 200 and "ok", or 503 and "not ok"."""
        return said(await self._asked() and not self._store.doubtful)

    async def _asked(self) -> bool:
        async with self._lock:
            if self._clock() >= self._until:
                self._ok = await self._ask()
                self._until = self._clock() + SECONDS
            return self._ok

    async def _ask(self) -> bool:
        try:
            async with asyncio.timeout(SECONDS):
                await self._store.holds(os.urandom(LENGTHS["id"]))
        except (Unavailable, TimeoutError):
            return False
        return self._store.room > 0
