"""What our forms do. The gate has checked where they come from; the desk's own connection writes.

Every decision names who took it. Whoever has not said who they are is led to where they can.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from analysis.bitmaps import numbers
from analysis.review import exclusions, log, marking, quotes
from analysis.review.people import Reviewer
from analysis.workbench import saved
from analysis.workbench.pages.deciding import Changed, back, by_somebody, number
from analysis.workbench.pages.view import Sent
from analysis.workbench.selection import Selection

Reports: TypeAlias = Sequence[int]

BROWSE = "/browse"
# Reports that one decision may be about.
MOST_REPORTS = 50_000


def save_question(sent: Sent) -> str:
    """Saves the question of the list that was shown."""
    query = sent.field("query")
    saved.save(sent.desk, sent.field("name"), query)
    return f"{BROWSE}?{Selection.read(query).query}"


def forget_question(sent: Sent) -> str:
    """Deletes a saved question."""
    saved.forget(sent.desk, int(sent.parts["number"]))
    return "/"


def say_who(sent: Sent) -> str:
    """Keeps the name of whoever decides, for this session."""
    sent.workbench.session.reviewer = Reviewer.named(sent.field("who")).name
    return back(sent, "/review")


@by_somebody
def decide(sent: Sent, by: Reviewer) -> str:
    """Decides about one report, or about all that a choice selects."""
    reports, there = _reports(sent)
    _decide(sent, reports, by)
    return there


def _reports(sent: Sent) -> tuple[Iterable[int], str]:
    query = Selection.read(sent.field("query")).query
    suffix = f"?{query}" if query else ""
    if "report" in sent.fields:
        report = number(sent.field("report"))
        return [report], f"/report/{report}{suffix}"
    connection, snapshot = sent.workbench.state.connection(), sent.workbench.state.snapshot()
    found = numbers(Selection.read(query).find(connection, snapshot))
    # An import, or somebody else's decision, may have come between.
    if not query or len(found) != number(sent.field("n")) or len(found) > MOST_REPORTS:
        raise Changed("the reports are not the ones that were shown, or too many at once", "look again")
    return found.tolist(), f"{BROWSE}{suffix}"


def _decide(sent: Sent, reports: Iterable[int], by: Reviewer) -> None:
    does = _DECISIONS.get(sent.field("do"))
    if does is None:
        raise Changed("there is no such decision")
    does(sent, list(reports), by)


def _exclude(sent: Sent, reports: Reports, by: Reviewer) -> None:
    exclusions.exclude(sent.desk, reports, sent.field("reason"), by, remark=sent.field("remark"))


def _restore(sent: Sent, reports: Reports, by: Reviewer) -> None:
    exclusions.restore(sent.desk, reports, by, remark=sent.field("remark"))


def _label(sent: Sent, reports: Reports, by: Reviewer) -> None:
    marking.label(sent.desk, reports, sent.field("words"), by)


def _unlabel(sent: Sent, reports: Reports, by: Reviewer) -> None:
    marking.unlabel(sent.desk, reports, sent.field("words"), by)


def _assign(sent: Sent, reports: Reports, by: Reviewer) -> None:
    words = sent.field("words")
    marking.assign(sent.desk, reports, Reviewer.named(words) if words.strip() else None, by)


def _note(sent: Sent, reports: Reports, by: Reviewer) -> None:
    marking.note(sent.desk, _one(reports), sent.field("words"), by)


def _propose(sent: Sent, reports: Reports, by: Reviewer) -> None:
    quotes.propose(sent.desk, _one(reports), sent.field("question"), sent.field("words"), by)


def _one(reports: Reports) -> int:
    if len(reports) != 1:
        raise Changed("this is decided about one report at a time")
    return reports[0]


_DECISIONS: Mapping[str, Callable[[Sent, Reports, Reviewer], None]] = {
    "exclude": _exclude,
    "restore": _restore,
    "label": _label,
    "unlabel": _unlabel,
    "assign": _assign,
    "note": _note,
    "quote": _propose,
}


@by_somebody
def undo(sent: Sent, by: Reviewer) -> str:
    """Takes a decision back."""
    log.undo(sent.desk, int(sent.parts["number"]), by)
    return back(sent, "/review#log")


@by_somebody
def check_quote(sent: Sent, by: Reviewer) -> str:
    """Says of a quote that it may be used, or that it may not."""
    quote = int(sent.parts["number"])
    if sent.field("do") == "check":
        quotes.check(sent.desk, quote, by)
    else:
        quotes.refuse(sent.desk, quote, by, remark=sent.field("remark"))
    return back(sent, "/review#quotes")
