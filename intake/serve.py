"""Runs the intake: one process, one address, no log of who came.

Nothing that a visitor sends may outlive this process: there is no access log, no core dump, and
nobody of the same user may attach to it.
"""

import contextlib
import ctypes
import gc
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from intake import boxes, daybook, listening, logs, retention
from intake.app import create_app
from intake.attachments import Attachments
from intake.beat import beating
from intake.directory import Directory
from intake.hosting import Groups
from intake.keeping import Database
from intake.notices import Notices
from intake.protocol import MOST_CONNECTIONS, Protocol
from intake.sealing import Cards
from intake.shelf import Shelf
from intake.store import Store

Listen = Callable[[], Sequence[socket.socket]]

SECONDS_TO_FINISH = 10
# Besides the connections: the database, its journal, the log, what is listened on.
OTHER_FILES = 64
# New objects until the collector looks at them; at Python's 700 it took a twentieth of a busy server's time.
OBJECTS = 10_000
_PR_SET_DUMPABLE = 4


def serve(
    directories: Mapping[str, Directory], listen: Listen, ready: Callable[[Sequence[str]], None]
) -> None:
    """Serves until SIGINT or SIGTERM; `ready` is told where, once reports are taken.

    The directories are by what their addresses begin with ("" or "/g/NAME").
    """
    forbid_core_dumps()
    allow_connections()
    os.umask(0o077)
    logs.set_up()
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(contextlib.closing(one)) for one in listen()]
        intakes = {base: stack.enter_context(_intake(one, base)) for base, one in directories.items()}
        app = intakes[""] if list(intakes) == [""] else Groups(intakes)
        places = [listening.shown(opened, base) for base in intakes]
        book = daybook.Daybook(app)
        stack.enter_context(daybook.daily(book))
        spare_the_collector()
        _Server(configuration(book), lambda: ready(places)).run(opened)


@contextlib.contextmanager
def _intake(directory: Directory, base: str) -> Iterator[ASGIApp]:
    """One intake, taking reports."""
    with contextlib.closing(directory.database) as database:
        database.keep_forms([(form.digest, form.json) for form in directory.forms])
        for warning in (*directory.desks.warnings(date.today()), *database.warnings()):
            logging.getLogger("intake.start").warning("%s", warning)
        boxes.sweep_alone(directory.path, directory.desks.pinned)
        with _started(directory, database, base) as app:
            yield app


@contextlib.contextmanager
def _started(directory: Directory, database: Database, base: str) -> Iterator[ASGIApp]:
    store = Store(
        database,
        max_reports=directory.settings.max_reports,
        min_free_bytes=directory.settings.min_free_bytes,
    )
    attachments = _attachments(directory, database)
    app = create_app(
        directory.settings,
        directory.forms,
        directory.recipients,
        store,
        notices=Notices(directory.help, directory.deadlines),
        attachments=attachments,
        source=Cards(directory.path),
        shelf=Shelf(directory.path),
        tally=database.tally(),
        base=base,
    )
    with contextlib.ExitStack() as stack:
        # First, so that it closes last: it touches the files after their last byte is written.
        stack.enter_context(beating(directory.path))
        stack.enter_context(database.following())
        # Before the store begins, which would hold up what is deleted now.
        stack.enter_context(retention.daily(database, directory.settings.keep_days))
        # Before the server runs, so that a file that cannot be used stops the start like any other.
        stack.enter_context(contextlib.closing(store))
        store.start()
        if attachments:
            stack.enter_context(contextlib.closing(attachments))
            attachments.start()
        yield app


def configuration(app: ASGIApp, log_level: str = "warning") -> uvicorn.Config:
    """How uvicorn runs the application: it tells nobody, and no log, about visitors."""
    return uvicorn.Config(
        app,
        access_log=False,
        backlog=listening.BACKLOG,
        http=Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level=log_level,
        # A proxy's headers name the visitor; they are not even read.
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=SECONDS_TO_FINISH,
    )


def spare_the_collector() -> None:
    """Lets the collector of garbage pass over what stays until the end, and look less often at what comes."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS)


def allow_connections() -> None:
    """Lets the process have as many files open as it takes connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + OTHER_FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _attachments(directory: Directory, database: Database) -> Attachments | None:
    """The store of attachments, where a form takes any."""
    if not any(form.attachments for form in directory.forms):
        return None
    return Attachments(database, min_free_bytes=directory.settings.min_free_bytes)


def forbid_core_dumps() -> None:
    """A core file would hold what somebody is sending right now."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The limit does not bind where the system pipes cores to a program; this does (prctl(2), Linux).
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


class _Server(uvicorn.Server):
    """uvicorn, saying when it is ready, and ending with status 0 when it is told to stop."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn does, but the signal is not raised again afterwards: stopping is no failure."""
        for one in (signal.SIGINT, signal.SIGTERM):
            signal.signal(one, self._stop)
        yield

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True
