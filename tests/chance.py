"""Tells an order from none: how far a sequence may rise or fall by chance."""

import math
from collections.abc import Sequence


def tau(values: Sequence[int]) -> float:
    """Kendall's tau between the order of a sequence and its values: 1 when they rise, 0 by chance."""
    pairs = [(one, other) for index, one in enumerate(values) for other in values[index + 1 :]]
    return sum(1 if one < other else -1 for one, other in pairs) / len(pairs)


def noise(count: int) -> float:
    """Five standard deviations of tau among so many values in no order: once in two million times."""
    return 5 * math.sqrt(2 * (2 * count + 5) / (9 * count * (count - 1)))
