"""The commands about the courier and the archive: acknowledge, backup, rebuild, reseal."""

import sys
from functools import partial
from pathlib import Path

import click

from analysis import console
from analysis.options import PATH, asking, desk_option, unlocked
from analysis.swap import plain_swaps


@click.command()
@desk_option
@click.option("--out", required=True, type=PATH, metavar="DIR", help="Where the answer goes: the stick.")
@click.option("--server", metavar="KEY", help="The first digits of the server's key, of several.")
@click.option("--after", type=click.IntRange(0), default=0, metavar="N", help="Give it a number above N.")
def acknowledge(path: Path, out: Path, server: str | None, after: int) -> None:
    """Write what the intake may delete: the bundles that stand here whole.

    The signed file goes back with the courier, and carries the desk's newest keys to the intake.
    """
    from analysis import acknowledging, archive, outcome

    with unlocked(path) as desk, desk.changing():
        archive.sweep(desk)
        said = acknowledging.acknowledge(desk, out, server=server, after=after)
    for line in outcome.describe_acknowledgement(said):
        click.echo(line)


@click.command()
@desk_option
@click.option("--out", required=True, type=PATH, metavar="FILE", help="The sealed file to write.")
def backup(path: Path, out: Path) -> None:
    """Write what the archive does not hold, sealed to the desk's keys.

    Keep it apart from the desk, with a copy of the folder archive: together they make the database anew.
    """
    from analysis import backup as backups

    with unlocked(path) as desk, desk.changing():
        rows = backups.backup(desk, out)
    click.echo(f"wrote {out}: {rows} rows")


@click.command()
@desk_option
@click.option("--backup", "saved", type=PATH, metavar="FILE", help="What the command backup wrote.")
@click.option("--processes", type=click.IntRange(1, 256), help="How many processes open reports.")
def rebuild(path: Path, saved: Path | None, processes: int | None) -> None:
    """Make the database anew from the archive, when it is damaged or lost."""
    from analysis import outcome, rebuilding

    console.warn_of_swap(sys.stderr, plain_swaps())
    passphrase, shares = asking()
    with console.bars() as begin:
        rebuilt = rebuilding.rebuild(
            path,
            passphrase,
            shares,
            saved=saved,
            processes=processes,
            bar=lambda reports: console.progress("Opening", reports),
            patterns=partial(begin, console.PATTERNS),
        )
    for line in outcome.describe_rebuild(rebuilt):
        click.echo(line)


@click.command()
@desk_option
def reseal(path: Path) -> None:
    """Seal the archive anew to the newest keys, so that older ones open nothing of it."""
    from analysis import archive, outcome, resealing

    console.warn_of_swap(sys.stderr, plain_swaps())
    with unlocked(path) as desk, desk.changing():
        archive.sweep(desk)
        with console.progress("Sealing", archive.reports(desk)) as sealed:
            resealed = resealing.reseal(desk, sealed)
    for line in outcome.describe_reseal(resealed):
        click.echo(line)


def add_to(group: click.Group) -> None:
    """Adds the commands to the program."""
    for command in (acknowledge, backup, rebuild, reseal):
        group.add_command(command)
