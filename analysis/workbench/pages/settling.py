"""The form that decides about a set of reports that are alike: which are left out, or that none is."""

from urllib.parse import urlencode

from analysis.review import exclusions, sets
from analysis.review.people import Reviewer
from analysis.workbench.pages.alike import KINDS, LIST, OF
from analysis.workbench.pages.deciding import Changed, by_somebody, number
from analysis.workbench.pages.view import Sent

# So many numbers stand in one query.
LOT = 500
_STALE = "the reports are not the ones that were shown: one was left out, or somebody decided about them"


@by_somebody
def decide(sent: Sent, by: Reviewer) -> str:
    """Decides about the reports that the page showed, and goes on to the list of sets."""
    shown = sorted({number(one) for one in sent.field("reports").split(".")})
    _check(sent, shown)
    if sent.field("do") == "apart":
        sets.keep_apart(sent.desk, shown, by, remark=sent.field("remark"))
    elif sent.field("do") == "exclude":
        leaving = _leaving(sent, shown)
        exclusions.exclude(sent.desk, leaving, sent.field("reason"), by, remark=sent.field("remark"))
    else:
        raise Changed("there is no such decision")
    kind = sent.field("of")
    return f"{LIST}?{urlencode({OF: kind})}" if kind in KINDS else LIST


def _check(sent: Sent, shown: list[int]) -> None:
    """Refuses what a second press of the button, or another organizer's decision, made something else."""
    connection, counted = sent.desk.database.conn, 0
    for start in range(0, len(shown), LOT):
        lot = shown[start : start + LOT]
        query = f'SELECT count(*) FROM "counted" WHERE "id" IN ({", ".join("?" * len(lot))})'  # noqa: S608
        counted += connection.execute(query, lot).fetchone()[0]
    if counted != len(shown) or any(known.issuperset(shown) for known in sets.read_apart(connection)):
        raise Changed(_STALE, "look at the list again")


def _leaving(sent: Sent, shown: list[int]) -> list[int]:
    """The ticked ones, and those that the page had no room for where that was ticked."""
    ticked = {number(one) for one in sent.fields.get("leave", [])}
    listed = {number(one) for one in sent.fields.get("listed", [])}
    if not ticked <= listed or not listed <= set(shown):
        raise Changed(_STALE, "look at the list again")
    rest = {one for one in shown if one not in listed} if sent.field("rest") else set()
    if not ticked and not rest:
        raise Changed("tick the reports that are to be left out")
    if sent.field("reason") == "duplicate" and len(ticked | rest) == len(shown):
        raise Changed("of duplicates one stays: else nothing of what they tell would be counted")
    return sorted(ticked | rest)
