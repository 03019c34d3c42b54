"""What is said after a report came: what its sender added, and what the desk answers."""

from typing import Any

from analysis.review.people import Reviewer
from analysis.threads import canned, followups, leaving, messages, settings
from analysis.threads.messages import Message
from analysis.workbench.pages.deciding import Changed, back, by_somebody, number
from analysis.workbench.pages.view import Asked, Sent
from intake.crypto.message import MAX_TEXT

FOLLOWUPS, MESSAGES = "/review/followups", "/review/messages"
MOST = 50
# Of the first words of a canned reply, in a list to choose from.
_SHOWN = 60


def read_followups(asked: Asked) -> tuple[str, dict[str, Any]]:
    """The page of what nobody has read yet; or of all in which words are found."""
    words = asked.selection.words
    if words:
        shown, n = followups.find(asked.connection, words, MOST)
    else:
        shown, n = followups.waiting(asked.connection, MOST), followups.count_waiting(asked.connection)
    cut = followups.MOST_SEARCHED if followups.count(asked.connection) > followups.MOST_SEARCHED else 0
    return "followups.html", {"shown": shown, "n": n, "words": words, "cut": cut}


def read_messages(asked: Asked) -> tuple[str, dict[str, Any]]:
    """The page of all that is said to reporters."""
    found = messages.read(asked.connection)
    return "messages.html", {
        "messages": [_line(asked, one) for one in found[:MOST]],
        "n": len(found),
        "weeks": settings.weeks(asked.connection),
    }


def of_report(asked: Asked, report: int, lang: str) -> dict[str, Any]:
    """What the page of one report shows: follow-ups, messages, and what a reply may be made of."""
    texts = canned.read(asked.connection, lang)
    return {
        "followups": followups.of_report(asked.connection, report),
        "messages": [_line(asked, one) for one in messages.read(asked.connection, report=report)],
        "has_reader": messages.has_reader(asked.connection, report),
        "canned": [(name, text, f"{text[:_SHOWN]}…") for name, text in texts.items()],
        "most": MAX_TEXT,
        "weeks": settings.weeks(asked.connection),
    }


def withdrawn(asked: Asked) -> int:
    """How many reports were taken back."""
    return leaving.count(asked.connection)


@by_somebody
def reply(sent: Sent, by: Reviewer) -> str:
    """Writes a reply to one report: typed words, or a canned reply in the report's language."""
    report = number(sent.field("report"))
    if sent.field("do") == "canned":
        connection = sent.desk.database.conn
        words = canned.find(connection, sent.field("name"), canned.language(connection, report))
    elif sent.field("do") == "typed":
        words = sent.field("words")
    else:
        raise Changed("there is no such decision")
    messages.reply(sent.desk, report, words, by)
    return back(sent, f"/report/{report}")


@by_somebody
def mark_read(sent: Sent, by: Reviewer) -> str:
    """Says that somebody read a follow-up."""
    followups.mark_read(sent.desk, int(sent.parts["number"]), by)
    return back(sent, FOLLOWUPS)


def _line(asked: Asked, one: Message) -> dict[str, Any]:
    query = 'SELECT "decision" FROM "messages" WHERE "n" = ?'
    (decision,) = asked.connection.execute(query, [one.n]).fetchone()
    # What went out is not taken back: a later message stands beside it.
    return {"message": one, "undo": decision if not one.sent else None}
