"""What stops a command of the operator's: a line that says what is wrong, and perhaps one that helps."""


class IntakeError(Exception):
    """An error for the operator, in one line, with a hint where there is one."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint
