import random
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.findings.control.attack import attack
from analysis.findings.control.bounds import Interval, prove, round_inwards
from analysis.findings.control.errors import Inconsistent
from analysis.findings.control.lattice import Cell, Lattice, Tree
from analysis.findings.control.solver import Sense
from analysis.findings.control.system import Builder, System
from analysis.findings.control.unknowns import reduce
from tests.findings.control.small import attack_hidden, brute_force, fill, lattice, subsets

TOP = ("T", "T")
# A cube of 3 x 3 x 3 with all margins printed, and 6 of its 27 cells.
CUBE = (2, 1, 0, 1, 0, 0, 2, 2, 2, 0, 1, 2, 1, 2, 1, 0, 1, 2, 0, 0, 2, 1, 2, 1, 1, 0, 1)
SHOWN = {("a0", "b0", "c2"), ("a0", "b1", "c1"), ("a0", "b2", "c2")}
SHOWN |= {("a1", "b1", "c2"), ("a1", "b2", "c1"), ("a2", "b1", "c2")}


def assert_exact(table: Lattice, counts: dict[Cell, int], hidden: list[Cell]) -> None:
    found = attack_hidden(table, counts, hidden)
    assert {cell: bounds.integer for cell, bounds in found.items()} == brute_force(table, counts, hidden)
    for bounds in found.values():
        assert bounds.integer.high is not None
        assert bounds.linear[1] is not None
        assert bounds.linear[0] <= bounds.integer.low <= bounds.integer.high <= bounds.linear[1]


@pytest.mark.parametrize("leaves", [(0, 1, 2, 3), (1, 1, 0, 0), (2, 0, 0, 4), (1, 2, 2, 1)], ids=str)
def test_intervals_are_exact_for_every_hidden_set_of_two_by_two(leaves: tuple[int, ...]) -> None:
    table = lattice(2, 2)
    counts = fill(table, leaves)
    for hidden in subsets(cell for cell in table.cells if cell != TOP):
        assert_exact(table, counts, hidden)


def test_intervals_are_exact_for_every_hidden_set_of_two_by_three() -> None:
    table = lattice(2, 3)
    counts = fill(table, (0, 2, 1, 3, 0, 1))
    for hidden in subsets(cell for cell in table.cells if cell != TOP):
        assert_exact(table, counts, hidden)


