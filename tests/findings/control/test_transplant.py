import random

import numpy as np
import pytest

from analysis.findings.control.certificate import Need, verify
from analysis.findings.control.insider import Insiders
from analysis.findings.control.lattice import Cell, Lattice, Tree
from analysis.findings.control.protect import protect
from analysis.findings.control.system import System
from analysis.findings.control.transplant import Change, Transplants
from analysis.findings.control.unknowns import reduce
from tests.findings.control.small import fill
from tests.findings.control.test_protect import KEY, assert_protected, needs, prices

AREA = Tree("a", "T", {"T": ("x", "y"), **{c: tuple(f"{c}{i}" for i in range(12)) for c in "xy"}})
TABLE = Lattice((AREA, Tree.flat("b", ("b0", "b1"), root="T")))
SYSTEM = System.of(TABLE)


def made(changes: dict[Cell, int]) -> tuple[Transplants, dict[Cell, int], Change]:
    """What remembers a change of all cells of a table, and where each cell stands."""
    (model,) = reduce(SYSTEM, {("T", "T"): 100}).models
    place = {SYSTEM.cells[cell]: i for i, cell in enumerate(model.cells)}
    change = np.zeros(len(place), np.int64)
    for cell, by in changes.items():
        change[place[cell]] = by
    return Transplants(SYSTEM, model), place, Change.of(change)


def named(place: dict[Cell, int], change: Change) -> dict[Cell, int]:
    cells = {i: cell for cell, i in place.items()}
    return {cells[i]: by for i, by in zip(change.columns.tolist(), change.by.tolist(), strict=True)}


EXCHANGE = {("x0", "b0"): 2, ("x5", "b0"): -2, ("x0", "b1"): -2, ("x5", "b1"): 2}


def test_what_worked_for_one_station_is_offered_for_the_next() -> None:
    found, place, change = made(EXCHANGE)
    found.remember(place["x0", "b0"], False, change)
    (offer,) = found.offers(place["x1", "b0"], False)
    moved = {("x1", "b0"): 2, ("x5", "b0"): -2, ("x1", "b1"): -2, ("x5", "b1"): 2}
    assert named(place, offer) == moved
    # Of the one that gave, the other way round.
    (offer,) = found.offers(place["x5", "b0"], False)
    assert named(place, offer) == {cell: -by for cell, by in EXCHANGE.items()}


def test_a_change_is_offered_for_the_same_end_of_the_same_kind_alone() -> None:
    found, place, change = made(EXCHANGE)
    found.remember(place["x0", "b0"], False, change)
    assert not list(found.offers(place["x1", "b0"], True))
    assert not list(found.offers(place["x1", "b1"], False))
    assert not list(found.offers(place["y", "b0"], False))


def test_a_change_that_does_not_add_up_elsewhere_is_not_offered() -> None:
    found, place, change = made(EXCHANGE)
    found.remember(place["x0", "b0"], False, change)
    # The station that gave stays under its own command, and no sum of the two commands has changed.
    assert not list(found.offers(place["y1", "b0"], False))


@pytest.mark.parametrize("seed", range(4))
def test_a_sparse_table_is_protected_as_any_other(seed: int) -> None:
    draw = random.Random(seed)
    counts = fill(TABLE, [draw.choice((0, 0, 0, 0, 1, 1, 2, 3, 9)) for _ in TABLE.leaves])
    found = protect(SYSTEM, counts, needs(counts), costs=prices(counts), key=KEY, sparse=True)
    assert_protected(SYSTEM, counts, found)


def test_a_station_takes_from_another_command_what_its_own_has_not() -> None:
    leaves: dict[Cell, int] = {("x0", "b0"): 2, ("y3", "b0"): 40, ("y4", "b1"): 41}
    counts = TABLE.aggregate(leaves)
    targets = {("x0", "b0"): Need.of(2, 5)}
    costs = dict.fromkeys((("T", "T"), ("T", "b0"), ("T", "b1")), 1.0)
    found = protect(SYSTEM, counts, targets, costs=costs, key=KEY, sparse=True)
    assert not found.withheld
    verify(SYSTEM, counts, costs, targets, found.witnesses, Insiders(SYSTEM, counts))
