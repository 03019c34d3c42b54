"""The cells of one model while it is decided which of them to withhold; `protect` says how."""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from itertools import islice
from typing import NamedTuple

import numpy as np

from analysis.findings.control.certificate import Need, Witness
from analysis.findings.control.changes import Blocked, Changes
from analysis.findings.control.insider import Insiders
from analysis.findings.control.lattice import Cell
from analysis.findings.control.solver import Floats
from analysis.findings.control.system import System
from analysis.findings.control.transplant import Change, Transplants
from analysis.findings.control.unknowns import Ints, Model

# How much of a cell's cost its tie-break may be: less than any reason to prefer one cell to another.
_TIE = 1 / 1024
# What it costs to move a cell that is withheld already, beside the cheapest other: next to nothing, so
# that tables stay near the true one. Without it the solver wanders far and comes back with fractions.
_WITHHELD = 1 / 1024
# So many tests are made at a time, from the same state: the result is the same on every machine.
_LANES = 2
# Fewer cells than this are not worth it: tests that wait for each other share what they withhold.
_WORTH_LANES = 1000
# In so many orders the tests may be taken.
ORDERS = 4
# Trying to print cells again ends after so many tests for each that there is, and so many in all: the
# dearest come first, and of a large table the rest was measured to gain less than a hundredth of the cost.
_RETRIES, _MOST_RETRIES = 4, 1500
# In a sparse one there is little to print again, and every test asks three boxes for nothing.
_SPARSE_RETRIES = 500

# A table that shows one cell as it must be is held against so many others that share reports with it.
_RELATED = 64


class BlockedTarget(Exception):
    """No table at all has a target where it needs to be."""

    def __init__(self, target: Cell) -> None:
        super().__init__()
        self.target = target


class Test(NamedTuple):
    """Whether a column may be as low, or as high, as it has to be able to be."""

    column: int
    low: bool


