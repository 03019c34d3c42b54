"""The page of all decisions: who, when, what and why; each can be taken back where it stands."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from analysis.bitmaps import count
from analysis.patterns.names import OTHER
from analysis.review import log, names
from analysis.review.log import Decision
from analysis.review.spellings import Name
from analysis.workbench.decided import EXCLUDED
from analysis.workbench.marks import visible
from analysis.workbench.pages import counting, words
from analysis.workbench.pages.view import Asked
from analysis.workbench.selection import NUMBERS, refused

PATH = "/review/log"
KIND, WHO, PAGE = "_kind", "_who", "_page"
NAMES = "names"
KINDS: Mapping[str, tuple[str, ...]] = {
    "reports": ("exclude", "restore", "apart", "label", "unlabel", "assign", "note"),
    NAMES: names.KINDS,
    "quotes": ("quote", "check", "refuse"),
    "threads": ("reply", "notice", "read"),
}
SIZE = 50
# So many numbers of reports fit into an address.
LINKED = 400
# So many names of a group are said in a line.
MOST_NAMES = 6


def read(asked: Asked) -> tuple[str, dict[str, Any]]:
    """What the page shows."""
    kind, who = ("".join(asked.options(option)[:1]) for option in (KIND, WHO))
    people = log.people(asked.connection)
    kinds, by = KINDS.get(kind, ()), who if who in people else ""
    page = max(1, min(asked.number(PAGE), 100_000))
    found = log.history(asked.connection, kinds=kinds, who=by, skip=(page - 1) * SIZE, newest=SIZE + 1)
    chosen = kind if kinds else ""
    return "log.html", {
        "log": [line(asked, one) for one in found[:SIZE]],
        "kinds": [(one, address(kind=one, who=by), one == chosen) for one in ("", *KINDS)],
        "people": [(one, address(kind=chosen, who=one), one == by) for one in ("", *people)],
        "page": page,
        "previous": address(kind=chosen, who=by, page=page - 1) if page > 1 else "",
        "next": address(kind=chosen, who=by, page=page + 1) if len(found) > SIZE else "",
    }


def address(*, kind: str = "", who: str = "", page: int = 1) -> str:
    """The page of decisions of one kind, or by one person."""
    options = {KIND: kind, WHO: who, PAGE: str(page) if page > 1 else ""}
    query = urlencode({name: value for name, value in options.items() if value})
    return f"{PATH}?{query}" if query else PATH


def line(asked: Asked, one: Decision) -> dict[str, Any]:
    """A decision in words."""
    named = words.fixed(asked.lang)
    reports = log.reports_of(asked.connection, one.id, LINKED + 1) if one.reports else []
    numbers = ".".join(map(str, reports))
    # Whoever refused to be counted is in no list of reports, and may have been decided about all the same.
    shown = asked.snapshot.bits.of_numbers(reports) & ~refused(asked.connection, asked.snapshot)
    linked = count(shown) if len(reports) <= LINKED else 0
    return {
        "decision": one,
        "kind": named["kind"].get(one.kind, one.kind),
        "value": _value(named, one),
        "question": counting.title(asked, _asked(asked, one)) if one.kind in names.KINDS else "",
        "put": _put(asked, names.read_put(asked.connection, one.id)) if one.kind in names.KINDS else None,
        "link": f"{counting.BROWSE}?{urlencode({NUMBERS: numbers})}" if linked else "",
        "linked": linked,
    }


def _asked(asked: Asked, one: Decision) -> str:
    """The question of a decision about names: the list, where its question in words completes one."""
    listed = (one.value or "").removesuffix(OTHER)
    return listed if listed in asked.book.questions else one.value or ""


def _value(named: Mapping[str, Mapping[str, str]], one: Decision) -> str:
    value = one.value or ""
    if one.kind == "exclude":
        return named[EXCLUDED].get(value, value)
    return value if one.kind in ("label", "unlabel", "assign") else ""


def _put(asked: Asked, put: names.Put) -> dict[str, Any]:
    return {
        "groups": [(label, _few(asked, texts)) for label, texts in put.groups],
        "alone": _few(asked, put.alone),
        "forgotten": put.forgotten,
    }


def _few(asked: Asked, given: tuple[Name, ...]) -> str:
    shown = " · ".join(visible(_written(asked, one), keep="") for one in given[:MOST_NAMES])
    return shown + (f" … (+{len(given) - MOST_NAMES})" if len(given) > MOST_NAMES else "")


def _written(asked: Asked, name: Name) -> str:
    if isinstance(name, str):
        return name
    choice = asked.book.by_code.get((name.question, name.code))
    return asked.book.answer(name.question, choice.number, asked.lang) if choice else name.code
