"""What can keep something from being printed."""

from intake.errors import IntakeError


class PrintingError(IntakeError):
    """Something cannot be printed; the message names the file or form and the rule."""
