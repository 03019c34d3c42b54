"""What an attack finds out about a cell, and the proof of a linear bound in whole numbers."""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from operator import mul
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.findings.control.solver import Floats, Sense
from analysis.findings.control.unknowns import ENDLESS, Ints, Model

# Multipliers of a table's rows are small fractions: with this denominator (up to 16) they are exact.
_DENOMINATOR = 720_720
_SMALL = float(1 << 60)


@dataclass(frozen=True, slots=True)
class Interval:
    """The least and the greatest whole number that a cell can be; None where there is no greatest."""

    low: int
    high: int | None


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is known of a cell: by whole numbers, and by linear programs, which know less."""

    integer: Interval
    linear: tuple[float, float | None]

    @property
    def exact(self) -> bool:
        """Whether the cell is disclosed: only one number is possible."""
        return self.integer.low == self.integer.high


def prove(model: Model, column: int, sense: Sense, multipliers: Floats) -> Fraction | None:
    """A bound that no table passes, from any multipliers y of the rows: y b + the least of (c - yA) x.

    It holds whatever the solver did, for it is worked out in whole numbers alone; None where the
    multipliers prove nothing. It is the bound itself where the multipliers are the right ones.
    """
    scaled = np.rint(multipliers * _DENOMINATOR)
    # Python's whole numbers have no end, and are slow: they are taken where 64 bits might not do.
    kind = np.int64 if np.abs(scaled).sum() < _SMALL else object
    y = scaled.astype(kind)
    reduced = np.zeros(len(model.cells), kind)
    reduced[column] = sense.value * _DENOMINATOR
    rows = np.repeat(np.arange(len(model.known)), np.diff(model.starts))
    np.subtract.at(reduced, model.columns, model.signs.astype(kind) * y[rows])
    ends = np.where(reduced > 0, model.lower, model.upper)
    used = np.flatnonzero(reduced)
    if (ends[used] >= ENDLESS).any():
        return None
    held = np.flatnonzero(y)
    least = _product(y[held], model.known[held]) + _product(reduced[used], ends[used])
    return sense.value * Fraction(least, _DENOMINATOR)


def _product(first: NDArray[Any], second: Ints) -> int:
    """The sum of the products, without an end."""
    return sum(map(mul, first.tolist(), second.tolist()))


def round_inwards(bound: Fraction, sense: Sense) -> int:
    """The first whole number that a bound allows."""
    return ceil(bound) if sense is Sense.LEAST else floor(bound)
