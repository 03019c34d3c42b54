"""The one way by which the workbench lets a file of reports be saved: when a form asks for it.

The file is made as the browser takes it, so nothing of it lies on this machine before the browser
puts it where it is told to.
"""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from datasette import Response

from analysis import cipher
from analysis.desk import DATABASE
from analysis.errors import AnalysisError
from analysis.workbench import export
from analysis.workbench.export import Wanted
from analysis.workbench.pages import words
from analysis.workbench.pages.view import Workbench, refuse
from analysis.workbench.selection import Selection
from analysis.workbench.state import State


class NotAsked(AnalysisError):
    """Nobody has said that the file may lie open."""


async def view(request: Any, datasette: Any) -> Any:
    """The file that the form on the page "Data" asks for."""
    workbench: Workbench = datasette.workbench
    fields: Mapping[str, list[str]] | None = request.scope.get("form")
    if fields is None:
        return Response.redirect("/data")
    if fields.get("open") != ["yes"]:
        return refuse(workbench, request, NotAsked("the box that says what such a file means is not ticked"))
    return Download(workbench.state, fields, request.receive)


def _wanted(fields: Mapping[str, list[str]]) -> Wanted:
    (labels, *_) = fields.get("labels", [""])
    return Wanted(
        labels if labels in words.LANGUAGES else "",
        others=fields.get("others") == ["yes"],
        words=fields.get("words") == ["yes"],
    )


class Download:
    """An answer that is sent piece by piece. It stops when the browser goes, or the workbench closes."""

    def __init__(self, state: State, fields: Mapping[str, list[str]], receive: Any) -> None:
        self._state = state
        self._wanted = _wanted(fields)
        self._selection = Selection.read("".join(fields.get("query", [])[:1]))
        self._receive = receive
        path = state.desk.path / DATABASE
        self._connection = cipher.connect(path, state.desk.database_key, readonly=True)

    async def asgi_send(self, send: Any) -> None:
        """Sends it."""
        name = f"reports-{date.today().isoformat()}.csv"
        headers = [
            (b"content-type", b"text/csv; charset=utf-8"),
            (b"content-disposition", f'attachment; filename="{name}"'.encode("ascii")),
        ]
        gone = asyncio.ensure_future(self._receive())
        try:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await self._send(send, gone)
        except asyncio.CancelledError:
            # A thread may still be reading: it is told to end, and the connection ends with the process.
            self._connection.interrupt()
            raise
        finally:
            gone.cancel()
        self._connection.close()

    async def _send(self, send: Any, gone: "asyncio.Future[Any]") -> None:
        loop, pieces = asyncio.get_running_loop(), self._pieces()
        while piece := await loop.run_in_executor(self._state.threads, next, pieces, ""):
            # Without its end the browser says that the file is not whole.
            if gone.done() or self._state.closing.is_set():
                return
            await send({"type": "http.response.body", "body": piece.encode(), "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def _pieces(self) -> Iterator[str]:
        snapshot = self._state.snapshot()
        found = export.select(self._connection, snapshot, self._selection, others=self._wanted.others)
        yield from export.write(self._connection, snapshot, found, self._wanted)
