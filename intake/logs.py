"""What the server may say while it runs: a level, a name and a line that quotes nobody."""

import logging
import sys
import threading

from intake.guard import place

# asyncio prints the objects that failed, which hold addresses and exceptions in full.
_TALKATIVE = "asyncio"


class QuietFormatter(logging.Formatter):
    """Prints an exception as its class and place, never its message, source lines or values."""

    def format(self, record: logging.LogRecord) -> str:
        """One line for one record."""
        said = "something failed" if record.name.startswith(_TALKATIVE) else record.getMessage().strip()
        if record.exc_info and record.exc_info[1]:
            said = f"{said.splitlines()[0]}: {place(record.exc_info[1])}"
        return f"witnessbox-intake: {record.levelname.lower()}: {said}"


def set_up() -> None:
    """Sends warnings and errors of this process to standard error, through the quiet formatter."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(QuietFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    sys.excepthook = lambda kind, error, trace: _last_word(error)
    threading.excepthook = lambda stopped: _last_word(stopped.exc_value)


def _last_word(error: BaseException | None) -> None:
    if error is not None:
        logging.getLogger("intake").error("stopped by %s", place(error))
