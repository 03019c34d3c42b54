"""Goes from one table of whole numbers to another by small exchanges, towards a goal for one cell.

Between two categories (two precincts, two acts) counts can be exchanged without touching anything
else, and such an exchange is a problem on two layers of the table only: small, fast, and nearly
always solved in whole numbers. A solver that is given the whole table finds fractions where this finds
whole tables. What is not found here may still be there: then the caller asks the solver.
"""

from collections.abc import Iterator
from functools import cached_property
from random import Random
from typing import NamedTuple

import numpy as np

from analysis.findings.control.solver import Program, Sense
from analysis.findings.control.system import System, is_slack
from analysis.findings.control.unknowns import Flags, Ints, Model

# An exchange that goes on for longer than this is better left to the solver.
_TRIES = 24
_COLUMNS = 4000


class _Layers(NamedTuple):
    """The columns of some categories, and the rows between them, without what they add up to."""

    columns: Ints
    model: Model


class Moves:
    """Exchanges within one model. Not for several threads at once."""

    def __init__(self, system: System, model: Model) -> None:
        self._system = system
        self._model = model
        self._layers: dict[tuple[str, ...], _Layers | None] = {}

    def reach(self, table: Ints, column: int, goal: int, lower: Ints, upper: Ints) -> Ints | None:
        """A table of whole numbers within the bounds in which the column is at the goal, from one that is.

        None where no exchange was found.
        """
        for categories in self._exchanges(column, lower < upper):
            layers = self._between(categories, column)
            if layers is None:
                continue
            moved = self._exchange(layers, table, column, goal, lower, upper)
            if moved is None:
                continue
            table = moved
            if table[column] == goal:
                return table
        return None

    def _exchanges(self, column: int, free: Flags) -> Iterator[tuple[str, ...]]:
        """Pairs of categories: one of the column, and one of a neighbour in a row that may move too."""
        own = set(self._labels[column])
        found = {}
        for row in self._rows_of[column]:
            inside = self._model.columns[self._model.starts[row] : self._model.starts[row + 1]]
            for other in inside[free[inside]]:
                pair = own ^ set(self._labels[int(other)])
                if 0 < len(pair) <= 2 and pair & own:
                    found[tuple(sorted(pair))] = None
        pairs = list(found)
        # Any order does, so long as it is the same on every machine.
        Random(column).shuffle(pairs)  # noqa: S311
        yield from pairs[:_TRIES]

    def _exchange(
        self, layers: _Layers, table: Ints, column: int, goal: int, lower: Ints, upper: Ints
    ) -> Ints | None:
        columns = layers.columns
        low, high = lower[columns] - table[columns], upper[columns] - table[columns]
        place = int(np.searchsorted(columns, column))
        sense = Sense.LEAST if goal < table[column] else Sense.GREATEST
        (low if sense is Sense.LEAST else high)[place] = goal - table[column]
        program = Program(layers.model)
        program.bound(np.arange(len(columns)), low, high)
        solution = program.extreme(place, sense)
        change = solution and solution.whole
        if change is None or change[place] == 0:
            return None
        moved = table.copy()
        moved[columns] += change
        return moved

    def _between(self, categories: tuple[str, ...], column: int) -> _Layers | None:
        if categories not in self._layers:
            self._layers[categories] = self._cut(categories)
        layers = self._layers[categories]
        return layers if layers is not None and column in layers.columns else None

    def _cut(self, categories: tuple[str, ...]) -> _Layers | None:
        inside = np.zeros(len(self._model.cells), np.bool_)
        for category in categories:
            for label in (category, *self._system.below.get(category, ())):
                inside[self._by_label.get(label, [])] = True
        self._take_wholes(inside)
        columns = np.flatnonzero(inside)
        if len(columns) > _COLUMNS:
            return None
        entries = np.flatnonzero(inside[self._model.columns])
        rows, sizes = np.unique(self._row_of_entry[entries], return_counts=True)
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        places = np.searchsorted(columns, self._model.columns[entries])
        nothing = np.zeros(len(columns), np.int64)
        signs, sums = self._model.signs[entries], np.zeros(len(rows), np.int64)
        return _Layers(columns, Model(columns, starts, places, signs, sums, nothing, nothing))

    def _take_wholes(self, inside: Flags) -> None:
        """The unknown sums of what is inside move with it, and so does what rows leave over."""
        while True:
            before = inside.sum()
            touched = np.unique(self._row_of_entry[inside[self._model.columns]])
            for row in touched:
                entries = slice(self._model.starts[row], self._model.starts[row + 1])
                columns = self._model.columns[entries]
                moving = (self._model.signs[entries] > 0) | self._unlabelled[columns]
                inside[columns[moving]] = True
            if inside.sum() == before:
                return

    @cached_property
    def _labels(self) -> list[tuple[str, ...]]:
        labels = self._system.labels
        return [labels[cell] if labels else () for cell in self._model.cells]

    @cached_property
    def _unlabelled(self) -> Flags:
        """Slacks and their like; the number of all reports has no labels either, and is a sum."""
        return np.array([is_slack(self._system.cells[cell]) for cell in self._model.cells])

    @cached_property
    def _by_label(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for column, labels in enumerate(self._labels):
            for label in labels:
                found.setdefault(label, []).append(column)
        return found

    @cached_property
    def _row_of_entry(self) -> Ints:
        return np.repeat(np.arange(len(self._model.known)), np.diff(self._model.starts))

    @cached_property
    def _rows_of(self) -> list[Ints]:
        order = np.argsort(self._model.columns, kind="stable")
        cuts = np.searchsorted(self._model.columns[order], np.arange(1, len(self._model.cells)))
        return np.split(self._row_of_entry[order], cuts)
