"""The ways in which a ledger, or a release that brings one, is refused."""

from analysis.errors import AnalysisError


class LedgerError(AnalysisError):
    """Base of every refusal of a ledger; never raised itself."""


class BrokenLedger(LedgerError):
    """A line was changed, lost or put in, or is none."""


class BadRelease(LedgerError):
    """A folder is no release, or its files do not belong together."""


class BadClaim(LedgerError):
    """A claim is of no cell that was published about, or of another number than the desk counts."""
