"""Reads the counted reports as columns of numbers, which is what every pattern counts on.

A million rows fetched one by one cost seconds. The bits of the answers (analysis/bitmaps.py) say the
same in milliseconds, and whether a report counts is one bit more. Nothing here writes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from analysis.bitmaps import Bitmaps, Bits, Value, count, flags, numbers
from analysis.cipher import Database
from analysis.review.tables import CONSENT
from intake.forms.form import Form
from intake.forms.question import Question

# The reports that may be counted: their senders said yes, and nobody left them out (analysis/review).
RELATION = "counted"
# Fewer reports than this are for the organizers alone, never for publication (DOMAIN.md 3.3).
SMALL = 10
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


@dataclass(frozen=True, slots=True)
class Counted:
    """A database, the bits of its answers, and which reports are counted."""

    conn: Any
    bits: Bitmaps
    which: Bits

    def __len__(self) -> int:
        return count(self.which)

    def column(self, question: str) -> Mapping[Value, Bits]:
        """The bits of each value of a question, of reports that are not counted too."""
        return self.bits.column(self.conn, question)

    def among(self, bits: Bits) -> int:
        """How many of the counted reports have their bits set."""
        return count(np.bitwise_and(bits, self.which))


def read_counted(connection: Any, bits: Bitmaps | None = None) -> Counted:
    """The reports that findings and patterns count, as the view `counted` says it."""
    bits = Bitmaps.of(connection) if bits is None else bits
    query = 'SELECT group_concat("report") FROM "exclusions"'
    excluded = bits.of_numbers(parse(connection.execute(query).fetchone()[0]))
    return Counted(connection, bits, read_consenting(connection, bits).which & ~excluded)


def read_consenting(connection: Any, bits: Bitmaps) -> Counted:
    """All reports that may be counted, whatever was decided about them."""
    query = 'SELECT "id" FROM "choices" WHERE "question" = ? AND "code" = ?'
    row = connection.execute(query, CONSENT).fetchone()
    column = bits.column(connection, CONSENT[0]) if row else {}
    return Counted(connection, bits, column[row[0]] if row and row[0] in column else bits.none())


def read_reports(database: Counted, *columns: str) -> Reports:
    """The counted reports with these columns of `reports`; one that no form asks is None throughout."""
    ids = numbers(database.which)
    found = {}
    for column in dict.fromkeys(columns):
        values, codes = database.bits.codes(database.conn, column)
        found[column] = Column(values, codes[ids])
    return Reports(ids, found)


def parse(numbers: str | None) -> Numbers:
    """The numbers of a text that the database joined with commas."""
    return np.fromstring(numbers, dtype=np.int64, sep=",") if numbers else np.zeros(0, dtype=np.int64)


def distinct(values: Numbers) -> Numbers:
    """These numbers in rising order, each once.

    They mostly come in a few rising runs, which a stable sort merges: np.unique takes five times as long.
    """
    ordered = np.sort(values, kind="stable")
    found: Numbers = ordered[np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]]
    return found


@lru_cache(maxsize=8)
def _form(json: str) -> Form:
    """A form, which never changes under its text; reading one takes as long as counting for a small desk."""
    return Form.from_json(json.encode())


def questions(database: Counted | Database, *names: str) -> dict[str, Question]:
    """The questions of all forms at the desk by their id, as the newest form asks them; or only `names`."""
    found: dict[str, Question] = {}
    for (text,) in database.conn.execute('SELECT "json" FROM "forms" ORDER BY "id"').fetchall():
        for question in _form(text).questions:
            found[question.id] = question
    return {name: question for name, question in found.items() if not names or name in names}


def choices(database: Counted | Database, question: str) -> tuple[Choice, ...]:
    """All codes that a question ever had, in the order in which the desk came to know them."""
    rows = database.conn.execute(
        'SELECT "id", "question", "code", "label", "label_es", "rollup" FROM "choices" '
        'WHERE "question" = ? ORDER BY "id"',
        [question],
    )
    return tuple(Choice(*row) for row in rows.fetchall())


def read_ticks(database: Counted, ticked: Sequence[Choice]) -> Ticks:
    """Which counted report (row) ticked which choice (column): a byte each."""
    ids = numbers(database.which)
    matrix = np.zeros((len(ticked), len(ids)), dtype=np.bool_)
    for row, choice in zip(matrix, ticked, strict=True):
        if (bits := database.column(choice.question).get(choice.id)) is not None:
            row[:] = flags(bits)[ids]
    return matrix.T


def story_questions(database: Counted) -> tuple[str, ...]:
    """The questions that are answered with a story."""
    return tuple(name for name, one in questions(database).items() if one.kind == "long_text")


def read_stories(
    database: Counted, numbers: Numbers, asked: Sequence[str] | None = None
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
