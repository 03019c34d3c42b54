"""Reports as a table for a spreadsheet: one row a report, laid out as Kobo and ODK do it.

    report,week,channel,...,setting,acts,acts/insult,acts/pat_down,...
    17,2026-W46,web,...,police,insult pat_down,1,1,...

A question with several answers has a column of its codes, and one of 0 and 1 for each answer; they
are blank where nothing was ticked. Who may not be counted (K01) is in no export. People's own words
are left out, or are those of senders who allowed that they be quoted after a check (K02).
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from analysis.bitmaps import Bits, numbers
from analysis.review.tables import CONSENT
from analysis.workbench.decided import COUNTED, YES
from analysis.workbench.labels import Book, worded
from analysis.workbench.marks import visible
from analysis.workbench.selection import Selection
from analysis.workbench.state import Snapshot
from intake.forms.question import Question

# Reports that are in memory at a time.
CHUNK = 2000
# Different sets of ticks whose cells are kept ready.
MOST_KEPT = 50_000
FIXED = ("week", "channel", "lang", "sealed_by", "page")
LEFT_OUT = "left_out"
SINGLE, SEVERAL, WORDS = "select_one", "select_multiple", ("text", "long_text")

# A spreadsheet runs what begins with one of these. One that takes a semicolon for the end of a cell, as
# in Spain, begins anew after it, within quotes too.
_FORMULA = re.compile(r"((?:^|[;\t\r\n])\s*)([=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])")

_REPORTS = 'SELECT * FROM "reports" WHERE "id" IN (SELECT value FROM json_each(?)) ORDER BY "id"'
_TICKS = 'SELECT "report", "choice" FROM "answers" WHERE "report" IN (SELECT value FROM json_each(?))'
_TEXTS = """SELECT "report", "question", "text" FROM "quotable"
    CROSS JOIN "texts" ON "report" = "quotable"."id"
    WHERE "quotable"."id" IN (SELECT value FROM json_each(?)) ORDER BY "texts"."id" """
_LEFT_OUT = """SELECT "e"."report", "d"."value" FROM "exclusions" AS "e" JOIN "decisions" AS "d"
    ON "d"."id" = "e"."decision" WHERE "e"."report" IN (SELECT value FROM json_each(?))"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an export holds: codes, or words in the language `labels`; reports that organizers left out
    too (`others`); what people wrote (`words`).
    """

    labels: str = ""
    others: bool = False
    words: bool = False


def safe(text: str) -> str:
    """A text that no spreadsheet takes for a formula, with what it would obey made visible."""
    return _FORMULA.sub(r"\1'\2", visible(text))


def cell(text: str) -> str:
    """The text as a cell of a CSV file."""
    text = safe(text)
    return '"' + text.replace('"', '""') + '"' if set(text) & set(',";\r\n\t ') else text


def select(connection: Any, snapshot: Snapshot, selection: Selection, *, others: bool) -> Bits:
    """The reports of a selection that an export may hold."""
    found = selection.find(connection, snapshot)
    if not others:
        return found & snapshot.column(connection, COUNTED)[YES]
    consent = snapshot.book.by_code.get(CONSENT)
    allowed = snapshot.bits.column(connection, CONSENT[0]) if consent else {}
    return found & allowed.get(consent.number if consent else -1, snapshot.bits.none())


def write(connection: Any, snapshot: Snapshot, found: Bits, wanted: Wanted) -> Iterator[str]:
    """The file in pieces: the headings, then so many reports at a time."""
    sheet = _Sheet(snapshot.book, wanted)
    # Spreadsheet programs take a file without this mark for one in an old alphabet.
    yield "\ufeff" + ",".join(map(cell, sheet.headings())) + "\r\n"
    chosen = numbers(found)
    for start in range(0, len(chosen), CHUNK):
        part = json.dumps(chosen[start : start + CHUNK].tolist())
        yield "".join(f"{','.join(cells)}\r\n" for cells in sheet.rows(connection, part))


@dataclass(slots=True)
class _Sheet:
    """The columns, and cells that came before, ready to be written."""

    book: Book
    wanted: Wanted
    _questions: list[Question] = field(init=False)
    _kept: dict[tuple[str, object], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._questions = [
            question
            for question in self.book.questions.values()
            if question.kind != "note" and (self.wanted.words or question.kind not in WORDS)
        ]

    def headings(self) -> Iterator[str]:
        yield from ("report", *FIXED, *([LEFT_OUT] if self.wanted.others else []))
        taken: set[str] = set()
        for question in self._questions:
            for name, other in self._names(question):
                # Two questions may be worded alike.
                yield name if name not in taken else other
                taken |= {name, other}

    def _names(self, question: Question) -> Iterator[tuple[str, str]]:
        lang = self.wanted.labels
        name = worded(question.label, lang) if lang else question.id
        yield name, f"{name} ({question.id})"
        if question.kind == SEVERAL:
            for choice in self.book.choices_of(question.id):
                code = f"{question.id}/{choice.code}"
                label = f"{name}/{worded(choice.label, lang)}" if lang else code
                yield label, f"{label} ({code})"

    def rows(self, connection: Any, reports: str) -> Iterator[list[str]]:
        """The cells of each report in a JSON list of numbers."""
        cursor = connection.execute(_REPORTS, [reports])
        names = [column[0] for column in cursor.description]
        ticks = _gather(connection.execute(_TICKS, [reports]))
        texts = self._texts(connection, reports)
        left_out = dict(connection.execute(_LEFT_OUT, [reports]).fetchall()) if self.wanted.others else {}
        for values in cursor.fetchall():
            row = dict(zip(names, values, strict=True))
            given = self._by_question(ticks.get(row["id"], ()))
            yield [
                str(row["id"]),
                *(self._fixed(name, str(row[name])) for name in FIXED),
                *([left_out.get(row["id"], "")] if self.wanted.others else []),
                *(self._cells(question, row, given, texts) for question in self._questions),
            ]

    def _fixed(self, name: str, value: str) -> str:
        return self._ready((name, value), lambda: cell(value))

    def _cells(
        self,
        question: Question,
        row: Mapping[str, Any],
        given: Mapping[str, list[int]],
        texts: Mapping[tuple[int, str], str],
    ) -> str:
        if question.kind in WORDS:
            return cell(texts.get((row["id"], question.id), ""))
        if question.kind == SEVERAL:
            ticked = tuple(given.get(question.id, ()))
            return self._ready((question.id, ticked), lambda: self._several(question, ticked))
        value = row.get(question.id)
        return self._ready((question.id, value), lambda: cell(self._one(question, value)))

    def _ready(self, key: tuple[str, object], make: Callable[[], str]) -> str:
        """A cell, or some, that came before; reports give the same answers again and again."""
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) > MOST_KEPT:
                self._kept.clear()
            found = self._kept[key] = make()
        return found

    def _one(self, question: Question, value: object) -> str:
        if value is None:
            return ""
        return self._named(int(str(value))) if question.kind == SINGLE else str(value)

    def _several(self, question: Question, ticked: Sequence[int]) -> str:
        choices = list(self.book.choices_of(question.id))
        if not ticked:
            return "," * len(choices)
        named = [self._named(choice.number) for choice in choices if choice.number in ticked]
        return ",".join(
            [
                cell(("; " if self.wanted.labels else " ").join(named)),
                *(str(int(choice.number in ticked)) for choice in choices),
            ]
        )

    def _named(self, number: int) -> str:
        choice = self.book.choices[number]
        return worded(choice.label, self.wanted.labels) if self.wanted.labels else choice.code

    def _by_question(self, ticked: Sequence[int]) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for number in ticked:
            found.setdefault(self.book.choices[number].question, []).append(number)
        return found

    def _texts(self, connection: Any, reports: str) -> dict[tuple[int, str], str]:
        rows = connection.execute(_TEXTS, [reports]) if self.wanted.words else ()
        return {(report, question): text for report, question, text in rows}


def _gather(rows: Any) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for report, number in rows:
        found.setdefault(report, []).append(number)
    return found
