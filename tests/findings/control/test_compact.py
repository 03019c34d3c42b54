"""A system made smaller must say the same of every cell as the whole one."""

import random
from collections.abc import Iterator, Mapping
from itertools import product

import pytest

from analysis.findings.control.attack import attack
from analysis.findings.control.bounds import Bounds
from analysis.findings.control.compact import compact
from analysis.findings.control.errors import Inconsistent
from analysis.findings.control.lattice import Cell, Lattice, Tree
from analysis.findings.control.system import Builder, System
from analysis.findings.control.unknowns import reduce
from tests.findings.control.small import fill, lattice

AREA = Tree("area", "T", {"T": ("x", "y", "z"), "x": ("x1", "x2"), "z": ("z1",)})
ASKED = {"all": ("asked", "not"), "asked": ("yes", "no")}
ACTS = tuple(Tree(f"act{i}", "all", ASKED) for i in range(2))
PAGE = Tree("page", "all", {"all": ("p",)})


def within(node: str, *labels: str) -> Cell:
    """A cell by its place in an area; of the root nothing is said."""
    return tuple(sorted((*labels, *([f"area={node}"] if node != "T" else []))))


def asked_on_one_page(draw: random.Random) -> tuple[System, dict[Cell, int]]:
    """Areas by acts as a desk knows them: everybody was asked, on the one page that there is."""
    builder = Builder()
    for tree in (*ACTS, PAGE):
        builder.add_lattice(Lattice((AREA, tree)))
    for node, i in product(AREA.nodes, range(len(ACTS))):
        builder.add_sum(within(node), [within(node, f"act{i}=asked")])
        builder.add_at_most([within(node, f"act{i}=yes")], within(node))
    system = builder.build()
    counts: dict[Cell, int] = dict.fromkeys(system.cells, 0)
    for leaf in AREA.leaves:
        for _ in range(draw.choice((0, 1, 2, 6))):
            for cell in cells_of_a_report(leaf, draw):
                counts[cell] += 1
    return system, counts


def cells_of_a_report(leaf: str, draw: random.Random) -> Iterator[Cell]:
    """Every cell that one report is counted in."""
    answers = [draw.choice(("yes", "no")) for _ in ACTS]
    own = [f"act{i}={label}" for i, answer in enumerate(answers) for label in ("asked", answer)]
    for node in AREA.path(leaf):
        yield within(node)
        yield from (within(node, label) for label in ("page=p", *own))


def drawn(seed: int) -> tuple[System, dict[Cell, int], list[int]]:
    """A system, what is printed of it, and all that nobody can take for anything but 0."""
    draw = random.Random(seed)
    system, counts = asked_on_one_page(draw)
    nobody = {cell: 0 for cell in system.cells if any(one.endswith("=not") for one in cell)}
    told = {cell: n for cell, n in counts.items() if n and draw.random() < 0.25}
    known = nobody | told | {(): counts[()]}
    bounds = reduce(system, known)
    return system, known, [i for i, most in enumerate(bounds.upper.tolist()) if not most]


@pytest.mark.parametrize("seed", range(30))
def test_every_interval_of_a_smaller_system_is_that_of_the_whole_one(seed: int) -> None:
    system, known, zeros = drawn(seed)
    made = compact(system, zeros)
    told = {made.names[cell]: n for cell, n in known.items() if cell in made.names}
    small = attack(made.system, told | dict.fromkeys(made.zeros, 0))
    nothing = attack(system, known, [system.cells[i] for i in zeros])
    assert all(bounds.integer.high == 0 for bounds in nothing.values())
    whole: dict[Cell, Bounds] = attack(system, known)
    for cell, bounds in whole.items():
        name = made.names.get(cell)
        if name in small:
            assert small[name] == bounds
        else:
            assert bounds.exact
            assert bounds.integer.low == (0 if name is None else told.get(name, 0))


@pytest.mark.parametrize("seed", range(12))
def test_an_attack_finds_the_same_whether_it_makes_the_system_smaller(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    system, known, _ = drawn(seed + 100)
    whole = attack(system, known)
    monkeypatch.setattr("analysis.findings.control.attack.LARGE", 0)
    assert attack(system, known) == whole


@pytest.mark.parametrize(
    "bounds",
    [{"lower": 1}, {"upper": 8}, {"lower": {("a0", "b0"): 2}}, {"upper": {("a0", "b0"): 2}}],
    ids=str,
)
def test_what_is_known_besides_holds_in_a_large_system_too(
    bounds: Mapping[str, Mapping[Cell, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = lattice(3, 3)
    counts = fill(table, range(1, 10))
    system, margins = System.of(table), {cell: n for cell, n in counts.items() if "T" in cell}
    whole = attack(system, margins, **bounds)
    assert whole != attack(system, margins)
    monkeypatch.setattr("analysis.findings.control.attack.LARGE", 0)
    assert attack(system, margins, **bounds) == whole


@pytest.mark.parametrize("seed", range(3))
def test_numbers_that_contradict_each_other_are_found_in_a_smaller_system(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    system, known, _ = drawn(seed)
    monkeypatch.setattr("analysis.findings.control.attack.LARGE", 0)
    with pytest.raises(Inconsistent, match="no table of whole numbers"):
        attack(system, known | {("act0=asked",): known[()] + 1})


def test_what_is_always_equal_has_one_name_and_the_shortest() -> None:
    system, _ = asked_on_one_page(random.Random(1))
    zeros = [i for i, cell in enumerate(system.cells) if any(one.endswith("=not") for one in cell)]
    made = compact(system, zeros)
    for cell in (("area=y", "page=p"), ("act0=asked", "area=y"), ("act1=asked", "area=y"), ("area=y",)):
        assert made.names[cell] == ("area=y",)
    assert made.names["area=z1",] == ("area=z",)
    # One row was for each who did not tick an answer, and one for what that leaves over.
    assert not made.system.slacks
    assert len(made.system.cells) < len(system.cells) / 2


def test_a_part_that_is_its_whole_leaves_nothing_to_the_others() -> None:
    builder = Builder()
    builder.add_sum(("all",), [("own",)])
    builder.add_sum(("all",), [("own",), ("more",), ("rest",)])
    builder.add_sum(("rest",), [("first",), ("second",)])
    system = builder.build()
    made = compact(system, [])
    assert made.names[("own",)] == made.names[("all",)]
    assert made.names.keys().isdisjoint({("more",), ("rest",), ("first",), ("second",)})
    assert made.zeros == frozenset()


def test_rows_in_which_equal_cells_do_not_vanish_are_left_as_they_are() -> None:
    builder = Builder()
    builder.add_sum(("one",), [("two",)])
    builder.add_any(("all",), [("one",), ("two",)])
    system = builder.build()
    made = compact(system, [])
    assert made.system is system
    assert made.names == {cell: cell for cell in system.cells}
