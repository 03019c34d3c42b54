"""The options that commands of the desk share, and what they do with them: unlock a desk."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from analysis import console

if TYPE_CHECKING:
    from analysis.desk import Desk
    from analysis.keyring import AskPassphrase, AskShares

Command = TypeVar("Command", bound=Callable[..., Any])

PATH = click.Path(path_type=Path)
_SHARES = "witnessbox.shares"
folder_option = click.option(
    "--desk", "path", required=True, type=PATH, metavar="DIR", help="The desk's folder."
)


def desk_option(command: Command) -> Command:
    """The desk that a command unlocks, and how: by its passphrase, or by word shares."""
    by_shares = click.option(
        "--shares",
        is_flag=True,
        expose_value=False,
        callback=_remember_shares,
        help="Unlock the desk by word shares instead of its passphrase.",
    )
    return folder_option(by_shares(command))


def _remember_shares(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    context.meta[_SHARES] = wanted


@contextmanager
def unlocked(path: Path, *, warn: bool = True) -> Iterator["Desk"]:
    """The desk while a command uses it; says so first when its keys are about to expire."""
    from analysis.desk import Desk

    with Desk.unlocked(path, *asking()) as desk:
        if warn:
            console.warn_of_age(desk.card.expires, date.today())
        yield desk


def asking() -> tuple["AskPassphrase | None", "AskShares"]:
    """Where the passphrase and the shares come from, as keyring.unlock wants them."""
    from analysis import dictation, terminal

    by_shares = click.get_current_context().meta.get(_SHARES, False)
    return (
        None if by_shares else console.ask_passphrase,
        lambda card: dictation.gather(terminal.asking(), card),
    )
