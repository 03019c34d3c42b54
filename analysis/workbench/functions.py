"""Functions of SQL that a query may not use here, and some that take its place in bounded time.

SQLite's own `instr` and `replace` look for a long text at every letter of another one: seconds become hours.
These say the same of texts. What makes a value of any length out of nothing is refused.
"""

from typing import Any

# Many times the longest text of a report. A longer one would be drawn by this process, for minutes.
LONGEST = 1_000_000
REFUSED = frozenset(
    {
        *("zeroblob", "randomblob", "printf", "format"),
        # They write, or run what lies in a file.
        *("sqlcipher_export", "load_extension", "fts3_tokenizer"),
    }
)


def prepare(connection: Any) -> None:
    """Puts our functions in the place of SQLite's, for one connection."""
    connection.create_function("instr", 2, find, deterministic=True)
    connection.create_function("replace", 3, replace, deterministic=True)


def find(text: Any, wanted: Any) -> int | None:
    """The place of the first `wanted`, from 1; 0 where there is none."""
    if text is None or wanted is None:
        return None
    if isinstance(text, bytes) and isinstance(wanted, bytes):
        return text.find(wanted) + 1
    return _text(text).find(_text(wanted)) + 1


def replace(text: Any, old: Any, new: Any) -> str | None:
    """The text with every `old` made `new`; of blobs too, as SQLite does, a text comes out."""
    if text is None or old is None or new is None:
        return None
    text, old, new = _text(text), _text(old), _text(new)
    if not old:
        return str(text)
    if len(text) + text.count(old) * (len(new) - len(old)) > LONGEST:
        raise ValueError("a text is too long")
    return str(text.replace(old, new))


def _text(given: Any) -> str:
    return given.decode("utf-8", "replace") if isinstance(given, bytes) else str(given)
