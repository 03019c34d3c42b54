"""What is left to find out once the known numbers are put in: the smaller problem that is attacked.

Bounds are carried from row to row in whole numbers until nothing moves, so whatever falls out by plain
subtraction is found here, exactly and without a solver. The rest falls apart into components that
share no row, each of which is a model of its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from analysis.findings.control.errors import Inconsistent
from analysis.findings.control.lattice import Cell
from analysis.findings.control.system import System

Ints: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

# Stands for "no bound". No count comes near it, and sums of counts do not either.
ENDLESS = 1 << 60
# A bound that creeps up one by one in a system without upper bounds would never come to rest.
_PASSES = 64


@dataclass(frozen=True, slots=True)
class Model:
    """Unknown cells that hang together: A x = b, lower <= x <= upper, in whole numbers.

    A has a row's entries from starts[r] to starts[r + 1]: columns and signs (+1 or -1). `cells` are the
    indices of the columns in the system.
    """

    cells: Ints
    starts: Ints
    columns: Ints
    signs: Ints
    known: Ints
    lower: Ints
    upper: Ints

    def holds(self, values: Ints) -> bool:
        """Whether a table of whole numbers agrees with everything that is known. Exact."""
        if (values < self.lower).any() or (values > self.upper).any():
            return False
        sums = np.add.reduceat(self.signs * values[self.columns], self.starts[:-1])
        return bool((sums == self.known).all())


@dataclass(frozen=True, slots=True)
class Unknowns:
    """Bounds of all cells of a system, by index, and the models of those that are not settled."""

    lower: Ints
    upper: Ints
    models: tuple[Model, ...]


@dataclass(frozen=True, slots=True)
class _Entries:
    """The rows of a system as arrays: entry e says that its row has its cell with its sign."""

    rows: Ints
    cells: Ints
    signs: Ints
    starts: Ints


def reduce(
    system: System,
    known: Mapping[Cell, int],
    lower: Mapping[Cell, int] | int = 0,
    upper: Mapping[Cell, int] | int | None = None,
) -> Unknowns:
    """Puts the known numbers in and carries bounds; raises Inconsistent.

    `lower` and `upper` are what is known of the other cells; slacks are 0 at least, whatever it says.
    """
    low, high = _bounds(system, known, lower, upper)
    entries = _entries(system)
    if len(entries.rows):
        _carry(entries, low, high)
    if (low > high).any():
        raise Inconsistent("the numbers contradict each other: no table of whole numbers agrees with them")
    return Unknowns(low, high, tuple(_models(entries, low, high)))


def _bounds(
    system: System,
    known: Mapping[Cell, int],
    lower: Mapping[Cell, int] | int,
    upper: Mapping[Cell, int] | int | None,
) -> tuple[Ints, Ints]:
    low = np.zeros(len(system.cells), np.int64)
    high = np.full(len(system.cells), ENDLESS, np.int64)
    if isinstance(lower, int):
        low[:] = lower
        low[[system.index[cell] for cell in system.slacks]] = 0
    else:
        for cell, number in lower.items():
            low[system.index[cell]] = number
    if isinstance(upper, int):
        high[:] = upper
    elif upper is not None:
        for cell, number in upper.items():
            high[system.index[cell]] = number
    for cell, number in known.items():
        low[system.index[cell]] = high[system.index[cell]] = number
    return low, high


def _entries(system: System) -> _Entries:
    sizes = [len(row) for row in system.rows]
    flat = [term for row in system.rows for term in row]
    cells = np.array([i for i, _ in flat], np.int64)
    signs = np.array([sign for _, sign in flat], np.int64)
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return _Entries(np.repeat(np.arange(len(sizes)), sizes), cells, signs, starts)


def _carry(entries: _Entries, low: Ints, high: Ints) -> None:
    """Narrows the bounds in place: s x = -(the other terms of the row), for each entry."""
    for _ in range(_PASSES):
        before = (low.copy(), high.copy())
        least, most = _terms(entries, low, high)
        others_least, others_most = _others(entries, least, -1), _others(entries, most, 1)
        positive = entries.signs > 0
        np.minimum.at(high, entries.cells, np.where(positive, -others_least, others_most))
        np.maximum.at(low, entries.cells, np.where(positive, -others_most, others_least))
        # A contradiction would drive the bounds apart for ever.
        if (low > high).any() or ((low == before[0]) & (high == before[1])).all():
            return


def _terms(entries: _Entries, low: Ints, high: Ints) -> tuple[Ints, Ints]:
    """The least and the greatest that each entry can add to its row."""
    positive = entries.signs > 0
    below, above = low[entries.cells], high[entries.cells]
    return np.where(positive, below, -above), np.where(positive, above, -below)


def _others(entries: _Entries, terms: Ints, sign: int) -> Ints:
    """For each entry the sum of the other terms of its row; ENDLESS with the sign where one has no bound."""
    endless = np.abs(terms) >= ENDLESS
    finite = np.where(endless, 0, terms)
    sums = np.add.reduceat(finite, entries.starts[:-1])
    without_bound = np.add.reduceat(endless.astype(np.int64), entries.starts[:-1])
    others = sums[entries.rows] - finite
    open_others = without_bound[entries.rows] - endless > 0
    return np.where(open_others, sign * ENDLESS, others)


def _models(entries: _Entries, low: Ints, high: Ints) -> Iterator[Model]:
    free = low < high
    names = _components(entries, free)
    inside = free[entries.cells]
    fixed = np.where(inside, 0, entries.signs * low[entries.cells])
    rest = -np.add.reduceat(fixed, entries.starts[:-1]) if len(entries.rows) else np.zeros(0, np.int64)
    place = np.zeros(len(low), np.int64)
    # All entries of a row that are inside belong to one component.
    by_name = names[entries.cells[inside]]
    order = np.argsort(by_name, kind="stable")
    kept, by_name = np.flatnonzero(inside)[order], by_name[order]
    cells = np.flatnonzero(free)
    cells = cells[np.argsort(names[cells], kind="stable")]
    cuts = np.flatnonzero(np.diff(names[cells])) + 1
    for group in np.split(cells, cuts) if len(cells) else []:
        name = names[group[0]]
        first, last = np.searchsorted(by_name, [name, name + 1])
        chosen = kept[first:last]
        place[group] = np.arange(len(group))
        rows, sizes = np.unique(entries.rows[chosen], return_counts=True)
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        columns, signs = place[entries.cells[chosen]], entries.signs[chosen]
        yield Model(group, starts, columns, signs, rest[rows], low[group], high[group])


def _components(entries: _Entries, free: Flags) -> Ints:
    """For each free cell the least index of the cells that it hangs together with, by way of free ones."""
    names = np.arange(len(free), dtype=np.int64)
    inside = free[entries.cells]
    rows, cells = entries.rows[inside], entries.cells[inside]
    while True:
        before = names.copy()
        least = np.full(len(entries.starts), len(free), np.int64)
        np.minimum.at(least, rows, names[cells])
        np.minimum.at(names, cells, least[rows])
        names = names[names]
        if (names == before).all():
            return names
