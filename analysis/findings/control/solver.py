"""HiGHS, kept at arm's length: one model that is solved again and again, in floats.

Nothing that comes back is believed before it was checked in whole numbers: a table by `Model.holds`, a
bound by `proven`, which makes it again out of the multipliers of the rows.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

import numpy as np
from highspy import Highs, HighsLp, HighsModelStatus, HighsVarType, MatrixFormat, ObjSense
from numpy.typing import NDArray

from analysis.findings.control.errors import Inconsistent, Undecided
from analysis.findings.control.unknowns import ENDLESS, Ints, Model

Floats: TypeAlias = NDArray[np.float64]

# One thread, a fixed seed and no gap: the same question has the same answer on every machine. The primal
# simplex goes on from the last table, which stays possible when only the question changes; it was
# measured at ten times the speed of the default.
_OPTIONS: dict[str, Any] = {
    "threads": 1,
    "random_seed": 0,
    "simplex_strategy": 4,
    "presolve": "off",
    "mip_rel_gap": 0.0,
    "mip_abs_gap": 0.0,
    # A table made to be hard must not keep a machine busy for ever; no table met so far needs a hundredth.
    "mip_max_nodes": 100_000,
    "simplex_iteration_limit": 200_000,
}
# Where the costs stay and a bound changes, the dual simplex has the shortest way. Costs that are drawn
# need no perturbation against ties.
_COSTLY: dict[str, Any] = {"simplex_strategy": 1, "dual_simplex_cost_perturbation_multiplier": 0.0}
_NEAR = 1e-6
# By how much the ways to lean differ.
_SPREAD = 0.2


class Sense(Enum):
    """Which end of a cell's interval is looked for."""

    LEAST = 1
    GREATEST = -1


@dataclass(frozen=True, slots=True)
class Solution:
    """A table in floats, and the multipliers of the rows (for linear models)."""

    values: Floats
    multipliers: Floats

    @property
    def whole(self) -> Ints | None:
        """The table in whole numbers, None where one is a fraction."""
        rounded = np.rint(self.values)
        return rounded.astype(np.int64) if np.abs(self.values - rounded).max() < _NEAR else None


class Program:
    """A model at the solver; `whole` asks for whole numbers, and `costs` for tables of least cost."""

    def __init__(self, model: Model, *, whole: bool = False, costs: Floats | None = None) -> None:
        self._lower, self._upper = model.lower, model.upper
        self._solver = Highs()  # type: ignore[no-untyped-call]
        self._solver.silent()
        for option, value in _OPTIONS.items():
            self._solver.setOptionValue(option, value)
        if whole:
            self._solver.setOptionValue("presolve", "on")
        if costs is not None:
            for option, value in _COSTLY.items():
                self._solver.setOptionValue(option, value)
        self._solver.passModel(self._describe(model, whole, costs))

    def extreme(self, column: int, sense: Sense) -> Solution | None:
        """A table in which a column is at the end of its interval; None where there is no end.

        Raises Inconsistent, Undecided.
        """
        self._solver.changeColCost(column, float(sense.value))
        try:
            return self._solve()
        finally:
            self._solver.changeColCost(column, 0.0)

    def any(self) -> Solution:
        """Some table. Raises Inconsistent, Undecided."""
        solution = self._solve()
        assert solution is not None  # noqa: S101 - without a cost nothing is endless
        return solution

    def with_fixed(self, column: int, number: int) -> Solution | None:
        """The cheapest table in which a column is a number; None where there is none. Raises Undecided."""
        self._solver.changeColBounds(column, float(number), float(number))
        try:
            return self._solve()
        except Inconsistent:
            return None
        finally:
            self._restore(np.array([column]))

    def bound(self, lower: Ints, upper: Ints) -> None:
        """Changes how low and how high the columns may be."""
        changed = np.flatnonzero((lower != self._lower) | (upper != self._upper))
        self._lower, self._upper = lower, upper
        self._restore(changed)

    def _restore(self, columns: Ints) -> None:
        lower, upper = self._lower[columns].astype(np.float64), self._upper[columns]
        highs = np.where(upper >= ENDLESS, self._solver.inf, upper)
        self._solver.changeColsBounds(len(columns), columns.astype(np.int32), lower, highs)

    def _solve(self) -> Solution | None:
        self._solver.run()
        status = self._solver.getModelStatus()
        if status in (HighsModelStatus.kUnbounded, HighsModelStatus.kUnboundedOrInfeasible):
            return None
        if status == HighsModelStatus.kInfeasible:
            raise Inconsistent(
                "the numbers contradict each other: no table of whole numbers agrees with them"
            )
        if status != HighsModelStatus.kOptimal:
            raise Undecided("the solver gave up on a table", "publish fewer or smaller tables")
        solution = self._solver.getSolution()
        return Solution(np.array(solution.col_value), np.array(solution.row_dual))

    def _describe(self, model: Model, whole: bool, costs: Floats | None) -> HighsLp:
        described = HighsLp()
        described.num_col_, described.num_row_ = len(model.cells), len(model.known)
        described.sense_ = ObjSense.kMinimize
        described.col_cost_ = np.zeros(len(model.cells)) if costs is None else costs
        described.col_lower_ = model.lower.astype(np.float64)
        described.col_upper_ = np.where(model.upper >= ENDLESS, self._solver.inf, model.upper)
        described.row_lower_ = described.row_upper_ = model.known.astype(np.float64)
        described.a_matrix_.format_ = MatrixFormat.kRowwise
        described.a_matrix_.start_ = model.starts.astype(np.int32)
        described.a_matrix_.index_ = model.columns.astype(np.int32)
        described.a_matrix_.value_ = model.signs.astype(np.float64)
        if whole:
            described.integrality_ = [HighsVarType.kInteger] * len(model.cells)
        return described


def lean(model: Model, number: int) -> Program:
    """A program that leans towards tables with every cell near its greatest; by each number another way.

    Such a table has a few large cells, is nearly always in whole numbers, and so shows the ends of many
    intervals at once.
    """
    draw = np.random.default_rng(number).random(len(model.cells))
    reach = np.where(model.upper < ENDLESS, np.maximum(model.upper, 1), np.inf)
    return Program(model, costs=-(1 + _SPREAD * draw) / reach)
