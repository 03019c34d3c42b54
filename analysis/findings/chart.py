"""A bar chart of the shown cells of one column, as positions for an SVG.

Its user unit is a CSS pixel on a phone: label above bar, so that the words stay legible there.
"""

from dataclasses import dataclass

from analysis.findings.safe import SafeTable, Status

WIDTH = 400
ROW_HEIGHT = 44
MOST_BARS = 12
_LONGEST_BAR = 340
_LONGEST_LABEL = 52


@dataclass(frozen=True, slots=True)
class Bar:
    """One shown cell: `y` is the top of its row, `length` that of its bar, in user units."""

    label: str
    reports: int
    y: int
    length: int


@dataclass(frozen=True, slots=True)
class Chart:
    """The longest bars of a column, and how many acts are withheld or left to the table."""

    bars: tuple[Bar, ...]
    more: int
    withheld: int
    height: int

    @property
    def withheld_y(self) -> int:
        """Top of the row that says how many are withheld, below the bars."""
        return len(self.bars) * ROW_HEIGHT


def draw(table: SafeTable, column: str) -> Chart:
    """The chart of a column; acts with as many reports keep the order of the form."""
    cells = [(act.label, table.cell(act.key, column)) for act in table.codebook.acts]
    shown = [(label, cell.reports) for label, cell in cells if cell.reports is not None]
    shown.sort(key=lambda pair: -pair[1])
    longest = max((reports for _, reports in shown), default=1)
    bars = tuple(
        Bar(_shortened(label), reports, place * ROW_HEIGHT, max(1, _LONGEST_BAR * reports // longest))
        for place, (label, reports) in enumerate(shown[:MOST_BARS])
    )
    withheld = sum(cell.status is Status.WITHHELD for _, cell in cells)
    rows = len(bars) + bool(withheld)
    return Chart(bars, len(shown) - len(bars), withheld, rows * ROW_HEIGHT)


def _shortened(label: str) -> str:
    return label if len(label) <= _LONGEST_LABEL else label[: _LONGEST_LABEL - 1].rstrip() + "…"
