"""Places and actors that come up again: stations, clinics, landlords, officers' marks.

Names come from short answers in words and from lists. What is written in one way is counted; what
seems to be one name is proposed as a group with the evidence, and a person decides (analysis/review).
Officers' marks with a digit are never matched by likeness: that would accuse somebody's neighbour.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.cipher import Database
from analysis.patterns import names
from analysis.patterns.behind import LONGEST_NAME
from analysis.patterns.grouping import MOST_NAMES, Joined, group
from analysis.patterns.names import Name
from analysis.patterns.reading import (
    Numbers,
    Reports,
    choices,
    is_small,
    parse,
    questions,
    read_reports,
)

MARKS = "marks"
OTHER = "_other"
# Choices of a list that name no place.
UNNAMED = ("other", "not_sure", "none", "elsewhere")
SHOWN_SPELLINGS = 30


@dataclass(frozen=True, slots=True)
class Pool:
    """Where one kind of name stands: a question in words, and the list that it completes, if any."""

    id: str
    words: str
    listed: str | None

    @property
    def holds_marks(self) -> bool:
        """Whether the names are officers' marks: for the organizers, never for publication."""
        return self.words == MARKS


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
    all of them, and the rarest stand alone.
    """

    pool: Pool
    n: int
    found: int
    compared: bool
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class _Written:
    """A name as it stands: its question, the words, the choice of a list, and its reports' places."""

    question: str
    written: str
    choice: int | None
    name: Name
    places: Numbers


def pools(database: Database) -> tuple[Pool, ...]:
    """The kinds of names that the forms at the desk ask for."""
    asked = questions(database)
    found = []
    for name, question in asked.items():
        if question.kind == "text" and question.role == "act":
            stem = name.removesuffix(OTHER)
            listed = stem if stem != name and stem in asked and asked[stem].kind == "select_one" else None
            found.append(Pool(stem if listed else name, name, listed))
    return tuple(found)


def places(database: Database, pool: Pool, *, limit: int = 200) -> Places:
    """The groups of names in a pool, at most `limit` of them."""
    columns = ["week", "channel", *([pool.listed] if pool.listed else [])]
    reports = read_reports(database, *columns)
    written = [*_listed(database, reports, pool), *_answered(database, reports, pool)]
    by_name: dict[Name, list[_Written]] = {}
    for one in written:
        by_name.setdefault(one.name, []).append(one)
    counts = {name: len(_union(same)) for name, same in by_name.items()}
    found = sorted(by_name, key=lambda name: (-counts[name], name))
    members: dict[int, list[tuple[Name, Joined]]] = {}
    for name, joined in zip(found, group(found, [counts[name] for name in found]), strict=True):
        members.setdefault(joined.head, []).append((name, joined))
    ranked = sorted(members.values(), key=lambda group: -sum(counts[name] for name, _ in group))
    # A report that names two spellings of a group counts once, so the order is settled afterwards.
    groups = [_group(group, by_name, reports) for group in ranked[: 2 * limit]]
    groups.sort(key=lambda group: (-group.n, group.name))
    return Places(pool, len(_union(written)), len(members), len(found) <= MOST_NAMES, tuple(groups[:limit]))


def _listed(database: Database, reports: Reports, pool: Pool) -> Iterator[_Written]:
    if not pool.listed:
        return
    column = reports.columns[pool.listed]
    codes = {value: code for code, value in enumerate(column.values)}
    for one in choices(database, pool.listed):
        name = names.place(one.label)
        if one.code not in UNNAMED and one.id in codes and name:
            yield _Written(
                one.question, one.label, one.id, name, np.flatnonzero(column.codes == codes[one.id])
            )


def _answered(database: Database, reports: Reports, pool: Pool) -> Iterator[_Written]:
    # The index of short texts answers this without a look at a story.
    query = f"""SELECT "text", group_concat("report") FROM "texts"
        WHERE "question" = ? AND length("text") <= {LONGEST_NAME} GROUP BY "text" """  # noqa: S608 - a number
    parts: dict[str, tuple[Name, list[Numbers]]] = {}
    for text, numbers in database.conn.execute(query, [pool.words]):
        where = reports.places(np.sort(parse(numbers)))
        if len(where):
            for written, name in _read(text, pool):
                parts.setdefault(written, (name, []))[1].append(where)
    for written, (name, rows) in sorted(parts.items()):
        yield _Written(pool.words, written, None, name, np.unique(np.concatenate(rows)))


def _read(text: str, pool: Pool) -> Iterator[tuple[str, Name]]:
    if not pool.holds_marks:
        name = names.place(text)
        if name:
            yield text, name
        return
    for written, mark in names.marks(text).items():
        # A mark with a digit is one number, which must agree whole.
        is_number = any(letter.isdigit() for letter in mark)
        yield written, Name((), (mark,)) if is_number else Name((mark.casefold(),), ())


def _union(written: Sequence[_Written]) -> Numbers:
    if len(written) == 1:
        return written[0].places
    return np.unique(np.concatenate([one.places for one in written] or [np.zeros(0, dtype=np.int64)]))


def _group(
    members: Sequence[tuple[Name, Joined]], by_name: Mapping[Name, list[_Written]], reports: Reports
) -> Group:
    spellings = sorted(
        (
            Spelling(one.question, one.written, one.choice, len(one.places), joined.score, joined.why)
            for name, joined in members
            for one in by_name[name]
        ),
        # A name of a list comes before what people wrote in its place.
        key=lambda one: (one.choice is None, -one.n, one.written),
    )
    where = _union([one for name, _ in members for one in by_name[name]])
    weeks, channels = (reports.columns[name] for name in ("week", "channel"))
    cells = np.bincount(weeks.codes[where].astype(np.int64) * len(channels.values) + channels.codes[where])
    return Group(
        name=spellings[0].written,
        n=len(where),
        weeks=len(np.unique(weeks.codes[where])),
        channels=len(np.unique(channels.codes[where])),
        largest=int(cells.max()),
        names=len(members),
        spelled=len(spellings),
        spellings=tuple(spellings[:SHOWN_SPELLINGS]),
        small=is_small(len(where)),
    )
