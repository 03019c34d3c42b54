"""Which cells have to give way so that a sensitive one can be another number, at least cost.

The linear program of Kelly, Golden and Assad (1992; Zayatz, RR92-02, for several dimensions): a
perturbation z of the true table that keeps every sum, leaves what was printed before alone, and forces
the sensitive cell; what it moves must be withheld. Cells that are withheld already move for nothing.
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
    "mip_rel_gap": 0.0,
    "mip_abs_gap": 0.0,
}


class Perturbation:
    """The program over one model; `whole` asks for whole numbers.

    Column i is how far cell i goes up and column n + i how far it goes down; a cell that is withheld may go
    both ways in column i alone.
    """

    def __init__(self, model: Model, table: Ints, costs: Floats, *, whole: bool = False) -> None:
        self._table = table
        self._lower, self._upper = model.lower.copy(), model.upper
        self._costs = costs.copy()
        self._size = len(table)
        self._solver = Highs()  # type: ignore[no-untyped-call]
        self._solver.silent()
        for option, value in _OPTIONS.items():
            self._solver.setOptionValue(option, value)
        self._solver.passModel(self._describe(model, whole))
        self._bound(np.arange(self._size))

    def withhold(self, columns: Ints) -> None:
        """These cells move for nothing from now on."""
        self._costs[columns] = 0
        both = np.concatenate([columns, columns + self._size]).astype(np.int32)
        self._solver.changeColsCost(len(both), both, np.zeros(len(both)))
        self._bound(columns)

    def lower(self, columns: Ints, lower: Ints) -> None:
        """Changes how low some cells may go."""
        self._lower[columns] = lower
        self._bound(columns)

    def force(self, column: int, number: int) -> Floats | None:
        """The cheapest perturbation that brings a cell to a number; None where there is none."""
        change = float(number - self._table[column])
        places = np.array([column, column + self._size], np.int32)
        self._solver.changeColsBounds(2, places, np.array([change, 0.0]), np.array([change, 0.0]))
        self._solver.run()
        status = self._solver.getModelStatus()
        moved = np.array(self._solver.getSolution().col_value)
        self._bound(np.array([column]))
        if status == HighsModelStatus.kInfeasible:
            return None
        if status != HighsModelStatus.kOptimal:
            raise Undecided("the solver gave up on what to withhold", "publish fewer or smaller tables")
        return moved[: self._size] - moved[self._size :]

    def _bound(self, columns: Ints) -> None:
        down = (self._table - self._lower)[columns].astype(np.float64)
        up = np.where(self._upper >= ENDLESS, self._solver.inf, self._upper - self._table)[columns]
        free = self._costs[columns] == 0
        low = np.concatenate([np.where(free, -down, 0.0), np.zeros(len(columns))])
        high = np.concatenate([up, np.where(free, 0.0, down)])
        both = np.concatenate([columns, columns + self._size]).astype(np.int32)
        self._solver.changeColsBounds(len(both), both, low, high)

    def _describe(self, model: Model, whole: bool) -> HighsLp:
        n = self._size
        lp = HighsLp()
        lp.num_col_, lp.num_row_ = 2 * n, len(model.known)
        lp.sense_ = ObjSense.kMinimize
        lp.col_cost_ = np.concatenate([self._costs, self._costs])
        lp.col_lower_ = lp.col_upper_ = np.zeros(2 * n)
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
