"""How the commands talk: passphrases in, progress and errors out."""

import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from analysis.desk_errors import WrongPassphrase
from analysis.errors import AnalysisError

PROGRAM = "witnessbox-analysis"


def ask_passphrase() -> str:
    """The passphrase of a desk: asked on the terminal, or one line of standard input."""
    if sys.stdin.isatty():
        return str(click.prompt("Passphrase", hide_input=True, err=True))
    return sys.stdin.readline().rstrip("\r\n")


def choose_passphrase() -> str:
    """A new passphrase, typed twice on the terminal, or one line of standard input."""
    if sys.stdin.isatty():
        return str(click.prompt("New passphrase", hide_input=True, confirmation_prompt=True, err=True))
    passphrase = sys.stdin.readline().rstrip("\r\n")
    if not passphrase:
        raise WrongPassphrase("the new passphrase is empty", "several random words make a good one")
    return passphrase


@contextmanager
def progress(label: str, length: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal's standard error; nothing elsewhere."""
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=length, label=label, file=sys.stderr, hidden=hidden) as bar:
        yield bar.update


def explain(error: BaseException) -> str:
    """One or two lines that name what was refused; never the words of a file, never a traceback."""
    if isinstance(error, AnalysisError):
        return f"{PROGRAM}: error: {error.message}" + (f"\nhint: {error.hint}" if error.hint else "")
    if isinstance(error, OSError) and error.strerror:
        return f"{PROGRAM}: error: {error.filename or 'a file'}: {error.strerror.lower()}"
    # The message of an error that nobody foresaw could quote a report.
    where = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{type(error).__name__} in {Path(where.filename).name}, line {where.lineno}"
    return (
        f"{PROGRAM}: error: this should not happen: {place}\nhint: please report this line; it quotes nothing"
    )
