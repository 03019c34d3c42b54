"""Which reports a page is about: answers that were chosen, and words that were searched for.

    /browse?setting=police&area=downtown&area=north_side&acts=insult&q=cold+night

Of a question with one answer any of the chosen ones may be given; of one where several may be
ticked, all chosen ones must be. `-` is no answer. What an address names and nobody knows selects
nothing, instead of everything. Reports that may not be counted are selected by that answer alone, so
that no list and no group of answers counts them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any
from urllib.parse import parse_qsl, urlencode

import numpy as np

from analysis.bitmaps import Bitmaps, Bits, Value, count, numbers
from analysis.workbench import named, search
from analysis.workbench.decided import NAMES
from analysis.workbench.labels import FIXED, Book
from analysis.workbench.state import Snapshot

BLANK = "-"
SEARCH = "q"
NUMBERS = "reports"
REFUSED = ("count", "no")
MOST_FILTERS = 40


@dataclass(frozen=True, slots=True)
class Selection:
    """Filters in the order in which they were chosen, as (question, code), and the words."""

    filters: tuple[tuple[str, str], ...] = ()
    words: str = ""

    @classmethod
    def read(cls, query: str) -> "Selection":
        """The selection of an address's query; what is none of a selection's is passed over."""
        pairs = [(name, value) for name, value in parse_qsl(query) if not name.startswith("_")]
        filters = tuple(dict.fromkeys(pair for pair in pairs if pair[0] != SEARCH))
        words = " ".join(value for name, value in pairs if name == SEARCH)
        return cls(filters[:MOST_FILTERS], words[: search.LONGEST].strip())

    @property
    def query(self) -> str:
        """As the query of an address."""
        return urlencode([*self.filters, *([(SEARCH, self.words)] if self.words else [])])

    def toggled(self, question: str, code: str) -> "Selection":
        """With this answer chosen, or no longer."""
        pair = (question, code)
        if pair in self.filters:
            return Selection(tuple(one for one in self.filters if one != pair), self.words)
        return Selection((*self.filters, pair), self.words)

    def without_words(self) -> "Selection":
        """The same without its words."""
        return Selection(self.filters, "")

    def others(self, question: str) -> "Selection":
        """Without the answers to one question, so that the ones beside them can be counted."""
        if question == REFUSED[0]:
            return self
        return Selection(tuple(one for one in self.filters if one[0] != question), self.words)

    def find(self, connection: Any, snapshot: Snapshot) -> Bits:
        """The bits of the reports that are selected. They are kept: nobody may change them."""
        key = (self.query,)
        found = snapshot.selections.get(key)
        if found is None:
            found = self._find(connection, snapshot)
            snapshot.selections.put(key, found)
        return found

    def _find(self, connection: Any, snapshot: Snapshot) -> Bits:
        found = snapshot.bits.every(connection)
        if not any(name == REFUSED[0] for name, _ in self.filters):
            found = found & ~refused(connection, snapshot)
        for question in dict.fromkeys(name for name, _ in self.filters):
            codes = [code for name, code in self.filters if name == question]
            found = found & self._of(connection, snapshot, question, codes)
        return found & self._worded(connection, snapshot) if self.words else found

    def _worded(self, connection: Any, snapshot: Snapshot) -> Bits:
        """What the words alone find, kept for all filters beside them."""
        key = (SEARCH, self.words)
        found = snapshot.selections.get(key)
        if found is None:
            found = search.find(connection, snapshot.bits, self.words)
            snapshot.selections.put(key, found)
        return found

    def _of(self, connection: Any, snapshot: Snapshot, question: str, codes: Sequence[str]) -> Bits:
        if question == named.NAMED:
            return named.find_named(connection, snapshot, codes)
        if question == named.ONLY:
            each = [named.find_only(connection, snapshot, code, self.filters) for code in codes]
            return reduce(np.bitwise_and, each)
        return _answered(connection, snapshot, question, codes)


def value_of(book: Book, question: str, code: str) -> Value | None:
    """What stands in the database for a code in an address."""
    if book.is_coded(question):
        choice = book.by_code.get((question, code))
        return choice.number if choice else None
    asked = book.questions.get(question)
    if question == "form":
        return int(code) if is_number(code) and int(code) in book.forms else None
    if asked is not None and asked.kind == "integer":
        return int(code) if is_number(code) else None
    return code if question in (*FIXED, *NAMES) or asked is not None else None


def refused(connection: Any, snapshot: Snapshot) -> Bits:
    """The bits of the reports whose senders said that they may not be counted."""
    choice = snapshot.book.by_code.get(REFUSED)
    found = snapshot.column(connection, REFUSED[0]).get(choice.number) if choice else None
    return snapshot.bits.none() if found is None else found


def is_number(code: str) -> bool:
    """Whether it is a number as this program writes them: other scripts have digits too."""
    return code.isascii() and code.isdigit() and len(code) < 12


def code_of(book: Book, question: str, value: Value) -> str:
    """What stands in an address for a value in the database."""
    return book.choices[int(value)].code if book.is_coded(question) else str(value)


def _answered(connection: Any, snapshot: Snapshot, question: str, codes: Iterable[str]) -> Bits:
    book, bits = snapshot.book, snapshot.bits
    if question == NUMBERS:
        parts = (part for code in codes for part in code.split("."))
        return bits.of_numbers(int(part) for part in parts if is_number(part))
    column = snapshot.column(connection, question) if question in book.facets() else {}
    each = [_given(connection, bits, column, value_of(book, question, code), code) for code in codes]
    several = question in book.questions and book.questions[question].kind == "select_multiple"
    return reduce(np.bitwise_and if several else np.bitwise_or, each)


def _given(
    connection: Any, bits: Bitmaps, column: Mapping[Value, Bits], value: Value | None, code: str
) -> Bits:
    if code == BLANK:
        return bits.every(connection) & ~any_of(bits, column)
    return column[value] if value is not None and value in column else bits.none()


def any_of(bits: Bitmaps, column: Mapping[Value, Bits]) -> Bits:
    """The bits of the reports that answered at all."""
    found = bits.none()
    for one in column.values():
        found |= one
    return found


@dataclass(frozen=True, slots=True)
class Order:
    """The selected reports from the newest week to the oldest, without ever listing all of them."""

    weeks: tuple[tuple[str, Bits, int], ...]
    total: int

    @classmethod
    def of(cls, connection: Any, bits: Bitmaps, selected: Bits) -> "Order":
        """The order of selected reports."""
        column = bits.column(connection, "week")
        parts = [(str(week), column[week] & selected) for week in sorted(column, key=str, reverse=True)]
        weeks = tuple((week, part, n) for week, part in parts if (n := count(part)))
        return cls(weeks, sum(n for _, _, n in weeks))

    def slice(self, start: int, length: int) -> list[int]:
        """The numbers of the reports from this place on."""
        found: list[int] = []
        for _, part, n in self.weeks:
            if start >= n:
                start -= n
                continue
            found += numbers(part)[start : start + length - len(found)].tolist()
            start = 0
            if len(found) >= length:
                break
        return found

    def before(self, week: str, report: int) -> int:
        """How many stand before a report of this week, which need not be among them."""
        newer = sum(n for name, _, n in self.weeks if name > week)
        same = (numbers(part) for name, part, _ in self.weeks if name == week)
        return newer + sum(int(np.searchsorted(part, report)) for part in same)

    def place(self, report: int) -> int | None:
        """The place of a report, from 0; None when it is not among them."""
        before = 0
        for _, part, n in self.weeks:
            if report // 8 < part.size and part[report // 8] >> (report % 8) & 1:
                return before + int(np.searchsorted(numbers(part), report))
            before += n
        return None
