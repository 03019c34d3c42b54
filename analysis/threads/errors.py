"""What the desk refuses to say to reporters, one class per decision that an organizer takes."""

from analysis.errors import AnalysisError


class ThreadError(AnalysisError):
    """Base of what is refused here; never raised itself."""


class BadText(ThreadError):
    """A message is empty, too long, or holds what nobody can see."""


class NobodyReads(ThreadError):
    """A message has no reader: the report came by no server, or no report matches."""


class TooManyReaders(ThreadError):
    """A message would go to so many that no stick and no small server carries the box."""


class UnknownMessage(ThreadError):
    """There is no such message or canned reply, or it went out already."""


class BadSetting(ThreadError):
    """A setting, a week or an area is not one that there is."""
