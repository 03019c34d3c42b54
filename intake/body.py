"""Reads the body of a request piece by piece, within bounds. Nothing of it touches a disk."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

# A browser shows the answer only when its body was read; so a body that is too long is read and
# dropped up to this many times the bound, and cut off beyond.
PATIENCE = 16
# Slower than this, in bytes a second, a large body is given up.
SLOWEST = 16 * 1024
_DIGITS = 15


class Deadline:
    """When a body must be here. Each byte of it that came puts it off, and no promise of more does."""

    def __init__(self, timeout: asyncio.Timeout) -> None:
        self._timeout = timeout

    def came(self, size: int) -> None:
        """So many bytes more are here."""
        when = self._timeout.when()
        if when is not None and not self._timeout.expired():
            self._timeout.reschedule(when + size / SLOWEST)


@asynccontextmanager
async def deadline(seconds: float) -> AsyncIterator[Deadline]:
    """Bounds the time in which a body may arrive; HTTPException 408 when it is over."""
    try:
        async with asyncio.timeout(seconds) as timeout:
            yield Deadline(timeout)
    except TimeoutError:
        raise HTTPException(408) from None


def announced(request: Request) -> int:
    """The length of the body that the headers announce, or 0."""
    text = request.headers.get("content-length", "")
    # Python reads no number of more than some thousand digits, and no body is so long.
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else 0


async def pieces(
    request: Request, most: int, patience: int = PATIENCE, until: Deadline | None = None
) -> AsyncIterator[bytes]:
    """The body as it arrives, `most` bytes at most; what comes puts off `until`.

    Raises HTTPException: 413 for a longer body, 400 for one that broke off.
    """
    length = 0
    try:
        async for piece in request.stream():
            length += len(piece)
            if until:
                until.came(len(piece))
            if length <= most:
                yield piece
            elif length > most * patience:
                break
    except ClientDisconnect:
        raise HTTPException(400) from None
    if length > most:
        raise HTTPException(413)


async def whole(request: Request, most: int) -> bytes:
    """The body in one piece; raises as `pieces` does."""
    # Not a list of pieces: a thousand tiny ones would take many times their length.
    found = bytearray()
    async for piece in pieces(request, most):
        found += piece
    return bytes(found)
