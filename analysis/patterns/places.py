"""Places and actors that come up again: stations, clinics, landlords, officers' marks.

Names come from short answers in words and from lists. What is written in one way is counted; what
seems to be one name is proposed as a group with the evidence, and a person decides (analysis/review).
Officers' marks with a digit are never matched by likeness: that would accuse somebody's neighbour.

Which names are put together is worked out from all reports that may be counted, and kept
(analysis.summaries). The numbers are counted when they are read, without whoever was left out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis import summaries
from analysis.bitmaps import Bits, flags
from analysis.bitmaps import numbers as numbers_of
from analysis.patterns import names
from analysis.patterns.alike import spread
from analysis.patterns.behind import LONGEST_NAME
from analysis.patterns.grouping import LETTERS, MOST_NAMES, SAME, WORDS, Joined, group
from analysis.patterns.names import Name
from analysis.patterns.reading import (
    Counted,
    Numbers,
    choices,
    is_small,
    parse,
    questions,
)
from analysis.summaries import Summary

MARKS = "marks"
OTHER = "_other"
# Choices of a list that name no place.
UNNAMED = ("other", "not_sure", "none", "elsewhere")
SHOWN_SPELLINGS = 30
# How a spelling came to its group, as it is kept.
WHYS = (SAME, LETTERS, WORDS)


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
    all of them, and the rarest stand alone. `newer` counted reports came after the names were put
    together, and are not in it; None says that they were not put together yet.
    """

    pool: Pool
    n: int
    found: int
    compared: bool
    newer: int | None
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class _Written:
    """A name as it stands: its question, the words, the choice of a list, and its reports."""

    question: str
    written: str
    choice: int | None
    name: Name
    reports: Numbers


def pools(database: Counted) -> tuple[Pool, ...]:
    """The kinds of names that the forms at the desk ask for."""
    asked = questions(database)
    found = []
    for name, question in asked.items():
        if question.kind == "text" and question.role == "act":
            stem = name.removesuffix(OTHER)
            listed = stem if stem != name and stem in asked and asked[stem].kind == "select_one" else None
            found.append(Pool(stem if listed else name, name, listed))
    return tuple(found)


def make_names(database: Counted, pool: Pool, newest: int) -> Summary:
    """The names of a pool, put together; `database` has all reports that may be counted."""
    written = [*_listed(database, pool), *_answered(database, pool)]
    by_name: dict[Name, list[_Written]] = {}
    for one in written:
        by_name.setdefault(one.name, []).append(one)
    counts = {name: len(_union(same)) for name, same in by_name.items()}
    found = sorted(by_name, key=lambda name: (-counts[name], name))
    joined = group(found, [counts[name] for name in found])
    rows = [(one, which) for name, which in zip(found, joined, strict=True) for one in by_name[name]]
    spellings = [[one.question, one.written, one.choice] for one, _ in rows]
    columns: dict[str, NDArray[Any]] = {
        "group": np.array([which.head for _, which in rows], np.int32),
        "name": np.repeat(np.arange(len(found), dtype=np.int32), [len(by_name[name]) for name in found]),
        "score": np.array([which.score for _, which in rows], np.int16),
        "why": np.array([WHYS.index(which.why) for _, which in rows], np.int8),
    }
    return Summary(newest, {"spellings": spellings}, {**columns, **_pairs(rows)})


def _pairs(rows: Sequence[tuple[_Written, Joined]]) -> dict[str, NDArray[Any]]:
    """Who wrote which spelling, and who is in which group; a report once in each. Lists have their bits."""
    worded = [
        (number, joined.head, one.reports) for number, (one, joined) in enumerate(rows) if one.choice is None
    ]
    lengths = [len(reports) for _, _, reports in worded]
    reports = np.concatenate([np.zeros(0, np.int64), *(reports for _, _, reports in worded)])
    heads = np.repeat(np.array([head for _, head, _ in worded], np.int64), lengths)
    members = np.unique((heads << 32) | reports)
    return {
        "reports": reports.astype(np.uint32),
        "spelling": np.repeat(np.array([number for number, _, _ in worded], np.uint32), lengths),
        "members": (members & 0xFFFFFFFF).astype(np.uint32),
        "heads": (members >> 32).astype(np.uint32),
    }


def places(database: Counted, pool: Pool, *, limit: int = 200) -> Places:
    """The groups of names in a pool, at most `limit` of them."""
    kept = database.bits.keep(("names", pool.id), lambda: summaries.read(database.conn, f"names:{pool.id}"))
    return Places(pool, 0, 0, True, None, ()) if kept is None else _Reading(database, pool, kept).read(limit)


