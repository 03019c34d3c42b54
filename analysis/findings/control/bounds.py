"""What an attack finds out about a cell, and the proof of a linear bound in whole numbers."""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

import numpy as np

from analysis.findings.control.solver import Floats, Sense
from analysis.findings.control.unknowns import ENDLESS, Model

# Multipliers of a table's rows are small fractions: with this denominator (up to 16) they are exact.
_DENOMINATOR = 720_720


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
    y = np.rint(multipliers * _DENOMINATOR).astype(object)
    reduced = np.zeros(len(model.cells), object)
    reduced[column] = sense.value * _DENOMINATOR
    rows = np.repeat(np.arange(len(model.known)), np.diff(model.starts))
    np.subtract.at(reduced, model.columns, model.signs.astype(object) * y[rows])
    ends = np.where(reduced > 0, model.lower.astype(object), model.upper.astype(object))
    used = reduced != 0
    if (ends[used] >= ENDLESS).any():
        return None
    least = int((y * model.known.astype(object)).sum()) + int((reduced[used] * ends[used]).sum())
    return sense.value * Fraction(least, _DENOMINATOR)


def round_inwards(bound: Fraction, sense: Sense) -> int:
    """The first whole number that a bound allows."""
    return ceil(bound) if sense is Sense.LEAST else floor(bound)
