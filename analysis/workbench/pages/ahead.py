"""What the workbench does by itself: makes summaries that are missing, and reads what people open first."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeAlias

from analysis import bitmaps, cipher
from analysis.cipher import Database
from analysis.desk import Desk
from analysis.desk_errors import Busy
from analysis.patterns import corpus, making, places, together
from analysis.patterns.making import Made
from analysis.workbench.pages import browse, patterns
from analysis.workbench.pages.view import Asked
from analysis.workbench.state import State

# So long the first page has the processor for itself.
AFTER = 3.0
# Datasette reads its templates and the tables when the first of its pages is asked for.
DATASETTE = ("/desk/reports", "/desk/texts", "/desk")
LONGEST = 30.0
# Another command may have imported meanwhile, and been killed before the summaries were made.
EVERY = 20.0


App: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]


def work(state: State, app: App) -> None:
    """Keeps the summaries true, until the workbench closes. `app` is what answers whoever passed the gate."""
    if state.closing.wait(AFTER):
        return
    with suppress(cipher.OperationalError):
        warm(state)
        for path in DATASETTE:
            visit(state, app, path)
    while not state.closing.is_set():
        with suppress(cipher.OperationalError):
            make(state)
        state.closing.wait(EVERY)


def make(state: State) -> None:
    """Makes what is missing; not while another command changes the desk, and not of half an import."""
    connection = state.connection()
    if making.is_true(connection) or not bitmaps.is_true(Database(connection)):
        return
    for made in making.make(connection):
        if state.closing.is_set() or not _write(state, made):
            return


def _write(state: State, made: Made) -> bool:
    def change(desk: Desk) -> bool:
        with desk.changing(), desk.database.atomic():
            return making.write(desk.database.conn, made)

    try:
        return state.write(change)
    except Busy:
        return False


def warm(state: State) -> None:
    """Reads the bits and summaries that the first pages need, one after the other."""
    asked = Asked("/", "", {}, "en", state.snapshot(), state.connection())
    counted = asked.counted
    for name in (*browse.FIRST, *browse.TICKED, "lang"):
        if state.closing.is_set():
            return
        counted.column(name)
    for question in together.act_questions(counted):
        patterns.find_together(asked, question)
    patterns.find_periods(asked)
    for pool in patterns.kept(asked, places.pools, "pools"):
        if not state.closing.is_set():
            patterns.find_places(asked, pool)
    for lang in counted.column("lang"):
        if not state.closing.is_set():
            corpus.read_corpus(counted, str(lang))


def visit(state: State, app: App, path: str) -> None:
    """Asks for a page as somebody in the browser would, and throws it away."""
    loop = state.loop
    # Nobody has looked at the first page yet, or they have closed the workbench.
    if loop is None or loop.is_closed() or state.closing.is_set():
        return
    asking = asyncio.run_coroutine_threadsafe(_ask(app, path), loop)
    with suppress(TimeoutError, asyncio.CancelledError):
        asking.result(LONGEST)


async def _ask(app: App, path: str) -> None:
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_: object) -> None:
        """The page is not for anybody."""

    await app(scope, receive, send)
