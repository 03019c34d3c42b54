"""Periods as standing bars, each cut into the channels by which its reports came."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.patterns.time import Period
from analysis.workbench.pages import draw


@dataclass(frozen=True, slots=True)
class Cut:
    """One channel's part of a bar; `place` is the channel's place in the key."""

    place: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Stack:
    """One period."""

    name: str
    label: str
    x: float
    cuts: tuple[Cut, ...]
    marked: bool


@dataclass(frozen=True, slots=True)
class Stacks:
    """The newest periods of a series."""

    stacks: tuple[Stack, ...]
    width: int
    most: int
    frame: draw.Columns


def _rows(periods: Sequence[Period]) -> list[draw.Row]:
    """As rows of a plain chart."""
    return [draw.Row(one.name or "", one.n, "") for one in periods]


def _stack(column: draw.Column, period: Period, channels: Sequence[str], scale: float) -> Stack:
    """One bar, the first channel at the bottom."""
    bottom, cuts = column.y + column.height, []
    for place, channel in enumerate(channels):
        height = period.channels.get(channel, 0) * scale
        if height:
            bottom -= height
            cuts.append(Cut(place, round(bottom, 1), round(height, 1)))
    return Stack(period.name or "", column.label, column.x, tuple(cuts), period.changed or period.burst)


def draw_periods(periods: Sequence[Period], channels: Sequence[str]) -> Stacks:
    """The chart."""
    frame = draw.columns(_rows(periods))
    shown = periods[len(periods) - len(frame.columns) :]
    scale = frame.height / frame.most
    stacks = tuple(
        _stack(column, period, channels, scale) for column, period in zip(frame.columns, shown, strict=True)
    )
    return Stacks(stacks, frame.width, frame.most, frame)
