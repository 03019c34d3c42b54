"""Epsilon and what comes of it: exact numbers, told as decimals, so that budgets add up to the last digit.

    epsilon = thousandths, above 0, 10 at most
    share   = epsilon * weight / all weights, in millionths, rounded down; weight = sensitivity^(2/3)
    scale   = sensitivity / share, in parts of 1024, rounded up; a float holds it exactly

By these weights the squares of all scales add up to least: a table in which a report is in many numbers gets
more of epsilon, and more noise than others all the same.
"""

from collections.abc import Mapping
from fractions import Fraction
from math import ceil, floor

# Beyond, a report would change what is seen by a factor of more than e^10: that is no protection.
MOST = 10
_THOUSANDTHS, _MILLIONTHS, _PARTS = 1000, 1_000_000, 1024


def parse(value: object) -> Fraction:
    """An epsilon of a release file or a ledger; ValueError where it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError
    # repr of a float is the shortest text that means it: what was typed.
    found = Fraction(value if isinstance(value, str) else repr(value))
    if not 0 < found <= MOST or (found * _THOUSANDTHS).denominator != 1:
        raise ValueError
    return found


def text(amount: Fraction) -> str:
    """An amount as a decimal, all of it; ValueError where it has no end."""
    whole, rest = divmod(amount, 1)
    digits = ""
    while rest:
        digit, rest = divmod(rest * 10, 1)
        digits += str(digit)
        if len(digits) > 20:
            raise ValueError
    return f"{whole}.{digits}" if digits else str(whole)


def shares(epsilon: Fraction, sensitivities: Mapping[str, int]) -> dict[str, Fraction]:
    """What each of some tables may spend, never more than epsilon together."""
    weights = {name: Fraction(sensitivity ** (2 / 3)) for name, sensitivity in sensitivities.items()}
    whole = sum(weights.values())
    return {
        name: Fraction(floor(epsilon * weight / whole * _MILLIONTHS), _MILLIONTHS)
        for name, weight in weights.items()
    }


def scale(sensitivity: int, epsilon: Fraction) -> Fraction:
    """The least noise by which numbers spend no more than epsilon, where a report is in so many of them."""
    return Fraction(ceil(sensitivity * _PARTS / epsilon), _PARTS)
