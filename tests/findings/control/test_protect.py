import random
import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.findings.control.attack import attack
from analysis.findings.control.certificate import Knowledge, Need, Witness, verify
from analysis.findings.control.changes import Changes
from analysis.findings.control.errors import PastDiscloses, Unverified
from analysis.findings.control.exact import cheapest
from analysis.findings.control.field import Field
from analysis.findings.control.insider import Insiders
from analysis.findings.control.lattice import Cell, Lattice, Tree
from analysis.findings.control.protect import Protection, protect
from analysis.findings.control.system import Builder, System
from tests.bench.control import draw_table
from tests.findings.control.small import fill, lattice

K = 5
KEY = b"a key of the desk"
COLUMNS = Tree.flat("b", ("b0", "b1", "b2"), root="T")
AREA = Tree("a", "T", {"T": ("x", "y", "z"), "x": ("x1", "x2", "x3"), "y": ("y1", "y2")})


def tree_table(seed: int) -> tuple[Lattice, dict[Cell, int]]:
    """Areas in districts by six kinds."""
    draw = random.Random(seed)
    table = Lattice((AREA, Tree.flat("b", [f"b{i}" for i in range(6)], root="T")))
    return table, fill(table, [draw.choice((0, 1, 2, 4, 7, 12, 20, 33)) for _ in table.leaves])


def needs(counts: dict[Cell, int]) -> dict[Cell, Need]:
    return {cell: Need.of(count, K) for cell, count in counts.items() if 0 < count < K}


def prices(counts: dict[Cell, int]) -> dict[Cell, float]:
    """Margins cost four times as much at each level."""
    return {cell: (count**0.5 + 0.1) * 4 ** cell.count("T") for cell, count in counts.items() if count >= K}


def assert_protected(
    system: System, counts: dict[Cell, int], protection: Protection, insider: int = 3
) -> None:
    """The attack that knows nothing of how it was made finds every target as open as it needs to be."""
    printed = {cell: counts[cell] for cell in prices(counts).keys() - protection.withheld}
    targets = needs(counts)
    for cell, bounds in attack(system, printed, targets).items():
        assert bounds.integer.low <= targets[cell].low, cell
        assert bounds.integer.high is None or bounds.integer.high >= targets[cell].high, cell
    insiders = Insiders(system, system.complete(counts), insider)
    verify(system, system.complete(counts), printed, targets, protection.witnesses, insiders)
    # What insiders know, put in as bounds, leaves each target as open as well.
    for cell in list(targets)[::7]:
        found = attack(system, printed, [cell], lower=insiders(cell))[cell]
        assert found.integer.low <= targets[cell].low
        assert found.integer.high is None or found.integer.high >= targets[cell].high


@pytest.mark.parametrize("seed", range(8))
def test_what_is_withheld_always_passes_the_exact_attack(seed: int) -> None:
    table, counts = tree_table(seed)
    system = System.of(table)
    protection = protect(system, counts, needs(counts), costs=prices(counts), key=KEY)
    assert_protected(system, counts, protection)


@pytest.mark.parametrize("sizes", [(6, 7), (3, 4, 5), (4, 4, 4)], ids=str)
def test_tables_of_two_and_three_dimensions_are_protected(sizes: tuple[int, ...]) -> None:
    table = lattice(*sizes)
    draw = random.Random(1)
    counts = fill(table, [draw.choice((0, 0, 1, 2, 3, 6, 11)) for _ in table.leaves])
    system = System.of(table)
    assert_protected(system, counts, protect(system, counts, needs(counts), costs=prices(counts), key=KEY))


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_any_table_is_protected_or_refused_because_nothing_would_help(data: st.DataObject) -> None:
    area = Tree("a", "T", {"T": ("x", "y"), "x": ("x1", "x2")})
    table = Lattice((area, Tree.flat("b", ("b0", "b1", "b2"), root="T")))
    counts = fill(table, data.draw(st.lists(st.integers(0, 12), min_size=9, max_size=9)))
    system, targets = System.of(table), needs(counts)
    open_cells = [cell for cell in table.cells if cell not in targets and counts[cell]]
    before = set(data.draw(st.lists(st.sampled_from(open_cells), unique=True)) if open_cells else [])
    costs = {cell: price for cell, price in prices(counts).items() if cell not in before}
    known = {cell: counts[cell] for cell in before}
    try:
        protection = protect(system, counts, targets, costs=costs, key=KEY, printed_before=before)
    except PastDiscloses as error:
        assert not is_open(system, counts, known, error.target)  # noqa: PT017 - one of the two must hold
        assert set(error.blocking) <= before  # noqa: PT017 - one of the two must hold
    else:
        known |= {cell: counts[cell] for cell in costs.keys() - protection.withheld}
        assert all(is_open(system, counts, known, cell) for cell in targets)


