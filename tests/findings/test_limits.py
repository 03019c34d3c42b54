"""Numbers that got out as "at least" or "at most": what everybody reckons with from then on."""

import pytest

from analysis.findings.control.attack import attack
from analysis.findings.control.bounds import Interval
from analysis.findings.control.certificate import Need
from analysis.findings.control.system import Builder
from analysis.findings.limits import merged, numbers, of_no_claim, relaxed, within_limits

CELL, OTHER = ("area=north",), ("area=south",)


def test_of_several_claims_the_tightest_ends_stand() -> None:
    claims = [(CELL, Interval(3, None)), (CELL, Interval(0, 9)), (OTHER, Interval(0, 4))]
    assert merged(claims) == {CELL: Interval(3, 9), OTHER: Interval(0, 4)}
    assert merged([*claims, (CELL, Interval(2, 12))])[CELL] == Interval(3, 9)
    assert merged([*claims, (CELL, Interval(5, 7))])[CELL] == Interval(5, 7)


def test_two_claims_that_meet_are_one_number_and_two_that_part_are_refused() -> None:
    assert merged([(CELL, Interval(4, None)), (CELL, Interval(0, 4))]) == {CELL: Interval(4, 4)}
    with pytest.raises(ValueError, match=r"^$"):
        merged([(CELL, Interval(5, None)), (CELL, Interval(0, 4))])


def test_an_end_that_says_something_is_a_number_that_everybody_knows() -> None:
    assert numbers({CELL: Interval(3, 9), OTHER: Interval(0, None)}) == {
        ("area=north", "claim=at_least"): 3,
        ("area=north", "claim=at_most"): 9,
    }
    assert numbers({CELL: Interval(1, None)}) == {("area=north", "claim=at_least"): 1}
    assert numbers({CELL: Interval(0, 0)}) == {("area=north", "claim=at_most"): 0}


@pytest.mark.parametrize(
    "claim", [Interval(1, None), Interval(0, 0), Interval(2, 5), Interval(4, 4)], ids=str
)
def test_an_attack_knows_no_more_and_no_less_than_was_claimed(claim: Interval) -> None:
    builder = Builder()
    builder.add_sum(("all",), [CELL, OTHER])
    limits = {CELL: claim}
    system = within_limits(builder.build(), limits)
    assert len(system.labels) == len(system.cells)
    found = attack(system, {("all",): 20, **numbers(limits)}, [CELL, OTHER])
    high = 20 if claim.high is None else claim.high
    assert found[CELL].integer == Interval(claim.low, high)
    assert found[OTHER].integer == Interval(20 - high, 20 - claim.low)


def test_of_a_claimed_cell_no_more_is_asked_than_can_still_be_had() -> None:
    need = Need(0, 10)
    assert relaxed(need, None) == need
    assert relaxed(need, Interval(3, None)) == Need(3, 10)
    assert relaxed(need, Interval(0, 7)) == Need(0, 7)
    assert relaxed(need, Interval(0, 12)) == need


def test_a_claim_names_the_cell_that_it_is_about() -> None:
    assert of_no_claim(("area=north", "claim=at_most")) == CELL
    assert of_no_claim(CELL) == CELL
