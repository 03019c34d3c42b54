"""The page of the review: who decides, what is left out and why, quotes that wait, and the log."""

from typing import Any
from urllib.parse import urlencode

from analysis.bitmaps import count
from analysis.patterns.reading import read_consenting
from analysis.review import marking, people
from analysis.review.log import history
from analysis.review.quotes import Quote, permission, read_of, read_quotable, read_waiting
from analysis.review.risks import find_risks
from analysis.workbench import decided
from analysis.workbench.decided import EXCLUDED, LABEL
from analysis.workbench.pages import counting, threads, waiting, words
from analysis.workbench.pages.draw import Row
from analysis.workbench.pages.history import line
from analysis.workbench.pages.view import Asked
from analysis.workbench.selection import Selection

NEWEST = 10


def read(asked: Asked) -> tuple[str, dict[str, Any]]:
    """What the page shows."""
    able = read_consenting(asked.connection, asked.snapshot.bits)
    excluded_now = asked.snapshot.column(asked.connection, EXCLUDED)
    flow = decided.flow(asked.snapshot.bits.every(asked.connection), able, excluded_now)
    named = words.fixed(asked.lang)[EXCLUDED]
    # Of those that may be counted, as in the flow: the others are in no list of reports.
    excluded = [Row(named[reason], n, _link(EXCLUDED, reason)) for reason, n in flow.excluded.items()]
    # Who said no to counting is left out by consent, without a decision.
    for place, reason in enumerate(flow.excluded):
        if reason == "no_consent":
            excluded[place] = Row(named[reason], flow.excluded[reason], "")
    return "review.html", {
        "flow": flow,
        "back": "".join(asked.options("_back")[:1]) or "/review",
        "queues": waiting.read(asked),
        "excluded": excluded,
        "withdrawn": threads.withdrawn(asked),
        "labels": [_label(asked, label) for label in marking.label_counts(asked.connection)],
        "quotes": [_quote(asked, quote) for quote in read_waiting(asked.connection)],
        "quotable": len(read_quotable(asked.connection)),
        "log": [line(asked, one) for one in history(asked.connection, newest=NEWEST)],
    }


def of_report(asked: Asked, number: int) -> dict[str, Any]:
    """What the page of one report shows of the review."""
    connection = asked.connection
    query = """SELECT "d"."value" FROM "exclusions" JOIN "decisions" AS "d" ON "d"."id" = "decision"
        WHERE "report" = ?"""
    left_out = connection.execute(query, [number]).fetchone()
    labels = connection.execute('SELECT "label" FROM "labels" WHERE "report" = ?', [number]).fetchall()
    who = connection.execute('SELECT "who" FROM "assignments" WHERE "report" = ?', [number]).fetchone()
    return {
        "left_out": words.fixed(asked.lang)[EXCLUDED][left_out[0]] if left_out else "",
        "labels": [label for (label,) in labels],
        "assigned": who[0] if who else "",
        "notes": marking.notes(connection, number),
        "reasons": counting.reasons(asked.lang),
        "quotable": permission(connection, number) == "yes_after_check",
        "long_texts": [
            (name, counting.title(asked, name))
            for name, question in asked.book.questions.items()
            if question.kind == "long_text"
        ],
        "quotes": [_quote(asked, quote) for quote in read_of(connection, number)],
        "labels_in_use": list(marking.label_counts(connection)),
        "log": [line(asked, one) for one in history(connection, report=number)],
    }


def _label(asked: Asked, label: str) -> Row:
    """A label with the reports that its link leads to."""
    found = Selection(((LABEL, label),)).find(asked.connection, asked.snapshot)
    return Row(label, count(found), _link(LABEL, label))


def _link(question: str, value: str) -> str:
    return f"{counting.BROWSE}?{urlencode([(question, value)])}"


def _quote(asked: Asked, quote: Quote) -> dict[str, Any]:
    found = words.fixed(asked.lang)["risk"]
    risky = [(found[flag.kind], quote.text[flag.start : flag.end]) for flag in find_risks(quote.text)]
    mine = people.key(asked.reviewer)
    return {
        "quote": quote,
        "risks": list(dict.fromkeys(risky)),
        "question": counting.title(asked, quote.question),
        "mine": bool(mine) and mine in {people.key(name) for name in quote.checked},
    }
