"""Says once a day how much came, in round numbers, to the operator alone.

The counts stand in memory, and are gone when the server stops. At the end of a day one line goes to the
log, always with the same words and always at midnight, so that neither tells of one visitor; and whatever
is fewer than ten looks like nothing at all.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from threading import Lock

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from intake.repeating import repeating
from intake.retention import utc_today

ROUND = 10
SECONDS_BETWEEN = 30.0
# What was counted, in the operator's words, in the order in which it is said.
SENT = "sent"
WAITED = "asked to wait or to work first"
NO_ROOM = "turned away for want of room"
FAILED = "failed"
KINDS = (SENT, WAITED, NO_ROOM, FAILED)

log = logging.getLogger("intake.daybook")
# It is no warning, and is said all the same.
log.setLevel(logging.INFO)


class Daybook:
    """Wraps the application, and counts how what was posted to it ended."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._counts: Counter[str] = Counter()
        self._lock = Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._count(message["status"], dict(message.get("headers", ())).get(b"location", b""))
            await send(message)

        posted = scope["type"] == "http" and scope["method"] == "POST"
        await self._app(scope, receive, send_counted if posted else send)

    def take(self) -> str:
        """What was counted since it was last taken, in one line."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        return "; ".join(f"{kind}: {rounded(counts[kind])}" for kind in KINDS)

    def _count(self, status: int, location: bytes) -> None:
        if kind := _kind(status, location):
            with self._lock:
                self._counts[kind] += 1


def rounded(number: int) -> str:
    """A number that tells of no single one."""
    return f"about {round(number / ROUND) * ROUND}" if number >= ROUND else f"fewer than {ROUND}"


@contextmanager
def daily(
    book: Daybook, today: Callable[[], date] = utc_today, seconds: float = SECONDS_BETWEEN
) -> Iterator[None]:
    """As long as the block lasts, says at the end of each day what the day brought."""
    day = today()

    def look() -> None:
        nonlocal day
        if (now := today()) != day:
            log.info("%s: %s", day.isoformat(), book.take())
            day = now

    with repeating("daybook", seconds, look):
        yield


def _kind(status: int, location: bytes) -> str:
    if status == 201 or (status == 303 and b"/sent?" in location):
        return SENT
    if status in (428, 429):
        return WAITED
    if status == 503:
        return NO_ROOM
    return FAILED if status >= 500 else ""
