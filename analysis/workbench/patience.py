"""Closes the workbench when a query can be ended in no other way.

Datasette gives up a query whose time is over between two of its steps. One step can be made to last for
hours, such as a search for a long text in one that the query itself made longer still, and nothing ends a
thread that is in it. Whoever typed such a query, or was given it to paste, gets the machine back: nothing is
lost, because what was decided stands in the database.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Seconds; many times what Datasette grants a query.
LONGEST = 40.0
_EVERY = 0.5
_SAID = (
    "witnessbox-analysis: error: a query could not be ended, so the workbench was closed\n"
    "hint: nothing is lost: open it again\n"
)


def close() -> None:
    """Ends this process at once, whatever its threads are doing."""
    sys.stderr.write(_SAID)
    sys.stderr.flush()
    os._exit(1)


class Patience:
    """Knows since when which thread is at a query, and closes when one takes far too long."""

    def __init__(self, close: Callable[[], None] = close) -> None:
        self._close = close
        self._since: dict[int, float] = {}
        self._started = False
        self._lock = threading.Lock()

    @contextmanager
    def with_query(self) -> Iterator[None]:
        """While this thread is at a query."""
        self._watch()
        self._since[threading.get_ident()] = time.monotonic()
        try:
            yield
        finally:
            del self._since[threading.get_ident()]

    def _watch(self) -> None:
        with self._lock:
            if not self._started:
                self._started = True
                threading.Thread(target=self._look, name="patience", daemon=True).start()

    def _look(self) -> None:
        while all(time.monotonic() - since < LONGEST for since in list(self._since.values())):
            time.sleep(_EVERY)
        self._close()
