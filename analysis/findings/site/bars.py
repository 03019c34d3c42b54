"""Bars that lie, label above bar, so that the words stay legible on a phone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analysis.findings.released import Cell, Status
from analysis.findings.site.drawing import LINE, WIDTH, Box, Drawing, Mark, Picture, Text, wrap
from analysis.findings.site.sheet import Row, Sheet, number
from analysis.findings.site.voice import Voice

MOST_BARS = 12
MOST_IN_ORDER = 36
MOST_IN_PANEL = 8
PANEL = 300
_BAR = 15
_GAP = 11
# Room for "12345 (100%)" beside the longest bar.
_NUMBER = 92
# Room for "12345 ± 678 (100%)".
_NOISY_NUMBER = 150


@dataclass(frozen=True, slots=True)
class _Bar:
    label: str
    number: str
    length: float | None  # of the longest, between 0 and 1; None is withheld
    noisy: bool = False


def column(sheet: Sheet, place: int, voice: Voice, *, shares: bool = True) -> Picture:
    """One column of a sheet: in its own order where that says something, else the longest first.

    Without `shares` no percentages stand beside the numbers.
    """
    cells = [
        (row, cell if shares else replace(cell, percent=None))
        for row, cell in sheet.column(place)
        if cell.status is not Status.NOT_ASKED
    ]
    longest = max((cell.reports or 0 for _, cell in cells), default=0) or 1
    title = sheet.columns[place].label
    if sheet.ordered:
        kept = cells[:MOST_IN_ORDER]
        bars = [_bar(row.label, cell, longest, voice) for row, cell in kept]
        return Picture(_draw(bars, WIDTH, title), len(cells) - len(kept))
    shown = sorted(
        (pair for pair in cells if pair[1].reports is not None), key=lambda pair: -(pair[1].reports or 0)
    )
    bars = [_bar(row.label, cell, longest, voice) for row, cell in shown[:MOST_BARS]]
    bars += _rest(len(cells) - len(shown), voice)
    return Picture(
        _draw(bars, WIDTH, title), len(shown) - len(bars[:MOST_BARS]) if len(shown) > MOST_BARS else 0
    )


def pairs(sheet: Sheet, voice: Voice) -> Picture:
    """The combinations of a row and a column that most reports name."""
    found: dict[tuple[str, str], tuple[str, Cell]] = {}
    for row in (row for row in sheet.rows if row.leaf):
        for other, cell in zip(sheet.columns, row.cells, strict=True):
            one, two = sorted((row.code, other.code))
            if one != two and cell.status is not Status.NOT_ASKED:
                label = voice.say("chart_both", row.label, other.label)
                found.setdefault((one, two), (label, cell))
    shown = [(label, cell) for label, cell in found.values() if cell.reports is not None]
    shown.sort(key=lambda pair: -(pair[1].reports or 0))
    longest = max((cell.reports or 0 for _, cell in shown), default=0) or 1
    bars = [_bar(label, cell, longest, voice) for label, cell in shown[:MOST_BARS]]
    bars += _rest(len(found) - len(shown), voice)
    return Picture(_draw(bars, WIDTH, ""), max(0, len(shown) - MOST_BARS))


def panels(sheet: Sheet, places: Sequence[int], voice: Voice) -> tuple[list[Picture], bool]:
    """One picture a column, with the same rows and the same scale; whether bars show shares of n."""
    rows = {place: _kept(sheet, [place] if _apart(sheet, places) else places) for place in places}
    cells = [row.cells[place] for place in places for row in rows[place]]
    shown = [cell for cell in cells if cell.reports is not None]
    shares = bool(shown) and all(cell.percent is not None for cell in shown)
    longest = max((_measure(cell, shares) for cell in shown), default=0) or 1
    made, width = [], PANEL if len(places) > 1 else WIDTH
    for place in places:
        named, asked = sheet.columns[place], _asked(sheet, place)
        bars = [
            _bar(row.label, row.cells[place], longest, voice, shares=shares)
            for row in rows[place]
            if row in asked
        ]
        n = "" if named.base.reports is None else f", {voice.say('chart_n', number(voice, named.base))}"
        title = f"{named.label}{n}"
        made.append(Picture(_draw(bars, width, title), len(asked) - len(bars)))
    return made, shares


def _asked(sheet: Sheet, place: int) -> list[Row]:
    return [row for row, cell in sheet.column(place) if cell.status is not Status.NOT_ASKED]


def _apart(sheet: Sheet, places: Sequence[int]) -> bool:
    """Whether the columns have rows of their own, as settings have questions of their own."""
    return len({tuple(row.code for row in _asked(sheet, place)) for place in places}) > 1


def _kept(sheet: Sheet, places: Sequence[int]) -> list[Row]:
    """The rows that panels show: all that fit where they have an order, else those with most reports."""
    rows = [row for row in sheet.rows if row.leaf]
    if sheet.ordered:
        return rows[:MOST_IN_ORDER]
    rows = [row for row in rows if any(row.cells[i].status is not Status.NOT_ASKED for i in places)]
    return sorted(rows, key=lambda row: -max(row.cells[i].reports or 0 for i in places))[:MOST_IN_PANEL]


def _bar(label: str, cell: Cell, longest: int, voice: Voice, *, shares: bool = False) -> _Bar:
    if cell.reports is None:
        return _Bar(label, f"[c] {voice.say('withheld')}", None)
    share = "" if cell.percent is None else f" ({voice.say('share', cell.percent)})"
    length = _measure(cell, shares) / longest
    return _Bar(label, f"{number(voice, cell)}{share}", length, bool(cell.margin))


def _measure(cell: Cell, shares: bool) -> int:
    return (cell.percent if shares else cell.reports) or 0


def _rest(withheld: int, voice: Voice) -> list[_Bar]:
    return [_Bar(voice.say("chart_withheld", withheld), "", None)] if withheld else []


def _draw(bars: Sequence[_Bar], width: int, title: str) -> Drawing:
    marks: list[Mark] = []
    room = _NOISY_NUMBER if any(bar.noisy for bar in bars) else _NUMBER
    y = 0
    for bar in bars:
        lines = wrap(bar.label, width, 2)
        marks += [Text(0, y + 13 + LINE * i, line) for i, line in enumerate(lines)]
        y += LINE * len(lines) + 3
        if bar.length is None:
            marks.append(Box(0.5, y + 0.5, width - 1, _BAR - 1, "hatch"))
            if bar.number:
                marks.append(Box(8, y + 1, len(bar.number) * 8.6 + 8, _BAR - 2, "paper"))
                marks.append(Text(12, y + 12, bar.number, "number"))
        else:
            length = round(max(1.0, (width - room) * bar.length), 1)
            marks.append(Box(0, y, length, _BAR, "bar"))
            marks.append(Text(length + 6, y + 12, bar.number, "number"))
        y += _BAR + _GAP
    text = "; ".join(f"{bar.label}: {bar.number}" if bar.number else bar.label for bar in bars)
    return Drawing(width, max(1, y - _GAP), tuple(marks), title, f"{text}.")
