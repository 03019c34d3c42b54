"""What the review refuses, one class per decision that an organizer takes."""

from analysis.errors import AnalysisError


class ReviewError(AnalysisError):
    """Base of what the review refuses; never raised itself."""


class BadName(ReviewError):
    """A reviewer's name, a label or a remark is empty, too long, or holds what nobody can see."""


class UnknownReason(ReviewError):
    """A report is left out for one of a few reasons, and this is none."""


class UnknownReport(ReviewError):
    """A decision is about a report that this desk does not have."""


class UnknownDecision(ReviewError):
    """There is no such decision, or it was undone before, or cannot be."""


class UnknownName(ReviewError):
    """A decision is about names or groups that do not stand as it says."""


class WordsGone(ReviewError):
    """The words of a report were deleted, so nobody writes anew what they said."""


class NotQuotable(ReviewError):
    """The sender, or the rule of two people, does not allow these words to be quoted."""
