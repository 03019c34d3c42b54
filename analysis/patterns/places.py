"""Places and actors that come up again: stations, clinics, landlords, officers' marks.

Names come from short answers in words and from lists. What is written in one way is counted; what
seems to be one name is proposed as a group with the evidence, and a person decides (analysis/review).
Officers' marks with a digit are never matched by likeness: that would accuse somebody's neighbour.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.cipher import Database
from analysis.patterns import names
from analysis.patterns.behind import LONGEST_NAME
from analysis.patterns.grouping import MOST_NAMES, group
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
from analysis.patterns.settled import Decisions, Key, Member, Set, Unit, read_decisions, settle

MARKS, OTHER = names.MARKS, names.OTHER
# Choices of a list that name no place.
UNNAMED = ("other", "not_sure", "none", "elsewhere")
# Beside the reasons of analysis.patterns.grouping: somebody said so.
DECIDED = "decided"


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

    `why` and `score` say how it came to the group's name (analysis.patterns.grouping.Joined), or DECIDED;
    `weeks` and `channels` how many different ones its reports came by. `key` tells it from others.
    """

    key: Key
    question: str
    written: str
    choice: int | None
    n: int
    weeks: int
    channels: int
    score: int
    why: str


@dataclass(frozen=True, slots=True)
class Group:
    """One place or actor, or several spellings that may be one.

    `weeks` and `channels` are how many different ones its reports came by, and `largest` the most that
    came in one week by one channel: when nearly all did, one hand may have written them. `names` is how
    many of its spellings are left after the rules of spelling: above 1, likeness or a decision put them
    together. `unit` is what a decision made of it, `near` the decided ones that it is like, and `waits`
    whether it is for somebody to decide; `digest` is another one once anything of that is.
    """

    name: str
    digest: str
    unit: Unit | None
    near: tuple[Unit, ...]
    waits: bool
    n: int
    weeks: int
    channels: int
    largest: int
    names: int
    spellings: tuple[Spelling, ...]
    small: bool

    @property
    def accepted(self) -> int | None:
        """The number of the group that a decision made, if one did."""
        return self.unit if isinstance(self.unit, int) else None


@dataclass(frozen=True, slots=True)
class Places:
    """The names in one pool: `n` reports name somebody, in `groups` the most frequent first.

    `found` is the number of all groups; `compared` is False when there were too many names to compare
    all of them, and the rarest stand alone. Of `waiting` groups that somebody should decide about those of
    most reports are in `proposed`; `decided` are all that somebody made, and those near to the proposed.
    """

    pool: Pool
    n: int
    found: int
    compared: bool
    groups: tuple[Group, ...]
    waiting: int
    proposed: tuple[Group, ...]
    decided: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class _Written:
    """A name as it stands: its key, the words, the choice of a list, and its reports' places."""

    key: Key
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
    counts = {name: len(_union([one.places for one in same])) for name, same in by_name.items()}
    found = sorted(by_name, key=lambda name: (-counts[name], name))
    members: dict[int, list[Member]] = {}
    for name, joined in zip(found, group(found, [counts[name] for name in found]), strict=True):
        members.setdefault(joined.head, []).extend(Member(one.key, name, joined) for one in by_name[name])
    decisions = read_decisions(database.conn, pool.words)
    by_key = {one.key: one for one in written}
    ranked = sorted(settle(members.values(), decisions), key=lambda one: -_most(one, by_key, decisions))
    # A report that names two spellings of a group counts once, so the order is settled afterwards.
    made = [(one, _group(one, by_key, reports, decisions)) for one in _looked_at(ranked, 2 * limit)]
    made.sort(key=lambda pair: (-pair[1].n, pair[1].name))
    proposed = [shown for _, shown in made if shown.waits][:limit]
    near = {unit for one in proposed for unit in one.near}
    return Places(
        pool,
        len(_union([one.places for one in written] + [_kept(reports, decisions, one) for one in ranked])),
        len(ranked),
        len(found) <= MOST_NAMES,
        tuple([shown for _, shown in made if shown.n][:limit]),
        sum(one.waits for one in ranked),
        tuple(proposed),
        tuple(shown for _, shown in made if shown.accepted or shown.unit in near),
    )


