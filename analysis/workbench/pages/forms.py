"""What our forms do. The gate has checked where they come from; the desk's own connection writes.

Every decision names who took it. Whoever has not said who they are is led to where they can.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from analysis.bitmaps import numbers
from analysis.errors import AnalysisError
from analysis.review import exclusions, log, marking, quotes
from analysis.review.people import Reviewer
from analysis.workbench import saved
from analysis.workbench.pages.view import Sent
from analysis.workbench.selection import Selection

Reports: TypeAlias = Sequence[int]

BROWSE = "/browse"
WHO = "/review#who"
# Reports that one decision may be about.
MOST_REPORTS = 50_000


class Changed(AnalysisError):
    """What is to be decided is not what was shown."""


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
    return "/review"


def decide(sent: Sent) -> str:
    """Decides about one report, or about all that a choice selects."""
    if not sent.workbench.session.reviewer:
        return WHO
    reports, back = _reports(sent)
    _decide(sent, reports, Reviewer.named(sent.workbench.session.reviewer))
    return back


def _reports(sent: Sent) -> tuple[Iterable[int], str]:
    query = Selection.read(sent.field("query")).query
    suffix = f"?{query}" if query else ""
    if "report" in sent.fields:
        number = _number(sent.field("report"))
        return [number], f"/report/{number}{suffix}"
    connection, snapshot = sent.workbench.state.connection(), sent.workbench.state.snapshot()
    found = numbers(Selection.read(query).find(connection, snapshot))
    # An import, or somebody else's decision, may have come between.
    if not query or len(found) != _number(sent.field("n")) or len(found) > MOST_REPORTS:
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


def undo(sent: Sent) -> str:
    """Takes a decision back."""
    if not sent.workbench.session.reviewer:
        return WHO
    log.undo(sent.desk, int(sent.parts["number"]), Reviewer.named(sent.workbench.session.reviewer))
    return "/review#log"


def check_quote(sent: Sent) -> str:
    """Says of a quote that it may be used, or that it may not."""
    if not sent.workbench.session.reviewer:
        return WHO
    by, quote = Reviewer.named(sent.workbench.session.reviewer), int(sent.parts["number"])
    if sent.field("do") == "check":
        quotes.check(sent.desk, quote, by)
    else:
        quotes.refuse(sent.desk, quote, by, remark=sent.field("remark"))
    return "/review#quotes"


def _number(typed: str) -> int:
    if not typed.isascii() or not typed.isdigit() or len(typed) > 12:
        raise Changed("the form does not say which report")
    return int(typed)
