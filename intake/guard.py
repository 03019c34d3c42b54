"""The outermost layer of the intake: strict headers on every answer, and silence about every failure.

A traceback can quote what somebody wrote. So when something unforeseen happens, its class and its
place are logged, and nothing else of it leaves the process.
"""

import asyncio
import logging
import traceback

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
        "magnetometer=(), microphone=(), payment=(), screen-wake-lock=(), usb=()"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
RAW_HEADERS = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
# What Starlette adds to static files would let a browser keep, or a server tell, when they were fetched.
_DROPPED = {name for name, _ in RAW_HEADERS} | {b"etag", b"last-modified", b"set-cookie"}

log = logging.getLogger("intake")


class Guard:
    """Wraps the whole application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def send_strict(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                kept = [pair for pair in message.get("headers", ()) if pair[0].lower() not in _DROPPED]
                message["headers"] = [*kept, *RAW_HEADERS]
            await send(message)

        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send_strict)
        except Exception as error:  # the page for it is sent already, by the application
            log.error("unexpected %s", place(error))
        except asyncio.CancelledError:
            # The server stops and waits no longer; what it would answer by itself has no strict headers.
            if not begun:
                await PlainTextResponse("nothing was saved\n", 503)(scope, receive, send_strict)
            raise


def place(error: BaseException) -> str:
    """The class of an error and where it came up, without its message."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}" if frames else ""
    return type(error).__name__ + where