def _most(one: Set, by_key: Mapping[Key, _Written], decisions: Decisions) -> int:
    """The reports of a set, some of them perhaps twice."""
    kept = len(decisions.kept.get(one.group, ())) if one.group else 0
    return kept + sum(len(by_key[member.key].places) for member in one.members)


def _looked_at(ranked: Sequence[Set], most: int) -> list[Set]:
    """The sets of most reports, all groups, and as many of those that wait, with what is near to them."""
    waiting = [one for one in ranked if one.waits][:most]
    near = {unit for one in waiting for unit in one.near}
    wanted = {id(one) for one in (*ranked[:most], *waiting)}
    return [one for one in ranked if one.group or id(one) in wanted or one.unit in near]


def _kept(reports: Reports, decisions: Decisions, one: Set) -> Numbers:
    """The places of reports whose words were deleted after their names had been put into a group."""
    kept = decisions.kept.get(one.group, ()) if one.group else ()
    return reports.places(np.array(sorted(kept), dtype=np.int64))


def _listed(database: Database, reports: Reports, pool: Pool) -> Iterator[_Written]:
    if not pool.listed:
        return
    column = reports.columns[pool.listed]
    codes = {value: code for code, value in enumerate(column.values)}
    for one in choices(database, pool.listed):
        name = names.place(one.label)
        if one.code not in UNNAMED and one.id in codes and name:
            where = np.flatnonzero(column.codes == codes[one.id])
            yield _Written((one.question, one.code), one.label, one.id, name, where)


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
        yield _Written((pool.words, written), written, None, name, np.unique(np.concatenate(rows)))


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


def _union(places: Sequence[Numbers]) -> Numbers:
    if len(places) == 1:
        return places[0]
    return np.unique(np.concatenate(places or [np.zeros(0, dtype=np.int64)]))


def _group(one: Set, by_key: Mapping[Key, _Written], reports: Reports, decisions: Decisions) -> Group:
    spellings = _spellings(one.members, by_key, reports, decisions)
    where = _union([*(by_key[each.key].places for each in spellings), _kept(reports, decisions, one)])
    weeks, channels = (reports.columns[name] for name in ("week", "channel"))
    cells = np.bincount(weeks.codes[where].astype(np.int64) * len(channels.values) + channels.codes[where])
    label = decisions.labels.get(one.group, "") if one.group else ""
    return Group(
        name=label or (spellings[0].written if spellings else ""),
        digest=_digest(one.unit, (each.key for each in spellings)),
        unit=one.unit,
        near=tuple(sorted(one.near, key=str)),
        waits=one.waits,
        n=len(where),
        weeks=len(np.unique(weeks.codes[where])),
        channels=len(np.unique(channels.codes[where])),
        largest=int(cells.max()) if len(where) else 0,
        names=len({member.name for member in one.members}),
        spellings=spellings,
        small=is_small(len(where)),
    )


def _spellings(
    members: Sequence[Member], by_key: Mapping[Key, _Written], reports: Reports, decisions: Decisions
) -> tuple[Spelling, ...]:
    found = []
    for member in members:
        one, why = by_key[member.key], DECIDED if member.key in decisions else member.joined.why
        weeks, channels = (
            len(np.unique(reports.columns[name].codes[one.places])) for name in ("week", "channel")
        )
        found.append(
            Spelling(
                *(one.key, one.key[0], one.written, one.choice, len(one.places), weeks, channels),
                *(member.joined.score, why),
            )
        )
    # A name of a list comes before what people wrote in its place.
    return tuple(sorted(found, key=lambda one: (one.choice is None, -one.n, one.written)))


def _digest(unit: Unit | None, keys: Iterable[Key]) -> str:
    """What tells a set of names from every other one, and from what it becomes by a decision."""
    return hashlib.sha256(repr((unit, sorted(keys))).encode()).hexdigest()[:32]
