"""The pages of reports that may tell one thing twice. Nothing is left out by itself: a person decides."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import numpy as np

from analysis.bitmaps import holds
from analysis.patterns.alike import ANSWERS, EVENT, STORY, Alike
from analysis.patterns.ranked import SHOWN, Ranked, floods, found, rank
from analysis.review.exclusions import REASONS
from analysis.review.sets import read_apart
from analysis.workbench.marks import visible
from analysis.workbench.pages import browse, counting, words
from analysis.workbench.pages.patterns import chosen, kept, link
from analysis.workbench.pages.view import Asked, Missing
from analysis.workbench.selection import NUMBERS

KINDS = (STORY, ANSWERS, EVENT)
LIST, ONE = "/patterns/alike", "/patterns/alike/one"
OF, SET, PAGE = "_of", "_set", "_page"
# What tells one event from another at a glance.
TOLD = ("when", "area", "station", "facility", "landlord", "marks")
# So many numbers of reports fit into an address, and into a form.
LINKED, DECIDED = 400, 20_000
# So many reports of a set are shown beside each other.
BESIDE = 40


def read(asked: Asked) -> tuple[str, dict[str, Any]]:
    """One page of the list of sets of one kind."""
    kind = chosen(asked, OF, KINDS)
    ranked = find(asked, kind)
    pages = max(1, -(-ranked.number // SHOWN))
    page = min(max(1, asked.number(PAGE)), pages)
    start = (page - 1) * SHOWN
    shown = found(asked.counted, ranked, range(start, min(start + SHOWN, ranked.number)))
    flooded = kept(asked, lambda database: floods(database, ranked), "floods", kind)
    return "alike.html", {
        "kinds": [(one, f"?_of={one}", one == kind) for one in KINDS],
        "kind": kind,
        "found": shown,
        "sets": [_set(asked, kind, one) for one in shown.sets],
        "start": start,
        "page": page,
        "pages": pages,
        "page_link": lambda number: f"?{urlencode({OF: kind, PAGE: number})}",
        "newer": ranked.newer,
        "first": _address(kind, ranked, 0) if ranked.waiting else "",
        "floods": [(one, _address(kind, ranked, one.place)) for one in flooded],
        "channels": words.fixed(asked.lang)["channel"],
        "linked": LINKED,
    }


def find(asked: Asked, kind: str) -> Ranked:
    """The sets of one kind."""
    return kept(asked, lambda d: rank(d, kind, read_apart(asked.connection)), "alike", kind)


def read_one(asked: Asked) -> tuple[str, dict[str, Any]]:
    """One set: its reports beside each other, and what can be decided about them."""
    kind, first = chosen(asked, OF, KINDS), asked.number(SET, 0)
    ranked = find(asked, kind)
    place = ranked.place(first)
    if place is None:
        raise Missing
    one = ranked.at(asked.counted, place)
    return "alike-one.html", {
        **_set(asked, kind, one),
        "kind": kind,
        "items": browse.items(asked, list(one.reports[:BESIDE])),
        "numbers": ".".join(map(str, one.reports[:DECIDED])),
        "beside": BESIDE,
        "decided": DECIDED,
        "reasons": [pair for pair in counting.reasons(asked.lang) if pair[0] in REASONS[:3]],
        "list": f"{LIST}?{urlencode({OF: kind, PAGE: place // SHOWN + 1})}",
        "place": place + 1,
        "total": ranked.number,
        "previous": _address(kind, ranked, place - 1) if place else "",
        "next": _address(kind, ranked, place + 1) if place + 1 < ranked.number else "",
    }


def address(kind: str, first: int) -> str:
    """The page of one set, by the first of its reports."""
    return f"{ONE}?{urlencode({OF: kind, SET: first})}"


def _address(kind: str, ranked: Ranked, place: int) -> str:
    return address(kind, int(ranked.members(place)[0]))


def _set(asked: Asked, kind: str, one: Alike) -> dict[str, Any]:
    numbers = ".".join(str(number) for number in one.reports[:LINKED])
    return {
        "set": one,
        "link": link((NUMBERS, numbers)),
        "address": address(kind, one.reports[0]),
        "why": [counting.title(asked, question) for question in one.why],
        "same": _same(asked, one),
        "open": one.open,
    }


def _same(asked: Asked, one: Alike) -> list[str]:
    """Month, place and names that all reports of a set give in the same words."""
    reports = one.reports[:LINKED]
    told = [question for question in TOLD if question in one.why]
    worded = [question for question in told if asked.book.questions[question].kind == "text"]
    written = _written(asked, worded, reports)
    same = [written[one] if one in written else _chosen(asked, one, reports) for one in told]
    return [one for one in same if one]


def _written(asked: Asked, questions: Sequence[str], reports: Sequence[int]) -> dict[str, str]:
    """For each question what all of these reports wrote; empty where one wrote anything else."""
    holes = [", ".join("?" * len(some)) for some in (reports, questions)]
    # The plus keeps an index out that has no reports.
    query = f"""SELECT "question", "report", "text" FROM "texts" WHERE "report" IN ({holes[0]})
        AND +"question" IN ({holes[1]}) ORDER BY "id" """  # noqa: S608  # question marks only
    given: dict[str, dict[int, list[str]]] = {question: {} for question in questions}
    for question, report, text in (
        asked.connection.execute(query, [*reports, *questions]) if questions else ()
    ):
        given[question].setdefault(report, []).append(visible(text))
    return {question: _only(len(reports), list(told.values())) for question, told in given.items()}


def _only(reports: int, told: Sequence[Sequence[str]]) -> str:
    different = {" / ".join(texts) for texts in told}
    return different.pop() if len(told) == reports and len(different) == 1 else ""


def _chosen(asked: Asked, question: str, reports: Sequence[int]) -> str:
    """What all of these reports chose; empty where one chose anything else, or nothing."""
    numbers = np.array(reports)
    for value, bits in asked.snapshot.column(asked.connection, question).items():
        if holds(bits, numbers[:1])[0]:
            return counting.label(asked, question, value) if holds(bits, numbers).all() else ""
    return ""
