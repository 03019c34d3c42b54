"""The noise is what it says: its distribution, the promise of epsilon, its margins, and its keys' numbers."""

import math
import subprocess
import sys
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest

from analysis.findings.privacy import amounts, noise
from analysis.findings.privacy.margins import margin

DRAWS = 60_000


def chance(value: int, scale: float) -> float:
    """What the mechanism promises of one value of noise."""
    q = math.exp(-1 / scale)
    return (1 - q) / (1 + q) * q ** abs(value)


def misfit(noised: list[int], scale: float) -> float:
    """How far draws are from the distribution: chi-squared, in standard deviations above what is expected."""
    edge = round(4 * scale)
    counts = Counter(max(-edge, min(edge, one)) for one in noised)
    tail = 0.5 * (1 - sum(chance(z, scale) for z in range(1 - edge, edge)))
    expected = {z: (tail if abs(z) == edge else chance(z, scale)) for z in range(-edge, edge + 1)}
    squares = sum((counts[z] - len(noised) * p) ** 2 / (len(noised) * p) for z, p in expected.items())
    freedom = 2 * edge
    return (squares - freedom) / math.sqrt(2 * freedom)


@pytest.mark.parametrize("scale", ["1", "3", "12.5"])
def test_many_draws_are_distributed_as_the_mechanism_says(scale: str) -> None:
    noised = noise.add_noise([0] * DRAWS, Fraction(scale))
    assert misfit(noised, float(Fraction(scale))) < 6


def test_the_check_of_the_distribution_would_see_a_twentieth_less_noise() -> None:
    noised = noise.add_noise([0] * DRAWS, Fraction(3))
    assert misfit(noised, 3 / 0.95) > 6
    assert misfit([one + 1 if one == 0 else one for one in noised], 3) > 6


def test_two_desks_that_differ_by_a_report_look_alike_up_to_epsilon() -> None:
    epsilon = Fraction("0.5")
    scale = amounts.scale(1, epsilon)
    first = Counter(noise.add_noise([10] * DRAWS, scale))
    second = Counter(noise.add_noise([11] * DRAWS, scale))
    worst = 0.0
    for value in first.keys() & second.keys():
        one, other = first[value], second[value]
        if min(one, other) >= 1000:
            error = math.sqrt(1 / one + 1 / other)
            ratio = abs(math.log(one / other))
            assert ratio < float(epsilon) + 5 * error, value
            worst = max(worst, ratio + 5 * error)
    # It is no more noise than the promise needs: the two are told apart nearly as far as it allows.
    assert worst > float(epsilon)


def test_half_the_noise_would_break_the_promise_of_epsilon() -> None:
    half = amounts.scale(1, Fraction("0.5")) / 2
    first = Counter(noise.add_noise([10] * DRAWS, half))
    second = Counter(noise.add_noise([11] * DRAWS, half))
    broken = [v for v in first if second[v] >= 1000 and abs(math.log(first[v] / second[v])) > 0.8]
    assert broken


def test_opendp_proves_the_epsilon_that_the_ledger_tells() -> None:
    for sensitivity in (1, 2, 7, 11, 64, 255):
        for tables in (1, 3, 7, 30):
            others = {str(number): sensitivity for number in range(tables)}
            share = amounts.shares(Fraction("0.7"), others)["0"]
            assert share == Fraction(700_000 // tables, 1_000_000)
            scale = amounts.scale(sensitivity, share)
            assert noise.keeps(sensitivity, scale, share)
            assert not noise.keeps(sensitivity + 1, scale, share)
            assert sensitivity / scale <= share
            assert float(scale) == scale, "a float holds it exactly"


def test_the_shares_of_tables_never_add_up_to_more_than_epsilon() -> None:
    for tables in (1, 2, 7, 40):
        found = amounts.shares(Fraction(1), {str(number): 1 + number**2 for number in range(tables)})
        assert 1 - Fraction(tables, 1_000_000) <= sum(found.values()) <= 1
        assert sorted(found.values()) == list(found.values()), "more numbers get more of it"


def test_no_two_calls_draw_the_same_noise() -> None:
    drawn = [tuple(noise.add_noise([0] * 50, Fraction(20))) for _ in range(20)]
    assert len(set(drawn)) == 20


def test_noise_is_not_the_same_in_two_processes() -> None:
    code = (
        "from fractions import Fraction; from analysis.findings.privacy.noise import add_noise;"
        " print(add_noise([0] * 50, Fraction(20)))"
    )
    said = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout for _ in "ab"
    }
    assert len(said) == 2


@pytest.mark.parametrize("scale", [Fraction(1), Fraction("5.5"), Fraction(44), Fraction(500)])
def test_the_margin_of_one_number_is_that_of_the_formula(scale: Fraction) -> None:
    q, x = math.exp(-1 / scale), 0
    while 2 * q ** (x + 1) / (1 + q) > 0.05:
        x += 1
    assert margin({scale: 1}) == x


def test_nineteen_of_twenty_sums_of_noise_lie_within_their_margin() -> None:
    few, many = Fraction(3), Fraction(7)
    drawn = np.array(noise.add_noise([0] * 40_000, few)).reshape(-1, 4).sum(axis=1)
    drawn += np.array(noise.add_noise([0] * 20_000, many)).reshape(-1, 2).sum(axis=1)
    bound = margin({few: 4, many: 2})
    inside = float((np.abs(drawn) <= bound).mean())
    assert 0.94 < inside < 0.965
    assert float((np.abs(drawn) <= bound - 2).mean()) < inside


def test_a_number_without_noise_has_no_margin() -> None:
    assert margin({}) == margin({Fraction(3): 0}) == 0


@pytest.mark.parametrize("text", ["0.001", "0.25", "1", "9.999", "10"])
def test_an_epsilon_is_told_as_it_was_asked_for(text: str) -> None:
    assert amounts.text(amounts.parse(text)) == text
    assert amounts.parse(float(text)) == Fraction(text)


@pytest.mark.parametrize("value", [0, -1, 10.001, 0.0001, True, None, math.inf, math.nan, "x", []])
def test_what_is_no_epsilon_is_refused(value: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - it has no words: its caller has them
        amounts.parse(value)
