"""What the workbench does by itself: makes summaries that are missing, and reads what people open first."""

from contextlib import suppress

from analysis import bitmaps, cipher
from analysis.cipher import Database
from analysis.desk import Desk
from analysis.desk_errors import Busy
from analysis.patterns import corpus, making, places, together
from analysis.patterns.making import Made
from analysis.workbench.pages import browse, patterns
from analysis.workbench.pages.view import Asked
from analysis.workbench.state import State

# So long the first page has the processor for itself.
AFTER = 3.0
# Another command may have imported meanwhile, and been killed before the summaries were made.
EVERY = 20.0


def work(state: State) -> None:
    """Keeps the summaries true, until the workbench closes."""
    if state.closing.wait(AFTER):
        return
    with suppress(cipher.OperationalError):
        warm(state)
    while not state.closing.is_set():
        with suppress(cipher.OperationalError):
            make(state)
        state.closing.wait(EVERY)


def make(state: State) -> None:
    """Makes what is missing; not while another command changes the desk, and not of half an import."""
    connection = state.connection()
    if making.is_true(connection) or not bitmaps.is_true(Database(connection)):
        return
    for made in making.make(connection):
        if state.closing.is_set() or not _write(state, made):
            return


def _write(state: State, made: Made) -> bool:
    def change(desk: Desk) -> bool:
        with desk.changing(), desk.database.atomic():
            return making.write(desk.database.conn, made)

    try:
        return state.write(change)
    except Busy:
        return False


def warm(state: State) -> None:
    """Reads the bits and summaries that the first pages need, one after the other."""
    asked = Asked("/", "", {}, "en", state.snapshot(), state.connection())
    counted = asked.counted
    for name in (*browse.FIRST, *browse.TICKED, "lang"):
        if state.closing.is_set():
            return
        counted.column(name)
    for question in together.act_questions(counted):
        patterns.find_together(asked, question)
    patterns.find_periods(asked)
    for pool in patterns.kept(asked, places.pools, "pools"):
        if not state.closing.is_set():
            patterns.find_places(asked, pool)
    for lang in counted.column("lang"):
        if not state.closing.is_set():
            corpus.read_corpus(counted, str(lang))
