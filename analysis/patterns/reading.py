"""Reads the counted reports as columns of numbers, which is what every pattern counts on.

A million rows fetched one by one cost seconds; the same numbers joined to one text by the database
and parsed at once cost a tenth. Nothing here writes, and nothing is kept beyond the call.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from analysis.cipher import Database
from intake.forms.form import Form
from intake.forms.question import Question

# The reports that may be counted: their senders said yes, and nobody left them out (analysis/review).
RELATION = "counted"
# Fewer reports than this are for the organizers alone, never for publication (DOMAIN.md 3.3).
SMALL = 10
# Rows that are read at once: what is held as text meanwhile stays at a few megabytes.
LOT = 100_000
# Stories that are read at once, which is as many as are sketched at once.
STORIES = 512

Numbers: TypeAlias = NDArray[np.int64]
Codes: TypeAlias = NDArray[np.int32]
Ticks: TypeAlias = NDArray[np.bool_]


def is_small(n: int) -> bool:
    """Whether a number of reports is too small to be published."""
    return n < SMALL


@dataclass(frozen=True, slots=True)
class Choice:
    """One code of a question, in the words of the newest form."""

    id: int
    question: str
    code: str
    label: str
    label_es: str | None
    rollup: str | None


@dataclass(frozen=True, slots=True)
class Column:
    """One value for each report, as a place in `values`, which are sorted; None comes first."""

    values: tuple[Any, ...]
    codes: Codes

    def counts(self) -> dict[Any, int]:
        """The number of reports with each value."""
        found = np.bincount(self.codes, minlength=len(self.values))
        return dict(zip(self.values, found.tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class Reports:
    """The counted reports: their numbers in rising order, and the columns that were asked for."""

    ids: Numbers
    columns: dict[str, Column]

    def places(self, reports: Numbers) -> Numbers:
        """Where those of these reports that are counted stand in `ids`."""
        if not len(self.ids):
            return np.zeros(0, dtype=np.int64)
        places = np.searchsorted(self.ids, reports)
        places[places == len(self.ids)] = 0
        found: Numbers = places[self.ids[places] == reports]
        return found

    def __len__(self) -> int:
        return len(self.ids)


def read_reports(database: Database, *columns: str) -> Reports:
    """The counted reports with these columns of `reports`; one that no form asks is None throughout."""
    known = {row[1] for row in database.conn.execute(f'PRAGMA table_info("{RELATION}")')}
    present = [column for column in dict.fromkeys(columns) if column in known]
    ids: list[Numbers] = []
    seen: dict[str, dict[str, int]] = {column: {} for column in present}
    codes: dict[str, list[Codes]] = {column: [] for column in present}
    for numbers, *texts in _lots(database, present):
        ids.append(parse(numbers))
        for column, text in zip(present, texts, strict=True):
            codes[column].append(_coded(text.split(","), seen[column]))
    joined = np.concatenate(ids) if ids else np.zeros(0, dtype=np.int64)
    numeric = {name for name, question in questions(database).items() if question.kind != "month"}
    found = {column: _sorted(seen[column], codes[column], is_number=column in numeric) for column in present}
    absent = Column((None,), np.zeros(len(joined), dtype=np.int32))
    return Reports(joined, {column: found.get(column, absent) for column in columns})


def _lots(database: Database, columns: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The numbers of a lot of reports, then each column, as texts with commas.

    Weeks, months, channels and numbers hold no comma: the import takes no others.
    """
    joined = "".join(f""", group_concat(coalesce("{column}", ''))""" for column in columns)
    named = "".join(f', "{column}"' for column in columns)
    # Names of columns stand in the query, from forms whose ids are checked; values never do.
    query = (
        f'SELECT max("id"), group_concat("id"){joined} FROM (SELECT "id"{named} FROM "{RELATION}" '  # noqa: S608
        'WHERE "id" > ? ORDER BY "id" LIMIT ?)'
    )
    last = 0
    while True:
        newest, *texts = database.conn.execute(query, [last, LOT]).fetchone()
        if newest is None:
            return
        last = newest
        yield tuple(texts)


