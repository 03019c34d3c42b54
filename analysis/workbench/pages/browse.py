"""Choosing reports by their answers and words, and the list of those that were chosen."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup, escape

from analysis.bitmaps import count
from analysis.review import marking
from analysis.workbench import named, search
from analysis.workbench.decided import ASSIGNED, EXCLUDED, LABEL
from analysis.workbench.marks import visible
from analysis.workbench.pages import counting, forms, words
from analysis.workbench.pages.counting import Counted
from analysis.workbench.pages.view import Asked
from analysis.workbench.selection import BLANK, NUMBERS, REFUSED, Order, Selection, refused, value_of

SIZE = 25
FACET, PAGE = "_facet", "_page"
# Counted from the start; a click adds the others.
FIRST = ("setting", "area", "when", "week", "channel", "agency", "facility", "landlord")
DECIDED = (EXCLUDED, LABEL, ASSIGNED)
TICKED = ("acts", "health_acts", "housing_acts", "grounds", "harm")
MOST_VALUES = 8
MOST_FACETS = 25
_WORDS = 260
# Stands for words of the template.
ONLY_THESE = "="


@dataclass(frozen=True, slots=True)
class Value:
    """One answer that can be chosen, and the address that does it."""

    counted: Counted
    link: str


@dataclass(frozen=True, slots=True)
class Facet:
    """One question with its answers: the most frequent ones, and the others."""

    question: str
    title: str
    values: tuple[Value, ...]
    more: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One report of the list: answers in a few words, and what was written, marked where it was found."""

    number: int
    link: str
    week: str
    about: tuple[str, ...]
    texts: tuple[Markup | str, ...]
    # Why it is left out of all counts, in words; empty where it is not.
    left_out: str


