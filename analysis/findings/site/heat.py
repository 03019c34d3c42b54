"""A heat table: each field has its number, so that its shade says nothing that the number does not."""

from analysis.findings.released import TOTAL, Cell, Status
from analysis.findings.site.drawing import LINE, WIDTH, Box, Drawing, Mark, Picture, Text, wrap
from analysis.findings.site.sheet import Sheet, number
from analysis.findings.site.voice import Voice

MOST_ROWS = 24
MOST_COLUMNS = 10
SHADES = 5
_LABEL, _FIELD, _ROW = 150, 78, 36
_HEAD_LINES = 4


def grid(sheet: Sheet, voice: Voice) -> Picture:
    """The first rows and columns of a sheet; a column that adds up the others has no shade."""
    rows = [row for row in sheet.rows if row.leaf]
    shown, across = rows[:MOST_ROWS], list(range(len(sheet.columns)))[:MOST_COLUMNS]
    parts = [i for i in across if sheet.columns[i].code != TOTAL]
    most = max((row.cells[i].reports or 0 for row in shown for i in parts), default=0) or 1
    head = _head(sheet, across)
    top = 6 + LINE * max(len(lines) for lines in head)
    marks: list[Mark] = []
    for place, lines in enumerate(head):
        x = _LABEL + place * _FIELD + _FIELD / 2
        marks += [
            Text(x, top - 8 - LINE * (len(lines) - 1 - i), line, "small", "middle")
            for i, line in enumerate(lines)
        ]
    said = []
    for nth, row in enumerate(shown):
        y = top + nth * _ROW
        lines = wrap(row.label, _LABEL - 6, 2)
        offset = 22 if len(lines) == 1 else 15
        marks += [Text(0, y + offset + 15 * i, line, "small") for i, line in enumerate(lines)]
        for place, i in enumerate(across):
            marks += _field(row.cells[i], _LABEL + place * _FIELD, y, most if i in parts else None)
        fields = ", ".join(f"{sheet.columns[i].label} {_number(row.cells[i], voice)}" for i in across)
        said.append(f"{row.label}: {fields}.")
    width = max(WIDTH, _LABEL + _FIELD * len(across))
    drawing = Drawing(width, top + _ROW * len(shown), tuple(marks), sheet.label, " ".join(said))
    return Picture(drawing, len(rows) - len(shown), len(sheet.columns) - len(across))


def _head(sheet: Sheet, across: list[int]) -> list[list[str]]:
    return [wrap(sheet.columns[i].label, _FIELD - 4, _HEAD_LINES) for i in across]


def _field(cell: Cell, x: float, y: float, most: int | None) -> list[Mark]:
    middle = x + _FIELD / 2
    if cell.status is Status.NOT_ASKED:
        return [Text(middle, y + 22, "[z]", "small", "middle")]
    if cell.reports is None:
        box = Box(x + 1.5, y + 1.5, _FIELD - 3, _ROW - 3, "hatch")
        plate = Box(middle - 14, y + 9, 28, 18, "paper")
        return [box, plate, Text(middle, y + 23, "[c]", "number", "middle")]
    if most is None:
        return _figures(cell, middle, y, "number")
    shade = min(SHADES - 1, SHADES * cell.reports // most)
    look = "light" if shade > 2 else "number"
    return [
        Box(x + 1, y + 1, _FIELD - 2, _ROW - 2, f"shade-{shade}"),
        *_figures(cell, middle, y, look),
    ]


def _figures(cell: Cell, middle: float, y: float, look: str) -> list[Mark]:
    """The number of a field; below it how far noise may have taken it."""
    if not cell.margin:
        return [Text(middle, y + 23, str(cell.reports), look, "middle")]
    below = Text(middle, y + 31, f"\N{PLUS-MINUS SIGN} {cell.margin}", look, "middle")
    return [Text(middle, y + 16, str(cell.reports), look, "middle"), below]


def _number(cell: Cell, voice: Voice) -> str:
    return f"[{cell.status}]" if cell.reports is None else number(voice, cell)
