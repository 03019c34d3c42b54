"""The cells of one model while it is decided which of them to withhold; `protect` says how."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import blake2b
from itertools import islice
from typing import NamedTuple

import numpy as np

from analysis.findings.control.box import Boxes
from analysis.findings.control.certificate import Need, Witness
from analysis.findings.control.insider import Insiders
from analysis.findings.control.lattice import Cell
from analysis.findings.control.perturb import STILL, Perturbation, whole
from analysis.findings.control.solver import Floats
from analysis.findings.control.system import System
from analysis.findings.control.unknowns import Flags, Ints, Model

# How much of a cell's cost its tie-break may be: less than any reason to prefer one cell to another.
_TIE = 1 / 1024
# What it costs to move a cell that is withheld already, beside the cheapest other: next to nothing, so
# that tables stay near the true one. Without it the solver wanders far and comes back with fractions.
_WITHHELD = 1 / 1024
# How many others of each row a box takes in: the small one is tried first.
_SIZES = (3, 8)
# So many tests are made at a time, from the same state: the result is the same on every machine.
_LANES = 2
# Trying to print a cell again ends after so many tests for each that there is.
_RETRIES = 4


class Blocked(Exception):
    """No table at all has a target where it needs to be."""

    def __init__(self, target: Cell) -> None:
        super().__init__()
        self.target = target


class Test(NamedTuple):
    """Whether a column may be as low, or as high, as it has to be able to be."""

    column: int
    low: bool


class Field:
    """See above. `_changes` holds what each test that passed changes in the true table."""

    def __init__(
        self,
        system: System,
        values: Mapping[Cell, int],
        model: Model,
        costs: Mapping[Cell, float],
        targets: Mapping[Cell, Need],
        key: bytes,
        insiders: Insiders,
    ) -> None:
        self._names = [system.cells[cell] for cell in model.cells]
        place = {name: i for i, name in enumerate(self._names)}
        self._column_of = {int(cell): i for i, cell in enumerate(model.cells)}
        self._model, self._insiders, self._key = model, insiders, key
        self._boxes = Boxes(system, model)
        self._table = np.array([values[name] for name in self._names], np.int64)
        self._targets = {place[target]: need for target, need in targets.items() if target in place}
        self._standing = np.maximum(model.lower, np.array(insiders.standing, np.int64)[model.cells])
        self._costs = self._weigh(costs)
        self._hidden = self._costs == 0
        self._changes: dict[Test, Ints] = {}
        self._blame: dict[int, Test] = {}
        self._lanes = [self._perturbation(self._weights()) for _ in range(_LANES)]

    @property
    def withheld(self) -> set[Cell]:
        """The names of the cells that had a cost and are withheld."""
        return {self._names[i] for i in np.flatnonzero(self._hidden & (self._costs > 0))}

    @property
    def witnesses(self) -> Iterable[Witness]:
        """One for each end of each target."""
        for test, change in self._changes.items():
            changes = {self._names[i]: int(change[i]) for i in np.flatnonzero(change)}
            yield Witness(self._names[test.column], test.low, changes)

    def protect(self) -> None:
        """Withholds until every test passes. Raises Blocked."""
        tests = [Test(column, low) for column in self._targets for low in (True, False)]
        waiting = sorted(tests, key=self._hardness)
        with ThreadPoolExecutor(_LANES) as threads:
            while waiting := [test for test in waiting if test not in self._changes]:
                taken = waiting[:_LANES]
                for test, change in zip(taken, threads.map(self._open, range(_LANES), taken), strict=True):
                    self._keep(test, change)

    def release(self) -> None:
        """Prints again what need not be withheld, the dearest first."""
        left = _RETRIES * len(self._changes)
        extra = np.flatnonzero(self._hidden & (self._costs > 0)).tolist()
        with ThreadPoolExecutor(_LANES) as threads:
            for cell in sorted(extra, key=lambda i: -self._costs[i]):
                left -= self._try_without(cell, threads)
                if left < 0:
                    return

    def _try_without(self, cell: int, threads: ThreadPoolExecutor) -> int:
        """Prints a cell again if all tests pass without it; returns how many were made."""
        moved = [test for test, change in self._changes.items() if change[cell]]
        # The test that it was withheld for will most likely need it still.
        moved.sort(key=lambda test: test != self._blame.get(cell))
        self._hidden[cell] = False
        again: dict[Test, Ints] = {}
        for taken in _batches(moved):
            changes = list(threads.map(self._reach, taken))
            for test, change in zip(taken, changes, strict=True):
                if change is None:
                    self._hidden[cell] = True
                    self._blame[cell] = test
                    return len(again) + len(taken)
                again[test] = change
        self._changes.update(again)
        return len(moved)

    def _keep(self, test: Test, change: Ints) -> None:
        """What a test changes is withheld. It passes for all others too that it goes far enough for."""
        new = np.flatnonzero((change != 0) & ~self._hidden)
        self._hidden[new] = True
        self._blame.update(dict.fromkeys(new.tolist(), test))
        self._changes[test] = change
        table = self._table + change
        if (table >= self._standing).all():
            for column, need in self._targets.items():
                if table[column] >= need.high:
                    self._changes.setdefault(Test(column, False), change)
                if table[column] <= need.low:
                    self._changes.setdefault(Test(column, True), change)

    def _goal(self, test: Test) -> int:
        need, count = self._targets[test.column], int(self._table[test.column])
        return min(need.low, count) if test.low else max(need.high, count)

    def _hardness(self, test: Test) -> tuple[int, bytes]:
        change = abs(self._goal(test) - int(self._table[test.column]))
        return -change, _digest(self._names[test.column], self._key)

    def _knowledge(self, column: int) -> Ints:
        """How low the cells may be for those who test a column."""
        lower = self._standing.copy()
        for cell, known in self._insiders.relaxed(int(self._model.cells[column])).items():
            if cell in self._column_of:
                place = self._column_of[cell]
                lower[place] = max(self._model.lower[place], known)
        return lower

    def _open(self, lane: int, test: Test) -> Ints:
        """The cheapest change that was found. Raises Blocked."""
        costs, lower = self._weights(), self._knowledge(test.column)
        found = [change for change in self._in_boxes(test, costs, lower) if change is not None]
        if found and not self._price(found[-1]):
            return found[-1]
        perturbation = self._lanes[lane]
        perturbation.weigh(costs)
        perturbation.bound(lower, self._model.upper)
        moved = perturbation.force(test.column, self._goal(test))
        if moved is None:
            raise Blocked(self._names[test.column])
        change = whole(moved)
        if change is not None:
            return change
        # Fractions: whole numbers near them are looked for.
        followed = np.where(
            np.abs(moved) > STILL, np.minimum(costs, self._weights(self._hidden | True)), costs
        )
        found += [change for change in self._in_boxes(test, followed, lower) if change is not None]
        return min(found, key=self._price) if found else self._search(test, costs, lower)

    def _in_boxes(self, test: Test, costs: Floats, lower: Ints) -> Iterable[Ints | None]:
        """Changes of larger and larger boxes, until one withholds nothing more."""
        goal = self._goal(test)
        if goal == self._table[test.column]:
            yield np.zeros_like(self._table)
            return
        for size in _SIZES:
            change = self._in_box(test.column, goal, size, costs, lower)
            yield change
            if change is not None and not self._price(change):
                return

    def _in_box(self, column: int, goal: int, size: int, costs: Floats, lower: Ints) -> Ints | None:
        distance = abs(goal - int(self._table[column]))
        room = np.minimum(self._table - lower, distance)
        score = costs + (distance - room) * (costs.min() / 16)
        columns = self._boxes.around(column, size, score, np.full_like(room, distance), distance)
        model = replace(self._boxes.cut(columns), lower=lower[columns])
        perturbation = Perturbation(model, self._table[columns], costs[columns])
        moved = perturbation.force(int(np.searchsorted(columns, column)), goal)
        change = None if moved is None else whole(moved)
        if change is None:
            return None
        spread = np.zeros_like(self._table)
        spread[columns] = change
        return spread

    def _reach(self, test: Test) -> Ints | None:
        """A change that withholds nothing more, None where no box has one."""
        costs, lower = self._weights(), self._knowledge(test.column)
        for change in self._in_boxes(test, costs, lower):
            if change is not None and not self._price(change):
                return change
        return None

    def _search(self, test: Test, costs: Floats, lower: Ints) -> Ints:
        """The solver's own search for whole numbers."""
        perturbation = Perturbation(replace(self._model, lower=lower), self._table, costs, whole=True)
        moved = perturbation.force(test.column, self._goal(test))
        change = None if moved is None else whole(moved)
        if change is None:
            raise Blocked(self._names[test.column])
        return change

    def _price(self, change: Ints) -> float:
        """What it costs to withhold what changes and is not withheld yet."""
        return float(self._costs[(change != 0) & ~self._hidden].sum())

    def _perturbation(self, costs: Floats) -> Perturbation:
        return Perturbation(self._model, self._table, costs)

    def _weights(self, free: Flags | None = None) -> Floats:
        """What it costs to move each cell by one."""
        priced = self._costs[self._costs > 0]
        least = float(priced.min()) if len(priced) else 1.0
        next_to_nothing = least * _WITHHELD * (1 + self._ties)
        return np.where(self._hidden if free is None else free, next_to_nothing, self._costs)

    def _weigh(self, costs: Mapping[Cell, float]) -> Floats:
        digests = [_digest(name, self._key)[:4] for name in self._names]
        self._ties = np.array([int.from_bytes(digest, "big") / 2**32 for digest in digests]) * _TIE
        given = [0 if i in self._targets else costs.get(name, 0) for i, name in enumerate(self._names)]
        return np.array(given, np.float64) * (1 + self._ties)


def _batches(tests: Iterable[Test]) -> Iterable[list[Test]]:
    waiting = iter(tests)
    while taken := list(islice(waiting, _LANES)):
        yield taken


def _digest(cell: Cell, key: bytes) -> bytes:
    return blake2b("\0".join(cell).encode(), key=key, person=b"witnessbox-tie").digest()
