"""What every form of a decision goes through: somebody took it, and sent it from a page that shows them."""

import re
from collections.abc import Callable
from typing import TypeAlias

from analysis.errors import AnalysisError
from analysis.review.people import Reviewer
from analysis.workbench.pages.view import Sent, Write

WHO = "/review#who"
# The field that repeats who the page says is deciding, and where the browser goes on.
AS, BACK = "as", "back"
# Our own pages alone, written as a browser writes addresses: nothing of it can lead elsewhere.
_OURS = re.compile(
    r"/(?:browse|report/[1-9][0-9]{0,11}|patterns(?:/[a-z]{1,20}){0,2}|review(?:/[a-z]{1,20}){0,2})?"
    r"(?:\?[!\"$-~]{0,2000})?(?:#[a-z]{1,20})?"
)

Decide: TypeAlias = Callable[[Sent, Reviewer], str]


class Changed(AnalysisError):
    """What is to be decided is not what was shown."""


def by_somebody(decide: Decide) -> Write:
    """The form of a decision. Whoever has not said who they are is led to where they can.

    Two people may use one browser in turn: what was begun as one is not written down as the other.
    """

    def write(sent: Sent) -> str:
        name = sent.workbench.session.reviewer
        if not name:
            return WHO
        if AS in sent.fields and sent.field(AS) != name:
            raise Changed("the page was shown to somebody else, who decided here before", "open it again")
        return decide(sent, Reviewer.named(name))

    return write


def back(sent: Sent, default: str) -> str:
    """The page of ours from which a form came, where it says so."""
    there = sent.field(BACK)
    return there if _OURS.fullmatch(there) and there else default


def number(typed: str) -> int:
    """A number of a form. Raises Changed."""
    if not typed.isascii() or not typed.isdigit() or len(typed) > 12:
        raise Changed("the form does not say which report")
    return int(typed)
