"""Finds the cheapest change of the true table that brings one cell to a number, in whole numbers."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from analysis.findings.control.box import Boxes
from analysis.findings.control.perturb import STILL, Perturbation, whole
from analysis.findings.control.solver import Floats, lean
from analysis.findings.control.system import System
from analysis.findings.control.unknowns import Ints, Model

# How many others of each row a box takes in: the small one is tried first.
_SIZES = (3, 8)
# A sparse table has mostly nothing to exchange near by: then a box is asked that reaches far, by few ways.
_CLIMBING = 0
# A cell is withheld or not, however far it moves, while the program counts by how far: so it is asked
# again, with the cost of each cell that moved spread over how far it did.
_AGAIN = 2
# In so large a model the whole is slow, so cells that are withheld already are asked by themselves before.
_LARGE = 5000

Price = Callable[[Ints], float]


class Blocked(Exception):
    """No table at all has the cell at that number."""


class Changes:
    """The search, over one model and its true table; `lanes` of them may go on at the same time."""

    def __init__(
        self, system: System, model: Model, table: Ints, lanes: int, *, sparse: bool = False
    ) -> None:
        self._model, self._table = model, table
        self._boxes = Boxes(system, model)
        nothing = np.ones(len(table))
        self._lanes = [Perturbation(model, table, nothing) for _ in range(lanes)]
        # In a sparse one the cheapest change is found in a tenth of the time of any other.
        self._sparse, self._sizes = sparse, (*_SIZES, _CLIMBING) if sparse else _SIZES
        hard = len(table) >= _LARGE and not sparse
        self._leaning = [lean(model, 0) for _ in range(lanes)] if hard else []

    def near(
        self, column: int, goal: int, costs: Floats, bounds: tuple[Ints, Ints], price: Price
    ) -> Ints | None:
        """The best of some boxes, None where none has one; the first that is free will do."""
        if goal == self._table[column]:
            return np.zeros_like(self._table)
        found: Ints | None = None
        for size in self._sizes:
            for change in self._in_box(column, goal, size, costs, bounds):
                if found is None or price(change) < price(found):
                    found = change
                if not price(found):
                    return found
        return found

    def cheapest(
        self, lane: int, column: int, goal: int, costs: Floats, bounds: tuple[Ints, Ints], price: Price
    ) -> Ints:
        """The best that boxes and the whole table have. Raises Blocked."""
        near = self.near(column, goal, costs, bounds, price)
        if near is None and self._leaning:
            near = self._free(lane, column, goal, costs, bounds)
        if near is not None and (self._sparse or not price(near)):
            return near
        moved = self._anywhere(lane, column, goal, costs, bounds)
        found = [change for change in (near, whole(moved)) if change is not None]
        if len(found) < 2:
            # Fractions: whole numbers near them are looked for, and everywhere if there are none.
            followed = np.where(np.abs(moved) > STILL, costs.min(), costs)
            again = self.near(column, goal, followed, bounds, price)
            found += [change for change in (again,) if change is not None]
        return min(found, key=price) if found else self._search(column, goal, costs, bounds)

    def _in_box(
        self, column: int, goal: int, size: int, costs: Floats, bounds: tuple[Ints, Ints]
    ) -> Iterator[Ints]:
        lower, upper = bounds
        distance = abs(goal - int(self._table[column]))
        room = np.minimum(self._table - lower, distance)
        score = costs + (distance - room) * (costs.min() / 16)
        if size == _CLIMBING:
            # What is withheld already costs next to nothing, and all else much more.
            columns = self._boxes.climbing(column, np.where(costs < 2 * costs.min(), room, 0))
        else:
            columns = self._boxes.around(column, size, score, np.full_like(room, distance), distance)
        model = replace(self._boxes.cut(columns), lower=lower[columns], upper=upper[columns])
        perturbation = Perturbation(model, self._table[columns], costs[columns])
        place, paid = int(np.searchsorted(columns, column)), costs[columns]
        for _ in range(1 + _AGAIN):
            moved = perturbation.force(place, goal)
            change = None if moved is None else whole(moved)
            if change is None:
                return
            spread = np.zeros_like(self._table)
            spread[columns] = change
            yield spread
            paid = np.where(change != 0, costs[columns] * distance / np.maximum(np.abs(change), 1), paid)
            perturbation.weigh(paid)

    def _free(
        self, lane: int, column: int, goal: int, costs: Floats, bounds: tuple[Ints, Ints]
    ) -> Ints | None:
        """Any change of cells that are withheld already; None where none was found."""
        # These cost next to nothing, all others much more.
        hidden = costs < 2 * costs.min()
        program = self._leaning[lane]
        program.bound(np.where(hidden, bounds[0], self._table), np.where(hidden, bounds[1], self._table))
        solution = program.with_fixed(column, goal)
        table = None if solution is None else solution.whole
        return None if table is None or not self._model.holds(table) else table - self._table

    def _anywhere(
        self, lane: int, column: int, goal: int, costs: Floats, bounds: tuple[Ints, Ints]
    ) -> Floats:
        perturbation = self._lanes[lane]
        perturbation.weigh(costs)
        perturbation.bound(*bounds)
        moved = perturbation.force(column, goal)
        if moved is None:
            raise Blocked
        return moved

    def _search(self, column: int, goal: int, costs: Floats, bounds: tuple[Ints, Ints]) -> Ints:
        """The solver's own search for whole numbers."""
        model = replace(self._model, lower=bounds[0], upper=bounds[1])
        moved = Perturbation(model, self._table, costs, whole=True).force(column, goal)
        change = None if moved is None else whole(moved)
        if change is None:
            raise Blocked
        return change
