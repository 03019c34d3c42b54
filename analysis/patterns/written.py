"""Names as they were written, and which of them may be one: worked out once, and counted when they are read.

Which names are put together is found among all reports that may be counted, and kept
(analysis.summaries). The numbers are those of the counted reports, so whoever is left out is in none.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis import summaries
from analysis.bitmaps import FEW, Bits, flags, numbers
from analysis.cipher import Database
from analysis.patterns import names
from analysis.patterns.grouping import LETTERS, SAME, WORDS, Joined, group
from analysis.patterns.names import LONGEST, MARKS, OTHER, Name
from analysis.patterns.reading import Counted, Numbers, choices, distinct, parse, questions
from analysis.patterns.settled import Key
from analysis.summaries import Summary

# Choices of a list that name no place.
UNNAMED = ("other", "not_sure", "none", "elsewhere")
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


def pools(database: Counted | Database) -> tuple[Pool, ...]:
    """The kinds of names that the forms at the desk ask for."""
    asked = questions(database)
    found = []
    for name, question in asked.items():
        if question.kind == "text" and question.role == "act":
            stem = name.removesuffix(OTHER)
            listed = stem if stem != name and stem in asked and asked[stem].kind == "select_one" else None
            found.append(Pool(stem if listed else name, name, listed))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Written:
    """A name as it stands: its question, the words, the choice of a list, and its reports."""

    question: str
    written: str
    choice: int | None
    name: Name
    reports: Numbers


def make_names(database: Counted, pool: Pool, newest: int) -> Summary:
    """The names of a pool, put together; `database` has all reports that may be counted.

    What earlier reports wrote is taken from what is kept: only the words of newer ones are read.
    """
    before = summaries.read(database.conn, f"names:{pool.id}")
    written = [*_listed(database, pool), *_answered(database, pool, before, newest)]
    by_name: dict[Name, list[_Written]] = {}
    for one in written:
        by_name.setdefault(one.name, []).append(one)
    counts = {name: len(_union(same)) for name, same in by_name.items()}
    found = sorted(by_name, key=lambda name: (-counts[name], name))
    joined = group(found, [counts[name] for name in found])
    rows = [(one, which) for name, which in zip(found, joined, strict=True) for one in by_name[name]]
    words = {
        "spellings": [[one.question, one.written, one.choice] for one, _ in rows],
        "names": [[name.words, name.numbers] for name in found],
    }
    columns: dict[str, NDArray[Any]] = {
        "group": np.array([which.head for _, which in rows], np.int32),
        "name": np.repeat(np.arange(len(found), dtype=np.int32), [len(by_name[name]) for name in found]),
        "score": np.array([which.score for _, which in rows], np.int16),
        "why": np.array([WHYS.index(which.why) for _, which in rows], np.int8),
    }
    return Summary(newest, words, {**columns, **_pairs(rows)})


def _pairs(rows: Sequence[tuple[_Written, Joined]]) -> dict[str, NDArray[Any]]:
    """Who wrote which spelling, by the group and then by the report. Those of a list have their bits."""
    worded = [(row, joined.head, one.reports) for row, (one, joined) in enumerate(rows) if one.choice is None]
    lengths = [len(reports) for _, _, reports in worded]
    reports = np.concatenate([np.zeros(0, np.int64), *(reports for _, _, reports in worded)])
    spelling = np.repeat(np.array([row for row, _, _ in worded], np.int64), lengths)
    heads = np.repeat(np.array([head for _, head, _ in worded], np.int64), lengths)
    order = np.lexsort((reports, heads))
    return {"reports": reports[order].astype(np.uint32), "spelling": spelling[order].astype(np.uint32)}


@dataclass(frozen=True, slots=True)
class Index:
    """How the names of a pool are found: what no decision changes.

    The row of each name; the rows in the order of their groups, and where those of each end; of each name
    as it is read the group; of each report that wrote a name the group, and whether the one before it is
    the same report in the same group.
    """

    keys: Sequence[Key]
    rows: Mapping[Key, int]
    order: Numbers
    ends: Numbers
    heads: Numbers
    told: Numbers
    told_ends: Numbers
    again: NDArray[np.bool_]

    @classmethod
    def of(cls, database: Counted, kept: Summary, pool: Pool) -> "Index":
        """Of names that were put together."""
        codes = {one.id: one.code for one in choices(database, pool.listed)} if pool.listed else {}
        keys = [
            (question, text if choice is None else codes[choice])
            for question, text, choice in kept.words["spellings"]
        ]
        group, reports = kept.columns["group"].astype(np.int64), kept.columns["reports"]
        size, told = int(group.max(initial=-1)) + 1, group[kept.columns["spelling"]]
        heads = np.zeros(len(kept.words["names"]), np.int64)
        heads[kept.columns["name"]] = group
        again = np.append(False, (told[1:] == told[:-1]) & (reports[1:] == reports[:-1]))[: len(told)]
        return cls(
            keys,
            {key: row for row, key in enumerate(keys)},
            np.argsort(group, kind="stable"),
            np.cumsum(np.bincount(group, minlength=size)),
            heads,
            told,
            np.cumsum(np.bincount(told, minlength=size)),
            again,
        )


class Names:
    """The names of a pool, counted among the counted reports; a row is a spelling."""

    def __init__(self, database: Counted, kept: Summary, index: Index) -> None:
        self._database, self._kept, self._index = database, kept, index
        self._which = flags(database.which)
        self._rows: list[list[Any]] = kept.words["spellings"]
        spelling = kept.columns["spelling"]
        counted = self._which[kept.columns["reports"]]
        size = len(index.ends)
        self.n: Numbers = np.bincount(spelling[counted], minlength=len(self._rows))
        # A report that wrote two spellings of one group stands twice, side by side, and counts once.
        self.of_group: Numbers = np.bincount(index.told[counted & ~index.again], minlength=size)
        self.listed = [row for row, (_, _, choice) in enumerate(self._rows) if choice is not None]
        for row in self.listed:
            self.n[row] = database.among(self._choosing(row))
            self.of_group[self.group[row]] += self.n[row]

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def group(self) -> NDArray[np.int32]:
        """Of each row the name with which it was put together; the same number for all of a group.

        `of_group` has about how many reports each group has: whoever chose a name of a list and wrote it
        too is counted twice there.
        """
        return self._kept.columns["group"]

    @property
    def different(self) -> int:
        """How many names are left after the rules of spelling."""
        return len(self._kept.words["names"])

    def several(self) -> NDArray[np.bool_]:
        """Of each group whether more than one of its names is left after the rules, among the counted."""
        present = np.unique(self._kept.columns["name"][self.n > 0])
        return np.bincount(self._index.heads[present], minlength=len(self.of_group)) > 1

    def spelling(self, row: int) -> tuple[str, str, int | None]:
        """The question, the words as they were written, and the choice of a list if it is one."""
        question, written, choice = self._rows[row]
        return question, written, choice

    def key(self, row: int) -> Key:
        """What tells a name from others in decisions."""
        return self._index.keys[row]

    def row(self, key: Key) -> int | None:
        """The row of a name; None where no report that may be counted gives it."""
        return self._index.rows.get(key)

    def name(self, row: int) -> Name:
        """How a spelling is read."""
        words, digits = self._kept.words["names"][self._kept.columns["name"][row]]
        return Name(tuple(words), tuple(digits))

    def joined(self, row: int) -> Joined:
        """How a spelling came to its group."""
        columns = self._kept.columns
        why = WHYS[columns["why"][row]]
        return Joined(int(columns["group"][row]), int(columns["score"][row]), why)

    def rows(self, head: int) -> list[int]:
        """The spellings of a group that somebody counted wrote."""
        start = int(self._index.ends[head - 1]) if head else 0
        rows = self._index.order[start : int(self._index.ends[head])]
        return [int(row) for row in rows[self.n[rows] > 0]]

    def told_by(self, rows: Sequence[int]) -> tuple[Numbers, Numbers]:
        """The counted reports with any of these spellings, and with each the place of the spelling in `rows`.

        A report with several of them comes with each.
        """
        place = np.full(len(self), -1, np.int64)
        place[list(rows)] = np.arange(len(rows))
        found, places = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        columns, ends = self._kept.columns, self._index.told_ends
        worded = [row for row in rows if self._rows[row][2] is None]
        for head in np.unique(self.group[worded]).tolist():
            part = slice(int(ends[head - 1]) if head else 0, int(ends[head]))
            reports, spelled = columns["reports"][part].astype(np.int64), place[columns["spelling"][part]]
            wanted = (spelled >= 0) & self._which[reports]
            found.append(reports[wanted])
            places.append(spelled[wanted])
        for row in rows:
            if self._rows[row][2] is not None:
                found.append(numbers(self._choosing(row) & self._database.which))
                places.append(np.full(len(found[-1]), place[row]))
        return np.concatenate(found), np.concatenate(places)

    def naming(self, also: Numbers) -> int:
        """How many counted reports name anybody, and these with them."""
        told = self._kept.columns["reports"].astype(np.int64)
        found = self._database.bits.of_numbers(np.concatenate([told, also]))
        for row in self.listed:
            found = found | self._choosing(row)
        return self._database.among(found)

    def newer(self) -> int:
        """How many counted reports came after the names were put together."""
        return len(self._database) - int(self._which[: self._kept.until + 1].sum())

    def _choosing(self, row: int) -> Bits:
        question, _, choice = self._rows[row]
        return self._database.column(question).get(choice, self._database.bits.none())


def read_names(database: Counted, pool: Pool) -> Names | None:
    """The names of a pool; None where they were not put together yet."""
    kept = _kept(database, f"names:{pool.id}")
    if kept is None:
        return None
    index = database.bits.keep(("index", pool.id), lambda: Index.of(database, kept, pool))
    return Names(database, kept, index)


@dataclass(frozen=True, slots=True)
class Told:
    """The reports that wrote a name, the number of the name as it is read, and how each is read."""

    reports: Numbers
    named: Numbers
    read: Sequence[tuple[list[str], list[str]]]


def read_told(database: Counted, pool: Pool) -> Told:
    """Who wrote which name of a pool, in no order, of all reports whose names were put together."""
    kept = _kept(database, f"names:{pool.id}")
    if kept is None:
        raise LookupError("names are put together before what they tell is asked for")
    reports, spelling = (kept.columns[name] for name in ("reports", "spelling"))
    return Told(
        reports.astype(np.int64), kept.columns["name"][spelling].astype(np.int64), kept.words["names"]
    )


def _kept(database: Counted, name: str) -> Summary | None:
    found: Summary | None = database.bits.keep((name,), lambda: summaries.read(database.conn, name))
    return found


def find_mark(database: Counted, written: str) -> Numbers | None:
    """The reports that wrote an officer's mark just so, whatever was decided about them.

    None where the marks of some counted reports were not read yet.
    """
    name = f"names:{MARKS}"
    kept = _kept(database, name)
    if kept is None or flags(database.which)[kept.until + 1 :].any():
        return None
    rows = database.bits.keep(
        ("rows", MARKS), lambda: {one[1]: row for row, one in enumerate(kept.words["spellings"])}
    )
    if written not in rows:
        return np.zeros(0, np.int64)
    found: Numbers = kept.columns["reports"][kept.columns["spelling"] == rows[written]].astype(np.int64)
    return found


def _listed(database: Counted, pool: Pool) -> Iterator[_Written]:
    if not pool.listed:
        return
    column = database.column(pool.listed)
    for one in choices(database, pool.listed):
        name = names.place(one.label)
        if one.code not in UNNAMED and one.id in column and name:
            reports = numbers(column[one.id] & database.which)
            yield _Written(one.question, one.label, one.id, name, reports)


def _answered(database: Counted, pool: Pool, before: Summary | None, newest: int) -> Iterator[_Written]:
    which = flags(database.which)
    parts: dict[str, tuple[Name, list[Numbers]]] = {}
    for written, name, reports in _earlier(before, pool):
        parts[written] = name, [reports]
    for text, joined in _texts(database, pool, before.until if before else 0, newest):
        reports = np.sort(parse(joined))
        reports = reports[reports < len(which)]
        reports = reports[which[reports]]
        if len(reports):
            for written, name in _read(text, pool):
                parts.setdefault(written, (name, []))[1].append(reports)
    for written, (name, rows) in sorted(parts.items()):
        yield _Written(pool.words, written, None, name, distinct(np.concatenate(rows)))


def _earlier(before: Summary | None, pool: Pool) -> Iterator[tuple[str, Name, Numbers]]:
    """What was written in words, as it is kept, and by whom."""
    if before is None or not before.words["spellings"]:
        return
    columns, spellings = before.columns, before.words["spellings"]
    order = np.argsort(columns["spelling"], kind="stable")
    ends = np.cumsum(np.bincount(columns["spelling"], minlength=len(spellings)))
    reports = np.split(columns["reports"][order].astype(np.int64), ends[:-1])
    for (question, written, choice), read, told in zip(spellings, columns["name"], reports, strict=True):
        if choice is None and question == pool.words:
            words, digits = before.words["names"][read]
            yield written, Name(tuple(words), tuple(digits)), told


def _texts(database: Counted, pool: Pool, until: int, newest: int) -> Iterator[tuple[str, str]]:
    """Each different answer of newer reports, and their numbers."""
    if (newest - until) * FEW > newest:
        # The index of short texts answers this without a look at a story.
        query = f"""SELECT "text", group_concat("report") FROM "texts" WHERE "question" = ?
            AND length("text") <= {LONGEST} AND "report" > ? GROUP BY "text" """  # noqa: S608 - a number
    else:
        # The plus keeps that index out, which would be read whole.
        query = f"""SELECT "text", group_concat("report") FROM "texts" WHERE +"question" = ?
            AND length("text") <= {LONGEST} AND "report" > ? GROUP BY "text" """  # noqa: S608 - a number
    yield from database.conn.execute(query, [pool.words, until])


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
    return distinct(np.concatenate([one.reports for one in written]))
