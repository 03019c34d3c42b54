"""Decides which cells to withhold besides the sensitive ones, so that these cannot be worked out.

Sensitive cells are taken one after another, the hardest first. Where no table agrees with what would be
printed and has the cell as low (or high) as it must be able to be, the cheapest perturbation that does
is looked for, and what it moves is withheld too. Every test leaves a table of whole numbers behind, so
the result is proven by what made it. Then each cell withheld on the way is tried again: it is printed
after all where all tests still pass.

Ties of order and cost are broken by a keyed hash: the same input withholds the same cells, and who knows
this code and not the key cannot simply run it to see which pattern each guess would have made. That
makes it hard to read from the pattern which cells were sensitive; it is no proof that nobody can.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from analysis.findings.control.certificate import Need, Witness, verify
from analysis.findings.control.errors import PastDiscloses
from analysis.findings.control.field import ORDERS, BlockedTarget, Field
from analysis.findings.control.insider import MOST, Insiders
from analysis.findings.control.lattice import Cell
from analysis.findings.control.perturb import STILL, Perturbation
from analysis.findings.control.system import System
from analysis.findings.control.unknowns import reduce

# Up to here it is done in several orders, and the cheapest result is taken.
_SMALL = 150


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
    sparse: bool = False,
) -> Protection:
    """What to withhold so that every target may be as low and as high as it needs.

    `values` are true counts of all cells (slacks may be left out). `costs` are the cells that would be
    printed, and what it costs to withhold each (more than 0); targets among them are withheld at
    once. `printed_before` is known to everyone, zeros that have to be zero among them. All other cells
    are unknown: masked, or without a place in any table. `sparse` says that most counts are near 0: it is
    about speed alone. Raises PastDiscloses, Undecided.
    """
    values = system.complete(values)
    fixed = {cell: values[cell] for cell in printed_before}
    insiders = Insiders(system, values, insider)
    unknowns = reduce(system, fixed)
    free = {int(cell): model for model in unknowns.models for cell in model.cells}
    withheld = {cell for cell in costs if cell in targets}
    witnesses: list[Witness] = []
    for target, need in targets.items():
        if system.index[target] not in free:
            if not need.low >= values[target] >= need.high:
                raise _blocked(system, values, fixed, target, need)
            # It is known, and no more is asked of it: the true table is proof of both ends.
            witnesses += [Witness(target, low, {}) for low in (True, False)]
    sensitive = {system.index[target] for target in targets}
    for model in unknowns.models:
        if sensitive.isdisjoint(model.cells.tolist()):
            continue
        orders = ORDERS if len(model.cells) <= _SMALL else 1
        fields = [
            Field(system, values, model, costs, targets, key, insiders, order, sparse=sparse)
            for order in range(orders)
        ]
        try:
            for field in fields:
                field.protect()
                field.release()
        except BlockedTarget as blocked:
            raise _blocked(system, values, fixed, blocked.target, targets[blocked.target]) from None
        best = min(fields, key=lambda field: field.cost)
        withheld |= best.withheld
        witnesses += best.witnesses
    # Whatever was done above, nothing leaves here that its own certificate does not prove.
    printed = {*printed_before, *costs} - withheld
    verify(system, values, printed, targets, witnesses, insiders)
    return Protection(frozenset(withheld), tuple(witnesses))


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
                    blocking |= {names[i] for i in np.flatnonzero(np.abs(moved) > STILL)} & fixed.keys()
    return PastDiscloses(
        f"what was published before gives away the withheld cell {'|'.join(target)}",
        "leave this table out, or publish it by larger groups",
        target,
        sorted(blocking),
    )
