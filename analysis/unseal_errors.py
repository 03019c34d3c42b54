"""Why a sealed file did not open: one class per decision a caller takes.

The messages name the rule only. They are printed and kept beside set-aside reports, so they say
nothing of what a file holds.
"""

from analysis.errors import AnalysisError


class UnsealError(AnalysisError):
    """Base of the errors of opening; never raised itself."""


class MalformedFile(UnsealError):
    """It is not an age file, or not in the one allowed form."""


class NotForThisKey(UnsealError):
    """It is sealed to somebody else, or the passphrase is another one."""


class Tampered(UnsealError):
    """It was changed, or cut short, after it was sealed."""


class Truncated(Tampered):
    """It was cut short."""
