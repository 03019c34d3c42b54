"""How the cost of a report grows with the number of reports."""

from collections.abc import Mapping

LIMIT = 1.3


def per_report(seconds: Mapping[int, float], fixed: float) -> dict[int, float]:
    """Microseconds a report at each number of reports, less the seconds that there are without them."""
    return {count: 1e6 * max(took - fixed, 0.0) / count for count, took in seconds.items()}


def growth(costs: Mapping[int, float]) -> float:
    """The most by which a report costs more at a larger number than at some smaller one; 1 when at none.

    A cost that falls as there are more is no growth.
    """
    numbers = sorted(costs)
    ratios = [
        costs[more] / costs[fewer]
        for place, fewer in enumerate(numbers)
        for more in numbers[place + 1 :]
        if costs[fewer] > 0
    ]
    return max([1.0, *ratios])
