"""Which cells have to give way so that a sensitive one can be another number, at least cost.

The linear program of Kelly, Golden and Assad (1992; Zayatz, RR92-02, for several dimensions): a
perturbation z of the true table that keeps every sum, leaves what was printed before alone, and forces
the sensitive cell; what it moves must be withheld.
"""

from typing import Any

import numpy as np
from highspy import Highs, HighsLp, HighsModelStatus, HighsVarType, MatrixFormat, ObjSense

from analysis.findings.control.errors import Undecided
from analysis.findings.control.solver import Floats
from analysis.findings.control.unknowns import ENDLESS, Ints, Model

_OPTIONS: dict[str, Any] = {
    "threads": 1,
    "random_seed": 0,
    # In whole numbers something near the cheapest will do, for it may take long to find that itself.
    "mip_rel_gap": 0.1,
    "mip_max_nodes": 10_000,
    # A program of a release takes a few thousand; none may take for ever.
    "simplex_iteration_limit": 200_000,
    # Measured: it costs a third of the time here, and every cost has a tie-break already.
    "dual_simplex_cost_perturbation_multiplier": 0.0,
}
# Fewer columns than this are solved sooner than simplified.
_SMALL = 1500
# Where less than this moves, nothing does.
STILL = 1e-6


class Perturbation:
    """The program over one model and its true table; `whole` asks for whole numbers.

    Column i is how far cell i goes up and column n + i how far it goes down, so no cost is below 0 and
    doing nothing is always cheapest: the simplex starts from there.
    """

    def __init__(self, model: Model, table: Ints, costs: Floats, *, whole: bool = False) -> None:
        self._table = table
        self._lower, self._upper = model.lower, model.upper
        self._size = len(table)
        self._solver = Highs()  # type: ignore[no-untyped-call]
        self._solver.silent()
        for option, value in _OPTIONS.items():
            self._solver.setOptionValue(option, value)
        self._solver.setOptionValue("presolve", "on" if whole or self._size > _SMALL else "off")
        self._solver.passModel(self._describe(model, costs, whole))

    def weigh(self, costs: Floats) -> None:
        """Changes the costs of all cells."""
        both = np.arange(2 * self._size, dtype=np.int32)
        self._solver.changeColsCost(len(both), both, np.concatenate([costs, costs]))

    def bound(self, lower: Ints, upper: Ints) -> None:
        """Changes how low and how high the cells may go."""
        self._lower, self._upper = lower, upper
        self._restore(np.arange(self._size))

    def force(self, column: int, number: int) -> Floats | None:
        """The cheapest perturbation that brings a cell to a number; None where there is none."""
        change = float(number - self._table[column])
        places = np.array([column, column + self._size], np.int32)
        forced = np.array([max(change, 0.0), max(-change, 0.0)])
        self._solver.changeColsBounds(2, places, forced, forced)
        self._solver.run()
        status = self._solver.getModelStatus()
        moved: Floats = np.array(self._solver.getSolution().col_value)
        self._restore(np.array([column]))
        if status == HighsModelStatus.kInfeasible:
            return None
        if status != HighsModelStatus.kOptimal:
            raise Undecided("the solver gave up on what to withhold", "publish fewer or smaller tables")
        return np.asarray(moved[: self._size] - moved[self._size :])

    def _restore(self, columns: Ints) -> None:
        both = np.concatenate([columns, columns + self._size]).astype(np.int32)
        up, down = self._rooms()
        highs = np.concatenate([up[columns], down[columns]])
        self._solver.changeColsBounds(len(both), both, np.zeros(len(both)), highs)

    def _rooms(self) -> tuple[Floats, Floats]:
        up = np.where(self._upper >= ENDLESS, self._solver.inf, self._upper - self._table)
        return up, (self._table - self._lower).astype(np.float64)

    def _describe(self, model: Model, costs: Floats, whole: bool) -> HighsLp:
        n = self._size
        lp = HighsLp()
        lp.num_col_, lp.num_row_ = 2 * n, len(model.known)
        lp.sense_ = ObjSense.kMinimize
        lp.col_cost_ = np.concatenate([costs, costs])
        lp.col_lower_, lp.col_upper_ = np.zeros(2 * n), np.concatenate(self._rooms())
        lp.row_lower_ = lp.row_upper_ = np.zeros(len(model.known))
        order = np.argsort(model.columns, kind="stable")
        rows = np.repeat(np.arange(len(model.known)), np.diff(model.starts))[order]
        starts = np.searchsorted(model.columns[order], np.arange(n + 1))
        signs = model.signs[order].astype(np.float64)
        lp.a_matrix_.format_ = MatrixFormat.kColwise
        lp.a_matrix_.start_ = np.concatenate([starts, starts[1:] + len(rows)]).astype(np.int32)
        lp.a_matrix_.index_ = np.concatenate([rows, rows]).astype(np.int32)
        lp.a_matrix_.value_ = np.concatenate([signs, -signs])
        if whole:
            lp.integrality_ = [HighsVarType.kInteger] * (2 * n)
        return lp


def whole(moved: Floats) -> Ints | None:
    """A perturbation in whole numbers, None where it is none."""
    rounded = np.rint(moved)
    return rounded.astype(np.int64) if np.abs(moved - rounded).max() < STILL else None
