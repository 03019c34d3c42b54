"""What the pages know of the desk beside its rows: forms, bits, and pages that were drawn before.

It is true for one state of the database. Another command may import meanwhile, and our own pages
write decisions, so every request asks SQLite first whether anything was written.
"""

from asyncio import AbstractEventLoop
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, local
from typing import Any, Generic, TypeVar

from analysis import bitmaps, cipher, summaries
from analysis.bitmaps import Bitmaps, Bits, Value
from analysis.desk import DATABASE, Desk
from analysis.desk_errors import Unwritable
from analysis.workbench import decided
from analysis.workbench.labels import Book, read_book

MOST_PAGES = 400
MOST_SELECTIONS = 40
MOST_PATTERNS = 40
MOST_TABLES = 40
# One for a page that takes long, one for the next, and one that works ahead.
THREADS = 3

_Kept = TypeVar("_Kept")


class Kept(Generic[_Kept]):
    """The last things that were worked out, in memory, so that going back to one is instant."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = Lock()
        self._all: OrderedDict[tuple[str, ...], _Kept] = OrderedDict()

    def get(self, key: tuple[str, ...]) -> _Kept | None:
        """What was kept under this key."""
        with self._lock:
            if key in self._all:
                self._all.move_to_end(key)
            return self._all.get(key)

    def put(self, key: tuple[str, ...], one: _Kept) -> None:
        """Keeps it, and drops what was not asked for longest."""
        with self._lock:
            self._all[key] = one
            if len(self._all) > self._most:
                self._all.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One state: the words of the forms, the bits of the answers, and what was made of them."""

    book: Book
    bits: Bitmaps
    pages: Kept[str] = field(default_factory=lambda: Kept[str](MOST_PAGES))
    selections: Kept[Bits] = field(default_factory=lambda: Kept[Bits](MOST_SELECTIONS))
    patterns: Kept[Any] = field(default_factory=lambda: Kept[Any](MOST_PATTERNS))
    tables: Kept[Any] = field(default_factory=lambda: Kept[Any](MOST_TABLES))
    decisions: Kept[Mapping[Value, Bits]] = field(default_factory=lambda: Kept[Mapping[Value, Bits]](8))

    def column(self, connection: Any, name: str) -> Mapping[Value, Bits]:
        """The bits of each value of a question, or of what was decided."""
        if name not in decided.NAMES:
            return self.bits.column(connection, name)
        found = self.decisions.get((name,))
        if found is None:
            found = decided.column(connection, self.bits, name)
            self.decisions.put((name,), found)
        return found


class State:
    """The newest snapshot."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._lock = Lock()
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="pages")
        self._own = local()
        self._writing = Lock()
        self._connections: list[Any] = []
        self.closing = Event()
        # The loop that answers requests, once there was one.
        self.loop: AbstractEventLoop | None = None
        # A connection of its own tells of what every other one writes, those of this process too.
        self._watch = cipher.connect(Path(desk.path) / DATABASE, desk.database_key, readonly=True)
        self._version = -1
        self._made = (-1, -1)
        self._snapshot: Snapshot | None = None

    def snapshot(self) -> Snapshot:
        """The state of the database as it stands now."""
        with self._lock:
            version = self._watch.execute("PRAGMA data_version").fetchone()[0]
            if self._snapshot is None or version != self._version:
                self._version = version
                self._snapshot = Snapshot(read_book(self._watch), self._bits())
            return self._snapshot

    def versions(self) -> tuple[int, int]:
        """Two numbers: one changes with all that is written, one with what is at the desk of reports."""
        self.snapshot()
        return self._version, self._made[0]

    def _bits(self) -> Bitmaps:
        """The bits, which a decision leaves as they are, so that they need not be read again."""
        made = bitmaps.state(self._watch), summaries.written(self._watch)
        if self._snapshot is None or made[0] != self._made[0]:
            bits = Bitmaps.of(self._watch)
        else:
            bits = self._snapshot.bits
            if made[1] != self._made[1]:
                bits.forget()
        self._made = made
        return bits

    def connection(self) -> Any:
        """This thread's connection, which cannot write. Never for a question that somebody typed."""
        if not hasattr(self._own, "connection"):
            path = Path(self.desk.path) / DATABASE
            self._own.connection = cipher.connect(path, self.desk.database_key, readonly=True)
            self._connections.append(self._own.connection)
        return self._own.connection

    def write(self, change: Callable[[Desk], _Kept]) -> _Kept:
        """Changes the desk by its own connection, the only one here that can; one change at a time.

        Raises Unwritable, with nothing changed, when the disk is full.
        """
        with self._writing:
            try:
                return change(self.desk)
            except cipher.OperationalError:
                raise Unwritable("the desk cannot be written: its disk may be full") from None

    def close(self) -> None:
        """Gives up what is being asked, so that Ctrl-C does not wait for a long page."""
        self.closing.set()
        self.threads.shutdown(wait=False, cancel_futures=True)
        for connection in self._connections:
            connection.interrupt()


def freshen(desk: Desk) -> None:
    """Brings the bits up to date, which an import that was killed left behind."""
    if not bitmaps.is_true(desk.database):
        with desk.changing(), desk.database.atomic():
            bitmaps.refresh(desk.database)
