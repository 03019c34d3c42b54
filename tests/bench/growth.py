"""How the cost of a report grows with the number of reports."""

from collections.abc import Mapping

LIMIT = 1.3
# What is left once the fixed seconds are taken off says nothing where it is less than this part of them.
NOISE = 0.1


def per_report(seconds: Mapping[int, float], fixed: float) -> dict[int, float]:
    """Microseconds a report at each number of reports, less the seconds that there are without them.

    A number of reports that takes hardly more than none has no cost here: what is left of it is noise.
    """
    return {
        count: 1e6 * (took - fixed) / count for count, took in seconds.items() if took - fixed > NOISE * fixed
    }


def growth(costs: Mapping[int, float]) -> float | None:
    """The most by which a report costs more at a larger number than at some smaller one; 1 when at none.

    A cost that falls as there are more is no growth. None where there are not two costs to compare.
    """
    numbers = sorted(costs)
    ratios = [
        costs[more] / costs[fewer] for place, fewer in enumerate(numbers) for more in numbers[place + 1 :]
    ]
    return max([1.0, *ratios]) if ratios else None


def times(costs: Mapping[int, float]) -> str:
    """The growth as it is shown; "-" where there is none to tell."""
    grown = growth(costs)
    return "-" if grown is None else f"{grown:.2f}"
