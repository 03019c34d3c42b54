"""The command `witnessbox-analysis`: reads arguments, calls one function, prints."""

import sys
from datetime import date
from functools import partial
from pathlib import Path

import click

from analysis import (
    console,
    control_commands,
    courier_commands,
    import_commands,
    key_commands,
    reply_commands,
)
from analysis.hardening import harden
from analysis.options import PATH, desk_option
from analysis.options import unlocked as _unlocked
from analysis.swap import plain_swaps

# Commands import what they need when they run: the processes that open reports import this
# module once more, and should not pay for a database that they never touch.


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="witnessbox", prog_name=console.PROGRAM)
def cli() -> None:
    """The desk of Witnessbox: opens sealed reports on a machine without a network.

    Nothing that is unsealed is written to the disk except into the encrypted database.
    """


@cli.command()
@desk_option
@click.argument("server", type=PATH, metavar="SERVER.PUB")
def pin(path: Path, server: Path) -> None:
    """Trust the intake whose public key is in SERVER.PUB.

    Bring the file by another way than the bundles, or compare its digits by telephone.
    """
    from analysis import pinning

    with _unlocked(path) as desk:
        key = pinning.pin(desk, server)
    click.echo(f"pinned the server {key.public.hex()}")


@cli.command("open")
@desk_option
@click.option("--port", type=click.IntRange(0, 65535), default=8787, show_default=True, help="0 takes any.")
def open_workbench(path: Path, port: int) -> None:
    """Show the reports in a browser on this machine, until Ctrl-C.

    Prints an address that opens the workbench once; whoever has not used it sees nothing.
    """
    from analysis.workbench.server import serve

    console.warn_of_swap(sys.stderr, plain_swaps())
    with _unlocked(path) as desk:
        serve(desk, port, click.echo)


@cli.command()
@desk_option
@click.argument("file", type=PATH, metavar="RELEASE.TOML")
@click.option("--out", required=True, type=PATH, metavar="DIR", help="The new folder for the release.")
@click.option("--dry-run", is_flag=True, help="Say what would be withheld and why, or spent; write nothing.")
def publish(path: Path, file: Path, out: Path, *, dry_run: bool) -> None:
    """Write the findings that RELEASE.TOML asks for, of which every number is safe to show.

    A release stands in the desk's ledger for ever. Given again, the same file makes the same release.
    """
    from analysis.findings import publish, releasefile
    from analysis.findings.site.site import build
    from analysis.releasekey import read_release_key
    from analysis.review import consent, retention

    asked = releasefile.read_release_file(file)
    with _unlocked(path) as desk:
        if dry_run:
            click.echo("\n".join(publish.rehearse(desk, asked, out)))
            return
        key = read_release_key(desk.path, desk.identities)
        made = publish.publish(desk, asked, out, lambda release: build(release, key))
        with desk.database.atomic():
            due = retention.find_due(desk.database.conn, date.today())
    for line in publish.describe(made.edition):
        click.echo(line)
    click.echo(f"wrote {made.path}; SHA-256 of its SHA256SUMS: {made.digest}")
    for line in consent.describe_due(due):
        click.echo(line)


@cli.command()
@desk_option
@click.option("--dry-run", is_flag=True, help="Say what is due, and delete nothing.")
@click.option("--counted", is_flag=True, help="The counting is done, though no release was published.")
def purge(path: Path, *, dry_run: bool, counted: bool) -> None:
    """Delete for ever the words that senders asked to have deleted: counted, or kept long enough.

    Their ticks stay. The archive is sealed anew without the words. Cut off, give it again.
    """
    from analysis.review import consent

    with _unlocked(path) as desk, desk.changing(), console.bars() as begin:
        sealed, patterns = begin("Sealing", consent.steps(desk)), partial(begin, console.PATTERNS)
        done = consent.purge(
            desk, date.today(), counted=counted, dry_run=dry_run, progress=sealed, patterns=patterns
        )
    for line in consent.describe(done):
        click.echo(line)


control_commands.add_to(cli)
import_commands.add_to(cli)
courier_commands.add_to(cli)
key_commands.add_to(cli)
reply_commands.add_to(cli)


def main() -> None:
    """The entry point. Exit status 1 for what is refused, 2 for a wrong call, 130 for Ctrl-C."""
    harden()
    try:
        status = cli.main(prog_name=console.PROGRAM, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        status = 130
    except Exception as error:
        click.echo(console.explain(error), err=True)
        status = 1
    sys.exit(status if isinstance(status, int) else 0)


if __name__ == "__main__":
    main()
