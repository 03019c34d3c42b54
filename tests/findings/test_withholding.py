"""What is withheld of small tables, in one release and in two, against an attack with insiders among it."""

import random
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from math import sqrt

import pytest

from analysis.findings import withholding
from analysis.findings.control.attack import attack
from analysis.findings.control.certificate import Need
from analysis.findings.control.errors import PastDiscloses, TooLarge
from analysis.findings.control.insider import Insiders
from analysis.findings.control.lattice import Cell, Lattice, Tree
from analysis.findings.control.system import System, is_slack
from analysis.findings.model import Model, Span, system, within
from analysis.findings.task import Task, smaller
from analysis.findings.withholding import printed, withhold

K = 5
AREA = Tree("area", "all", {"all": ("north", "south"), "north": ("n1", "n2", "n3"), "south": ("s1",)})
ACT = Tree.flat("act", ("shout", "push", "grab"), root="all")
AGE = Tree.flat("age", ("young", "old"), root="all")
MODEL = Model({"area": AREA, "act": ACT, "age": AGE}, (("act", "area"), ("act", "age")), ())
FIRST, SECOND, BOTH = Span("1", ("1",)), Span("2", ("2",)), Span("1+2", ("1", "2"))


def counted(seed: int, batch: str) -> dict[Cell, int]:
    """Every cell of a batch, from reports of which some kinds are few."""
    draw = random.Random(seed)
    whole = Lattice((ACT, AGE, AREA))
    leaves = {leaf: draw.choice((0, 0, 1, 2, 4, 9, 15)) for leaf in whole.leaves}
    counts = {whole.shared_name(cell): n for cell, n in whole.aggregate(leaves).items()}
    return {within(cell, batch): counts[cell] for cell in MODEL.cells}


def task(counts: Mapping[Cell, int], span: Span, *spans: Span, before: Mapping[Cell, int]) -> Task:
    """What a release of a span has to protect, after what was printed `before`."""
    whole = system(MODEL, [*spans, span])
    own = {within(cell, span.id) for cell in MODEL.cells}
    cells = [cell for cell in whole.cells if not is_slack(cell)]
    few = [cell for cell in cells if 0 < counts[cell] < K and cell not in before]
    return Task(
        system=whole,
        model=MODEL,
        counts={cell: counts[cell] for cell in cells if counts[cell]},
        printable=frozenset(cell for cell in own if counts[cell] and cell not in before),
        needs={cell: Need.of(counts[cell], K) for cell in few},
        bases=frozenset(),
        known=frozenset(before),
        before=frozenset(before),
        kept=frozenset({within((), span.id)}),
        insider=3,
        key=b"a key of the desk",
    )


def exposed(asked: Task, known: Mapping[Cell, int]) -> list[Cell]:
    """The cells of which anybody who is counted in others learns more than may be."""
    values = {cell: asked.counts.get(cell, 0) for cell in asked.system.cells if not is_slack(cell)}
    insiders = Insiders(asked.system, asked.system.complete(values), asked.insider)
    found = []
    for cell, need in asked.needs.items():
        lower = {one: number for one, number in insiders(cell).items() if not is_slack(one)}
        end = attack(asked.system, known, [cell], lower=lower)[cell].integer
        if end.low > need.low or (end.high is not None and end.high < need.high):
            found.append(cell)
    return found


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_what_is_withheld_of_a_first_release_exposes_nobody(seed: int, sparse: bool) -> None:
    asked = replace(task(counted(seed, "1"), FIRST, before={}), sparse=sparse)
    assert asked.needs
    shown = printed(asked, withhold(asked))
    assert shown.keys() >= asked.kept
    assert shown == {cell: asked.counts[cell] for cell in shown}
    assert not shown.keys() & asked.sensitive
    assert exposed(asked, shown) == []


def two_releases(seed: int) -> tuple[Task, dict[Cell, int]]:
    """A second release of all batches, and what the first one printed."""
    counts = counted(seed, "1") | counted(seed + 100, "2")
    counts |= {
        within(cell, BOTH.id): counts[within(cell, "1")] + counts[within(cell, "2")] for cell in MODEL.cells
    }
    first = task(counts, FIRST, before={})
    before = printed(first, withhold(first))
    return task(counts, BOTH, FIRST, SECOND, before=before), before


