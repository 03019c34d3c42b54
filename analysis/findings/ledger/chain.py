"""The ledger: what was ever published, one line after another, none of which can be changed unseen.

    line  = canonical JSON: keys sorted, no spaces, UTF-8
    prev  = "this" of the line before, 64 zeros in the first
    this  = SHA-256, in hexadecimal, of the canonical JSON of the line without "this"

Every line is made of published facts alone, so the ledger is published itself: whoever kept an old copy can
see that the new one goes on from it.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from analysis.findings.ledger.errors import BrokenLedger
from intake.forms.form import canonical

FIRST = "0" * 64
_HINT = "get it again from whoever published it, and compare an older copy"


def next_line(lines: Sequence[str], entry: Mapping[str, Any]) -> str:
    """The line of an entry after these, without a newline."""
    before = json.loads(lines[-1])["this"] if lines else FIRST
    chained = {**entry, "prev": before}
    return canonical({**chained, "this": _digest(chained)}).decode()


def read(data: bytes, name: str = "the ledger") -> tuple[dict[str, Any], ...]:
    """The entries of a ledger, every line checked. Raises BrokenLedger."""
    if data and not data.endswith(b"\n"):
        raise BrokenLedger(f"{name} ends within a line", _HINT)
    entries: list[dict[str, Any]] = []
    for number, line in enumerate(data.split(b"\n")[:-1], 1):
        entry = _parse(line)
        before = entries[-1]["this"] if entries else FIRST
        if entry is None:
            raise BrokenLedger(f"{name}: line {number} is no canonical JSON object", _HINT)
        if entry.get("prev") != before:
            raise BrokenLedger(f"{name}: line {number} does not follow the line before it", _HINT)
        rest = {key: value for key, value in entry.items() if key != "this"}
        if entry.get("this") != _digest(rest):
            raise BrokenLedger(f"{name}: line {number} was changed", _HINT)
        entries.append(entry)
    return tuple(entries)


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
        if not isinstance(entry, dict) or canonical(entry) != line:
            return None
    # Surrogates that stand alone are no UTF-8; canonical JSON has no NaN.
    except (ValueError, RecursionError):
        return None
    return entry


def _digest(entry: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(entry)).hexdigest()
