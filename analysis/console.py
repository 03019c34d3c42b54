"""How the commands talk: passphrases in, progress and errors out."""

import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import TextIO

import click

from analysis.desk_errors import WrongPassphrase
from analysis.errors import AnalysisError
from analysis.workbench.marks import visible

PROGRAM = "witnessbox-analysis"
DAYS_OF_WARNING = 30
# What is worked out of all reports together, at the end of what changes them.
PATTERNS = "Finding patterns"


def ask_passphrase() -> str:
    """The passphrase of a desk: asked on the terminal, or one line of standard input."""
    return _read_passphrase("Passphrase", confirm=False)


def choose_passphrase() -> str:
    """A new passphrase, typed twice on the terminal, or one line of standard input."""
    passphrase = _read_passphrase("New passphrase", confirm=True)
    if not passphrase:
        raise WrongPassphrase("the new passphrase is empty", "several random words make a good one")
    return passphrase


def _read_passphrase(question: str, *, confirm: bool) -> str:
    try:
        if sys.stdin.isatty():
            typed = click.prompt(question, hide_input=True, confirmation_prompt=confirm, err=True)
        else:
            typed = sys.stdin.readline().rstrip("\r\n")
        typed.encode("utf-8")
    except UnicodeError:
        raise WrongPassphrase(
            "the passphrase is not text in UTF-8", "type it in a terminal whose language is set to UTF-8"
        ) from None
    return str(typed)


@contextmanager
def progress(label: str, length: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal's standard error; nothing elsewhere."""
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=length, label=label, file=sys.stderr, hidden=hidden) as bar:
        yield bar.update


@contextmanager
def bars() -> Iterator[Callable[[str, int], Callable[[int], None]]]:
    """Bars, each of which ends where the next begins."""
    with ExitStack() as stack:

        def begin(label: str, length: int) -> Callable[[int], None]:
            stack.close()
            return stack.enter_context(progress(label, length))

        yield begin


def warn_of_swap(screen: TextIO, swaps: Sequence[str]) -> None:
    """Two lines on a terminal when the machine may write its memory to these places; nothing elsewhere."""
    if swaps and screen.isatty():
        places = visible(", ".join(swaps), keep="")
        click.echo(
            f"{PROGRAM}: warning: {places}: swap space that is not encrypted may keep what people wrote\n"
            "hint: turn it off before you go on: swapoff -a",
            file=screen,
        )


def warn_of_age(expires: date, today: date) -> None:
    """Two lines on standard error from a month before the keys expire; nothing until then."""
    left = (expires - today).days
    if left > DAYS_OF_WARNING:
        return
    when = (
        f"expire in {left} day{'s' if left != 1 else ''}, on {expires}"
        if left > 0
        else f"expired on {expires}"
    )
    click.echo(
        f"{PROGRAM}: warning: the keys of this desk {when}\n"
        "hint: make new ones: witnessbox-analysis rotate; the old ones go on opening old reports",
        err=True,
    )


def explain(error: BaseException) -> str:
    """One or two lines that name what was refused; never the words of a file, never a traceback."""
    if isinstance(error, AnalysisError):
        # Names come from sticks and words from forms: a terminal would obey some of their characters.
        message, hint = visible(error.message, keep=""), visible(error.hint or "", keep="")
        return f"{PROGRAM}: error: {message}" + (f"\nhint: {hint}" if hint else "")
    if isinstance(error, OSError) and error.strerror:
        return f"{PROGRAM}: error: {error.filename or 'a file'}: {error.strerror.lower()}"
    # The message of an error that nobody foresaw could quote a report.
    where = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{type(error).__name__} in {Path(where.filename).name}, line {where.lineno}"
    return (
        f"{PROGRAM}: error: this should not happen: {place}\nhint: please report this line; it quotes nothing"
    )