def parse(numbers: str | None) -> Numbers:
    """The numbers of a text that the database joined with commas."""
    return np.fromstring(numbers, dtype=np.int64, sep=",") if numbers else np.zeros(0, dtype=np.int64)


def _coded(values: Sequence[str], seen: dict[str, int]) -> Codes:
    for value in dict.fromkeys(values):
        seen.setdefault(value, len(seen))
    return np.array([seen[value] for value in values], dtype=np.int32)


def _sorted(seen: dict[str, int], codes: Sequence[Codes], *, is_number: bool) -> Column:
    values = [(int(text) if is_number else text) if text else None for text in seen]
    order = sorted(range(len(values)), key=lambda place: (values[place] is not None, values[place]))
    # The key's second part is never compared with None: that one alone has a False before it.
    rank = np.empty(max(len(order), 1), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    joined = np.concatenate(codes) if codes else np.zeros(0, dtype=np.int32)
    return Column(tuple(values[place] for place in order) or (None,), rank[joined])


@lru_cache(maxsize=8)
def _form(json: str) -> Form:
    """A form, which never changes under its text; reading one takes as long as counting for a small desk."""
    return Form.from_json(json.encode())


def questions(database: Database, *names: str) -> dict[str, Question]:
    """The questions of all forms at the desk by their id, as the newest form asks them; or only `names`."""
    found: dict[str, Question] = {}
    for (text,) in database.conn.execute('SELECT "json" FROM "forms" ORDER BY "id"').fetchall():
        for question in _form(text).questions:
            found[question.id] = question
    return {name: question for name, question in found.items() if not names or name in names}


def choices(database: Database, question: str) -> tuple[Choice, ...]:
    """All codes that a question ever had, in the order in which the desk came to know them."""
    rows = database.conn.execute(
        'SELECT "id", "question", "code", "label", "label_es", "rollup" FROM "choices" '
        'WHERE "question" = ? ORDER BY "id"',
        [question],
    )
    return tuple(Choice(*row) for row in rows.fetchall())


def read_ticks(database: Database, reports: Reports, ticked: Sequence[Choice]) -> Ticks:
    """Which report (row) ticked which choice (column): a byte each."""
    matrix = np.zeros((len(ticked), len(reports)), dtype=np.bool_)
    for row, choice in zip(matrix, ticked, strict=True):
        for numbers in _ticking(database, choice.id):
            row[reports.places(numbers)] = True
    return matrix.T


def _ticking(database: Database, choice: int) -> Iterator[Numbers]:
    query = (
        'SELECT max("report"), group_concat("report") FROM (SELECT "report" FROM "answers" '
        'WHERE "choice" = ? AND "report" > ? ORDER BY "report" LIMIT ?)'
    )
    last = 0
    while True:
        newest, numbers = database.conn.execute(query, [choice, last, LOT]).fetchone()
        if newest is None:
            return
        last = newest
        yield parse(numbers)


def story_questions(database: Database) -> tuple[str, ...]:
    """The questions that are answered with a story."""
    return tuple(name for name, one in questions(database).items() if one.kind == "long_text")


def read_stories(
    database: Database, numbers: Numbers, asked: Sequence[str] | None = None
) -> Iterator[tuple[int, str]]:
    """The story of each of these reports that tells one; all of its long answers are one story.

    `asked` saves looking up the questions of stories where that was done before.
    """
    asked = story_questions(database) if asked is None else asked
    for start in range(0, len(numbers), STORIES):
        lot = numbers[start : start + STORIES].tolist()
        query = f"""SELECT "report", group_concat("text", ' ') FROM "texts"
            WHERE "report" IN ({", ".join("?" * len(lot))}) AND "question" IN ({", ".join("?" * len(asked))})
            GROUP BY "report" ORDER BY "report" """  # noqa: S608 - no value stands in the text
        yield from database.conn.execute(query, [*lot, *asked]).fetchall()
