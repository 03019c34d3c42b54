"""The first page: how many reports there are, how they came, what they are about, what waits.

Its charts count what patterns and findings count: what senders allow, and nobody left out.
"""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from analysis.bitmaps import Bits, count
from analysis.workbench import saved
from analysis.workbench.decided import COUNTED, YES
from analysis.workbench.pages import counting, draw, waiting
from analysis.workbench.pages.draw import Row
from analysis.workbench.pages.view import Asked
from analysis.workbench.selection import Selection

# Counted on the overview when a form asks them; the others are counted where reports are chosen.
QUESTIONS = ("setting", "channel", "area")
WAITING = (("quote", "yes_after_check"), ("keep", "delete_words_keep_ticks"), ("count", "no"))


def read(asked: Asked) -> tuple[str, dict[str, Any]]:
    """What the page shows."""
    # Its links carry the same choice, so that each leads to as many reports.
    counted = replace(asked, query=urlencode([(COUNTED, YES)]))
    among = counted.selection.find(asked.connection, asked.snapshot)
    weeks = counting.by_week(counted, among)
    panels = [_panel(counted, name, among) for name in QUESTIONS if name in asked.book.facets()]
    months = _months(counted, among)
    return "overview.html", {
        "received": count(asked.snapshot.bits.every(asked.connection)),
        "n": count(among),
        "weeks": weeks,
        "weeks_chart": draw.columns(weeks),
        "busiest": max(weeks, key=lambda row: row.n, default=None),
        "months": months[0],
        "busiest_month": max(months[0], key=lambda row: row.n, default=None),
        "months_chart": draw.columns(months[0]),
        "unplaced": months[1],
        "panels": [panel for panel in panels if panel["rows"]],
        "waiting": _waiting(asked),
        "queues": waiting.read(asked),
        "set_aside": _set_aside(asked),
        "saved": [(one, _row(asked, one.selection)) for one in saved.read(asked.connection)],
    }


def _months(asked: Asked, among: Bits) -> tuple[list[Row], list[Row]]:
    if "when" not in asked.book.questions:
        return [], []
    return counting.by_month(asked, "when", among)


def _panel(asked: Asked, question: str, among: Bits) -> dict[str, Any]:
    counted = counting.count_by(asked, question, among)
    rows = sorted(counting.rows(asked, question, counted), key=lambda row: -row.n)
    blank = [one for one in counted if one.code == "-"]
    return {
        "question": question,
        "title": counting.title(asked, question),
        "rows": rows,
        "chart": draw.bars(rows),
        "blank": Row("", blank[0].n, counting.link(asked, question, "-")) if blank else None,
    }


def _waiting(asked: Asked) -> dict[str, Row]:
    found = {}
    for question, code in WAITING:
        chosen = Selection(((question, code),))
        if (question, code) in asked.book.by_code:
            found[code] = _row(asked, chosen)
    return found


def _row(asked: Asked, selection: Selection) -> Row:
    n = count(selection.find(asked.connection, asked.snapshot))
    return Row("", n, f"{counting.BROWSE}?{selection.query}")


def _set_aside(asked: Asked) -> list[Row]:
    query = 'SELECT "reason", count(*) FROM "set_aside" GROUP BY "reason" ORDER BY count(*) DESC'
    return [
        Row(reason, n, "/desk/set_aside?" + urlencode({"reason__exact": reason}))
        for reason, n in asked.connection.execute(query)
    ]
