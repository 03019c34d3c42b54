"""The commands about keys. They parse, call one function and print."""

import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analysis import console
from analysis.options import PATH, Command, asking, desk_option, folder_option, unlocked
from analysis.swap import plain_swaps

if TYPE_CHECKING:
    from analysis.keymaking import Choices, NewKeys
    from analysis.shares import Scheme


def _scheme(context: click.Context, parameter: click.Parameter, text: str | None) -> "Scheme | None":
    from analysis.shares import parse_scheme

    try:
        return parse_scheme(text) if text else None
    except ValueError as error:
        raise click.BadParameter(str(error), context, parameter) from None


def scheme_option(name: str, text: str) -> Callable[[Command], Command]:
    """An option that says how many shares there are, and how many of them open."""
    return click.option(name, "scheme", metavar="K/N", callback=_scheme, help=text)


processes_option = click.option(
    "--processes",
    type=click.IntRange(1, 256),
    help="How many processes open reports (default: all that help).",
)


def key_options(command: Command) -> Command:
    """How new keys are protected."""
    for option in reversed(
        (
            click.option(
                "--passphrase/--no-passphrase",
                default=None,
                help="Protect the keys by a passphrase (default without shares); or not, for trials only.",
            ),
            click.option(
                "--expires-in",
                "days",
                type=click.IntRange(1, 3650),
                default=365,
                show_default=True,
                metavar="DAYS",
                help="After how many days the keys should be replaced.",
            ),
            click.option(
                "--sheets",
                type=PATH,
                metavar="DIR",
                help="Make printable sheets of the shares in a new folder in memory, until the end.",
            ),
            click.option(
                "--lang",
                type=click.Choice(["en", "es"]),
                default="en",
                show_default=True,
                help="The language of the sheets.",
            ),
        )
    ):
        command = option(command)
    return command


@click.command()
@folder_option
@scheme_option("--shares", "Split the keys into N word shares, of which any K open the desk.")
@key_options
def keygen(path: Path, scheme: "Scheme | None", **chosen: Any) -> None:
    """Make a new desk: its keys, and its empty encrypted database.

    The passphrase is asked on the terminal, or read as one line of standard input. With --shares alone there
    is none: the keys are in the sheets that people hold, and nowhere else.
    """
    from analysis import keymaking, terminal

    console.warn_of_swap(sys.stderr, plain_swaps())
    choices = _choices(scheme, **chosen)
    where = terminal.telling() if scheme else terminal.Terminal(sys.stdout, sys.stdin)
    _announce(path, f"made the desk {path}", keymaking.keygen(path, where, choices))
    click.echo(f"give {path / 'desk.pub'} to whoever runs the intake; keep everything else here")


@click.command()
@desk_option
@scheme_option("--new-shares", "Split the new keys into N word shares, of which any K open.")
@key_options
def rotate(path: Path, scheme: "Scheme | None", **chosen: Any) -> None:
    """Make new keys for a desk; the old ones go on opening what was sealed to them.

    The intake seals to the new key as soon as the next acknowledgement brings it the desk's new card.
    """
    from analysis import keymaking, terminal

    console.warn_of_swap(sys.stderr, plain_swaps())
    choices = _choices(scheme, **chosen)
    where = terminal.telling() if scheme else terminal.Terminal(sys.stdout, sys.stdin)
    with unlocked(path, warn=False) as desk:
        new = keymaking.rotate(desk, where, choices)
    _announce(path, f"made new keys for the desk {path}", new)


@click.command()
@desk_option
def keys(path: Path) -> None:
    """List the desk's keys: their age, when they expire, how many reports each opened."""
    from analysis import identities

    with unlocked(path) as desk:
        for line in identities.describe(desk, date.today()):
            click.echo(line)


@click.command()
@desk_option
def rehearse(path: Path) -> None:
    """Prove that the passphrase, or the shares at hand, open the desk. Touches no report."""
    from analysis.rehearsal import rehearse as try_keys

    for line in try_keys(path, *asking()):
        click.echo(line)


@click.command("release-key")
@desk_option
def release_key(path: Path) -> None:
    """Make the key that signs releases, or show the public half of the one that is there.

    Readers check with it that a release is yours. It is made once and stays the same.
    """
    from analysis import releasekey
    from analysis.findings.site.minisign import key_line

    with unlocked(path) as desk, desk.changing():
        made = not releasekey.has_release_key(path)
        if made:
            key = releasekey.make_release_key(path, desk.recipients)
        else:
            key = releasekey.read_release_key(path, desk.identities)
    click.echo("made the key that signs releases" if made else "the key that signs releases is there")
    click.echo(f"public key: {key_line(key.verify_key)}")
    click.echo(
        "publish this line where a stranger cannot change it: in print, in a talk, on other pages of yours"
    )


def _choices(
    scheme: "Scheme | None", passphrase: bool | None, days: int, sheets: Path | None, lang: str
) -> "Choices":
    from analysis.keymaking import Choices

    if sheets and not scheme:
        raise click.UsageError("--sheets needs shares to print")
    if scheme and passphrase is False:
        raise click.UsageError(
            "--no-passphrase leaves the keys open on the disk: shares would protect nothing"
        )
    return Choices(
        scheme is None if passphrase is None else passphrase, scheme, days, lang, sheets, plain_swaps()
    )


def _announce(path: Path, what: str, new: "NewKeys") -> None:
    from analysis import sheets
    from intake.crypto.fingerprint import fingerprint

    click.echo(what)
    click.echo(f"the eight words of its keys: {' '.join(fingerprint(new.public.recipients))}")
    click.echo(f"make new ones by {new.public.life.expires}: witnessbox-analysis rotate")
    if not sheets.has_pdf(new.leaflets):
        click.echo(sheets.NO_PDF)
    file = f"{sheets.NEXT}.pdf" if sheets.has_pdf(new.leaflets) else f"{sheets.NEXT}.html"
    click.echo(f"what to do next stands in {path / file}: print it")


def add_to(group: click.Group) -> None:
    """Adds the commands to the program."""
    for command in (keygen, rotate, keys, rehearse, release_key):
        group.add_command(command)
