"""Serves Datasette over the desk's database, on this machine only, until Ctrl-C.

What Datasette does by default and must not do here: load whatever plugin is installed, answer
anybody, log what was searched for, let the browser keep pages, refer to other hosts.
"""

import socket
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import uvicorn

import templates
from analysis import cipher
from analysis.desk import DATABASE, Desk
from analysis.desk_errors import Busy, PortInUse
from analysis.workbench import gate, peer, shorter
from analysis.workbench.metadata import describe, inspect, read_forms
from analysis.workbench.pages import ahead
from analysis.workbench.pages.view import Workbench
from analysis.workbench.patience import Patience
from analysis.workbench.remembered import remember
from analysis.workbench.state import State, freshen

# Datasette reads this when it is first imported: without it the code of every installed plugin
# would run here, next to the open database.
sys._called_from_test = True  # type: ignore[attr-defined]

from datasette.app import Datasette  # noqa: E402
from datasette.database import Database  # noqa: E402
from datasette.plugins import pm  # noqa: E402

from analysis.workbench import plugin  # noqa: E402

HOST = "127.0.0.1"
NAME = "desk"
TEMPLATES = templates.TEMPLATES / "workbench"
ACTOR = {"id": "organizer"}

# Milliseconds. Datasette asks with an hour as it starts, and with some milliseconds for a page.
_LONGEST_COUNT = 10_000

SETTINGS = {
    "allow_csv_stream": False,
    "allow_download": False,
    "default_page_size": 50,
    "facet_time_limit_ms": 3000,
    "max_returned_rows": 500,
    "sql_time_limit_ms": 5000,
    "suggest_facets": False,
    "truncate_cells_html": 600,
}

# No page of the workbench, nor of Datasette, runs a script or carries a style, so there is none to allow.
_POLICY = (
    "default-src 'none'",
    "style-src 'self'",
    "img-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
)
POLICY = "; ".join(_POLICY)


class DeskDatabase(Database):  # type: ignore[misc]
    """The desk's database as Datasette sees it: encrypted on the disk, and never written."""

    def __init__(self, datasette: Datasette, desk: Desk) -> None:
        super().__init__(datasette, path=str(desk.path / DATABASE), is_mutable=False)
        self._desk = desk
        self._patience = Patience()

    def connect(self, write: bool = False) -> Any:
        """A read-only connection."""
        if write:
            raise PermissionError("the workbench never writes")
        connection = cipher.connect(self._desk.path / DATABASE, self._desk.database_key, readonly=True)
        self._all_file_connections.append(connection)
        return connection

    async def execute_fn(self, fn: Callable[[Any], Any]) -> Any:
        """Runs a function in a thread with a connection of its own, under our patience."""

        def bounded(connection: Any) -> Any:
            with self._patience.with_query():
                return fn(connection)

        return await super().execute_fn(bounded)

    async def execute(self, sql: str, *args: Any, **options: Any) -> Any:
        """Runs a query; one that fails is not printed, because it holds what was searched for."""
        if shorter.is_count(sql):
            options = {"custom_time_limit": shorter.LONGEST_COUNT_MS, **options}
        return await super().execute(shorter.shorten(sql), *args, **{**options, "log_sql_errors": False})

    async def table_counts(self, limit: int = 10) -> dict[str, int]:
        """How many rows each table has; nothing at the start, when Datasette would count for an hour."""
        return {} if limit > _LONGEST_COUNT else await super().table_counts(limit)


def serve(desk: Desk, port: int, say: Callable[[str], None]) -> None:
    """Serves until Ctrl-C. Raises PortInUse; `say` is told the address that opens the workbench."""
    # Datasette leaves work lying when a query fails, and Python would say so in the terminal.
    warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
    with suppress(Busy):
        freshen(desk)
    with _listen(port) as listener:
        port = listener.getsockname()[1]
        session, state = gate.Session(), State(desk)
        app = application(desk, session, state)
        state.threads.submit(ahead.work, state, app)
        config = uvicorn.Config(
            guarded(app, session, port, peer.is_ours),
            log_config=None,
            # A traceback may hold what was searched for, and a warning what anybody on this machine sent.
            log_level="critical",
            access_log=False,
            # Whoever asks could say by a header to be at another port.
            proxy_headers=False,
            ws="none",
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=2,
        )
        say(f"open this address in a private window of the browser; it works once:\n{link(session, port)}")
        say("press Ctrl-C to close the workbench")
        try:
            with suppress(KeyboardInterrupt):
                uvicorn.Server(config).run(sockets=[listener])
        finally:
            state.close()


def link(session: gate.Session, port: int) -> str:
    """The address that opens the workbench."""
    return f"http://{HOST}:{port}{gate.OPENING}?token={session.token}"


def build(
    desk: Desk,
    session: gate.Session,
    port: int,
    state: State | None = None,
    is_ours: Callable[[gate.Scope], bool] = lambda _: True,
) -> gate.App:
    """The ASGI application: Datasette with our plugin, behind the gate."""
    return guarded(application(desk, session, state or State(desk)), session, port, is_ours)


def guarded(
    app: gate.App, session: gate.Session, port: int, is_ours: Callable[[gate.Scope], bool]
) -> gate.App:
    """An application behind the gate."""
    return gate.guard(app, session, (f"{HOST}:{port}", f"localhost:{port}"), POLICY, is_ours)


def application(desk: Desk, session: gate.Session, state: State) -> gate.App:
    """Datasette with our plugin, for whoever passed the gate."""
    datasette = Datasette(
        settings=SETTINGS,
        metadata=describe(desk.database, ACTOR),
        inspect_data={NAME: inspect(state)},
        template_dir=str(TEMPLATES),
        static_mounts=[("static", str(TEMPLATES / "static"))],
        cache_headers=False,
    )
    # Every handler of a hook is run, and this one prints tracebacks with the values of all variables.
    if pm.has_plugin("datasette.handle_exception"):
        pm.unregister(name="datasette.handle_exception")
    if not pm.is_registered(plugin):
        pm.register(plugin, "witnessbox")
    datasette.forms = read_forms(desk.database)  # for the plugin
    datasette.workbench = Workbench(state, session)  # for our pages
    datasette.remove_database("_memory")
    datasette.add_database(DeskDatabase(datasette, desk), name=NAME)
    return remember(_as_organizer(datasette.app()), state)


def _as_organizer(app: gate.App) -> gate.App:
    """Whoever passed the gate is the one person that Datasette's own permissions know."""

    async def with_actor(scope: gate.Scope, receive: gate.Receive, send: gate.Send) -> None:
        await app({**scope, "actor": ACTOR} if scope["type"] == "http" else scope, receive, send)

    return with_actor


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # Without this a port stays taken for a minute after the workbench was closed.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()
    except OSError as error:
        listener.close()
        reason = (error.strerror or "cannot be used").lower()
        raise PortInUse(f"port {port}: {reason}", "choose another one with --port") from None
    return listener
