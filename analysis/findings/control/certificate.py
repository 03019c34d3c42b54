"""The proof that a publication protects its sensitive cells: tables that a stranger cannot rule out.

For each sensitive cell there is a whole table that agrees with everything printed in which the cell is
as low as it has to be able to be, and one in which it is as high. Checking them takes additions only, so this
module uses no solver and shares no code with what found the tables. A certificate holds true counts
(the tables are given as changes to them): it never leaves the desk.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from analysis.findings.control.errors import Unverified
from analysis.findings.control.lattice import Cell
from analysis.findings.control.system import Row, System


@dataclass(frozen=True, slots=True)
class Need:
    """What must remain possible for a sensitive cell: that it is `low` or less, and `high` or more."""

    low: int
    high: int

    @classmethod
    def of(cls, count: int, k: int) -> "Need":
        """Nobody can prove that anybody reported, nor that the cell is small."""
        return cls(0, max(k, count + 1))


@dataclass(frozen=True, slots=True)
class Witness:
    """A table, as its differences from the true one, for one end of one cell's interval."""

    target: Cell
    low: bool
    changes: Mapping[Cell, int]


# What is known of every other cell to those who test a cell: lower bounds, 0 where none is given. They are
# true, so only a cell that changes can go below them.
Knowledge = Callable[[Cell], Mapping[Cell, int]]


def verify(
    system: System,
    values: Mapping[Cell, int],
    printed: Collection[Cell],
    targets: Mapping[Cell, Need],
    witnesses: Collection[Witness],
    knowledge: Knowledge = lambda target: {},
) -> None:
    """Raises Unverified where a witness is no table that agrees with what is printed, or one is missing."""
    true, shown, rows_of = dict(values), frozenset(printed), _rows_of(system)
    if min(true.values()) < 0 or not all(_holds(system, row, true) for row in system.rows):
        raise Unverified("the true counts do not add up")
    covered = set()
    for witness in witnesses:
        by_cell = {cell: by for cell, by in witness.changes.items() if by}
        changed = {cell: true[cell] + by for cell, by in by_cell.items()}
        number = changed.get(witness.target, true[witness.target])
        need, known = targets[witness.target], knowledge(witness.target)
        possible = all(count >= max(0, known.get(cell, 0)) for cell, count in changed.items())
        reaches = number <= need.low if witness.low else number >= need.high
        if not (reaches and possible and shown.isdisjoint(changed) and _adds_nothing(rows_of, by_cell)):
            raise Unverified(f"a witness for {'|'.join(witness.target)} does not hold")
        covered.add((witness.target, witness.low))
    missing = [target for target in targets if not {(target, True), (target, False)} <= covered]
    if missing:
        raise Unverified(f"{len(missing)} sensitive cells have no witness")


def _holds(system: System, row: Row, table: Mapping[Cell, int]) -> bool:
    return sum(sign * table[system.cells[i]] for i, sign in row) == 0


def _adds_nothing(rows_of: Mapping[Cell, Sequence[tuple[int, int]]], changes: Mapping[Cell, int]) -> bool:
    """Whether every row still holds that held before the changes."""
    sums: dict[int, int] = {}
    for cell, by in changes.items():
        for row, sign in rows_of[cell]:
            sums[row] = sums.get(row, 0) + sign * by
    return not any(sums.values())


def _rows_of(system: System) -> dict[Cell, list[tuple[int, int]]]:
    rows: dict[Cell, list[tuple[int, int]]] = {cell: [] for cell in system.cells}
    for number, row in enumerate(system.rows):
        for i, sign in row:
            rows[system.cells[i]].append((number, sign))
    return rows
