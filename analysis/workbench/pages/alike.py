"""The page of reports that may tell one thing twice. Nothing is left out here: a person decides."""

from collections.abc import Callable, Mapping
from typing import Any

from analysis.cipher import Database
from analysis.patterns import events, retold
from analysis.patterns.alike import ANSWERS, EVENT, STORY, Alike, Found, floods
from analysis.workbench.marks import visible
from analysis.workbench.pages import counting, words
from analysis.workbench.pages.patterns import chosen, kept, link
from analysis.workbench.pages.view import Asked
from analysis.workbench.selection import NUMBERS

KINDS: Mapping[str, Callable[[Database], Found]] = {
    STORY: retold.stories,
    ANSWERS: events.same_answers,
    EVENT: events.same_event,
}
SHOWN = 60
# What tells one event from another at a glance.
TOLD = ("when", "area", "station", "facility", "landlord", "marks")
# So many numbers of reports fit into an address.
LINKED = 400


def read(asked: Asked) -> tuple[str, dict[str, Any]]:
    """What the page shows."""
    kind = chosen(asked, "_of", list(KINDS))
    found = kept(asked, KINDS[kind], "alike", kind)
    flooded = kept(asked, lambda database: floods(database, found.sets[:SHOWN]), "floods", kind)
    return "alike.html", {
        "kinds": [(one, f"?_of={one}", one == kind) for one in KINDS],
        "kind": kind,
        "found": found,
        "sets": [_set(asked, one) for one in found.sets[:SHOWN]],
        "reports": sum(one.n for one in found.sets),
        "floods": flooded,
        "channels": words.fixed(asked.lang)["channel"],
        "shown": min(SHOWN, len(found.sets)),
        "linked": LINKED,
    }


def _set(asked: Asked, one: Alike) -> dict[str, Any]:
    numbers = ".".join(str(number) for number in one.reports[:LINKED])
    return {
        "set": one,
        "link": link((NUMBERS, numbers)),
        "why": [counting.title(asked, question) for question in one.why],
        "same": _same(asked, one),
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
