"""Marks of a chart: places, lengths and words, without colour. The user unit is a CSS pixel on a phone.

Labels stand beside their marks, and what is withheld is hatched over the whole width of its place: it
is never a short bar, nor an empty place, nor told by its colour alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

WIDTH = 400
LINE = 17
# The mean width of a letter at 14 px, with room to spare: an SVG cannot measure its text.
_LETTER = 7.4


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle; `look` is its class: bar, hatch, box, or shade-0 to shade-4."""

    x: float
    y: float
    width: float
    height: float
    look: str


@dataclass(frozen=True, slots=True)
class Text:
    """One line; `anchor` is start, middle or end; `look` is label, number, light, small or strong."""

    x: float
    y: float
    content: str
    look: str = "label"
    anchor: str = "start"


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line, an arrow where `arrow` is set."""

    x: float
    y: float
    to_x: float
    to_y: float
    arrow: bool = False


Mark: TypeAlias = Box | Text | Line


@dataclass(frozen=True, slots=True)
class Drawing:
    """One picture: `title` and `text` are what it says to who does not see it."""

    width: int
    height: int
    marks: tuple[Mark, ...]
    title: str
    text: str

    @property
    def hatched(self) -> bool:
        """Whether something in it is withheld."""
        return any(isinstance(mark, Box) and mark.look == "hatch" for mark in self.marks)


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing, and how many rows and columns of the sheet are not in it."""

    drawing: Drawing
    more: int = 0
    columns: int = 0


def wrap(text: str, width: float, lines: int) -> list[str]:
    """The text in at most so many lines of a width; what does not fit ends in "…".

    What a no-break space holds together stays on one line.
    """
    most = max(4, int(width / _LETTER))
    made = [""]
    for word in text.split(" "):
        if len(made[-1]) + len(word) + 1 <= most or not made[-1]:
            made[-1] = f"{made[-1]} {word}".strip()
        else:
            made.append(word)
    cut = [_shortened(line, most) for line in made[:lines]]
    if len(made) > lines:
        cut[-1] = _shortened(f"{cut[-1]}…", most)
    return cut


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip("… ") + "…"


def moved(marks: Sequence[Mark], x: float, y: float) -> list[Mark]:
    """The same marks at another place."""
    found: list[Mark] = []
    for mark in marks:
        if isinstance(mark, Line):
            found.append(replace(mark, x=mark.x + x, y=mark.y + y, to_x=mark.to_x + x, to_y=mark.to_y + y))
        else:
            found.append(replace(mark, x=mark.x + x, y=mark.y + y))
    return found


def stacked(drawings: Sequence[Drawing], columns: int, gap: int = 28) -> Drawing:
    """Several pictures as one, in so many columns."""
    marks: list[Mark] = []
    y, width = 0, drawings[0].width
    for start in range(0, len(drawings), columns):
        row = drawings[start : start + columns]
        for place, one in enumerate(row):
            top = y
            marks.append(Text(place * (width + gap), top + 14, wrap(one.title, width, 1)[0], "strong"))
            marks += moved(one.marks, place * (width + gap), top + 26)
        y += max(one.height for one in row) + 26 + gap
    across = min(columns, len(drawings))
    total = width * across + gap * (across - 1)
    text = " ".join(f"{one.title}: {one.text}" for one in drawings)
    return Drawing(total, y - gap, tuple(marks), drawings[0].title, text)