def is_open(system: System, counts: dict[Cell, int], known: dict[Cell, int], cell: Cell) -> bool:
    """Whether a sensitive cell is as open as it needs to be, to insiders too."""
    need, insiders = Need.of(counts[cell], K), Insiders(system, counts)
    found = attack(system, known, [cell], lower=insiders(cell))[cell].integer
    return found.low <= need.low and (found.high is None or found.high >= need.high)


@pytest.mark.parametrize("insider", [0, 3])
def test_the_cost_stays_near_that_of_the_cheapest_protection(insider: int) -> None:
    ratios = []
    for seed in range(6):
        table, counts = tree_table(seed)
        system, costs = System.of(table), prices(counts)
        found = protect(system, counts, needs(counts), costs=costs, key=KEY, insider=insider)
        best = cheapest(system, counts, needs(counts), costs=costs, insider=insider)
        ratios.append(sum(costs[cell] for cell in found.withheld) / sum(costs[cell] for cell in best))
    assert min(ratios) >= 1 - 1e-9
    assert sorted(ratios)[3] <= 1.2
    assert max(ratios) <= 1.4


def test_the_same_input_withholds_the_same_cells_again() -> None:
    table, counts = tree_table(3)
    system = System.of(table)
    first, second = (protect(system, counts, needs(counts), costs=prices(counts), key=KEY) for _ in range(2))
    assert first == second


def test_another_key_breaks_ties_in_another_way() -> None:
    table = lattice(8, 8)
    counts = fill(table, [3 if i % 9 == 0 else 20 for i in range(64)])
    system = System.of(table)
    patterns = {
        protect(system, counts, needs(counts), costs=prices(counts), key=bytes([i])).withheld
        for i in range(4)
    }
    assert len(patterns) > 1


def test_which_of_two_lanes_is_slower_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.findings.control.field._WORTH_LANES", 0)
    table, counts = draw_table((3, 5, 6), 200, seed=2)
    system, cheapest = System.of(table), Changes.cheapest
    found = []
    for slow in (0, 1):

        def wait(changes: Changes, lane: int, *asked: Any, slow: int = slow) -> Any:
            time.sleep(0.01 * (lane == slow))
            return cheapest(changes, lane, *asked)

        monkeypatch.setattr(Changes, "cheapest", wait)
        found.append(protect(system, counts, needs(counts), costs=prices(counts), key=KEY))
    assert found[0] == found[1]


def test_a_table_without_sensitive_cells_is_printed_whole() -> None:
    table = lattice(3, 3)
    counts = fill(table, [9] * 9)
    assert protect(System.of(table), counts, {}, costs=prices(counts), key=KEY) == Protection(frozenset(), ())


def test_tables_that_share_nothing_are_each_protected() -> None:
    builder = Builder()
    counts: dict[Cell, int] = {}
    for name in "pq":
        table = Lattice((Tree.flat(name, [f"{name}{i}" for i in range(3)], root=f"{name}T"), COLUMNS))
        builder.add_table(table)
        counts |= fill(table, (2, 9, 14, 8, 30, 7, 11, 6, 3))
    system = builder.build()
    protection = protect(system, counts, needs(counts), costs=prices(counts), key=KEY)
    assert {cell[0][0] for cell in protection.withheld} == {"p", "q"}
    assert_protected(system, counts, protection)


