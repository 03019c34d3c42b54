"""Adds noise to whole numbers: OpenDP's discrete Laplace mechanism, and nothing of our own making.

    P(noise = z) = (1 - q) / (1 + q) * q^|z|,    q = e^(-1 / scale)

Where one report changes at most `sensitivity` of the numbers, each by one, whoever sees them can tell two
desks apart that differ by that report by a factor of e^(sensitivity / scale) at most (Ghosh, Roughgarden and
Sundararajan 2009; OpenDP samples it exactly, as Canonne, Kamath and Steinke 2020 do, without floating point).

Laplace noise and not Gaussian: its epsilons add up plainly in a ledger that anybody can check, and it needs
no second number for the cases in which it would not hold. What Gaussian noise would gain, where a report is
in many numbers, a limit on how many answers of it count gains too.
"""

from collections.abc import Sequence
from fractions import Fraction
from importlib.metadata import version
from typing import Any

from analysis.findings.privacy.errors import MissingExtra

MECHANISM = "discrete laplace"
_LAST_DIGITS = 1e-14


def check_installed() -> None:
    """Raises MissingExtra, before anything is counted."""
    _library()


def software() -> str:
    """Name and version of what draws the noise."""
    return f"opendp {version('opendp')}"


def keeps(sensitivity: int, scale: Fraction, epsilon: Fraction) -> bool:
    """Whether OpenDP proves its mechanism to spend no more than an epsilon. Raises MissingExtra."""
    proven = float(_mechanism(scale).map(d_in=sensitivity))
    # It divides in floats and rounds upwards: the last digit of 7 / 10 is one too many.
    return proven <= float(epsilon) * (1 + _LAST_DIGITS)


def add_noise(numbers: Sequence[int], scale: Fraction) -> list[int]:
    """The numbers, each with noise of its own. Raises MissingExtra."""
    if not numbers:
        return []
    return [int(one) for one in _mechanism(scale)(list(numbers))]


def _mechanism(scale: Fraction) -> Any:
    domains, measurements, metrics = _library()
    space = domains.vector_domain(domains.atom_domain(T="i64")), metrics.l1_distance(T="i64")
    return measurements.make_laplace(*space, scale=float(scale))


def _library() -> tuple[Any, Any, Any]:
    # An extra, 47 MB to download: nobody else needs it, and nothing else here imports it.
    try:
        from opendp import domains, measurements, metrics
        from opendp.mod import enable_features
    except ImportError:
        raise MissingExtra(
            "numbers with noise need OpenDP, which is not installed", "pip install 'witnessbox[privacy]'"
        ) from None
    # "contrib" is what OpenDP calls parts whose proofs its own reviewers have not signed yet, as this one.
    enable_features("contrib")
    return domains, measurements, metrics
