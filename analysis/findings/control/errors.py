"""The ways in which disclosure control refuses, one for each thing that can be done about it."""

from collections.abc import Sequence

from analysis.errors import AnalysisError


class ControlError(AnalysisError):
    """Base of every refusal of disclosure control; never raised itself."""


class NotNested(ControlError):
    """A dimension is not a tree, or two tables know it by different trees."""


class Inconsistent(ControlError):
    """The known numbers contradict each other: no table of whole numbers agrees with them."""


class Undecided(ControlError):
    """The solver could not decide a question about whole numbers within its limits."""


class TooLarge(ControlError):
    """More cells would have to be protected together than can be in a reasonable time."""


class Unverified(ControlError):
    """A certificate does not prove what it should."""


class PastDiscloses(ControlError):
    """Whatever is withheld now, what was printed before gives a cell away.

    `target` is the cell, `blocking` the printed cells that pin it down.
    """

    def __init__(
        self, message: str, hint: str, target: tuple[str, ...], blocking: Sequence[tuple[str, ...]]
    ) -> None:
        super().__init__(message, hint)
        self.target = target
        self.blocking = tuple(blocking)


class BadAuditFile(ControlError):
    """A file to audit is not as the format says."""
