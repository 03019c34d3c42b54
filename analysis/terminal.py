"""A person at a terminal, or a script at a pipe, to whom the ceremonies of the keys speak.

What is shown in private is on the terminal's second screen, which keeps nothing to scroll back to,
and is cleared when it is left.
"""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

from analysis.desk_errors import BadShare, UnsafePlace

_ENTER = "\033[?1049h\033[H\033[2J"
_LEAVE = "\033[H\033[2J\033[3J\033[?1049l"


@dataclass(frozen=True, slots=True)
class Terminal:
    """Where lines are written, and where they are typed."""

    out: TextIO
    typed: TextIO

    @property
    def interactive(self) -> bool:
        """Whether somebody sits there, who can be told of a mistake and try again."""
        return self.typed.isatty() and self.out.isatty()

    def say(self, text: str = "") -> None:
        """Writes lines for a person to read."""
        self.out.write(f"{text}\n")
        self.out.flush()

    def ask(self, question: str) -> str:
        """A line that is typed; BadShare when the input has ended."""
        if self.interactive:
            self.out.write(question)
            self.out.flush()
        try:
            line = self.typed.readline()
        except UnicodeError:
            raise BadShare("what was typed is not text in UTF-8") from None
        if not line:
            raise BadShare("the input ended before all was typed", "nothing was changed")
        return line.strip()

    @contextmanager
    def private(self) -> Iterator[None]:
        """A screen of its own, cleared at the end; nothing of the kind at a pipe."""
        if not self.interactive:
            yield
            return
        self.out.write(_ENTER)
        try:
            yield
        finally:
            self.out.write(_LEAVE)
            self.out.flush()


def asking() -> Terminal:
    """Where desks are unlocked: standard output stays free for what a command has to say."""
    return Terminal(sys.stderr, sys.stdin)


def telling() -> Terminal:
    """Where shares are shown. UnsafePlace when that is a file, which would keep them."""
    if stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode):
        raise UnsafePlace(
            "word shares would be written to a file on the disk", "run this on a terminal, without > FILE"
        )
    return Terminal(sys.stdout, sys.stdin)
