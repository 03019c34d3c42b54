"""What our forms do. The gate has checked where they come from; the desk's own connection writes."""

from collections.abc import Mapping
from typing import TypeAlias

from analysis.desk import Desk
from analysis.workbench import saved
from analysis.workbench.pages.counting import BROWSE
from analysis.workbench.selection import Selection

Fields: TypeAlias = Mapping[str, list[str]]


def save_question(desk: Desk, fields: Fields, _: Mapping[str, str]) -> str:
    """Saves the question of the list that was shown."""
    query = field(fields, "query")
    saved.save(desk, field(fields, "name"), query)
    return f"{BROWSE}?{Selection.read(query).query}"


def forget_question(desk: Desk, _: Fields, parts: Mapping[str, str]) -> str:
    """Deletes a saved question."""
    saved.forget(desk, int(parts["number"]))
    return "/"


def field(fields: Fields, name: str) -> str:
    """One field; empty when it is missing."""
    return fields.get(name, [""])[0]
