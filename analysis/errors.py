"""The base of everything that the desk refuses.

A message is lower case, names the file and the rule it broke, and never quotes the bytes of a
file: they may be somebody's plain words. The hint, where there is one, says what to do next.
"""


class AnalysisError(Exception):
    """Base of the errors of the desk; never raised itself."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
