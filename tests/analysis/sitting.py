"""A person at a terminal of their own: what the real command shows them, and what they type."""

import os
import pty
import re
import select
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from tests.analysis.conftest import COMMAND

SECONDS = 30
_NUMBERED = re.compile(r"\b(\d+)  ([a-z]+)")


class Seat:
    """A terminal on which a command runs; `screen` is all that it showed."""

    def __init__(
        self, *arguments: object, environment: Mapping[str, str], command: Sequence[str] = COMMAND
    ) -> None:
        self.screen = ""
        self._read = 0
        self._pid, self._terminal = pty.fork()
        if not self._pid:
            os.execvpe(command[0], [*command, *map(str, arguments)], dict(environment))  # noqa: S606

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._terminal)

    def until(self, text: str) -> str:
        """What is shown from where the last reading ended up to this text."""
        end = time.monotonic() + SECONDS
        while text not in self.screen[self._read :]:
            assert self._more(end), f"{text!r} was not shown: {self.screen[self._read :]!r}"
        begin, self._read = self._read, self.screen.index(text, self._read) + len(text)
        return self.screen[begin : self._read]

    def answer(self, question: str, typed: str = "") -> str:
        """Waits for a question and types a line; what was shown up to it."""
        shown = self.until(question)
        os.write(self._terminal, f"{typed}\n".encode())
        return shown

    def press(self, character: str) -> None:
        """Types one character, such as that of Ctrl-C."""
        os.write(self._terminal, character.encode())

    def end(self) -> int:
        """The exit status."""
        end = time.monotonic() + SECONDS
        while self._more(end):
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])

    def _more(self, end: float) -> bool:
        ready, _, _ = select.select([self._terminal], [], [], max(0.0, end - time.monotonic()))
        assert ready, f"nothing more came: {self.screen[self._read :]!r}"
        try:
            data = os.read(self._terminal, 65_536)
        except OSError:
            return False
        self.screen += data.decode().replace("\r\n", "\n")
        return bool(data)


def words_on(page: str) -> list[str]:
    """The numbered words that a page shows, in their order."""
    found = {int(number): word for number, word in _NUMBERED.findall(page)}
    assert sorted(found) == list(range(1, len(found) + 1))
    return [found[number] for number in sorted(found)]
