"""Attacks published numbers as a stranger would: what can each cell be, given all the others?

Every interval is exact, in whole numbers: linear bounds alone pass tables whose only whole solution
gives a cell away. Each end of an interval stands on a table of whole numbers that was checked
(a witness), and on a proof that nothing lies beyond: multipliers of the rows that were checked in whole
numbers too, or, where whole numbers give less room than fractions do, the solver's search.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from threading import Lock

import numpy as np

from analysis.findings.control.bounds import Bounds, Interval, prove, round_inwards
from analysis.findings.control.box import Boxes
from analysis.findings.control.errors import Undecided
from analysis.findings.control.lattice import Cell
from analysis.findings.control.perturb import Perturbation, whole
from analysis.findings.control.solver import Floats, Program, Sense
from analysis.findings.control.system import System
from analysis.findings.control.unknowns import ENDLESS, Ints, Model, Unknowns, reduce

# Fewer columns than this are done before a second solver has started.
_WORTH_A_THREAD = 64
# How many others of each row a box takes in. Smaller ones were measured to fail too often to be worth it.
_SIZE = 10
# So many tables are kept to start from.
_KEPT = 512
# By how much the measures of what is near differ.
_SPREADS = (8.0, 2.0, 1.0, 32.0)


def attack(
    system: System,
    known: Mapping[Cell, int],
    targets: Iterable[Cell] | None = None,
    *,
    lower: Mapping[Cell, int] | int = 0,
    upper: Mapping[Cell, int] | int | None = None,
    threads: int | None = None,
) -> dict[Cell, Bounds]:
    """What the known numbers tell about each target (every unknown cell that is no slack, if not given).

    `lower` and `upper` are known of the cells that are not: 1 where zeros are known to be shown, or what
    an insider knows. Raises Inconsistent where no table agrees with the numbers, and Undecided.
    """
    unknowns = reduce(system, known, lower, upper)
    if targets is None:
        slacks = set(system.slacks)
        targets = [cell for cell in system.cells if cell not in known and cell not in slacks]
    targets = list(targets)
    wanted = {system.index[cell] for cell in targets}
    found: dict[int, Bounds] = {}
    for model in unknowns.models:
        columns = [column for column, cell in enumerate(model.cells) if int(cell) in wanted]
        found.update(_attack_model(system, model, columns, threads or len(os.sched_getaffinity(0))))
    return {cell: _bounds(unknowns, found, system.index[cell]) for cell in targets}


def _bounds(unknowns: Unknowns, found: Mapping[int, Bounds], index: int) -> Bounds:
    if index in found:
        return found[index]
    number = int(unknowns.lower[index])
    return Bounds(Interval(number, number), (float(number), float(number)))


def _attack_model(system: System, model: Model, columns: Sequence[int], threads: int) -> dict[int, Bounds]:
    """Even a model without targets is solved once: its numbers might contradict each other."""
    search = Search(system, model)
    search.start()
    count = max(1, min(threads, len(columns) // _WORTH_A_THREAD))
    shares = [columns[i::count] for i in range(count)]
    with ThreadPoolExecutor(count) as pool:
        found = pool.map(search.bounds, shares)
        return {int(model.cells[column]): bounds for share in found for column, bounds in share.items()}


class Witnesses:
    """The least and the greatest of each column over all tables of whole numbers that were found."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._lock = Lock()
        self._tables: list[Ints] = []
        size = len(model.cells)
        self._ends = {
            Sense.LEAST: np.full(size, ENDLESS, np.int64),
            Sense.GREATEST: np.full(size, -1, np.int64),
        }
        self._holders = {sense: np.zeros(size, np.int64) for sense in Sense}

    def add(self, table: Ints) -> None:
        """Takes a table, which must hold. Raises Undecided."""
        if not self._model.holds(table):
            raise Undecided(
                "the solver's tables do not hold in whole numbers", "publish fewer or smaller tables"
            )
        with self._lock:
            kept = len(self._tables) < _KEPT
            for sense, ends in self._ends.items():
                further = table < ends if sense is Sense.LEAST else table > ends
                ends[further] = table[further]
                if kept:
                    self._holders[sense][further] = len(self._tables)
            if kept:
                self._tables.append(table)

    def end(self, column: int, sense: Sense) -> int:
        """How far towards an end some table goes."""
        return int(self._ends[sense][column])

    def nearest(self, column: int, sense: Sense) -> Ints:
        """The table that goes furthest, of those that were kept."""
        with self._lock:
            return self._tables[int(self._holders[sense][column])]


