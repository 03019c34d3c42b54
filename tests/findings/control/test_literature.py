"""Worked examples of the literature: their tables, and what they say about them."""

import pytest

from analysis.findings.control.bounds import Interval
from analysis.findings.control.certificate import Need
from analysis.findings.control.lattice import Cell
from analysis.findings.control.protect import protect
from analysis.findings.control.system import System
from tests.findings.control.small import attack_hidden, named

# Federal Committee on Statistical Methodology, Statistical Policy Working Paper 22 (second version, 2005),
# chapter II: delinquent children by county and education of the head of household; cells under 5 are
# sensitive, 6 of them.
WP22 = {
    "Alpha": {"Low": 15, "Medium": 1, "High": 3, "Very high": 1},
    "Beta": {"Low": 20, "Medium": 10, "High": 10, "Very high": 15},
    "Gamma": {"Low": 3, "Medium": 10, "High": 10, "Very high": 2},
    "Delta": {"Low": 12, "Medium": 14, "High": 7, "Very high": 2},
}
# The same chapter hides at least two cells in each row and column, and shows by adding up two rows and
# taking away two columns that one of them is given away all the same.
TWO_IN_EACH = [
    *(("Alpha", "Medium"), ("Alpha", "High"), ("Alpha", "Very high")),
    *(("Beta", "Medium"), ("Beta", "High")),
    *(("Gamma", "Low"), ("Gamma", "Very high"), ("Delta", "Low"), ("Delta", "Very high")),
]

# Handbook on Statistical Disclosure Control (second edition, 2024), section 4.2, example 3, from Geurts
# (1992), table 10; the four hidden cells are any that agree with it.
GEURTS = {"1": {"1": 4, "2": 3}, "2": {"1": 2, "2": 1}, "3": {"1": 3, "2": 3}}

# GaussSuppression (Statistics Norway), vignette "Small count frequency table suppression", table 1.
NORWAY = {
    "young": {"Spain": 5, "Iceland": 2, "Portugal": 0},
    "old": {"Spain": 6, "Iceland": 3, "Portugal": 4},
}
NORWAY_HIDDEN = [(age, geo) for age in NORWAY for geo in ("Iceland", "Portugal")]

# easySdcTable, vignette "The problem of singletons and zeros", on what sdcTable hides: data1a and data0a.
SINGLETONS = {
    "r1": {"A": 0, "B": 1, "H": 7, "M": 1, "W": 0},
    "r2": {"A": 2, "B": 0, "H": 0, "M": 2, "W": 8},
}
SINGLETONS_HIDDEN = [("r1", "B"), ("r1", "M"), ("r2", "A"), ("r2", "M"), *(("Total", c) for c in "ABM")]
ZEROS = {"r1": {"A": 5, "B": 0, "H": 7, "M": 0, "W": 9}, "r2": {"A": 5, "B": 9, "H": 9, "M": 5, "W": 8}}
ZEROS_HIDDEN = [(row, column) for row in ZEROS for column in "BM"]


def small(counts: dict[Cell, int], k: int) -> list[Cell]:
    return [cell for cell, count in counts.items() if 0 < count < k]


def test_all_six_primaries_of_working_paper_22_fall_out_of_their_margins() -> None:
    table, counts = named(WP22)
    found = attack_hidden(table, counts, small(counts, 5))
    assert len(found) == 6
    assert all(bounds.integer == Interval(counts[cell], counts[cell]) for cell, bounds in found.items())


def test_two_hidden_cells_in_each_line_of_working_paper_22_protect_nothing() -> None:
    table, counts = named(WP22)
    found = attack_hidden(table, counts, TWO_IN_EACH)
    assert found["Alpha", "Very high"].integer == Interval(1, 1)
    assert found["Alpha", "Very high"].exact
    assert not found["Alpha", "Medium"].exact


def test_working_paper_22_can_be_protected() -> None:
    table, counts = named(WP22)
    targets = {cell: Need.of(counts[cell], 5) for cell in small(counts, 5)}
    costs = {cell: 1.0 + count for cell, count in counts.items() if cell not in targets}
    protection = protect(System.of(table), counts, targets, costs=costs, key=b"key")
    found = attack_hidden(table, counts, [*targets, *protection.withheld])
    for cell, need in targets.items():
        assert found[cell].integer.low == need.low
        assert found[cell].integer.high is None or found[cell].integer.high >= need.high


@pytest.mark.parametrize(
    ("cell", "interval"),
    [
        (("1", "1"), Interval(3, 6)),
        (("1", "2"), Interval(1, 4)),
        (("2", "1"), Interval(0, 3)),
        (("2", "2"), Interval(0, 3)),
    ],
    ids=str,
)
def test_the_handbooks_feasibility_intervals_are_found(cell: Cell, interval: Interval) -> None:
    table, counts = named(GEURTS)
    hidden = [(row, column) for row in "12" for column in "12"]
    found = attack_hidden(table, counts, hidden)[cell]
    assert found.integer == interval
    assert found.linear == (interval.low, interval.high)


def test_cells_that_gauss_suppression_hides_are_not_disclosed_but_narrow() -> None:
    table, counts = named(NORWAY)
    found = attack_hidden(table, counts, NORWAY_HIDDEN)
    assert found["young", "Portugal"].integer == Interval(0, 2)
    assert found["young", "Iceland"].integer == Interval(0, 2)
    assert found["old", "Portugal"].integer == Interval(2, 4)
    assert not any(bounds.exact for bounds in found.values())


def test_two_ones_that_cannot_be_zero_are_disclosed_as_the_vignette_says() -> None:
    table, counts = named(SINGLETONS)
    found = attack_hidden(table, counts, SINGLETONS_HIDDEN, lower=1)
    assert found["r1", "B"].exact
    assert found["r1", "M"].exact
    assert found["r2", "A"].integer == Interval(1, 3)


def test_two_zeros_that_add_up_to_zero_are_disclosed_as_the_vignette_says() -> None:
    table, counts = named(ZEROS)
    found = attack_hidden(table, counts, ZEROS_HIDDEN)
    assert [cell for cell, bounds in found.items() if bounds.exact] == ZEROS_HIDDEN
