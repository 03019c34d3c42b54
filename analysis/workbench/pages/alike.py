"""The page of reports that may tell one thing twice. Nothing is left out here: a person decides."""

from collections.abc import Callable, Mapping
from typing import Any

from analysis.patterns import events, retold
from analysis.patterns.alike import ANSWERS, EVENT, STORY, Alike, Found, floods
from analysis.patterns.reading import Counted
from analysis.workbench.pages import counting
from analysis.workbench.pages.patterns import chosen, kept, link
from analysis.workbench.pages.view import Asked
from analysis.workbench.selection import NUMBERS

KINDS: Mapping[str, Callable[[Counted], Found]] = {
    STORY: retold.stories,
    ANSWERS: events.same_answers,
    EVENT: events.same_event,
}
# So many numbers of reports fit into an address.
LINKED = 400


def read(asked: Asked) -> tuple[str, dict[str, Any]]:
    """What the page shows."""
    kind = chosen(asked, "_of", list(KINDS))
    found = kept(asked, KINDS[kind], "alike", kind)
    flooded = kept(asked, lambda database: floods(database, found.sets), "floods", kind)
    return "alike.html", {
        "kinds": [(one, f"?_of={one}", one == kind) for one in KINDS],
        "kind": kind,
        "found": found,
        "sets": [_set(asked, one) for one in found.sets],
        "newer": found.newer,
        "floods": flooded,
        "linked": LINKED,
    }


def _set(asked: Asked, one: Alike) -> dict[str, Any]:
    numbers = ".".join(str(number) for number in one.reports[:LINKED])
    return {
        "set": one,
        "link": link((NUMBERS, numbers)),
        "why": [counting.title(asked, question) for question in one.why],
    }