class Field:
    """See above. `_changes` holds what each test that passed changes, `_moving` the tests by columns.

    Tests are thousands, and so are columns, while a test changes a few: nothing here is of every test and
    every column.
    """

    def __init__(
        self,
        system: System,
        values: Mapping[Cell, int],
        model: Model,
        costs: Mapping[Cell, float],
        targets: Mapping[Cell, Need],
        key: bytes,
        insiders: Insiders,
        order: int = 0,
        *,
        sparse: bool = False,
    ) -> None:
        self._names = [system.cells[cell] for cell in model.cells]
        place = {name: i for i, name in enumerate(self._names)}
        self._column_of = {int(cell): i for i, cell in enumerate(model.cells)}
        self._model, self._insiders, self._key, self._order = model, insiders, key, order
        self._table = np.array([values[name] for name in self._names], np.int64)
        self._targets = {place[target]: need for target, need in targets.items() if target in place}
        self._standing = np.maximum(
            model.lower, np.array([insiders.standing[cell] for cell in model.cells], np.int64)
        )
        self._costs = self._weigh(costs)
        self._hidden = self._costs == 0
        self._changes: dict[Test, Change] = {}
        self._moving: dict[int, set[Test]] = {}
        self._number: dict[Test, int] = {}
        self._blame: dict[int, Test] = {}
        self._transplants = Transplants(system, model) if sparse else None
        self._search = Changes(system, model, self._table, _LANES, sparse=sparse)

    @property
    def withheld(self) -> set[Cell]:
        """The names of the cells that had a cost and are withheld."""
        return {self._names[i] for i in np.flatnonzero(self._hidden & (self._costs > 0))}

    @property
    def cost(self) -> float:
        """What it costs to withhold them."""
        return float(self._costs[self._hidden].sum())

    @property
    def witnesses(self) -> Iterable[Witness]:
        """One for each end of each target."""
        for test, change in self._changes.items():
            moved = zip(change.columns.tolist(), change.by.tolist(), strict=True)
            yield Witness(self._names[test.column], test.low, {self._names[i]: by for i, by in moved})

    def protect(self) -> None:
        """Withholds until every test passes. Raises BlockedTarget."""
        tests = [Test(column, low) for column in self._targets for low in (True, False)]
        waiting = sorted(tests, key=self._rank)
        lanes = _LANES if len(self._table) >= _WORTH_LANES else 1
        with ThreadPoolExecutor(_LANES) as threads:
            while waiting := [test for test in waiting if test not in self._changes]:
                taken = waiting[:lanes]
                # Nothing is kept before all are done: what the slower one asks must not have changed.
                changes = list(threads.map(self._open, range(lanes), taken))
                for test, change in zip(taken, changes, strict=True):
                    self._keep(test, change)

    def release(self) -> None:
        """Prints again what need not be withheld, or what cheaper cells stand in for, the dearest first."""
        left = min(_RETRIES * len(self._changes), _SPARSE_RETRIES if self._transplants else _MOST_RETRIES)
        extra = np.flatnonzero(self._hidden & (self._costs > 0)).tolist()
        for cell in sorted(extra, key=lambda i: -self._costs[i]):
            if self._hidden[cell] and left > 0:
                left -= self._try_without(cell)
        # What stood in for others may have made more of them free.
        needed = self._costs == 0
        for change in self._changes.values():
            needed[change.columns] = True
        self._hidden &= needed

    def _try_without(self, cell: int) -> int:
        """Prints a cell again if all tests pass without it, at a lower cost; returns how many were made."""
        # The test that it was withheld for will most likely need it still.
        blamed = self._blame.get(cell)
        moved = sorted(self._moving.get(cell, ()), key=lambda test: (test != blamed, self._number[test]))
        before = self._hidden.copy()
        again: dict[Test, Change] = {}
        self._hidden[cell] = False
        for test in moved:
            change = self._without(cell, test)
            if change is not None:
                again[test] = Change.of(change)
                self._hidden[again[test].columns] = True
            if change is None or self._costs[self._hidden & ~before].sum() >= self._costs[cell]:
                self._hidden = before
                self._blame[cell] = test
                return len(again) + 1
        for test, kept in again.items():
            self._pass(test, kept)
        return len(moved)

    def _pass(self, test: Test, change: Change) -> None:
        """Remembers what a test changes, in place of what it changed before."""
        for column in self._changes[test].columns.tolist() if test in self._changes else ():
            self._moving[column].discard(test)
        self._number.setdefault(test, len(self._number))
        self._changes[test] = change
        for column in change.columns.tolist():
            self._moving.setdefault(column, set()).add(test)

    def _without(self, cell: int, test: Test) -> Ints | None:
        lower, upper = self._knowledge(test.column), self._model.upper.copy()
        lower[cell] = upper[cell] = self._table[cell]
        return self._search.near(test.column, self._goal(test), self._weights(), (lower, upper), self._price)

    def _open(self, lane: int, test: Test) -> Ints:
        """The cheapest change that was found. Raises BlockedTarget."""
        bounds = self._knowledge(test.column), self._model.upper
        if (change := self._transplanted(test, *bounds)) is not None:
            return change
        try:
            goal = self._goal(test)
            return self._search.cheapest(lane, test.column, goal, self._weights(), bounds, self._price)
        except Blocked:
            raise BlockedTarget(self._names[test.column]) from None

    def _transplanted(self, test: Test, lower: Ints, upper: Ints) -> Ints | None:
        """A change that worked elsewhere and is free here."""
        goal = self._goal(test)
        for columns, by in self._transplants.offers(test.column, test.low) if self._transplants else ():
            changed = self._table[columns] + by
            free = self._hidden[columns].all() and (changed >= lower[columns]).all()
            if free and (changed <= upper[columns]).all():
                change = np.zeros_like(self._table)
                change[columns] = by
                number = int(self._table[test.column] + change[test.column])
                if number <= goal if test.low else number >= goal:
                    return change
        return None

    def _keep(self, test: Test, change: Ints) -> None:
        """What a test changes is withheld. It passes for all others too that it goes far enough for."""
        new = np.flatnonzero((change != 0) & ~self._hidden)
        self._hidden[new] = True
        self._blame.update(dict.fromkeys(new.tolist(), test))
        kept = Change.of(change)
        self._pass(test, kept)
        if self._transplants:
            self._transplants.remember(test.column, test.low, kept)
        for column in self._also_asked(table := self._table + change):
            need = self._targets[column]
            reached = [] if table[column] < need.high else [Test(column, False)]
            reached += [] if table[column] > need.low else [Test(column, True)]
            for other in reached:
                if other not in self._changes:
                    self._pass(other, kept)

    def _also_asked(self, table: Ints) -> Iterator[int]:
        """The targets for which a table is possible, whoever tests them."""
        below = np.flatnonzero(table < self._standing)
        if not len(below):
            yield from self._targets
            return
        # Who tests a cell may be allowed more only in cells that share reports with it.
        related = self._insiders.relaxed(int(self._model.cells[below[0]]))
        columns = (self._column_of.get(cell) for cell in islice(related, _RELATED))
        for column in columns:
            if column in self._targets and (table[below] >= self._knowledge(column)[below]).all():
                yield column

    def _goal(self, test: Test) -> int:
        need, count = self._targets[test.column], int(self._table[test.column])
        return min(need.low, count) if test.low else max(need.high, count)

    def _rank(self, test: Test) -> tuple[int, bytes]:
        """The hardest tests come first, in other orders the easiest, or any."""
        change = abs(self._goal(test) - int(self._table[test.column]))
        name = (*self._names[test.column], str(test.low), str(self._order))
        return (-change, 0, change, 0)[self._order % ORDERS], _digest(name, self._key)

    def _knowledge(self, column: int) -> Ints:
        """How low the cells may be for those who test a column."""
        lower = self._standing.copy()
        for cell, known in self._insiders.relaxed(int(self._model.cells[column])).items():
            if cell in self._column_of:
                place = self._column_of[cell]
                lower[place] = max(self._model.lower[place], known)
        return lower

    def _price(self, change: Ints) -> float:
        """What it costs to withhold what changes and is not withheld yet."""
        return float(self._costs[(change != 0) & ~self._hidden].sum())

    def _weights(self) -> Floats:
        """What it costs to move each cell by one."""
        priced = self._costs[self._costs > 0]
        least = float(priced.min()) if len(priced) else 1.0
        next_to_nothing = least * _WITHHELD * (1 + self._ties)
        return np.where(self._hidden, next_to_nothing, self._costs)

    def _weigh(self, costs: Mapping[Cell, float]) -> Floats:
        digests = [_digest(name, self._key)[:4] for name in self._names]
        self._ties = np.array([int.from_bytes(digest, "big") / 2**32 for digest in digests]) * _TIE
        given = [0 if i in self._targets else costs.get(name, 0) for i, name in enumerate(self._names)]
        return np.array(given, np.float64) * (1 + self._ties)


def _digest(cell: Cell, key: bytes) -> bytes:
    return blake2b("\0".join(cell).encode(), key=key, person=b"witnessbox-tie").digest()