@pytest.mark.parametrize("seed", range(4))
def test_what_is_withheld_after_a_release_exposes_nobody_by_the_difference(seed: int) -> None:
    asked, before = two_releases(seed)
    try:
        shown = printed(asked, withhold(asked))
    except PastDiscloses as error:
        kept = {cell: asked.counts[cell] for cell in asked.kept}
        assert error.target in exposed(asked, before | kept)  # noqa: PT017 - one of the two must hold
        assert set(error.blocking) <= asked.before  # noqa: PT017 - one of the two must hold
        return
    assert shown
    assert exposed(asked, before | shown) == []


def test_withheld_cells_are_few_and_the_smallest_that_will_do() -> None:
    worth = {True: 0.0, False: 0.0}
    for seed in range(6):
        asked = task(counted(seed, "1"), FIRST, before={})
        withheld = withhold(asked) - asked.sensitive
        for cell in asked.printable - asked.sensitive:
            worth[cell in withheld] += sqrt(asked.counts[cell])
    assert worth[True] < worth[False] / 2


def test_a_number_that_is_kept_stays_and_others_give_way() -> None:
    asked = task(counted(1, "1"), FIRST, before={})
    free = sorted(withhold(asked) - asked.sensitive)
    kept = 0
    for one in free[:6]:
        again = replace(asked, kept=asked.kept | {one})
        with suppress(PastDiscloses):
            assert one in printed(again, withhold(again))
            kept += 1
    assert kept


def test_a_cell_that_was_pinned_down_before_is_named_with_what_pins_it() -> None:
    asked, _ = two_releases(0)
    new = min(cell for cell in asked.needs if "batch=2" in cell)
    own = tuple(node for node in new if node != "batch=2")
    before = {within(own, "1"), within(own, BOTH.id)}
    late = replace(asked, known=frozenset(before), before=frozenset(before), needs={new: asked.needs[new]})
    with pytest.raises(PastDiscloses, match="what got out before gives away the withheld cell") as refused:
        withhold(late)
    assert refused.value.target == new
    assert refused.value.blocking == tuple(sorted(before))
    assert all("|".join(cell) in refused.value.message for cell in before)


def test_more_work_than_can_be_done_is_refused_before_it_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = task(counted(0, "1"), FIRST, before={})
    withhold(asked)
    monkeypatch.setattr(withholding, "MOST", 10)
    with pytest.raises(TooLarge, match="numbers would have to be protected among"):
        withhold(asked)


@pytest.mark.parametrize("seed", range(4))
def test_a_smaller_task_asks_for_the_same_of_the_same_numbers(seed: int) -> None:
    asked = task(counted(seed, "1"), FIRST, before={})
    small, names = smaller(asked)
    assert small.sparse
    assert len(small.system.cells) < len(asked.system.cells)
    for cell, need in asked.needs.items():
        assert small.counts[names[cell]] == asked.counts[cell]
        assert small.needs[names[cell]] == need
        assert names[cell] not in small.known
    assert small.printable == {names[cell] for cell in asked.printable}
    assert small.kept == {names[cell] for cell in asked.kept}
    found = withhold(small)
    shown = {cell: asked.counts[cell] for cell in asked.printable if names[cell] not in found}
    assert exposed(asked, shown) == []


def test_of_two_equal_cells_the_smaller_task_asks_for_what_both_need() -> None:
    alone = Tree("area", "all", {"all": ("north", "south"), "north": ("n1",)})
    model = Model({"area": alone}, (("area",),), ())
    whole = system(model, [FIRST])
    north, own = within(("area=north",), "1"), within(("area=n1",), "1")
    values = {north: 4, own: 4, within(("area=south",), "1"): 30, within((), "1"): 34}
    asked = replace(
        task(counted(0, "1"), FIRST, before={}),
        system=System(whole.cells, whole.rows, whole.labels, whole.below),
        model=model,
        counts=values,
        printable=frozenset(values),
        needs={north: Need(1, 9), own: Need(0, 7)},
    )
    small, names = smaller(asked)
    assert names[north] == names[own]
    assert small.needs == {names[north]: Need(0, 9)}