class Search:
    """Finds the ends of the intervals of one model's columns; several threads may do it together."""

    def __init__(self, system: System, model: Model) -> None:
        self._model = model
        self._boxes = Boxes(system, model)
        self.witnesses = Witnesses(model)

    def start(self) -> None:
        """A first table of whole numbers. Raises Inconsistent where there is none."""
        found = Program(self._model, whole=True).any()
        self.witnesses.add(np.rint(found.values).astype(np.int64))

    def bounds(self, columns: Iterable[int]) -> dict[int, Bounds]:
        """The intervals of columns."""
        task = _Task(self._model, self._boxes, self.witnesses)
        return {column: task.bounds(column) for column in columns}


class _Task:
    """One thread's solvers."""

    def __init__(self, model: Model, boxes: Boxes, witnesses: Witnesses) -> None:
        self._model, self._boxes = model, boxes
        self._witnesses = witnesses
        self._linear = Program(model)
        self._whole: Program | None = None

    def bounds(self, column: int) -> Bounds:
        low, least = self._end(column, Sense.LEAST)
        high, greatest = self._end(column, Sense.GREATEST)
        assert low is not None  # noqa: S101 - nothing is below 0
        assert least is not None  # noqa: S101
        return Bounds(Interval(low, high), (least, greatest))

    def _end(self, column: int, sense: Sense) -> tuple[int | None, float | None]:
        outermost = int((self._model.lower if sense is Sense.LEAST else self._model.upper)[column])
        if self._witnesses.end(column, sense) == outermost:
            return outermost, float(outermost)
        solution = self._linear.extreme(column, sense)
        if solution is None:
            return None, None
        if (table := solution.whole) is not None and self._model.holds(table):
            self._witnesses.add(table)
        bound = prove(self._model, column, sense, solution.multipliers)
        if bound is None:
            return self._search(column, sense), float(solution.values[column])
        goal = round_inwards(bound, sense)
        if self._witnesses.end(column, sense) != goal:
            self._approach(column, goal, sense)
        if self._witnesses.end(column, sense) != goal:
            goal = self._search(column, sense)
        return goal, float(bound)

    def _approach(self, column: int, goal: int, sense: Sense) -> None:
        """Looks for a table at a goal near the one that comes nearest: in a box, then everywhere."""
        table = self._witnesses.nearest(column, sense)
        need = abs(goal - int(table[column]))
        ends = self._model.lower if sense is Sense.GREATEST else self._model.upper
        room = np.minimum(np.abs(table - ends), need)
        columns = self._boxes.around(column, _SIZE, -room.astype(np.float64), room, need)
        box = Perturbation(self._boxes.cut(columns), table[columns], self._costs[0][columns])
        if self._take(table, columns, box.force(int(np.searchsorted(columns, column)), goal)):
            return
        near = Perturbation(self._model, table, self._costs[0])
        for costs in self._costs:
            near.weigh(costs)
            if self._take(table, np.arange(len(table)), near.force(column, goal)):
                return

    def _take(self, table: Ints, columns: Ints, moved: Floats | None) -> bool:
        change = None if moved is None else whole(moved)
        if change is not None:
            table = table.copy()
            table[columns] += change
            self._witnesses.add(table)
        return change is not None

    @cached_property
    def _costs(self) -> list[Floats]:
        """Where the nearest table has fractions, nearest by another measure may have none."""
        draw = np.random.default_rng(0).random
        return [1 + spread * draw(len(self._model.cells)) for spread in _SPREADS]

    def _search(self, column: int, sense: Sense) -> int:
        self._whole = self._whole or Program(self._model, whole=True)
        solution = self._whole.extreme(column, sense)
        table = None if solution is None else solution.whole
        if table is None:
            raise Undecided("the solver gave up on a table of whole numbers", "publish smaller tables")
        self._witnesses.add(table)
        return int(table[column])
