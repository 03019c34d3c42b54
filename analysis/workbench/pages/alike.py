"""The pages of reports that may tell one thing twice. Nothing is left out by itself: a person decides."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from analysis.cipher import Database
from analysis.patterns import events, retold
from analysis.patterns.alike import ANSWERS, EVENT, STORY, Alike, Found, floods
from analysis.review.exclusions import REASONS
from analysis.review.sets import read_apart
from analysis.workbench.marks import visible
from analysis.workbench.pages import browse, counting, words
from analysis.workbench.pages.patterns import chosen, kept, link
from analysis.workbench.pages.view import Asked, Missing
from analysis.workbench.selection import NUMBERS

KINDS: Mapping[str, Callable[[Database], Found]] = {
    STORY: retold.stories,
    ANSWERS: events.same_answers,
    EVENT: events.same_event,
}
LIST, ONE = "/patterns/alike", "/patterns/alike/one"
OF, SET = "_of", "_set"
SHOWN = 60
# What tells one event from another at a glance.
TOLD = ("when", "area", "station", "facility", "landlord", "marks")
# So many numbers of reports fit into an address, and into a form.
LINKED, DECIDED = 400, 20_000
# So many reports of a set are shown beside each other.
BESIDE = 40


def read(asked: Asked) -> tuple[str, dict[str, Any]]:
    """The list of sets of one kind."""
    kind = chosen(asked, OF, list(KINDS))
    found = find(asked, kind)
    flooded = kept(asked, lambda database: floods(database, found.sets[:SHOWN]), "floods", kind)
    waiting = {one.reports for one in still_open(asked, found)}
    return "alike.html", {
        "kinds": [(one, f"?_of={one}", one == kind) for one in KINDS],
        "kind": kind,
        "found": found,
        "sets": [_set(asked, kind, one, one.reports in waiting) for one in found.sets[:SHOWN]],
        "waiting": len(waiting),
        "first": next((address(kind, one) for one in found.sets if one.reports in waiting), ""),
        "reports": sum(one.n for one in found.sets),
        "floods": [(one, address(kind, found.sets[one.place])) for one in flooded],
        "channels": words.fixed(asked.lang)["channel"],
        "shown": min(SHOWN, len(found.sets)),
        "linked": LINKED,
    }


def find(asked: Asked, kind: str) -> Found:
    """The sets of one kind."""
    return kept(asked, KINDS[kind], "alike", kind)


def still_open(asked: Asked, found: Found) -> list[Alike]:
    """The sets about which nobody said that their reports are different."""
    apart = read_apart(asked.connection)
    return [one for one in found.sets if not any(known.issuperset(one.reports) for known in apart)]


def read_one(asked: Asked) -> tuple[str, dict[str, Any]]:
    """One set: its reports beside each other, and what can be decided about them."""
    kind, first = chosen(asked, OF, list(KINDS)), asked.number(SET, 0)
    found = find(asked, kind)
    place = next((place for place, one in enumerate(found.sets) if first in one.reports), None)
    if place is None:
        raise Missing
    one, waiting = found.sets[place], still_open(asked, found)
    return "alike-one.html", {
        **_set(asked, kind, one, one in waiting),
        "kind": kind,
        "items": browse.items(asked, list(one.reports[:BESIDE])),
        "numbers": ".".join(map(str, one.reports[:DECIDED])),
        "beside": BESIDE,
        "decided": DECIDED,
        "reasons": [pair for pair in counting.reasons(asked.lang) if pair[0] in REASONS[:3]],
        "list": f"{LIST}?{urlencode({OF: kind})}",
        "place": place + 1,
        "total": len(found.sets),
        **_neighbours(kind, found.sets, place),
    }


def address(kind: str, one: Alike) -> str:
    """The page of one set, by the first of its reports."""
    return f"{ONE}?{urlencode({OF: kind, SET: one.reports[0]})}"


def _set(asked: Asked, kind: str, one: Alike, is_open: bool) -> dict[str, Any]:
    numbers = ".".join(str(number) for number in one.reports[:LINKED])
    return {
        "set": one,
        "link": link((NUMBERS, numbers)),
        "address": address(kind, one),
        "why": [counting.title(asked, question) for question in one.why],
        "same": _same(asked, one),
        "open": is_open,
    }


def _neighbours(kind: str, sets: Sequence[Alike], place: int) -> dict[str, str]:
    return {
        "previous": address(kind, sets[place - 1]) if place else "",
        "next": address(kind, sets[place + 1]) if place + 1 < len(sets) else "",
    }


def _same(asked: Asked, one: Alike) -> list[str]:
    """Month, place and names that all reports of a set give in the same words."""
    found = []
    for question in TOLD:
        if question in one.why:
            given = {_given(asked, question, report) for report in one.reports[:LINKED]}
            found += [only for only in given if len(given) == 1 and only]
    return found


def _given(asked: Asked, question: str, report: int) -> str:
    run = asked.connection.execute
    if asked.book.questions[question].kind == "text":
        rows = run('SELECT "text" FROM "texts" WHERE "report" = ? AND "question" = ?', [report, question])
        return " / ".join(visible(text) for (text,) in rows)
    (value,) = run(f'SELECT "{question}" FROM "reports" WHERE "id" = ?', [report]).fetchone()  # noqa: S608
    return "" if value is None else counting.label(asked, question, value)
