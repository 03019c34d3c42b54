"""What waits for somebody to decide, for the overview and the page of the review.

Some of it takes long to find out at a large desk. There it is counted once its own page was opened, or
the workbench had time to work ahead; until then the page says that it was not counted yet.
"""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from analysis.bitmaps import count
from analysis.patterns import places
from analysis.patterns.alike import STORY
from analysis.patterns.places import Places, Pool
from analysis.patterns.ranked import Ranked
from analysis.review import people
from analysis.review.quotes import read_waiting
from analysis.threads import followups
from analysis.workbench.decided import ASSIGNED
from analysis.workbench.pages import alike, counting, names, threads
from analysis.workbench.pages.patterns import find_places, kept
from analysis.workbench.pages.view import Asked

# Up to so many reports everything is counted at once.
AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Queue:
    """Things that wait, by what they are (the words stand in the template): how many, None where that was
    not counted yet, and where they are decided. `detail` is the kind of names, or a person.
    """

    kind: str
    n: int | None
    link: str
    detail: str = ""


def read(asked: Asked) -> list[Queue]:
    """All that waits, what is quickly done first."""
    found = [_followups(asked), _quotes(asked), *_people(asked), *_names(asked), _alike(asked)]
    return [one for one in found if one.n != 0]


def _followups(asked: Asked) -> Queue:
    return Queue("followups", followups.count_waiting(asked.connection), threads.FOLLOWUPS)


def _quotes(asked: Asked) -> Queue:
    """Quotes that whoever sits here may check: who checked one is no second person for it."""
    mine = people.key(asked.reviewer)
    waiting = [
        one
        for one in read_waiting(asked.connection)
        if mine not in {people.key(name) for name in one.checked}
    ]
    return Queue("quotes", len(waiting), "/review#quotes")


def _people(asked: Asked) -> list[Queue]:
    query = 'SELECT "who", count(*) FROM "assignments" GROUP BY "who" ORDER BY "who"'
    mine = people.key(asked.reviewer)
    given = [
        Queue("mine" if people.key(who) == mine else "given", n, _of_person(who), who)
        for who, n in asked.connection.execute(query)
    ]
    return sorted(given, key=lambda one: one.kind != "mine")


def _of_person(who: str) -> str:
    return f"{counting.BROWSE}?{urlencode({ASSIGNED: who})}"


def _names(asked: Asked) -> list[Queue]:
    return [_of_pool(asked, pool) for pool in kept(asked, places.pools, "pools")]


def _of_pool(asked: Asked, pool: Pool) -> Queue:
    n = _counted(asked, lambda: find_places(asked, pool), "places", pool.id)
    return Queue("names", n, f"{names.LIST}?{urlencode({names.OF: pool.id})}", counting.title(asked, pool.id))


def _alike(asked: Asked) -> Queue:
    n = _counted(asked, lambda: alike.find(asked, STORY), "alike", STORY)
    return Queue("alike", n, alike.LIST)


def _counted(asked: Asked, find: Callable[[], Ranked | Places], *key: str) -> int | None:
    small = count(asked.snapshot.bits.every(asked.connection)) <= AT_ONCE
    found = find() if small or asked.snapshot.patterns.get(key) is not None else None
    return None if found is None or found.newer is None else found.waiting
