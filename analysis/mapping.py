"""A mapping file: how the columns of somebody's spreadsheet answer the questions of a form.

    form = "report"
    channel = "paper"                  # how the reports came, as a report states it
    lang = "en"
    ignore = ["complaint", "notes"]    # every other column must be used

    [constant]                         # the same answer for every row
    setting = "police"
    keep = "keep_for_legal"            # how long words are kept; must be said where there are words (K03):
                                       # "delete_words_keep_ticks": purge deletes them after the next release,
                                       # "keep_12_months", "keep_for_legal": 12 or 24 months after the import

    [question.acts]
    column = "allegations"
    separator = "|"                    # several values in a cell
    other = "other"                    # for a value that the table does not name; blank without it
    default = "not_said"               # for an empty cell; blank without it
    [question.acts.values]             # the cell's value = a code, a list of codes, or "" for blank
    "Force: Physical force" = "hit_kick"

    [question.officers]
    column = "officers"
    separator = "|"
    count = true                       # how many values there are, looked up in the table

    [question.when]                    # a month, from two columns
    year = "year"
    month = "month"

A file that KoboToolbox or ODK exported of this very form needs no more than form, channel and

    tool = "kobo"                      # or "odk": `analysis.exported` finds the columns

It is strict where it says what it means (columns, questions, codes) and counts what it does not
know in the cells, because last year's spreadsheet is never clean.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from analysis.desk_errors import BadRow
from intake.forms.form import Form, Question

CHOICES = ("select_one", "select_multiple")
WORDS = ("text", "long_text")
# The question K03, what is to be done with words after they were counted.
KEEP = "keep"
_NUMBER = re.compile(r"[0-9]{1,9}")
_DATE = re.compile(r"((?:19|20)[0-9]{2})(?:-(0[1-9]|1[0-2])(?:-[0-9]{2})?)?")

Raw: TypeAlias = dict[str, list[str]]


class Reading(Protocol):
    """How the columns of a file answer a form: a map of the organizers, or an export of a known tool."""

    @property
    def form(self) -> Form: ...
    @property
    def channel(self) -> str: ...
    @property
    def lang(self) -> str: ...
    def heading(self, path: Path, header: Sequence[str]) -> list[str]: ...
    def identity(self, cells: Mapping[str, str]) -> Mapping[str, str]: ...
    def answers(self, row: Mapping[str, str], unmapped: Counter[str]) -> Raw: ...


@dataclass(frozen=True, slots=True)
class Source:
    """Where the answers to one question come from; `columns` is one, or a year's and a month's."""

    question: Question
    columns: tuple[str, ...]
    separator: str | None
    values: Mapping[str, tuple[str, ...]] | None
    other: str | None
    default: str | None
    count: bool


@dataclass(frozen=True, slots=True)
class Map:
    """A mapping file that fits its form."""

    form: Form
    channel: str
    lang: str
    ignore: frozenset[str]
    constant: Mapping[str, tuple[str, ...]]
    sources: tuple[Source, ...]

    @property
    def columns(self) -> frozenset[str]:
        """The columns that are read."""
        return frozenset(column for source in self.sources for column in source.columns)

    def heading(self, path: Path, header: Sequence[str]) -> list[str]:
        """The columns by their names; raises BadRow unless the map speaks of each, and of no other."""
        known = self.columns | self.ignore
        for column in sorted(known):
            if column not in header:
                raise BadRow(f'{path}: has no column "{column}", which the map names')
        for place, column in enumerate(header, start=1):
            if column not in known:
                raise BadRow(
                    f"{path}: column {place} is neither mapped nor ignored",
                    "add it to the map, or to its ignore list",
                )
        if len(set(header)) != len(header):
            raise BadRow(f"{path}: two columns have the same name")
        return list(header)

    def identity(self, cells: Mapping[str, str]) -> Mapping[str, str]:
        """What tells a row from others: all of it, mapped or not. Under a better map it is the same row."""
        return cells

    def answers(self, row: Mapping[str, str], unmapped: Counter[str]) -> Raw:
        """The raw answers of a row for `intake.forms.answers.clean`.

        Cells that the map does not know are counted in `unmapped` under their column.
        """
        raw: Raw = {question: list(codes) for question, codes in self.constant.items()}
        for source in self.sources:
            if len(source.columns) == 2:
                year, month = (row[column].strip() for column in source.columns)
                raw |= _when(source, f"{year}-{month.zfill(2)}" if month else year, unmapped)
            elif source.question.kind == "month":
                raw |= _when(source, row[source.columns[0]].strip(), unmapped)
            else:
                raw[source.question.id] = _values(source, row[source.columns[0]], unmapped)
        return raw


def _values(source: Source, cell: str, unmapped: Counter[str]) -> list[str]:
    values = cell.split(source.separator) if source.separator else [cell]
    values = [value.strip() for value in values if value.strip()]
    if source.count and values:
        values = [str(len(values))]
    if not values:
        return [source.default] if source.default else []
    found: dict[str, None] = {}
    for value in values:
        codes = _look_up(source, value)
        if codes is None:
            unmapped[source.columns[0]] += 1
            codes = (source.other,) if source.other else ()
        found |= dict.fromkeys(code for code in codes if code)
    return list(found)


def _look_up(source: Source, value: str) -> tuple[str, ...] | None:
    if source.values is not None:
        return source.values.get(value)
    if source.question.kind in CHOICES:
        return (value,) if value in source.question.positions else None
    if source.question.kind == "integer":
        return (value,) if _NUMBER.fullmatch(value) else None
    return (value,)


def _when(source: Source, date: str, unmapped: Counter[str]) -> Raw:
    found = _DATE.fullmatch(date)
    if date and not found:
        unmapped[source.columns[0]] += 1
    year, month = (found[1], found[2]) if found else (source.other if date else source.default, None)
    return _month(source.question.id, year, month)


def read_date(question: str, text: str, unmapped: Counter[str]) -> Raw:
    """The month of a date such as 2026-05-01, 2026-05 or 2026; the day is dropped."""
    found = _DATE.fullmatch(text)
    if text and not found:
        unmapped[question] += 1
    return _month(question, found[1] if found else None, found[2] if found else None)


def _month(question: str, year: str | None, month: str | None) -> Raw:
    return {f"{question}.year": [year] if year else [], f"{question}.month": [month] if month else []}
