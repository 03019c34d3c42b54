"""What is spared by symmetry must change no answer: the same intervals with it and without it."""

import random
from collections.abc import Mapping
from dataclasses import replace

import pytest

from analysis.findings.control.alike import find_alike
from analysis.findings.control.attack import attack
from analysis.findings.control.lattice import Cell, Lattice, Tree
from analysis.findings.control.system import Builder, System
from tests.findings.control.small import brute_force, fill, lattice

TREE = Tree(
    "area",
    "T",
    {
        "T": ("x", "y", "z", "v", "w"),
        **{district: tuple(f"{district}{i}" for i in range(2)) for district in "vz"},
        **{district: tuple(f"{district}{i}" for i in range(4)) for district in "xyw"},
    },
)


def by_names_alone(system: System) -> System:
    """The same system, in which nothing says where to look for what is alike."""
    return replace(system, labels=(), below={})


def sparse(draw: random.Random) -> tuple[System, dict[Cell, int]]:
    """A table of many places with few reports, its slacks and all, and what is printed of it."""
    table = Lattice((TREE, Tree.flat("act", [f"a{i}" for i in range(draw.randint(2, 3))], root="T")))
    leaves = list(table.leaves)
    counts = fill(table, [draw.choice((0, 0, 0, 1, 2, 20)) for _ in leaves])
    builder = Builder()
    builder.add_table(table)
    for node in TREE.nodes:
        if draw.random() < 0.97:
            builder.add_at_most([(node, "a0")], (node, "T"))
    printed = {cell: n for cell, n in counts.items() if n >= 15 and draw.random() < 0.5}
    printed |= {cell: 0 for cell, n in counts.items() if not n and draw.random() < 0.02}
    return builder.build(), printed | {("T", "T"): counts["T", "T"]}


@pytest.mark.parametrize("seed", range(12))
def test_a_sparse_table_has_the_same_intervals_with_every_category_attacked(seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(6):
        system, printed = sparse(draw)
        assert attack(system, printed) == attack(by_names_alone(system), printed)


def test_of_eight_places_that_are_withheld_whole_two_are_attacked() -> None:
    districts = {f"d{i}": tuple(f"d{i}.{j}" for j in range(8)) for i in range(5)}
    table = Lattice((Tree("area", "T", {"T": tuple(districts), **districts}), Tree.flat("act", "abc", "T")))
    system = System.of(table)
    printed = {(district, "T"): 30 + number for number, district in enumerate(districts)}
    # Otherwise acts of which nothing is printed are alike as well.
    printed |= {("T", act): 53 for act in "abc"}
    spared = find_alike(system, printed)
    assert len(spared.empty) == 5 * 6 * 4
    assert len(spared.twins) == 5 * 7 * 4
    left = {spared.twin(i) for i in range(len(system.cells))}
    assert {system.cells[i][0] for i in left} == {"T", *districts, *(f"{name}.0" for name in districts)}


def test_brute_force_finds_the_same_of_rows_that_are_withheld_whole() -> None:
    table = lattice(4, 2)
    counts = fill(table, (3, 1, 0, 1, 1, 0, 0, 0))
    hidden = [cell for cell in table.cells if cell[0] in ("a1", "a2", "a3")]
    system = System.of(table)
    printed = {cell: count for cell, count in counts.items() if cell not in hidden}
    assert find_alike(system, printed).empty
    found = attack(system, printed)
    assert {cell: one.integer for cell, one in found.items()} == brute_force(table, counts, hidden)


def whole_rows() -> tuple[System, dict[Cell, int], list[Cell]]:
    """Five places of which nothing is printed but what they have together."""
    table = lattice(5, 2)
    counts = fill(table, (4, 1, 2, 2, 3, 5, 2, 2, 1, 1))
    system = System.of(table)
    return system, {c: n for c, n in counts.items() if c[0] == "T"}, [c for c in counts if c[0] != "T"]


def test_a_place_of_which_one_number_is_printed_stands_for_itself() -> None:
    system, printed, hidden = whole_rows()
    told = find_alike(system, printed | {("a2", "b0"): 3})
    own = {system.index[cell] for cell in hidden if cell[0] == "a2"}
    assert told.empty
    assert not own & told.empty
    assert not own & told.twins.keys()


@pytest.mark.parametrize(
    "bounds",
    [{"lower": {("a1", "b0"): 2}}, {"upper": {("a1", "b0"): 2}}, {"lower": 1}, {"upper": 9}],
    ids=str,
)
def test_a_place_with_a_bound_of_its_own_stands_for_itself(bounds: Mapping[str, Mapping[Cell, int]]) -> None:
    system, printed, _ = whole_rows()
    own = {i for i, cell in enumerate(system.cells) if cell[0] == "a1"}
    found = find_alike(system, printed, **bounds)
    assert not own & (found.empty | found.twins.keys())
    assert attack(system, printed, **bounds) == attack(by_names_alone(system), printed, **bounds)


def test_a_place_with_a_row_of_its_own_stands_for_itself() -> None:
    builder = Builder()
    builder.add_table(lattice(5, 2))
    # Of the second place it is known that half of it is of each kind.
    builder.add_sum(("half",), [("a1", "b0")])
    builder.add_sum(("half",), [("a1", "b1")])
    system = builder.build()
    printed = {("T", "T"): 23, ("T", "b0"): 12, ("T", "b1"): 11}
    own = {system.index[cell] for cell in system.cells if cell[0] == "a1"}
    found = find_alike(system, printed)
    assert found.empty
    assert not own & (found.empty | found.twins.keys())
    assert attack(system, printed) == attack(by_names_alone(system), printed)


def test_names_that_mislead_spare_nothing() -> None:
    # Every cell claims to be of both places, so neither is a block beside the other.
    system, printed, _ = whole_rows()
    mixed = tuple(tuple(sorted({*one, "a=a0", "a=a1"})) for one in system.labels)
    misled = replace(system, labels=mixed)
    assert attack(misled, printed) == attack(by_names_alone(system), printed)
