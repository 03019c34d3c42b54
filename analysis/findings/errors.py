"""The ways in which publishing is refused, one for each thing an organizer can do about it."""

from analysis.errors import AnalysisError


class FindingsError(AnalysisError):
    """Base of every refusal to publish; never raised itself."""


class BadReleaseFile(FindingsError):
    """The release file breaks a rule."""


class BadThreshold(FindingsError):
    """The threshold is under the floor that the code keeps."""


class NothingToPublish(FindingsError):
    """The desk holds no questionnaire that a finding can be made from."""


class Unauditable(FindingsError):
    """A questionnaire ties its answers together in a way that the audit does not know."""


class UnknownTable(FindingsError):
    """The release file names a table that there is not."""


class TooFewReports(FindingsError):
    """A batch would be so small that its numbers point at its reporters."""


class NotToBeNamed(FindingsError):
    """A place that people named may not be printed: too few, or perhaps one hand, are behind it."""


class Overlaps(FindingsError):
    """The period cuts through one that was published: the difference would tell of the few between."""


class Changed(FindingsError):
    """What was published before does not fit what is to be published now."""


class LostLedger(FindingsError):
    """Nobody knows what was published before: the ledger was lost with the database."""


class Recoverable(FindingsError):
    """The attack on what would be published finds a sensitive number after all."""


class RefusedRelease(FindingsError):
    """The release's name or place to write is not usable."""
