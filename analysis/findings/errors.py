"""The ways in which publishing is refused, one for each thing an organizer can do about it."""

from analysis.errors import AnalysisError


class FindingsError(AnalysisError):
    """Base of every refusal to publish; never raised itself."""


class BadThreshold(FindingsError):
    """The threshold is under the floor that the code keeps."""


class NothingToPublish(FindingsError):
    """The desk holds no questionnaire that this finding can be made from."""


class Unauditable(FindingsError):
    """A questionnaire ties its answers together in a way that the audit does not know."""


class TooFewReports(FindingsError):
    """Fewer reports may be counted than the threshold."""


class Recoverable(FindingsError):
    """A withheld cell could be worked out from the numbers that would be published around it."""


class RefusedRelease(FindingsError):
    """The release's name, date or place to write is not usable."""