class _Reading:
    """Counts the names that are kept, among the counted reports."""

    def __init__(self, database: Counted, pool: Pool, kept: Summary) -> None:
        self._database, self._pool, self._kept = database, pool, kept
        self._which = flags(database.which)
        columns = kept.columns
        self._spellings = kept.words["spellings"]
        self._group = columns["group"]
        size = int(self._group.max(initial=-1)) + 1
        self._n = np.bincount(
            columns["spelling"][self._which[columns["reports"]]], minlength=len(self._spellings)
        )
        for number, (question, _, choice) in enumerate(self._spellings):
            if choice is not None:
                self._n[number] = database.among(self._choosing(question, choice))
        self._of_group = np.bincount(columns["heads"][self._which[columns["members"]]], minlength=size)

    def read(self, limit: int) -> Places:
        """The largest groups."""
        # Whoever chose a name of the list and wrote it too is counted once, when the order is settled.
        listed = [number for number, (_, _, choice) in enumerate(self._spellings) if choice is not None]
        about = self._of_group.copy()
        np.add.at(about, self._group[listed], self._n[listed])
        ranked = np.argsort(-about, kind="stable")[: 2 * limit]
        groups = [self._read_group(int(head)) for head in ranked[about[ranked] > 0]]
        groups.sort(key=lambda group: (-group.n, group.name))
        newer = len(self._database) - int(self._which[: self._kept.until + 1].sum())
        compared = int(self._kept.columns["name"].max(initial=-1)) < MOST_NAMES
        n, found = self._count_all(listed), int((about > 0).sum())
        return Places(self._pool, n, found, compared, newer, tuple(groups[:limit]))

    def _spelling(self, row: int) -> tuple[str, str, int | None]:
        question, written, choice = self._spellings[row]
        return question, written, choice

    def _choosing(self, question: str, choice: int) -> Bits:
        return self._database.column(question).get(choice, self._database.bits.none())

    def _count_all(self, listed: Sequence[int]) -> int:
        """The reports that name anybody."""
        found = self._database.bits.of_numbers(self._kept.columns["members"].astype(np.int64))
        for number in listed:
            question, _, choice = self._spellings[number]
            found = found | self._choosing(question, choice)
        return self._database.among(found)

    def _reports(self, head: int, rows: Sequence[int]) -> Numbers:
        heads, members = self._kept.columns["heads"], self._kept.columns["members"]
        start, end = np.searchsorted(heads, [head, head + 1])
        found = members[start:end].astype(np.int64)
        found = found[self._which[found]]
        for row in rows:
            question, _, choice = self._spellings[row]
            if choice is not None:
                chosen = numbers_of(self._choosing(question, choice) & self._database.which)
                found = np.union1d(found, chosen)
        return found

    def _read_group(self, head: int) -> Group:
        columns = self._kept.columns
        score, why = columns["score"], columns["why"]
        rows = [row for row in np.flatnonzero(self._group == head).tolist() if self._n[row]]
        spellings = sorted(
            (
                Spelling(*self._spelling(row), int(self._n[row]), int(score[row]), WHYS[why[row]])
                for row in rows
            ),
            # A name of a list comes before what people wrote in its place.
            key=lambda one: (one.choice is None, -one.n, one.written),
        )
        reports = self._reports(head, rows)
        weeks, channels, largest = spread(self._database, reports)
        return Group(
            name=spellings[0].written,
            n=len(reports),
            weeks=weeks,
            channels=channels,
            largest=largest,
            names=len(np.unique(columns["name"][rows])),
            spelled=len(spellings),
            spellings=tuple(spellings[:SHOWN_SPELLINGS]),
            small=is_small(len(reports)),
        )


def _listed(database: Counted, pool: Pool) -> Iterator[_Written]:
    if not pool.listed:
        return
    column = database.column(pool.listed)
    for one in choices(database, pool.listed):
        name = names.place(one.label)
        if one.code not in UNNAMED and one.id in column and name:
            reports = numbers_of(column[one.id] & database.which)
            yield _Written(one.question, one.label, one.id, name, reports)


def _answered(database: Counted, pool: Pool) -> Iterator[_Written]:
    # The index of short texts answers this without a look at a story.
    query = f"""SELECT "text", group_concat("report") FROM "texts"
        WHERE "question" = ? AND length("text") <= {LONGEST_NAME} GROUP BY "text" """  # noqa: S608 - a number
    which = flags(database.which)
    parts: dict[str, tuple[Name, list[Numbers]]] = {}
    for text, joined in database.conn.execute(query, [pool.words]):
        reports = np.sort(parse(joined))
        reports = reports[reports < len(which)]
        reports = reports[which[reports]]
        if len(reports):
            for written, name in _read(text, pool):
                parts.setdefault(written, (name, []))[1].append(reports)
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
        return written[0].reports
    return np.unique(np.concatenate([one.reports for one in written] or [np.zeros(0, dtype=np.int64)]))
