"""Charts as positions for an SVG. The user unit is a CSS pixel on a phone, so words stay legible."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 400
ROW = 44
MOST_BARS = 12
_LONGEST_BAR = 320
_LONGEST_LABEL = 48

HEIGHT = 150
MOST_COLUMNS = 60
_SLOT = 14
_GAP = 3
_LEFT = 44
_TOP = 12
# So many columns stand between two that are labelled.
_LABEL_EVERY = 8


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: what was counted, how many reports, and where they are shown."""

    label: str
    n: int
    link: str


@dataclass(frozen=True, slots=True)
class Bar:
    """`y` is the top of its row, `length` that of its bar."""

    label: str
    n: int
    y: int
    length: float


@dataclass(frozen=True, slots=True)
class Bars:
    """The longest rows of a table, lying."""

    bars: tuple[Bar, ...]
    height: int
    more: int
    width: int = WIDTH


@dataclass(frozen=True, slots=True)
class Column:
    """A standing bar; `label` is empty where there is no room for one."""

    label: str
    x: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Columns:
    """The newest part of a series, standing; `earlier` counts the reports of the part before it."""

    columns: tuple[Column, ...]
    width: int
    most: int
    middle: int
    earlier: int
    height: int = HEIGHT
    thickness: int = _SLOT - _GAP
    left: int = _LEFT
    top: int = _TOP


def bars(rows: Sequence[Row], most: int = MOST_BARS) -> Bars:
    """Lying bars in the order of the rows."""
    longest = max((row.n for row in rows), default=1) or 1
    made = tuple(
        Bar(shortened(row.label), row.n, place * ROW, round(max(1, _LONGEST_BAR * row.n / longest), 1))
        for place, row in enumerate(rows[:most])
    )
    return Bars(made, len(made) * ROW, max(0, len(rows) - most))


def columns(rows: Sequence[Row]) -> Columns:
    """Standing bars, oldest first; the oldest ones are left to the table when there are many."""
    shown = rows[-MOST_COLUMNS:]
    most = max((row.n for row in shown), default=1) or 1
    made = tuple(
        Column(
            row.label if (len(shown) - 1 - place) % _LABEL_EVERY == 0 else "",
            _LEFT + place * _SLOT,
            round(_TOP + HEIGHT - HEIGHT * row.n / most, 1),
            round(HEIGHT * row.n / most, 1),
        )
        for place, row in enumerate(shown)
    )
    width = max(WIDTH, _LEFT + len(shown) * _SLOT + 30)
    return Columns(made, width, most, most // 2, sum(row.n for row in rows[: -len(shown)]) if shown else 0)


def shortened(label: str) -> str:
    """A label that fits above its bar."""
    return label if len(label) <= _LONGEST_LABEL else label[: _LONGEST_LABEL - 1].rstrip() + "…"