def test_a_search_that_forgets_who_was_there_is_stopped_by_its_certificate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = lattice(2, 2)
    counts = fill(table, (1, 1, 1, 1))
    targets = {leaf: Need(0, 2) for leaf in table.leaves}
    margins = {cell: 1.0 for cell in table.cells if "T" in cell}
    monkeypatch.setattr(Field, "_knowledge", lambda self, column: np.zeros_like(self._table))
    with pytest.raises(Unverified, match="does not hold"):
        protect(System.of(table), counts, targets, costs=margins, key=KEY, insider=1)


def test_a_target_that_is_known_already_asks_for_nothing_it_cannot_have() -> None:
    table = lattice(2, 2)
    counts = fill(table, (2, 9, 7, 8))
    before = [cell for cell in counts if cell != ("a0", "b0")]
    told = {("a0", "b0"): Need(2, 2)}
    assert not protect(System.of(table), counts, told, costs={}, key=KEY, printed_before=before).withheld
    for need in (Need(1, 2), Need(2, 3)):
        with pytest.raises(PastDiscloses, match=r"a0\|b0"):
            protect(System.of(table), counts, {("a0", "b0"): need}, costs={}, key=KEY, printed_before=before)


def test_two_small_cells_that_hide_each_other_are_not_enough_against_a_reporter() -> None:
    table = lattice(2, 2)
    counts = fill(table, (1, 1, 1, 1))
    system = System.of(table)
    margins = {cell: 1.0 for cell in table.cells if "T" in cell}
    targets = {leaf: Need(0, 2) for leaf in table.leaves}
    alone = protect(system, counts, targets, costs=margins, key=KEY, insider=0)
    known = protect(system, counts, targets, costs=margins, key=KEY, insider=1)
    assert not alone.withheld
    assert known.withheld


def test_what_the_past_gives_away_is_refused_with_the_cells_that_do() -> None:
    table = lattice(2, 3)
    counts = fill(table, (2, 20, 30, 9, 9, 9))
    before = [("a0", "b1"), ("a0", "b2"), ("a0", "T")]
    costs = {cell: 1.0 for cell in table.cells if cell not in before}
    with pytest.raises(PastDiscloses, match=r"gives away the withheld cell a0\|b0") as refused:
        protect(
            System.of(table), counts, {("a0", "b0"): Need(0, 5)}, costs=costs, key=KEY, printed_before=before
        )
    assert refused.value.target == ("a0", "b0")
    assert set(refused.value.blocking) & set(before)
    assert set(refused.value.blocking) <= set(before)


def test_what_was_printed_before_stays_and_other_cells_give_way() -> None:
    table = lattice(3, 3)
    counts = fill(table, (2, 20, 30, 9, 9, 9, 14, 9, 11))
    system = System.of(table)
    before = [cell for cell in table.cells if "T" in cell]
    costs = {leaf: 1.0 for leaf in table.leaves if counts[leaf] >= K}
    protection = protect(system, counts, needs(counts), costs=costs, key=KEY, printed_before=before)
    assert protection.withheld
    printed = {cell: counts[cell] for cell in {*before, *costs} - protection.withheld}
    assert attack(system, printed, needs(counts))["a0", "b0"].integer.low == 0


def test_answers_that_are_tied_together_are_protected_together() -> None:
    builder = Builder()
    acts = [("hit",), ("shove",), ("curse",)]
    builder.add_any(("any",), acts)
    builder.add_at_most([("any",), ("none",)], ("n",))
    system = builder.build()
    counts = {("hit",): 3, ("shove",): 14, ("curse",): 9, ("any",): 16, ("none",): 24, ("n",): 40}
    costs = {cell: float(count) for cell, count in counts.items() if count >= K}
    protection = protect(system, counts, needs(counts), costs=costs, key=KEY)
    printed = {cell: counts[cell] for cell in costs.keys() - protection.withheld}
    bounds = attack(system, printed, needs(counts))["hit",]
    assert bounds.integer.low == 0
    assert bounds.integer.high is None or bounds.integer.high >= K


