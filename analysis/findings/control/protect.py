"""Decides which cells to withhold besides the sensitive ones, so that these cannot be worked out.

Sensitive cells are taken one after another, the hardest first. Where no table agrees with what would be
printed and has the cell as low (or high) as it must be able to be, the cheapest perturbation that does
is looked for, and what it moves is withheld too. Every test leaves a table of whole numbers behind, so
the result is proven by what made it. Then each cell withheld on the way is tried again: it is printed
after all where all tests still pass.

The order and the costs are tied by a keyed hash: the same input withholds the same cells, and who knows
this code and not the key cannot tell from the pattern which cells were sensitive.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np

from analysis.findings.control.certificate import Need, Witness
from analysis.findings.control.errors import Inconsistent, PastDiscloses
from analysis.findings.control.insider import MOST, Insiders
from analysis.findings.control.lattice import Cell
from analysis.findings.control.moves import Moves
from analysis.findings.control.perturb import Perturbation
from analysis.findings.control.solver import Floats, Program
from analysis.findings.control.system import System
from analysis.findings.control.unknowns import Ints, Model, reduce

# How much of a cell's cost its tie-break may be: less than any reason to prefer one cell to another.
_TIE = 1 / 1024


@dataclass(frozen=True, slots=True)
class Protection:
    """The cells of `costs` to withhold, and the certificate: see `certificate.verify`."""

    withheld: frozenset[Cell]
    witnesses: tuple[Witness, ...]


def protect(
    system: System,
    values: Mapping[Cell, int],
    targets: Mapping[Cell, Need],
    *,
    costs: Mapping[Cell, float],
    key: bytes,
    printed_before: Collection[Cell] = (),
    insider: int = MOST,
) -> Protection:
    """What to withhold so that every target may be as low and as high as it needs.

    `values` are true counts of all cells (slacks may be left out). `costs` are the cells that would be
    printed, and what it costs to withhold each (more than 0); targets among them are withheld at
    once. `printed_before` is known to everyone, zeros that have to be zero among them. All other cells
    are unknown: masked, or without a place in any table. Raises PastDiscloses.
    """
    values = system.complete(values)
    fixed = {cell: values[cell] for cell in printed_before}
    insiders = Insiders(system, values, insider)
    unknowns = reduce(system, fixed)
    free = {int(cell): model for model in unknowns.models for cell in model.cells}
    withheld = {cell for cell in costs if cell in targets}
    witnesses: list[Witness] = []
    for target, need in targets.items():
        if system.index[target] not in free and not need.low >= values[target] >= need.high:
            raise _blocked(system, values, fixed, target, need)
    for model in unknowns.models:
        field = _Field(system, values, model, costs, targets, key, insiders)
        try:
            field.protect()
        except _Blocked as blocked:
            raise _blocked(system, values, fixed, blocked.target, targets[blocked.target]) from None
        field.release()
        withheld |= field.withheld
        witnesses += field.witnesses
    return Protection(frozenset(withheld), tuple(witnesses))


class _Blocked(Exception):
    def __init__(self, target: Cell) -> None:
        super().__init__()
        self.target = target


def _blocked(
    system: System, values: Mapping[Cell, int], fixed: Mapping[Cell, int], target: Cell, need: Need
) -> PastDiscloses:
    """Names the printed cells that would have to move: found as complementary cells are."""
    blocking: set[Cell] = set()
    for model in reduce(system, {}).models:
        names = [system.cells[cell] for cell in model.cells]
        if target in names:
            table = np.array([values[name] for name in names])
            costs = np.array([float(name in fixed) for name in names])
            for goal in (need.low, need.high):
                moved = Perturbation(model, table, costs).force(names.index(target), goal)
                if moved is not None:
                    blocking |= {names[i] for i in np.flatnonzero(np.abs(moved) > _STILL)} & fixed.keys()
    return PastDiscloses(
        f"what was published before gives away the withheld cell {'|'.join(target)}",
        "leave this table out, or publish it by larger groups",
        target,
        sorted(blocking),
    )


_STILL = 1e-6


class _Field:
    """The cells of one model, while it is decided what to withhold."""

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
        self._insiders = insiders
        self._table = np.array([values[name] for name in self._names], np.int64)
        self._targets = {place[target]: need for target, need in targets.items() if target in place}
        self._costs = self._weigh(costs, key)
        self._hidden = self._costs == 0
        standing = np.array(insiders.standing, np.int64)[model.cells]
        self._lowest = model.lower
        self._model = replace(model, lower=np.maximum(model.lower, standing))
        self._moves = Moves(system, model)
        self._perturbation: Perturbation | None = None
        self._found: dict[tuple[int, bool], Ints] = {}
        self._key = key

    @property
    def withheld(self) -> set[Cell]:
        """The names of the cells that had a cost and are withheld."""
        return {self._names[i] for i in np.flatnonzero(self._hidden & (self._costs > 0))}

    @property
    def witnesses(self) -> Iterable[Witness]:
        """One for each end of each target."""
        for (column, low), table in self._found.items():
            changed = np.flatnonzero(table != self._table)
            changes = {self._names[i]: int(table[i] - self._table[i]) for i in changed}
            yield Witness(self._names[column], low, changes)

    def protect(self) -> None:
        """Withholds until there is a witness for each end of each target. Raises _Blocked."""
        tests = [(column, low) for column in self._targets for low in (True, False)]
        for column, low in sorted(tests, key=self._hardness):
            if (column, low) not in self._found:
                table = self._reach(column, low)
                self._keep(column, low, self._open(column, low) if table is None else table)

    def release(self) -> None:
        """Prints again what need not be withheld, the dearest first."""
        extra = np.flatnonzero(self._hidden & (self._costs > 0))
        for cell in sorted(extra.tolist(), key=lambda i: -self._costs[i]):
            self._hidden[cell] = False
            moved = {test: t for test, t in self._found.items() if t[cell] != self._table[cell]}
            again = {}
            for column, low in moved:
                table = self._reach(column, low)
                if table is None:
                    self._hidden[cell] = True
                    break
                again[column, low] = table
            else:
                self._found.update(again)

    def _goal(self, column: int, low: bool) -> int:
        need, count = self._targets[column], int(self._table[column])
        return min(need.low, count) if low else max(need.high, count)

    def _hardness(self, test: tuple[int, bool]) -> tuple[int, bytes]:
        column, low = test
        change = abs(self._goal(column, low) - int(self._table[column]))
        return -change, _digest(self._names[column], self._key)

    def _keep(self, column: int, low: bool, table: Ints) -> None:
        """A table that leaves to all insiders what they know is a witness for every cell it goes far with."""
        self._found[column, low] = table
        if (table >= self._model.lower).all():
            for other, need in self._targets.items():
                if table[other] >= need.high:
                    self._found.setdefault((other, False), table)
                if table[other] <= need.low:
                    self._found.setdefault((other, True), table)

    def _bounds(self, column: int) -> tuple[Ints, Ints]:
        """What is possible for those who test a column: printed cells stand, others are as they know."""
        lower, upper = self._model.lower.copy(), self._model.upper.copy()
        for cell, known in self._insiders.relaxed(int(self._model.cells[column])).items():
            if cell in self._column_of:
                place = self._column_of[cell]
                lower[place] = max(self._lowest[place], known)
        shown = ~self._hidden
        lower[shown] = upper[shown] = self._table[shown]
        return lower, upper

    def _reach(self, column: int, low: bool) -> Ints | None:
        goal = self._goal(column, low)
        if goal == self._table[column]:
            return self._table
        lower, upper = self._bounds(column)
        return self._moves.reach(self._table, column, goal, lower, upper)

    def _open(self, column: int, low: bool) -> Ints:
        """Withholds what the cheapest perturbation moves."""
        for whole in (False, True):
            moved = self._perturb(column, low, whole)
            if moved is None:
                raise _Blocked(self._names[column])
            self._hidden |= np.abs(moved) > _STILL
            change = np.rint(moved).astype(np.int64)
            if np.abs(moved - change).max() < _STILL:
                return np.asarray(self._table + change)
            table = self._search(column, low)
            if table is not None:
                return table
        raise _Blocked(self._names[column])

    def _perturb(self, column: int, low: bool, whole: bool) -> Floats | None:
        lower, upper = self._bounds(column)
        shown = ~self._hidden
        lower[shown], upper[shown] = self._model.lower[shown], self._model.upper[shown]
        costs = np.where(self._hidden, 0.0, self._costs)
        model = replace(self._model, lower=lower)
        return Perturbation(model, self._table, costs, whole=whole).force(column, self._goal(column, low))

    def _search(self, column: int, low: bool) -> Ints | None:
        """A table of whole numbers that the exchanges did not find."""
        lower, upper = self._bounds(column)
        lower[column] = upper[column] = self._goal(column, low)
        model = replace(self._model, lower=lower, upper=upper)
        try:
            return Program(model, whole=True).any().whole
        except Inconsistent:
            return None

    def _weigh(self, costs: Mapping[Cell, float], key: bytes) -> Floats:
        weights = np.zeros(len(self._names))
        for i, name in enumerate(self._names):
            if name in costs and i not in self._targets:
                share = int.from_bytes(_digest(name, key)[:4], "big") / 2**32
                weights[i] = costs[name] * (1 + share * _TIE)
        return weights


def _digest(cell: Cell, key: bytes) -> bytes:
    return blake2b("\0".join(cell).encode(), key=key, person=b"witnessbox-tie").digest()
