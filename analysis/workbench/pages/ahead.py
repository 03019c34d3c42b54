"""Works out the patterns that people open first, while they still look at the overview."""

from contextlib import suppress

from analysis import cipher
from analysis.patterns import places, together
from analysis.patterns import time as times
from analysis.workbench.pages import patterns
from analysis.workbench.pages.view import Asked
from analysis.workbench.state import State

# So long the first page has the processor for itself.
AFTER = 3.0


def work(state: State) -> None:
    """Asks for one pattern after the other, until all are kept or the workbench closes."""
    if state.closing.wait(AFTER):
        return
    with suppress(cipher.OperationalError):
        asked = Asked("/", "", {}, "en", state.snapshot(), state.connection())
        patterns.kept(asked, times.by_week, "weeks")
        patterns.kept(asked, times.by_month, "months")
        questions = patterns.kept(asked, together.act_questions, "questions")
        for name in questions:
            _together(asked, state, name)
        for pool in patterns.kept(asked, places.pools, "pools"):
            if not state.closing.is_set():
                patterns.find_places(asked, pool)


def _together(asked: Asked, state: State, name: str) -> None:
    if not state.closing.is_set():
        patterns.kept(asked, lambda database: together.together(database, name), "together", name)
    if not state.closing.is_set() and "grounds" in asked.book.questions:
        patterns.kept(asked, lambda database: together.cross(database, "grounds", name), "cross", name)
