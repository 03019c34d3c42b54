"""The cheapest cells to withhold, exactly: for small tables, and to measure `protect` against.

Cuts of Benders as Fischetti and Salazar (2001) make them: a choice of cells is attacked, and where a
target stays too certain, the multipliers of the attack say which cells would have given room. It asks
about fractions only, so no protection costs less; one in whole numbers may have to cost more.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

import numpy as np
from highspy import Highs, HighsModelStatus, HighsVarType

from analysis.findings.control.certificate import Need
from analysis.findings.control.errors import Undecided
from analysis.findings.control.insider import MOST, Insiders
from analysis.findings.control.lattice import Cell
from analysis.findings.control.solver import Floats, Program, Sense
from analysis.findings.control.system import System
from analysis.findings.control.unknowns import Flags, Ints, Model, reduce

_ROUNDS = 200
_NEAR = 1e-6


def cheapest(
    system: System,
    values: Mapping[Cell, int],
    targets: Mapping[Cell, Need],
    *,
    costs: Mapping[Cell, float],
    printed_before: Collection[Cell] = (),
    insider: int = MOST,
) -> frozenset[Cell]:
    """The cells of `costs` to withhold; the arguments are those of `protect`."""
    values = system.complete(values)
    insiders = Insiders(system, values, insider)
    withheld = {cell for cell in costs if cell in targets}
    for model in reduce(system, {cell: values[cell] for cell in printed_before}).models:
        names = [system.cells[cell] for cell in model.cells]
        table = np.array([values[name] for name in names], np.int64)
        prices = np.array([0.0 if name in targets else costs.get(name, 0.0) for name in names])
        tests = [
            (column, goal, _knowledge(system, model, insiders, column))
            for column, name in enumerate(names)
            if name in targets
            for goal in (targets[name].low, targets[name].high)
        ]
        chosen = _solve(model, table, prices, [test for test in tests if _asks(table, test)])
        withheld |= {names[i] for i in np.flatnonzero(chosen & (prices > 0))}
    return frozenset(withheld)


Test = tuple[int, int, Ints]


def _asks(table: Ints, test: Test) -> bool:
    """Whether the true table does not pass a test by itself: its lower end is 0, its higher one is not."""
    column, goal, _ = test
    return bool(goal > table[column] or goal == 0 < table[column])


def _knowledge(system: System, model: Model, insiders: Insiders, column: int) -> Ints:
    known = insiders(system.cells[model.cells[column]])
    return np.asarray(np.maximum(model.lower, [known[system.cells[cell]] for cell in model.cells]))


def _solve(model: Model, table: Ints, prices: Floats, tests: list[Test]) -> Flags:
    master = _Master(prices)
    for _ in range(_ROUNDS):
        chosen = master.choose()
        cuts = [cut for test in tests for cut in _attack(model, table, chosen, test)]
        if not cuts:
            return chosen
        for coefficients, need in cuts:
            master.cut(coefficients, need)
    raise Undecided("the cheapest protection was not found in time", "use a smaller table")


def _attack(model: Model, table: Ints, chosen: Flags, test: Test) -> Iterator[tuple[Floats, float]]:
    """The cut that a choice violates, if a test does not pass: coefficients of cells, and their need."""
    column, goal, known = test
    need = abs(goal - int(table[column]))
    down, up = table - known, np.full_like(table, table.max() * len(table) + need)
    lower, upper = np.where(chosen, table - down, table), np.where(chosen, table + up, table)
    sense = Sense.LEAST if goal < table[column] else Sense.GREATEST
    found = Program(replace(model, lower=lower, upper=upper)).extreme(column, sense)
    assert found is not None  # noqa: S101 - every cell is bounded
    if abs(found.values[column] - table[column]) >= need - _NEAR:
        return
    rows = np.repeat(np.arange(len(model.known)), np.diff(model.starts))
    reduced = np.zeros(len(table))
    reduced[column] = sense.value
    np.subtract.at(reduced, model.columns, model.signs * found.multipliers[rows])
    reach = np.maximum(reduced, 0) * down + np.maximum(-reduced, 0) * up
    yield np.minimum(np.where(reach < _NEAR, 0, reach), need), float(need)


class _Master:
    """Chooses the cheapest cells that keep all cuts; those without a price are chosen already."""

    def __init__(self, prices: Floats) -> None:
        self._solver = Highs()  # type: ignore[no-untyped-call]
        self._solver.silent()
        for option, value in {"threads": 1, "random_seed": 0, "mip_rel_gap": 0.0}.items():
            self._solver.setOptionValue(option, value)
        for price in prices:
            low = 1.0 if price == 0 else 0.0
            self._solver.addVariable(lb=low, ub=1, obj=float(price), type=HighsVarType.kInteger)

    def choose(self) -> Flags:
        self._solver.run()
        if self._solver.getModelStatus() != HighsModelStatus.kOptimal:
            raise Undecided("no choice of cells protects the table", "look at what was printed before")
        return np.array(self._solver.getSolution().col_value) > 1 / 2

    def cut(self, coefficients: Floats, need: float) -> None:
        columns = np.flatnonzero(coefficients).astype(np.int32)
        self._solver.addRow(need, self._solver.inf, len(columns), columns, coefficients[columns])