@dataclass(frozen=True)
class Proven:
    """A protected table with its certificate, and a check of it with some part changed."""

    system: System
    counts: dict[Cell, int]
    printed: set[Cell]
    targets: dict[Cell, Need]
    witnesses: tuple[Witness, ...]

    def check(self, knowledge: Knowledge = lambda target: {}, **changed: Any) -> None:
        proven = replace(self, **changed)
        verify(proven.system, proven.counts, proven.printed, proven.targets, proven.witnesses, knowledge)

    @property
    def upper(self) -> Witness:
        return next(witness for witness in self.witnesses if not witness.low)


@pytest.fixture(scope="module")
def proven() -> Proven:
    table, counts = tree_table(2)
    system = System.of(table)
    protection = protect(system, counts, needs(counts), costs=prices(counts), key=KEY)
    printed = set(prices(counts)) - protection.withheld
    return Proven(system, counts, printed, needs(counts), protection.witnesses)


def test_a_true_certificate_holds(proven: Proven) -> None:
    proven.check()


def test_a_witness_that_is_missing_is_found(proven: Proven) -> None:
    with pytest.raises(Unverified, match="1 sensitive cells have no witness"):
        proven.check(witnesses=proven.witnesses[1:])


def test_a_table_that_does_not_add_up_is_found(proven: Proven) -> None:
    first = proven.upper
    lie = replace(first, changes={first.target: first.changes[first.target]})
    with pytest.raises(Unverified, match="does not hold"):
        proven.check(witnesses=(lie,))


def test_a_table_that_changes_a_printed_cell_is_found(proven: Proven) -> None:
    moved = next(cell for one in proven.witnesses for cell in one.changes if cell not in proven.targets)
    with pytest.raises(Unverified, match="does not hold"):
        proven.check(printed={*proven.printed, moved})


def test_a_table_that_does_not_go_far_enough_is_found(proven: Proven) -> None:
    with pytest.raises(Unverified, match="does not hold"):
        proven.check(witnesses=(replace(proven.upper, changes={}),))


def test_a_table_that_an_insider_can_rule_out_is_found(proven: Proven) -> None:
    falls = next(cell for one in proven.witnesses for cell, by in one.changes.items() if by < 0)
    with pytest.raises(Unverified, match="does not hold"):
        proven.check(knowledge=lambda target: {falls: proven.counts[falls]})


def test_true_counts_that_do_not_add_up_are_found(proven: Proven) -> None:
    with pytest.raises(Unverified, match="do not add up"):
        proven.check(counts={**proven.counts, ("T", "T"): 1})


def test_insiders_know_of_other_cells_and_not_of_those_that_share_reports() -> None:
    table = lattice(2, 2)
    counts = fill(table, (2, 4, 1, 9))
    known = Insiders(System.of(table), counts)(("a0", "b0"))
    assert known["a0", "b0"] == 0
    assert known["a0", "b1"] == 3
    assert known["a1", "b0"] == 1
    assert known["T", "b0"] == 1
    assert known["T", "T"] == 3
    margin = Insiders(System.of(table), counts)(("T", "b0"))
    assert margin["a0", "b0"] == margin["a1", "b0"] == 0
    assert margin["a0", "T"] == 3
    assert margin["a0", "b1"] == 3


def test_who_is_in_no_part_of_the_tested_cell_knows_of_all_their_own() -> None:
    # The margin has a part in which nobody is: of that row the insiders know as of any other.
    table = lattice(2, 2)
    counts = fill(table, (0, 3, 4, 9))
    known = Insiders(System.of(table), counts)(("T", "b0"))
    assert known["a0", "T"] == 3
    assert known["a1", "T"] == 3
    assert known["a0", "b1"] == 3
    assert known["T", "T"] == 3


def test_insiders_never_know_more_than_the_truth() -> None:
    table, counts = tree_table(5)
    insiders = Insiders(System.of(table), counts)
    for target in needs(counts):
        assert all(number <= counts[cell] for cell, number in insiders(target).items())