def read(asked: Asked) -> tuple[str, dict[str, Any]]:
    """What the page shows."""
    selection = asked.selection
    found = selection.find(asked.connection, asked.snapshot)
    order = Order.of(asked.connection, asked.snapshot.bits, found)
    pages = max(1, -(-order.total // SIZE))
    page = min(max(1, asked.number(PAGE)), pages)
    facets = _facets(asked)
    return "browse.html", {
        "n": order.total,
        "every": count(asked.snapshot.bits.every(asked.connection)),
        "refused": 0 if _asks_for_refused(selection) else count(refused(asked.connection, asked.snapshot)),
        "refused_link": _address(asked, Selection((REFUSED,))),
        "selection": selection,
        "chosen": [_chosen(asked, name, code) for name, code in selection.filters],
        "searchable": bool(search.phrase(selection.words)) or not selection.words,
        "facets": facets,
        "others": _others(asked, {facet.question for facet in facets}),
        "kept": asked.options(FACET),
        # What goes back in a form goes back as it is: a name that is made visible is another name.
        "hidden": [(escape(name), escape(code)) for name, code in selection.filters],
        "items": items(asked, order.slice((page - 1) * SIZE, SIZE)),
        "page": page,
        "pages": pages,
        "page_link": lambda number: _address(asked, selection, page=number),
        "all_link": _address(asked, Selection()),
        "first": (page - 1) * SIZE + 1,
        "last": min(page * SIZE, order.total),
        "reasons": counting.reasons(asked.lang),
        "most": forms.MOST_REPORTS,
        "labels_in_use": list(marking.label_counts(asked.connection)),
    }


def _asks_for_refused(selection: Selection) -> bool:
    return any(name == REFUSED[0] for name, _ in selection.filters)


def _address(asked: Asked, selection: Selection, *, page: int = 1, facet: str = "") -> str:
    options = [(FACET, name) for name in asked.options(FACET)]
    options += [(FACET, facet)] if facet else []
    options += [(PAGE, str(page))] if page > 1 else []
    query = "&".join(part for part in (selection.query, urlencode(options)) if part)
    return f"{counting.BROWSE}?{query}" if query else counting.BROWSE


def _facets(asked: Asked) -> list[Facet]:
    chosen = [name for name, _ in asked.selection.filters]
    known = set(asked.book.facets())
    names = dict.fromkeys([*chosen, *FIRST, *TICKED, *DECIDED, *asked.options(FACET)])
    wanted = [name for name in names if name in known][:MOST_FACETS]
    found = [_facet(asked, name) for name in wanted]
    return [facet for facet in found if facet.values]


def _facet(asked: Asked, question: str) -> Facet:
    selection = asked.selection
    asked_for = asked.book.questions.get(question)
    several = asked_for is not None and asked_for.kind == "select_multiple"
    # Of one answer alone, those beside the chosen one are counted as if none was chosen.
    among = (selection if several else selection.others(question)).find(asked.connection, asked.snapshot)
    counted = counting.count_by(asked, question, among)
    if question not in ("when", "week", "days_without"):
        counted = sorted(counted, key=lambda one: (not one.chosen, one.code == "-", -one.n))
    values = [Value(one, _address(asked, selection.toggled(question, one.code))) for one in counted]
    room = max(MOST_VALUES, sum(value.counted.chosen for value in values))
    return Facet(question, counting.title(asked, question), tuple(values[:room]), tuple(values[room:]))


def _others(asked: Asked, shown: set[str]) -> list[tuple[str, str]]:
    return [
        (counting.title(asked, name), _address(asked, asked.selection, facet=name))
        for name in asked.book.facets()
        if name not in shown
    ]


def _chosen(asked: Asked, question: str, code: str) -> tuple[str, str, str]:
    """A filter in words, question and answer, and the address without it."""
    link = _address(asked, asked.selection.toggled(question, code))
    if question == NUMBERS:
        return "", str(len(code.split("."))), link
    if question == named.NAMED:
        return *named.describe(asked.connection, asked.book, code, asked.lang), link
    if question == named.ONLY:
        return counting.title(asked, code), ONLY_THESE, link
    value = value_of(asked.book, question, code)
    label = "" if code == BLANK else code if value is None else counting.label(asked, question, value)
    return counting.title(asked, question), label, link


def items(asked: Asked, reports: list[int]) -> list[Item]:
    """Reports in a few words each, in this order."""
    if not reports:
        return []
    columns = [row[1] for row in asked.connection.execute('PRAGMA table_info("reports")')]
    shown = [name for name in FIRST if name in columns and name not in ("week", "channel")]
    names = "".join(f', "{name}"' for name in shown)
    holes = ", ".join("?" * len(reports))
    query = f'SELECT "id", "week"{names} FROM "reports" WHERE "id" IN ({holes})'  # noqa: S608
    rows = {row[0]: row for row in map(tuple, asked.connection.execute(query, reports))}
    texts, left_out = _texts(asked, reports), _left_out(asked, reports)
    return [
        Item(
            number,
            f"/report/{number}" + (f"?{asked.selection.query}" if asked.selection.query else ""),
            rows[number][1],
            tuple(
                visible(asked.book.answer(name, value, asked.lang))
                for name, value in zip(shown, rows[number][2:], strict=True)
                if value is not None
            ),
            texts.get(number, ()),
            left_out.get(number, ""),
        )
        for number in reports
        if number in rows
    ]


def _left_out(asked: Asked, reports: list[int]) -> dict[int, str]:
    """For which reason somebody left reports out."""
    reasons = words.fixed(asked.lang)[EXCLUDED]
    holes = ", ".join("?" * len(reports))
    query = f"""SELECT "e"."report", "d"."value" FROM "exclusions" AS "e"
        JOIN "decisions" AS "d" ON "d"."id" = "e"."decision" WHERE "e"."report" IN ({holes})"""  # noqa: S608
    return {number: reasons[reason] for number, reason in asked.connection.execute(query, reports)}


def _texts(asked: Asked, reports: list[int]) -> dict[int, tuple[Markup | str, ...]]:
    """What to show of each report's words: where the search found something, or how the longest begins.

    A story goes before an answer of one line, however long that is.
    """
    holes = ", ".join("?" * len(reports))
    wanted = f'WHERE "report" IN ({holes}) ORDER BY "id"'
    query = f'SELECT "id", "report", "text", "question" FROM "texts" {wanted}'  # noqa: S608
    rows = asked.connection.execute(query, reports).fetchall()
    found: dict[int, tuple[Markup | str, ...]] = {}
    if asked.selection.words:
        marked = search.highlights(asked.connection, asked.selection.words, [row[0] for row in rows])
        for number, report, _, _ in rows:
            if number in marked:
                found[report] = (*found.get(report, ()), marked[number])
        return found
    stories: dict[int, str] = {}
    for _, report, text, question in rows:
        if _is_story(asked, question):
            stories[report] = max(stories.get(report, ""), text, key=len)
        else:
            # Names alone say little without what they are the names of.
            named = f"{counting.title(asked, question)}: {visible(_begin(text))}"
            found[report] = (*found.get(report, ()), named)
    return found | {report: (visible(_begin(text)),) for report, text in stories.items()}


def _is_story(asked: Asked, question: str) -> bool:
    known = asked.book.questions.get(question)
    return known is None or known.kind == "long_text"


def _begin(text: str) -> str:
    return text if len(text) <= _WORDS else text[:_WORDS].rsplit(" ", 1)[0] + " …"
