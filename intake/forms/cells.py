"""Reads the cells of an XLSForm's row: yes or no, a text in each language, a condition."""

import re
from collections.abc import Sequence
from typing import Any

from intake.forms.expression import parse
from intake.forms.sheets import Row

_YES, _NO = {"yes", "true", "true()", "1"}, {"", "no", "false", "false()", "0"}
_REFERENCE = re.compile(r"\$\{[^}]*\}")


def yes(row: Row, column: str) -> bool:
    """A cell that says yes or no; blank is no."""
    text = row.get(column).lower()
    if text not in _YES | _NO:
        raise row.refuse(f"the column {column!r} takes yes or no")
    return text in _YES


def texts(row: Row, column: str, languages: Sequence[str], *, optional: bool = False) -> dict[str, str]:
    """A text in each language by its code; an optional one may be blank in all of them."""
    found = {tag: row.get(f"{column}::{tag}") for tag in languages}
    if optional and not any(found.values()):
        return {}
    for tag, text in found.items():
        if not text:
            raise row.refuse(f"the column {column!r} lacks its text in {tag}")
        if _REFERENCE.search(text):
            raise row.refuse(f"the column {column!r} shows an earlier answer, which is not accepted")
    return found


def condition(row: Row, column: str) -> list[Any] | None:
    """The tree of relevant or constraint, or None where the cell is blank."""
    if not row.get(column):
        return None
    try:
        return parse(row.get(column), row.get("name"))
    except ValueError as error:
        raise row.refuse(f"{column}: {error}") from None
