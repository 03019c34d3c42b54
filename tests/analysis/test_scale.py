"""The pages at fifty thousand reports: none of them goes through all rows, whatever the machine is doing."""

import itertools
import time
from collections.abc import Iterator
from typing import Any

import pytest

from analysis.desk import Desk
from analysis.review.exclusions import exclude
from analysis.review.people import Reviewer
from analysis.workbench.pages import alike, browse, data, history, names, one, overview, patterns, review
from analysis.workbench.pages.view import Asked, Read
from analysis.workbench.state import State
from tests.bench import workbench as bench

REPORTS = 50_000
# Steps of SQLite's machine. A page that looks at every report takes several for each.
MOST_STEPS = REPORTS
EVERY = 500
# Hundreds of times what it takes; a page that reads stories or rows for each report takes longer.
MOST_SECONDS = 10.0
PAGES: tuple[tuple[str, Read, str], ...] = (
    ("overview", overview.read, ""),
    ("browse", browse.read, ""),
    ("several facets", browse.read, "setting=police&channel=web&acts=insult&acts=threat"),
    ("left out", browse.read, "is.counted=yes"),
    ("one report", one.read, "setting=police"),
    ("review", review.read, ""),
    ("data", data.read, ""),
    ("over time", patterns.read_time, ""),
    ("before and after", patterns.read_time, "_of=acts&_date=2026-01-01"),
    ("what comes together", patterns.read_together, ""),
    ("badge marks", patterns.read_places, "_of=marks"),
    ("stations", patterns.read_places, "_of=station"),
    ("names that may be one", names.read, "_of=station"),
    ("marks that may be one", names.read, "_of=marks"),
    ("one of the names", names.read_one, "_of=station&_name=station~1+precinct"),
    ("the log", history.read, ""),
    ("words", patterns.read_words, "_answer=acts:insult&_in=en"),
    ("nearly the same words", alike.read, "_of=story"),
    ("the same answers", alike.read, "_of=answers"),
    ("perhaps one event", alike.read, "_of=event"),
)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[State]:
    """An open workbench, in whose memory nothing stands yet."""
    path = tmp_path_factory.mktemp("scale") / "desk"
    bench.build(path, REPORTS)
    with Desk.unlocked(path, lambda: bench.PASSPHRASE) as desk:
        state = State(desk)
        yield state
        state.close()


class Counting:
    """The steps that a connection takes, in rough numbers, and the seconds that pass."""

    def __init__(self, connection: Any) -> None:
        self._connection, self._beats = connection, itertools.count()
        self.steps, self.seconds = 0, 0.0

    def __enter__(self) -> "Counting":
        self._connection.set_progress_handler(lambda: next(self._beats) and 0, EVERY)
        self._start = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._start
        self._connection.set_progress_handler(None, 0)
        self.steps = next(self._beats) * EVERY


def ask(state: State, read: Read, query: str) -> Counting:
    """What a page costs."""
    asked = Asked("/", query, {"number": str(REPORTS // 2)}, "en", state.snapshot(), state.connection())
    with Counting(state.connection()) as cost:
        read(asked)
    return cost


@pytest.mark.parametrize(("read", "query"), [pytest.param(*rest, id=name) for name, *rest in PAGES])
def test_no_page_goes_through_all_rows_of_the_database(state: State, read: Read, query: str) -> None:
    cost = ask(state, read, query)
    print(cost.steps, cost.seconds)
    assert cost.steps < MOST_STEPS
    assert cost.seconds < MOST_SECONDS


def test_a_decision_makes_no_page_go_through_all_rows(state: State) -> None:
    exclude(state.desk, range(1, 2000, 3), "junk", Reviewer.named("Ana"))
    for name, read, query in PAGES:
        cost = ask(state, read, query)
        assert cost.steps < MOST_STEPS, name
        assert cost.seconds < MOST_SECONDS, name