@pytest.mark.parametrize("seed", range(4))
def test_intervals_are_exact_for_hidden_sets_drawn_from_larger_tables(seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(60):
        table = lattice(*draw.choice([(3, 3), (2, 4), (2, 2, 2)]))
        leaves = len(list(table.leaves))
        split = [draw.randrange(leaves) for _ in range(6)]
        counts = fill(table, [split.count(i) for i in range(leaves)])
        below = [cell for cell in table.cells if set(cell) != {"T"}]
        assert_exact(table, counts, draw.sample(below, draw.randint(1, len(below))))


def test_a_cell_whose_sums_are_all_hidden_has_no_upper_end() -> None:
    table = lattice(2, 2)
    counts = fill(table, (3, 1, 2, 5))
    found = attack_hidden(table, counts, [("a0", "b0"), ("a0", "T"), ("T", "b0"), ("T", "T")])
    assert found["a0", "b0"].integer == Interval(0, None)
    assert found["a0", "b0"].linear == (0.0, None)
    assert found["T", "T"].integer == Interval(8, None)
    assert not found["T", "T"].exact


def test_whole_numbers_give_away_what_linear_bounds_do_not() -> None:
    # Three cells of which each two add up to n - e: so n - e is even, and e can be 1 at least.
    builder = Builder()
    for pair in (("a", "b"), ("b", "c"), ("a", "c")):
        builder.add_sum(("n",), [(pair[0],), (pair[1],), ("e",)])
    found = attack(builder.build(), {("n",): 31}, upper={("e",): 2})
    assert found[("e",)].linear == (0.0, 2.0)
    assert found[("e",)].integer == Interval(1, 1)
    assert found[("e",)].exact


def test_an_end_that_fractions_alone_reach_is_not_believed() -> None:
    # As above with an even n: then e is even too, and 1 is no whole end of it.
    builder = Builder()
    for pair in (("a", "b"), ("b", "c"), ("a", "c")):
        builder.add_sum(("n",), [(pair[0],), (pair[1],), ("e",)])
    found = attack(builder.build(), {("n",): 30}, upper={("e",): 1})
    assert found[("e",)].linear == (0.0, 1.0)
    assert found[("e",)].integer == Interval(0, 0)


def test_a_bound_is_rounded_to_the_first_whole_number_that_it_allows() -> None:
    half = Fraction(5, 2)
    assert (round_inwards(half, Sense.LEAST), round_inwards(half, Sense.GREATEST)) == (3, 2)
    assert round_inwards(Fraction(3), Sense.LEAST) == round_inwards(Fraction(3), Sense.GREATEST) == 3


def test_multipliers_that_say_nothing_prove_no_end_where_there_is_none() -> None:
    builder = Builder()
    builder.add_sum(("n",), [("a",), ("b",)])
    (model,) = reduce(builder.build(), {}).models
    nothing = np.zeros(len(model.known))
    assert prove(model, 0, Sense.GREATEST, nothing) is None
    assert prove(model, 0, Sense.LEAST, nothing) == 0


def test_what_rows_leave_over_is_attacked_by_nobody_who_does_not_ask() -> None:
    builder = Builder()
    builder.add_at_most([("hit",), ("shove",)], ("n",))
    system = builder.build()
    (slack,) = system.slacks
    assert attack(system, {("n",): 9}).keys() == {("hit",), ("shove",)}
    assert attack(system, {("n",): 9}, [slack])[slack].integer == Interval(0, 9)


def test_a_table_of_three_dimensions_can_be_disclosed_by_whole_numbers_alone() -> None:
    table = lattice(3, 3, 3)
    hidden = [leaf for leaf in table.leaves if leaf not in SHOWN]
    found = attack_hidden(table, fill(table, CUBE), hidden)["a2", "b0", "c0"]
    assert found.linear == (0.0, 0.5)
    assert found.integer == Interval(0, 0)
    assert found.exact


def test_zeros_that_are_known_to_be_shown_narrow_the_interval() -> None:
    table = lattice(2, 2)
    counts = fill(table, (2, 1, 1, 6))
    leaves = list(table.leaves)
    assert attack_hidden(table, counts, leaves)["a0", "b0"].integer == Interval(0, 3)
    assert attack_hidden(table, counts, leaves, lower=1)["a0", "b0"].integer == Interval(1, 2)


def test_what_is_known_of_other_cells_narrows_the_interval() -> None:
    table = lattice(2, 2)
    counts = fill(table, (2, 3, 4, 6))
    system = System.of(table)
    known = {cell: counts[cell] for cell in table.cells if "T" in cell}
    found = attack(system, known, [("a0", "b0")], upper={("a0", "b1"): 3, ("a1", "b0"): 5})
    assert found["a0", "b0"].integer == Interval(2, 5)


def test_large_numbers_are_bounded_exactly() -> None:
    table = lattice(2, 3)
    counts = fill(table, (0, 1, 999_999_000, 17, 5, 3))
    hidden = [(row, column) for row in ("a0", "a1") for column in ("b0", "b1")]
    found = attack_hidden(table, counts, hidden)
    assert found["a0", "b1"].integer == Interval(0, 1)
    assert found["a1", "b0"].integer == Interval(16, 17)


@pytest.mark.parametrize("place", [("a0", "b0"), ("T", "T")], ids=str)
def test_numbers_that_contradict_each_other_are_an_error(place: Cell) -> None:
    table = lattice(2, 2)
    counts = fill(table, (3, 1, 2, 5))
    known = {**counts, place: counts[place] + 1}
    del known["a1", "b1"]
    with pytest.raises(Inconsistent, match="no table of whole numbers"):
        attack(System.of(table), known)


def test_a_contradiction_among_whole_numbers_alone_is_found_without_a_target() -> None:
    builder = Builder()
    for pair in (("a", "b"), ("b", "c"), ("a", "c")):
        builder.add_sum(("n",), [(pair[0],), (pair[1],)])
    with pytest.raises(Inconsistent, match="no table of whole numbers"):
        attack(builder.build(), {("n",): 1}, [])


@st.composite
def publications(draw: st.DrawFn) -> tuple[Lattice, dict[Cell, int], list[Cell]]:
    """A table with a tree of two levels, and some hidden cells."""
    area = Tree("a", "T", {"T": ("x", "y"), "x": ("x1", "x2")})
    table = Lattice((area, Tree.flat("b", [f"b{i}" for i in range(draw(st.integers(2, 3)))], root="T")))
    leaves = len([*table.leaves])
    counts = fill(table, draw(st.lists(st.integers(0, 9), min_size=leaves, max_size=leaves)))
    return table, counts, draw(st.lists(st.sampled_from([*table.cells]), min_size=1, unique=True))


@given(publications(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_other_names_and_another_order_change_no_interval(
    publication: tuple[Lattice, dict[Cell, int], list[Cell]], draw: random.Random
) -> None:
    table, counts, hidden = publication
    nodes = [(tree.name, node) for tree in table.trees for node in tree.nodes]
    names = dict(zip(nodes, map(str, draw.sample(range(len(nodes)), len(nodes))), strict=True))

    def rename(cell: Cell) -> Cell:
        return tuple(
            names[tree.name, node] for tree, node in reversed([*zip(table.trees, cell, strict=True)])
        )

    trees = []
    for tree in reversed(table.trees):
        below = {
            names[tree.name, node]: tuple(draw.sample([names[tree.name, c] for c in children], len(children)))
            for node, children in tree.children.items()
        }
        trees.append(Tree(tree.name, names[tree.name, tree.root], below))
    renamed = {rename(cell): count for cell, count in counts.items()}
    before = attack_hidden(table, counts, hidden)
    after = attack_hidden(Lattice(tuple(trees)), renamed, map(rename, hidden))
    assert {rename(cell): bounds for cell, bounds in before.items()} == after


@given(publications(), st.data())
@settings(max_examples=60, deadline=None)
def test_a_further_release_never_widens_an_interval(
    publication: tuple[Lattice, dict[Cell, int], list[Cell]], data: st.DataObject
) -> None:
    table, counts, hidden = publication
    later = data.draw(st.lists(st.sampled_from(hidden), unique=True))
    before = attack_hidden(table, counts, hidden)
    after = attack_hidden(table, counts, [cell for cell in hidden if cell not in later])
    for cell, bounds in after.items():
        assert bounds.integer.low >= before[cell].integer.low
        if before[cell].integer.high is not None:
            assert bounds.integer.high is not None
            assert bounds.integer.high <= before[cell].integer.high


@given(publications())
@settings(max_examples=60, deadline=None)
def test_the_truth_lies_in_every_interval(publication: tuple[Lattice, dict[Cell, int], list[Cell]]) -> None:
    table, counts, hidden = publication
    for cell, bounds in attack_hidden(table, counts, hidden).items():
        assert bounds.integer.low <= counts[cell]
        assert bounds.integer.high is None or counts[cell] <= bounds.integer.high


def test_one_thread_and_several_find_the_same() -> None:
    table = lattice(8, 9, 4)
    draw = random.Random(3)
    counts = fill(table, [draw.choice((0, 1, 2, 5, 9)) for _ in table.leaves])
    known = {cell: count for cell, count in counts.items() if count >= 5 or "T" in cell}
    system = System.of(table)
    assert attack(system, known, threads=1) == attack(system, known, threads=3)
