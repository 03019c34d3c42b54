"""Draws how a report's cost at each leg changes with the number of reports: an SVG, both axes logarithmic.

A leg has its name beside its line, and a line that grows by more than the limit is drawn thick and red. What
is written in it is numbers and the names of legs.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from tests.bench.growth import LIMIT, growth, times

TITLE = "What a report costs at each leg, by the number of reports"
WIDTH, HEIGHT = 860, 520
LEFT, RIGHT, TOP, BOTTOM = 70, 250, 70, 60
LINE = 19
CALM, LOUD, INK, GRID = "#2f6f9f", "#c0392b", "#222222", "#dddddd"


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where a value stands between two powers of ten."""

    low: int
    high: int
    begin: float
    end: float

    @classmethod
    def over(cls, values: Sequence[float], begin: float, end: float) -> "_Scale":
        low = math.floor(math.log10(min(values)) + 1e-9)
        high = math.ceil(math.log10(max(values)) - 1e-9)
        return cls(low, max(high, low + 1), begin, end)

    def at(self, value: float) -> float:
        part = (math.log10(value) - self.low) / (self.high - self.low)
        return self.begin + part * (self.end - self.begin)

    def ticks(self) -> list[float]:
        return [10.0**power for power in range(self.low, self.high + 1)]


def draw(costs: Mapping[str, Mapping[int, float]], note: str) -> str:
    """The picture; `costs` are microseconds a report by leg and by those numbers of reports that tell one."""
    costs = {leg: {n: cost for n, cost in one.items() if cost > 0} for leg, one in costs.items()}
    if untold := [leg for leg, one in costs.items() if not one]:
        note += f"; too little to draw: {', '.join(untold)}"
    costs = {leg: one for leg, one in costs.items() if one}
    across = _Scale.over([n for one in costs.values() for n in one], LEFT, WIDTH - RIGHT)
    up = _Scale.over([cost for one in costs.values() for cost in one.values()], HEIGHT - BOTTOM, TOP)
    marks = [*_axes(across, up), *_lines(costs, across, up), *_measure(up)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}"'
            f' height="{HEIGHT}" role="img" font-family="system-ui, \'Liberation Sans\', sans-serif"'
            f' font-size="13" fill="{INK}">',
            f"<title>{TITLE}</title><desc>{escape(_spoken(costs))}</desc>",
            '<rect width="100%" height="100%" fill="#ffffff"/>',
            _text(LEFT, 26, TITLE, 'font-size="17"'),
            _text(LEFT, 47, note),
            *marks,
            "</svg>\n",
        ]
    )


def _spoken(costs: Mapping[str, Mapping[int, float]]) -> str:
    each = ((leg, times(one)) for leg, one in costs.items())
    return "; ".join(
        f"{leg} grows {told} times at most" if told != "-" else f"{leg} has one cost alone"
        for leg, told in each
    )


def _axes(across: _Scale, up: _Scale) -> Iterator[str]:
    for cost in up.ticks():
        y = up.at(cost)
        yield _line(LEFT, y, WIDTH - RIGHT, y, GRID)
        yield _text(LEFT - 8, y + 4, _microseconds(cost), 'text-anchor="end"')
    for count in across.ticks():
        x = across.at(count)
        yield _line(x, TOP, x, HEIGHT - BOTTOM, GRID)
        yield _text(x, HEIGHT - BOTTOM + 20, f"{count:,.0f}", 'text-anchor="middle"')
    yield _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, "reports", 'text-anchor="middle"')


def _lines(costs: Mapping[str, Mapping[int, float]], across: _Scale, up: _Scale) -> Iterator[str]:
    ends = {leg: up.at(one[max(one)]) for leg, one in costs.items()}
    for leg, place in _apart(ends).items():
        one = costs[leg]
        colour, width = (LOUD, 3.5) if (growth(one) or 0) > LIMIT else (CALM, 2)
        points = " ".join(f"{across.at(n):.1f},{up.at(one[n]):.1f}" for n in sorted(one))
        last = across.at(max(one))
        yield f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width}"/>'
        for n, cost in one.items():
            yield f'<circle cx="{across.at(n):.1f}" cy="{up.at(cost):.1f}" r="3" fill="{colour}"/>'
        yield _line(last + 5, ends[leg], last + 20, place, "#999999")
        said = f"{leg}: {_microseconds(one[max(one)])}, x {times(one)}"
        yield _text(last + 24, place + 4, said, f'fill="{colour}"')


def _apart(ends: Mapping[str, float]) -> dict[str, float]:
    """The places of the names: each beside the end of its line, or as near below as there is room."""
    places: dict[str, float] = {}
    lowest: float = TOP - LINE
    order = sorted(ends, key=ends.__getitem__)
    for number, leg in enumerate(order):
        # Room is left for all that come below.
        most = HEIGHT - BOTTOM - LINE * (len(order) - 1 - number)
        places[leg] = lowest = min(max(ends[leg], lowest + LINE), most)
    return places


def _measure(up: _Scale) -> Iterator[str]:
    """How tall the limit is on this axis, as a bar in a corner."""
    low = 10**up.low * 1.15
    x, bottom, top = LEFT + 14, up.at(low), up.at(low * LIMIT)
    yield f'<rect x="{x}" y="{top:.1f}" width="6" height="{bottom - top:.1f}" fill="{INK}"/>'
    yield _text(x + 12, (bottom + top) / 2 + 4, f"this tall is {LIMIT} times")


def _microseconds(value: float) -> str:
    return f"{value / 1000:,.3g} ms" if value >= 1000 else f"{value:,.3g} us"


def _line(x: float, y: float, to_x: float, to_y: float, colour: str) -> str:
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" stroke="{colour}"/>'


def _text(x: float, y: float, words: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {more}>{escape(words)}</text>'
