"""The report to print: PDF/UA-1, tagged, with its fonts inside, the same bytes every time.

Everything in it reaches typst as data, so that nothing that people wrote can pass for its markup. Only
the fonts that typst brings along are used: those of the machine would make other bytes elsewhere.
"""

import datetime
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from analysis.findings.errors import RefusedRelease
from analysis.findings.released import TOTAL
from analysis.findings.site import citing, pages, saying, svg
from analysis.findings.site.method import blocks
from analysis.findings.site.part import Part, View, part, view
from analysis.findings.site.sheet import Sheet
from analysis.findings.site.voice import FOLDER, Voice
from templates.typesetting import NotSet, typeset

_ANY_DAY = datetime.date(1980, 1, 1)
# Columns that fit beside the first on a page of paper.
_MOST_COLUMNS = 5
# A unit of a drawing on paper, and how wide a picture may be there.
_CENTIMETRE, _WIDEST, _HIGHEST = 0.0235, 16.5, 19.0
# Stands in the place of a sign that the fonts do not have; PDF/UA allows no unknown one.
_LACKING = "\u25a1"
# What every text font has; anything else is tried.
_PLAIN = re.compile(r"[\x20-\x7e\xa0-\u017f\u0400-\u045f\u2010-\u2027]")
_HEADINGS = ("findings", "caveats", "method", "quotes", "citing", "lacking")


def report(voice: Voice, key: str) -> bytes:
    """The bytes of report.pdf in one language."""
    data = _document(voice, key)
    lacking = _lacking(sorted(_signs(data)))
    quotes = [quote for theme in data["quotes"] for quote in theme["quotes"]]
    data["lacking"] = any(lacking & set(quote["text"]) for quote in quotes)
    for theme in data["quotes"]:
        # Half a quote would be a wrong one: it stands on its page instead.
        theme["quotes"] = [one for one in theme["quotes"] if not lacking & set(one["text"])]
    return _compiled(_replaced(data, lacking), voice)


def _compiled(data: Any, voice: Voice) -> bytes:
    try:
        return typeset(f"{FOLDER}/report.typ", data, voice.release.date, "pdf")[0]
    except NotSet as error:
        raise RefusedRelease(f"report.pdf cannot be made: {error}") from None


def _document(voice: Voice, key: str) -> dict[str, Any]:
    release = voice.release
    parts = [part(table, voice) for table in release.tables]
    return {
        "lang": voice.language,
        "title": voice.pick(release.title),
        "organization": release.organization,
        "about": voice.say("version_of", release, voice.say("day", release.date)),
        "abstract": voice.say("abstract", release, release.period_events, release.n.reports),
        "citation": citing.text(voice, ""),
        "headings": {name: voice.say("heading", name) for name in _HEADINGS},
        "asked": voice.say("all_reports"),
        "findings": [_finding(one, parts, voice) for one in dict.fromkeys(one.finding for one in parts)],
        "made": saying.made(voice),
        "method": [{"kind": one.kind, "text": one.text, "items": one.items} for one in blocks(voice, key)],
        "quotes": _quotes(voice),
        "quote_caveat": voice.say("caveat_quotes"),
        "lacking": False,
    }


def _finding(name: str, parts: Sequence[Part], voice: Voice) -> dict[str, Any]:
    own = [one for one in parts if one.finding == name]
    return {
        "id": name,
        "title": voice.say("finding", name),
        "parts": [_part(one, voice) for one in own],
        "caveats": list(dict.fromkeys(line for one in own for line in one.caveats)),
    }


def _part(one: Part, voice: Voice) -> dict[str, Any]:
    return {
        "id": one.id,
        "short": one.short,
        "sentence": one.sentence,
        "caption": one.caption,
        "chart_caption": one.chart_caption,
        "chart": svg.bare(one, voice).decode() if one.chart else None,
        "alt": one.chart.whole().text if one.chart else "",
        "width": _width(one),
        "notes": one.chart.notes if one.chart else (),
        "sheets": [piece for sheet in one.sheets for piece in _pieces(sheet, voice)],
    }


def _width(one: Part) -> float:
    """How wide a picture is set, in centimetres, so that it stays on its page and keeps its proportions."""
    if not one.chart:
        return 0
    whole = one.chart.whole()
    return round(min(_WIDEST, whole.width * _CENTIMETRE, _HIGHEST * whole.width / whole.height), 2)


def _pieces(sheet: Sheet, voice: Voice) -> Iterator[dict[str, Any]]:
    """A sheet in parts that are no wider than paper."""
    for start in range(0, len(sheet.columns), _MOST_COLUMNS):
        cut = slice(start, start + _MOST_COLUMNS)
        bases = [_cell(view(column.base, voice)) for column in sheet.columns[cut]]
        yield {
            "label": sheet.label,
            "first": sheet.first,
            "columns": [column.label for column in sheet.columns[cut]],
            "bases": bases if sheet.has_bases else [],
            "rows": [
                {
                    "label": row.label,
                    "level": row.level,
                    "strong": row.group or row.code == TOTAL,
                    "cells": [_cell(view(cell, voice)) for cell in row.cells[cut]],
                }
                for row in sheet.rows
            ],
        }


def _cell(shown: View) -> list[str]:
    return [f"[{shown.mark}]", shown.word] if shown.mark else [shown.number, shown.small]


def _quotes(voice: Voice) -> list[dict[str, Any]]:
    return [
        {"theme": theme, "quotes": [{"text": one.text, "lang": one.lang, "about": one.about} for one in said]}
        for theme, said in pages.themes(voice)
    ]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _strings(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _strings(one)


def _signs(value: Any) -> set[str]:
    signs = {sign for text in _strings(value) for sign in text}
    return {sign for sign in signs if not _PLAIN.fullmatch(sign) and sign.isprintable()}


def _lacking(signs: Sequence[str]) -> set[str]:
    """Which signs no font of typst has: typst is asked, which refuses a text with one; then of each half."""
    if not signs or _shows(signs):
        return set()
    half = len(signs) // 2
    return {signs[0]} if not half else _lacking(signs[:half]) | _lacking(signs[half:])


def _shows(signs: Sequence[str]) -> bool:
    try:
        typeset(f"{FOLDER}/probe.typ", {"signs": " ".join(signs)}, _ANY_DAY, "pdf")
    except NotSet:
        return False
    return True


def _replaced(value: Any, lacking: Iterable[str]) -> Any:
    table = str.maketrans(dict.fromkeys(lacking, _LACKING))
    return json.loads(json.dumps(value, ensure_ascii=False).translate(table)) if table else value
