"""What can go wrong at the desk, one class per decision that an organizer takes."""

from analysis.errors import AnalysisError


class DeskError(AnalysisError):
    """Base of the errors of the desk's files and commands; never raised itself."""


class UnreadableFile(DeskError):
    """A file is missing, cannot be read, or is not what it should be."""


class DeskExists(DeskError):
    """A new desk would overwrite something."""


class NotADesk(DeskError):
    """The folder is not a desk, or of a newer version."""


class WrongPassphrase(DeskError):
    """The passphrase does not open the identity."""


class BadShare(DeskError):
    """A word share is mistyped, of another set, or not enough."""


class UnsafePlace(DeskError):
    """A secret would be written where it stays."""


class DamagedDesk(DeskError):
    """A file of the desk is missing, broken, or of another desk."""


class NoReleaseKey(DeskError):
    """The desk has no key yet that signs releases."""


class Busy(DeskError):
    """Another command is changing the desk."""


class ForeignBundle(DeskError):
    """The bundle is not signed by a server that this desk has pinned."""


class DamagedBundle(DeskError):
    """The bundle is not what its server signed."""


class ForkedBundle(DeskError):
    """The bundle contradicts one that came before."""


class Unfinished(DeskError):
    """An import was cut off, so the desk holds part of a bundle."""


class LostWorker(DeskError):
    """A process that opened reports was killed."""


class NotTaken(DeskError):
    """An import found nothing, or left something where it lay."""


class BadForm(DeskError):
    """A form cannot stand in the same database as the forms before it."""


class RewordedForm(DeskError):
    """A form gives other words to codes that the desk knows, and nobody has accepted it."""


class BadMap(DeskError):
    """A mapping file breaks a rule."""


class BadRow(DeskError):
    """A row of a spreadsheet does not fit its mapping."""


class PortInUse(DeskError):
    """The workbench's port is taken."""


class Unwritable(DeskError):
    """The disk is full, or refuses to be written."""
