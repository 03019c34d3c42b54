"""Attacks published numbers as a stranger would: what can each cell be, given all the others?

Every interval is exact, in whole numbers: linear bounds alone pass tables whose only whole solution
gives a cell away. Each end of an interval stands on a table of whole numbers that was checked
(a witness), and on a proof that nothing lies beyond: multipliers of the rows that were checked in whole
numbers too, or, where whole numbers give less room than fractions do, the solver's search.
"""

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import numpy as np

from analysis.findings.control.alike import find_alike
from analysis.findings.control.bounds import Bounds, Interval, prove, round_inwards
from analysis.findings.control.compact import compact
from analysis.findings.control.errors import Undecided
from analysis.findings.control.lattice import Cell
from analysis.findings.control.solver import Program, Sense, lean
from analysis.findings.control.system import System
from analysis.findings.control.unknowns import ENDLESS, Ints, Model, Unknowns, reduce

# Systems of so many cells are first made smaller.
LARGE = 20_000
# Fewer columns than this are done before a second solver has started.
_WORTH_A_THREAD = 64
# So many leanings are tried for a table at an end before the solver has to search for one.
_LEANINGS = 4


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
    if targets is None:
        slacks = set(system.slacks)
        targets = [cell for cell in system.cells if cell not in known and cell not in slacks]
    alike = find_alike(system, known, lower, upper)
    told = {**known, **{system.cells[cell]: 0 for cell in alike.empty}}
    twins = {cell: system.cells[alike.twin(system.index[cell])] for cell in targets}
    wanted = tuple(dict.fromkeys(twins.values()))
    if len(system.cells) >= LARGE and lower == 0 and upper is None:
        found = _attack_smaller(system, told, wanted, threads)
    else:
        found = _attack(system, told, wanted, lower, upper, threads)
    return {cell: found[twin] for cell, twin in twins.items()}


def _attack_smaller(
    system: System, known: Mapping[Cell, int], targets: Iterable[Cell], threads: int | None
) -> dict[Cell, Bounds]:
    """The same of a system of which most cells are equal to others, or are 0."""
    ends = reduce(system, known).upper.tolist()
    made = compact(system, [cell for cell, most in enumerate(ends) if not most])
    told = {made.names[cell]: number for cell, number in known.items() if cell in made.names}
    told |= dict.fromkeys(made.zeros, 0)
    found = _attack(made.system, told, made.names_of(targets), 0, None, threads)
    nothing = Bounds(Interval(0, 0), (0.0, 0.0))
    return {cell: found[made.names[cell]] if cell in made.names else nothing for cell in targets}


def _attack(
    system: System,
    known: Mapping[Cell, int],
    targets: Collection[Cell],
    lower: Mapping[Cell, int] | int,
    upper: Mapping[Cell, int] | int | None,
    threads: int | None,
) -> dict[Cell, Bounds]:
    unknowns = reduce(system, known, lower, upper)
    wanted = {system.index[cell] for cell in targets}
    found: dict[int, Bounds] = {}
    for model in unknowns.models:
        columns = [column for column, cell in enumerate(model.cells) if int(cell) in wanted]
        found.update(_attack_model(model, columns, threads or len(os.sched_getaffinity(0))))
    return {cell: _bounds(unknowns, found, system.index[cell]) for cell in targets}


def _bounds(unknowns: Unknowns, found: Mapping[int, Bounds], index: int) -> Bounds:
    if index in found:
        return found[index]
    number = int(unknowns.lower[index])
    return Bounds(Interval(number, number), (float(number), float(number)))


def _attack_model(model: Model, columns: Sequence[int], threads: int) -> dict[int, Bounds]:
    """Even a model without targets is solved once: its numbers might contradict each other."""
    search = Search(model)
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
        self._least = np.full(len(model.cells), ENDLESS, np.int64)
        self._greatest = np.full(len(model.cells), -1, np.int64)

    def add(self, table: Ints) -> None:
        """Takes a table, which must hold. Raises Undecided."""
        if not self._model.holds(table):
            raise Undecided(
                "the solver's tables do not hold in whole numbers", "publish fewer or smaller tables"
            )
        with self._lock:
            np.minimum(self._least, table, out=self._least)
            np.maximum(self._greatest, table, out=self._greatest)

    def end(self, column: int, sense: Sense) -> int:
        """How far towards an end some table goes."""
        return int((self._least if sense is Sense.LEAST else self._greatest)[column])


class Search:
    """Finds the ends of the intervals of one model's columns; several threads may do it together."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.witnesses = Witnesses(model)

    def start(self) -> None:
        """A first table of whole numbers. Raises Inconsistent where there is none."""
        found = Program(self._model, whole=True).any()
        self.witnesses.add(np.rint(found.values).astype(np.int64))

    def bounds(self, columns: Iterable[int]) -> dict[int, Bounds]:
        """The intervals of columns."""
        task = _Task(self._model, self.witnesses)
        return {column: task.bounds(column) for column in columns}


class _Task:
    """One thread's solvers."""

    def __init__(self, model: Model, witnesses: Witnesses) -> None:
        self._model, self._witnesses = model, witnesses
        self._linear = Program(model)
        self._leaning: list[Program] = []
        self._whole: Program | None = None

    def bounds(self, column: int) -> Bounds:
        low, least = self._end(column, Sense.LEAST)
        high, greatest = self._end(column, Sense.GREATEST)
        assert low is not None  # noqa: S101 - nothing is below 0
        assert least is not None  # noqa: S101
        return Bounds(Interval(low, high), (least, greatest))

    def _end(self, column: int, sense: Sense) -> tuple[int | None, float | None]:
        outermost = int((self._model.lower if sense is Sense.LEAST else self._model.upper)[column])
        # Most cells of a large table can be all that plain subtraction leaves them.
        if outermost < ENDLESS and self._reaches(column, sense, outermost, 1):
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
        if not self._reaches(column, sense, goal, _LEANINGS):
            goal = self._search(column, sense)
        return goal, float(bound)

    def _reaches(self, column: int, sense: Sense, goal: int, leanings: int) -> bool:
        """Whether some table of whole numbers has a column at a goal, as far as that many leanings find."""
        for number in range(leanings):
            if self._witnesses.end(column, sense) == goal:
                return True
            solution = self._lean(number).with_fixed(column, goal)
            if solution is None:
                break
            if (table := solution.whole) is not None and self._model.holds(table):
                self._witnesses.add(table)
        return self._witnesses.end(column, sense) == goal

    def _lean(self, number: int) -> Program:
        if number == len(self._leaning):
            self._leaning.append(lean(self._model, number))
        return self._leaning[number]

    def _search(self, column: int, sense: Sense) -> int:
        self._whole = self._whole or Program(self._model, whole=True)
        solution = self._whole.extreme(column, sense)
        table = None if solution is None else solution.whole
        if table is None:
            raise Undecided("the solver gave up on a table of whole numbers", "publish smaller tables")
        self._witnesses.add(table)
        return int(table[column])
