"""Which chart a table has: bars, a heat table, small multiples, pairs, or the flow of reports."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.findings.released import TOTAL, Cell, Kind, Status, Table
from analysis.findings.site import bars, heat
from analysis.findings.site.drawing import WIDTH, Box, Drawing, Line, Mark, Picture, Text, stacked, wrap
from analysis.findings.site.saying import is_paired
from analysis.findings.site.sheet import Sheet, number, sheets
from analysis.findings.site.voice import Voice

MOST_PANELS = 12


@dataclass(frozen=True, slots=True)
class Chart:
    """The pictures of a table, and the notes that have to stand beside them.

    `scope` is what part of the table they show, empty for all of it.
    """

    drawings: tuple[Drawing, ...]
    notes: tuple[str, ...]
    scope: str

    @property
    def panels(self) -> bool:
        """Whether these are several pictures, each with a title of its own."""
        return len(self.drawings) > 1

    def whole(self) -> Drawing:
        """All pictures as one."""
        return stacked(self.drawings, 3 if len(self.drawings) > 4 else 2) if self.panels else self.drawings[0]


def chart(table: Table, voice: Voice) -> Chart | None:
    """The chart of a table, None where no number of it is shown."""
    if table.kind is Kind.FLOW and len(table.axes) == 1:
        return Chart((flow(voice),), (), "")
    if not any(cell.reports is not None for cell in table.cells.values()):
        return None
    sheet = sheets(table, voice)[0]
    if is_paired(table):
        return _chart([bars.pairs(sheet, voice)], voice, scope=sheet.label)
    if sheet.single:
        return _chart([bars.column(sheet, 0, voice)], voice, scope=sheet.label)
    if table.kind in (Kind.BARS, Kind.FLOW) and sheet.added and _shows(sheet, sheet.whole):
        counted = table.kind is Kind.FLOW
        whole = voice.say("category", "stage", "counted") if counted else voice.say("chart_together")
        # What is counted is a share of what was received in that row, which a bar does not show.
        picture = bars.column(sheet, sheet.whole, voice, shares=not counted)
        return _chart([picture], voice, scope=sheet.label or whole)
    if table.kind is Kind.HEAT:
        return _chart([heat.grid(sheet, voice)], voice, voice.say("chart_dark"), scope=sheet.label)
    return _multiples(sheet, voice)


def _shows(sheet: Sheet, place: int) -> bool:
    return any(cell.reports is not None for _, cell in sheet.column(place))


def _multiples(sheet: Sheet, voice: Voice) -> Chart:
    places = [i for i, one in enumerate(sheet.columns) if one.code != TOTAL]
    shown = [i for i in places if _shows(sheet, i)] or places[:1]
    made, shares = bars.panels(sheet, shown[:MOST_PANELS], voice)
    notes = [voice.say("chart_shares" if shares else "chart_counts")] if len(made) > 1 else []
    if len(places) > len(made):
        notes.append(voice.say("chart_columns", len(places) - len(made)))
    scope = [sheet.label, *(sheet.columns[place].label for place in shown if len(shown) == 1)]
    return _chart(made, voice, *notes, scope=", ".join(part for part in scope if part))


def _chart(pictures: Sequence[Picture], voice: Voice, *notes: str, scope: str) -> Chart:
    more = max((one.more for one in pictures), default=0)
    columns = max((one.columns for one in pictures), default=0)
    said = list(notes)
    said += [voice.say("chart_more", more)] if more else []
    said += [voice.say("chart_columns", columns)] if columns else []
    drawings = tuple(one.drawing for one in pictures)
    said += [voice.say("chart_hatched")] if any(one.hatched for one in drawings) else []
    return Chart(drawings, tuple(said), scope)


_STAGE, _SIDE, _GAP = 44, 208, 22


def flow(voice: Voice) -> Drawing:
    """Received at the top, counted at the foot, and what was left out on the way beside the arrow."""
    release = voice.release
    reasons = [(voice.say("category", "stage", code), cell) for code, cell in release.flow.excluded.items()]
    counts = [f"{label}: {_number(cell, voice)}" for label, cell in reasons]
    lines = [line for one in counts for line in wrap(one, WIDTH - _SIDE - 16, 2)]
    side = 30 + 18 * len(lines)
    foot = _STAGE + side + 2 * _GAP
    marks: list[Mark] = [
        *_stage(voice.say("category", "stage", "received"), release.flow.received, 0, voice),
        Line(90, _STAGE, 90, foot, arrow=True),
        Line(90, _STAGE + _GAP + side / 2, _SIDE - 2, _STAGE + _GAP + side / 2, arrow=True),
        Box(_SIDE, _STAGE + _GAP, WIDTH - _SIDE - 1, side, "box"),
        Text(_SIDE + 10, _STAGE + _GAP + 20, voice.say("chart_left_out"), "strong"),
        *(Text(_SIDE + 10, _STAGE + _GAP + 39 + 18 * i, line) for i, line in enumerate(lines)),
        *_stage(voice.say("category", "stage", "counted"), release.flow.counted, foot, voice),
    ]
    ends = [("received", release.flow.received), ("counted", release.flow.counted)]
    told = [f"{voice.say('category', 'stage', code)}: {_number(cell, voice)}." for code, cell in ends]
    text = f"{told[0]} {voice.say('chart_left_out')} {'; '.join(counts)}. {told[1]}"
    return Drawing(WIDTH, foot + _STAGE + 1, tuple(marks), voice.say("finding", "F01"), text)


def _stage(label: str, cell: Cell, y: float, voice: Voice) -> list[Mark]:
    return [
        Box(1, y + 1, 180, _STAGE - 2, "box"),
        Text(12, y + 27, label),
        Text(170, y + 27, _number(cell, voice), "number", "end"),
    ]


def _number(cell: Cell, voice: Voice) -> str:
    return f"[{cell.status}]" if cell.status is not Status.SHOWN else number(voice, cell)
