"""Datasette's pages of tables as they were answered before, as long as nothing was written since.

They are drawn from a hundred small queries, and their makers rely on a browser that keeps pages: ours may
not. A page that somebody's own SQL made is drawn anew: it may ask for chance or for the time.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from analysis.workbench.gate import App, Message, Receive, Scope, Send
from analysis.workbench.state import State

_TABLE = re.compile(r"/desk(/[a-z_]+)?")
_OWN_SQL = re.compile(r"sql=|_where", re.IGNORECASE)
# Bytes; a longer page is drawn anew.
LONGEST = 512 * 1024


@dataclass(slots=True)
class Answer:
    """One answer as it went out."""

    messages: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_page(self) -> bool:
        """Whether it is a whole page that says the same to whoever asks again."""
        start, *rest = self.messages or [{}]
        headers = {name.lower(): value for name, value in start.get("headers", ())}
        return (
            start.get("status") == 200
            and headers.get(b"content-type", b"").startswith(b"text/html")
            and b"set-cookie" not in headers
            and sum(len(one.get("body", b"")) for one in rest) <= LONGEST
            and bool(rest)
            and not rest[-1].get("more_body")
        )


def remember(app: App, state: State) -> App:
    """The application, which is asked once for each page of a table and each state of the desk."""

    async def remembering(scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_table(scope):
            await app(scope, receive, send)
            return
        snapshot = state.snapshot()
        key = (scope["path"], scope["query_string"].decode("latin-1"))
        known: Answer | None = snapshot.tables.get(key)
        if known is not None:
            for message in known.messages:
                await send(dict(message))
            return
        answer = Answer()

        async def keeping(message: Message) -> None:
            answer.messages.append(dict(message))
            await send(message)

        await app(scope, receive, keeping)
        if answer.is_page:
            snapshot.tables.put(key, answer)

    return remembering


def _is_table(scope: Scope) -> bool:
    return bool(
        scope["type"] == "http"
        and scope["method"] == "GET"
        and _TABLE.fullmatch(scope["path"])
        and not _OWN_SQL.search(scope["query_string"].decode("latin-1"))
    )
