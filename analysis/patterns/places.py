"""Places and actors that come up again: stations, clinics, landlords, officers' marks.

Names come from short answers in words and from lists. What is written in one way is counted; what
seems to be one name is proposed as a group with the evidence, and a person decides (analysis/review).
Officers' marks with a digit are never matched by likeness: that would accuse somebody's neighbour.
"""

from dataclasses import dataclass

import numpy as np

from analysis.patterns.alike import spread
from analysis.patterns.grouping import MOST_NAMES
from analysis.patterns.reading import Counted, is_small
from analysis.patterns.written import MARKS, Names, Pool, pools, read_names

__all__ = ["MARKS", "Group", "Places", "Pool", "Spelling", "places", "pools"]

SHOWN_SPELLINGS = 30


@dataclass(frozen=True, slots=True)
class Spelling:
    """A name as it was written in answer to `question`, or a `choice` of a list; n reports.

    `why` and `score` say how it came to the group's name (analysis.patterns.grouping.Joined).
    """

    question: str
    written: str
    choice: int | None
    n: int
    score: int
    why: str


@dataclass(frozen=True, slots=True)
class Group:
    """One place or actor, or several spellings that may be one.

    `weeks` and `channels` are how many different ones its reports came by, and `largest` the most that
    came in one week by one channel: when nearly all did, one hand may have written them. `spelled` is
    the number of all spellings, `spellings` the most frequent of them; `names` how many are left after
    the rules of spelling: above 1, likeness put them together.
    """

    name: str
    n: int
    weeks: int
    channels: int
    largest: int
    names: int
    spelled: int
    spellings: tuple[Spelling, ...]
    small: bool


@dataclass(frozen=True, slots=True)
class Places:
    """The names in one pool: `n` reports name somebody, in `groups` the most frequent first.

    `found` is the number of all groups; `compared` is False when there were too many names to compare
    all of them, and the rarest stand alone. `newer` counted reports came after the names were put
    together, and are not in it; None says that they were not put together yet.
    """

    pool: Pool
    n: int
    found: int
    compared: bool
    newer: int | None
    groups: tuple[Group, ...]


def places(database: Counted, pool: Pool, *, limit: int = 200) -> Places:
    """The groups of names in a pool, at most `limit` of them."""
    names = read_names(database, pool)
    if names is None:
        return Places(pool, 0, 0, compared=True, newer=None, groups=())
    # Whoever chose a name of a list and wrote it too is counted once, so the order is settled afterwards.
    ranked = np.argsort(-names.of_group, kind="stable")[: 2 * limit if names.listed else limit]
    groups = [_group(database, names, int(head)) for head in ranked[names.of_group[ranked] > 0]]
    groups.sort(key=lambda group: (-group.n, group.name))
    found = int(np.count_nonzero(names.of_group))
    compared = names.different <= MOST_NAMES
    return Places(pool, names.naming(), found, compared, names.newer(), tuple(groups[:limit]))


def _group(database: Counted, names: Names, head: int) -> Group:
    rows = names.rows(head)
    spellings = sorted(
        (
            Spelling(*names.spelling(row), int(names.n[row]), joined.score, joined.why)
            for row in rows
            for joined in (names.joined(row),)
        ),
        # A name of a list comes before what people wrote in its place.
        key=lambda one: (one.choice is None, -one.n, one.written),
    )
    reports = names.reports(rows)
    weeks, channels, largest = spread(database, reports)
    return Group(
        name=spellings[0].written,
        n=len(reports),
        weeks=weeks,
        channels=channels,
        largest=largest,
        names=len({names.name(row) for row in rows}),
        spelled=len(spellings),
        spellings=tuple(spellings[:SHOWN_SPELLINGS]),
        small=is_small(len(reports)),
    )
