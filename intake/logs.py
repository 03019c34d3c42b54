"""What the server may say while it runs: a level, a name and a line that quotes nobody."""

import logging
import sys
import threading
import time
import warnings
from collections.abc import Callable

from intake.guard import place

# asyncio prints the objects that failed, which hold addresses and exceptions in full.
_TALKATIVE = "asyncio"
SECONDS_BETWEEN = 60
MOST_LINES = 1_000
# The loggers whose lines a visitor can cause.
OF_VISITORS = ("asyncio", "intake", "intake.http", "psycopg.pool", "uvicorn.error")


class QuietFormatter(logging.Formatter):
    """Prints an exception as its class and place, never its message, source lines or values."""

    def format(self, record: logging.LogRecord) -> str:
        """One line for one record."""
        said = "something failed" if record.name.startswith(_TALKATIVE) else _first_line(record.getMessage())
        if record.exc_info and record.exc_info[1]:
            said = f"{said}: {place(record.exc_info[1])}"
        return f"witnessbox-intake: {record.levelname.lower()}: {said}"


class OnceAMinute(logging.Filter):
    """Lets a line through once a minute: a flood must not fill the disk through the log."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._said: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record of this place and pattern was not let through within the last minute."""
        now, line = self._clock(), (f"{record.pathname}:{record.lineno}", str(record.msg))
        if now < self._said.get(line, now - SECONDS_BETWEEN) + SECONDS_BETWEEN:
            return False
        if len(self._said) >= MOST_LINES:
            self._said.clear()
        self._said[line] = now
        return True


def set_up() -> None:
    """Sends warnings and errors of this process to standard error, through the quiet formatter."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(QuietFormatter())
    once = OnceAMinute()
    for name in OF_VISITORS:
        logging.getLogger(name).addFilter(once)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    # Where a record cannot be printed, Python would print all that is in it.
    logging.raiseExceptions = False
    sys.excepthook = lambda kind, error, trace: _last_word(error)
    sys.unraisablehook = lambda stopped: _ignored(stopped.exc_value)
    # A warning about a socket that was left open names who was at its other end.
    warnings.showwarning = lambda message, kind, *rest: _warn(kind)
    threading.excepthook = lambda stopped: _last_word(stopped.exc_value)


def _first_line(message: str) -> str:
    # What follows may be a traceback that somebody made a message of.
    lines = message.strip().splitlines()
    return lines[0] if lines else "something failed"


def _warn(kind: type[Warning]) -> None:
    logging.getLogger("intake").warning("Python warns: %s", kind.__name__)


def _ignored(error: BaseException | None) -> None:
    if error is not None:
        logging.getLogger("intake").error("ignored %s", place(error))


def _last_word(error: BaseException | None) -> None:
    # Under a name of its own: this line is never one too many.
    if error is not None:
        logging.getLogger("intake.end").error("stopped by %s", place(error))
