"""One address with all its methods, so that a wrong method is told which ones are right.

Routes that stand beside each other, one a method, answer for themselves alone; and an address that
takes no GET would be taken for a page of another kind.
"""

from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

Way = Callable[[Request], Awaitable[Response]]


class Address:
    """What an address does for each method; HTTPException 405 with Allow for any other."""

    def __init__(self, **ways: Way) -> None:
        self._ways = {**ways, "HEAD": ways["GET"]} if "GET" in ways else ways

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in self._ways:
            raise HTTPException(405, headers={"Allow": ", ".join(sorted(self._ways))})
        response = await self._ways[scope["method"]](Request(scope, receive, send))
        await response(scope, receive, send)
