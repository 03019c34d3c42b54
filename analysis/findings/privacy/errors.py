"""The ways in which a release with noise is refused."""

from analysis.findings.errors import FindingsError


class MissingExtra(FindingsError):
    """OpenDP is not installed."""


class Exclusive(FindingsError):
    """The same reports would be published with exact numbers and with noise."""


class BudgetSpent(FindingsError):
    """A batch would spend more than was set for it."""
