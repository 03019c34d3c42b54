"""A table as CSV and JSON: one row a cell, codes and words beside each other.

    csv    = UTF-8, comma, LF, RFC 4180; a header; the order of print
    row    = table, then code and words of each axis, then reports, base, percent, status
             with noise, margin stands before status; of two acts in one report, lift
    status = "" shown | "c" withheld | "z" asked by no form; without a number the field is empty

A spreadsheet takes a cell that begins with = + - @ for a formula, so such words get an apostrophe before.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from analysis.findings.released import Axis, Category, Cell, Table
from analysis.findings.site import saying
from analysis.findings.site.citing import dumped, text
from analysis.findings.site.voice import Voice

NUMBERS = ("reports", "base", "percent")
MARGIN, LIFT, STATUS = "margin", "lift", "status"
TRACKERS = "trackers.csv"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Field:
    """A column: `kind` is table, code, words, number or status; `axis` and `language` where it has them."""

    name: str
    kind: str
    axis: Axis | None = None
    language: str = ""


def fields(table: Table, languages: Sequence[str]) -> list[Field]:
    """The columns of a table's file."""
    found = [Field("table", "table")]
    names = _names(table)
    for name, axis in zip(names, table.axes, strict=True):
        found.append(Field(name, "code", axis))
        found += [Field(f"{name}_{language}", "words", axis, language) for language in languages]
    return [*found, *(Field(name, "number") for name in _numbers(table)), Field(STATUS, "status")]


def _numbers(table: Table) -> tuple[str, ...]:
    """The columns of numbers; that of margins where there is noise, of lifts where two are in one report."""
    if table.noise:
        return (*NUMBERS, MARGIN)
    return (*NUMBERS, LIFT) if saying.is_paired(table) else NUMBERS


def _names(table: Table) -> list[str]:
    """The names of the axes; a table of one thing by itself has a second one of that name."""
    ids = [axis.id for axis in table.axes]
    return [f"{name}_{ids[: i + 1].count(name)}" if name in ids[:i] else name for i, name in enumerate(ids)]


def csv_file(table: Table, voices: Sequence[Voice]) -> bytes:
    """The bytes of the CSV file."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([field.name for field in fields(table, [voice.language for voice in voices])])
    for categories, cell in _cells(table):
        words = [
            part
            for axis, category in zip(table.axes, categories, strict=True)
            for part in (category.code, *(voice.label(axis, category) for voice in voices))
        ]
        # csv writes None as an empty field.
        numbers = (_number(cell, name) for name in _numbers(table))
        writer.writerow([*map(_safe, (table.id, *words)), *numbers, str(cell.status)])
    return out.getvalue().encode()


def _number(cell: Cell, name: str) -> float | None:
    """What a cell has in a column of numbers; a lift as people write it."""
    found: int | None = getattr(cell, name)
    return found / 100 if name == LIFT and found is not None else found


def _safe(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULA) else value


def _cells(table: Table) -> Iterator[tuple[tuple[Category, ...], Cell]]:
    for categories in product(*(axis.categories for axis in table.axes)):
        yield categories, table.cells[tuple(one.code for one in categories)]


def json_file(table: Table, voices: Sequence[Voice]) -> bytes:
    """The table with its words, caveats and source: all that a program needs to show it honestly."""
    release = voices[0].release
    by = {voice.language: voice for voice in voices}
    document = {
        "release": release.id,
        "version": release.version,
        "date": release.date.isoformat(),
        "organization": release.organization,
        "licence": {"spdx": release.licence.spdx, "url": release.licence.url},
        "table": table.id,
        "finding": table.finding,
        "title": {lang: saying.title(table, voice) for lang, voice in by.items()},
        "sentence": {lang: saying.sentence(table, voice) for lang, voice in by.items()},
        "caption": {lang: saying.caption(table, voice) for lang, voice in by.items()},
        "caveats": {lang: saying.caveats(table, voice) + saying.made(voice) for lang, voice in by.items()},
        "citation": {lang: text(voice, saying.title(table, voice)) for lang, voice in by.items()},
        "multiple": table.multiple,
        "axes": [_axis(name, axis, by) for name, axis in zip(_names(table), table.axes, strict=True)],
        "cells": [_cell(table, categories, cell) for categories, cell in _cells(table)],
    }
    return dumped(document)


def _axis(name: str, axis: Axis, by: dict[str, Voice]) -> dict[str, object]:
    categories = [
        {
            "code": one.code,
            "label": {lang: voice.label(axis, one) for lang, voice in by.items()},
            "parent": one.parent,
        }
        for one in axis.categories
    ]
    label = {lang: voice.axis(axis) for lang, voice in by.items()}
    return {"name": name, "label": label, "categories": categories}


def _cell(table: Table, categories: Sequence[Category], cell: Cell) -> dict[str, object]:
    codes = {name: one.code for name, one in zip(_names(table), categories, strict=True)}
    numbers: dict[str, object] = {name: _number(cell, name) for name in _numbers(table)}
    return {**codes, **numbers, "status": str(cell.status)}


def trackers_file(trackers: Sequence[str]) -> bytes:
    """The list of trackers."""
    return "".join(f"{one}\n" for one in ("tracker", *trackers)).encode()
