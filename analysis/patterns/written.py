"""Names as they were written, and which of them may be one: worked out once, and counted when they are read.

Which names are put together is found among all reports that may be counted, and kept
(analysis.summaries). The numbers are those of the counted reports, so whoever is left out is in none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis import summaries
from analysis.bitmaps import Bits, flags, numbers
from analysis.patterns import names
from analysis.patterns.behind import LONGEST_NAME
from analysis.patterns.grouping import LETTERS, SAME, WORDS, Joined, group
from analysis.patterns.names import Name
from analysis.patterns.reading import Counted, Numbers, choices, parse, questions
from analysis.summaries import Summary

MARKS = "marks"
OTHER = "_other"
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


@dataclass(frozen=True, slots=True)
class _Written:
    """A name as it stands: its question, the words, the choice of a list, and its reports."""

    question: str
    written: str
    choice: int | None
    name: Name
    reports: Numbers


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


class Names:
    """The names of a pool, counted among the counted reports; a row is a spelling."""

    def __init__(self, database: Counted, kept: Summary) -> None:
        self._database, self._kept = database, kept
        self._which = flags(database.which)
        self._rows: list[list[Any]] = kept.words["spellings"]
        reports, spelling = kept.columns["reports"], kept.columns["spelling"]
        heads = self.group[spelling]
        counted = self._which[reports]
        # A report that wrote two spellings of one group stands twice, side by side, and counts once.
        again = np.append(False, (heads[1:] == heads[:-1]) & (reports[1:] == reports[:-1]))[: len(heads)]
        size = int(self.group.max(initial=-1)) + 1
        self.n: Numbers = np.bincount(spelling[counted], minlength=len(self._rows))
        self.of_group: Numbers = np.bincount(heads[counted & ~again], minlength=size)
        self._ends = np.cumsum(np.bincount(heads, minlength=size))
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

    def spelling(self, row: int) -> tuple[str, str, int | None]:
        """The question, the words as they were written, and the choice of a list if it is one."""
        question, written, choice = self._rows[row]
        return question, written, choice

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
        return [row for row in np.flatnonzero(self.group == head).tolist() if self.n[row]]

    def reports(self, rows: Sequence[int]) -> Numbers:
        """The counted reports with any of these spellings, all of one group."""
        found = [np.zeros(0, np.int64)]
        worded = [row for row in rows if self._rows[row][2] is None]
        if worded:
            head = int(self.group[worded[0]])
            part = slice(int(self._ends[head - 1]) if head else 0, int(self._ends[head]))
            reports = self._kept.columns["reports"][part].astype(np.int64)
            wanted = np.isin(self._kept.columns["spelling"][part], worded)
            found.append(reports[wanted & self._which[reports]])
        found += [numbers(self._choosing(row) & self._database.which) for row in rows if row not in worded]
        return np.unique(np.concatenate(found))

    def told(self) -> tuple[Numbers, Numbers]:
        """The reports that wrote a name, and the number of the name as it is read; of all that were read."""
        columns = self._kept.columns
        return columns["reports"].astype(np.int64), columns["name"][columns["spelling"]].astype(np.int64)

    def naming(self) -> int:
        """How many counted reports name anybody."""
        found = self._database.bits.of_numbers(self._kept.columns["reports"].astype(np.int64))
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
    name = f"names:{pool.id}"
    kept = database.bits.keep((name,), lambda: summaries.read(database.conn, name))
    return None if kept is None else Names(database, kept)


def find_mark(database: Counted, written: str) -> Numbers | None:
    """The reports that wrote an officer's mark just so, whatever was decided about them.

    None where the marks of some counted reports were not read yet.
    """
    name = f"names:{MARKS}"
    kept: Summary | None = database.bits.keep((name,), lambda: summaries.read(database.conn, name))
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
