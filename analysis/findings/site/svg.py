"""A chart as a file of its own: with its title, n and period, its caveats and its source in the picture."""

from dataclasses import dataclass

from analysis.findings.site.drawing import Drawing, wrap
from analysis.findings.site.part import Part
from analysis.findings.site.voice import FOLDER, Voice

_MARGIN = 16
_FAMILY = "system-ui, 'Segoe UI', 'Liberation Sans', Arial, sans-serif"
# What the PDF has inside it.
REPORT_FAMILY = "Libertinus Serif"
# Letters of 11 px are narrower than those that `wrap` reckons with.
_SMALLER = 1.22


@dataclass(frozen=True, slots=True)
class _Line:
    content: str
    y: int
    strong: bool = False


def chart_file(part: Part, voice: Voice) -> bytes:
    """The SVG file of a table's chart."""
    drawing = _whole(part)
    inner = max(drawing.width, 400)
    head, top = _head(part, inner)
    foot, height = _foot(part, inner, top + drawing.height + 22)
    return _render(part, voice, drawing, inner + 2 * _MARGIN, height, top, head, foot, _MARGIN, _FAMILY)


def bare(part: Part, voice: Voice) -> bytes:
    """The picture alone, as the PDF sets it among its own words."""
    drawing = _whole(part)
    return _render(part, voice, drawing, drawing.width, drawing.height, 0, [], [], 0, f"'{REPORT_FAMILY}'")


def _whole(part: Part) -> Drawing:
    if not part.chart:
        raise LookupError(part.id)
    return part.chart.whole()


def _head(part: Part, width: int) -> tuple[list[_Line], int]:
    titles = wrap(f"{part.id} {part.title}", width * 0.86, 3)
    head = [_Line(line, 30 + 21 * i, strong=True) for i, line in enumerate(titles)]
    y = 30 + 21 * len(titles)
    captions = wrap(part.caption, width, 4)
    head += [_Line(line, y + 18 * i) for i, line in enumerate(captions)]
    return head, y + 18 * len(captions) + 10


def _foot(part: Part, width: int, y: int) -> tuple[list[_Line], int]:
    notes = part.chart.notes if part.chart else ()
    lines = [
        line for text in (*notes, *part.caveats, part.source) for line in wrap(text, width * _SMALLER, 8)
    ]
    return [_Line(line, y + 15 * i) for i, line in enumerate(lines)], y + 15 * len(lines) + 4


def _render(
    part: Part,
    voice: Voice,
    drawing: Drawing,
    width: int,
    height: int,
    top: int,
    head: list[_Line],
    foot: list[_Line],
    margin: int,
    family: str,
) -> bytes:
    return (
        voice.markup.get_template(f"{FOLDER}/chart.svg")
        .render(
            title=f"{part.id} {part.title}",
            drawing=drawing,
            width=width,
            height=height,
            top=top,
            head=head,
            foot=foot,
            margin=margin,
            family=family,
            language=voice.language,
        )
        .encode()
    )
