"""The command `witnessbox-intake`: parses, calls one function, prints."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from socket import socket as Socket  # noqa: N812  (the option is called so)
from typing import NoReturn

import click

from intake import (
    acknowledge,
    directory,
    export,
    filecommand,
    hosting,
    listening,
    movecommand,
    questionnaire,
    retention,
    said,
    serve,
    status,
)
from intake.crypto.fingerprint import fingerprint
from intake.errors import IntakeError
from intake.forms.errors import RefusedSource
from intake.printing import PAPERS
from intake.settings import FILE, Settings

NAME = "witnessbox-intake"
# Neither success nor an error: the command worked, and somebody is needed.
ALARM_STATUS = 3
DATA = click.option(
    "--data", type=click.Path(path_type=Path), required=True, help="The data directory of this intake."
)

OUT_FOLDER = click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="The folder for the files."
)
PAPER = click.option(
    "--paper", type=click.Choice(list(PAPERS)), default="a4", show_default=True, help="The sheet."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="witnessbox", prog_name=NAME)
def commands() -> None:
    """Takes sealed reports, keeps them, and hands them to the courier. It cannot open one."""


@commands.command("init")
@DATA
@click.option(
    "--desk",
    "desks",
    type=click.Path(path_type=Path),
    required=True,
    multiple=True,
    metavar="DESK.PUB",
    help="The card of a desk that reports are sealed to; once for each desk.",
)
@click.option(
    "--form", "forms", multiple=True, default=("report",), show_default=True, help="A questionnaire to offer."
)
@click.option(
    "--database",
    metavar="postgresql://...",
    help="Keep the reports in this PostgreSQL, which several machines share; without a password.",
)
def init(data: Path, desks: tuple[Path, ...], forms: tuple[str, ...], database: str | None) -> None:
    """Make a new data directory, with a new key that signs bundles.

    It pins the desks: from then on it takes new keys from them alone.
    """
    hosting.check_name(data)
    pinned = directory.make(data, desks, forms, database)
    click.echo(f"made {data}")
    click.echo("it seals reports to these keys; compare the words with those that the desk shows:")
    for card in pinned.cards:
        click.echo(f"  {' '.join(fingerprint(card.recipients))}")
    click.echo(f"take {data / directory.PUBLIC} to the desk, and pin it there")
    click.echo(
        f"edit the lists in {data / directory.LISTS}: areas, agencies, facilities, landlords, help, deadlines"
    )


@commands.command("serve")
@DATA
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, help="The port; 0 takes a free one.")
@click.option(
    "--socket",
    type=click.Path(path_type=Path),
    help="A Unix socket to listen on, in place of an address.",
)
@click.option("--systemd", is_flag=True, help="Listen on the sockets that systemd hands over.")
def serve_command(data: Path, host: str, port: int, socket: Path | None, systemd: bool) -> None:
    """Take reports until Ctrl-C. Logs nothing about visitors.

    Groups in DIR/groups are served beside each other, each at /g/NAME/.
    """
    directories = {base: directory.read(path) for base, path in hosting.find(data).items()}

    def listen() -> list[Socket]:
        if systemd:
            return listening.inherited()
        return [listening.on_path(socket) if socket else listening.on_address(host, port)]

    def ready(places: Sequence[str]) -> None:
        for place in places:
            click.echo(f"taking reports at {place}")

    serve.serve(directories, listen, ready)


@commands.command("export")
@DATA
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="Where the bundle goes: the courier's stick.",
)
@click.option("--again", type=int, metavar="N", help="Write bundle N once more, when it was lost on the way.")
@click.option(
    "--wait",
    type=click.FloatRange(0),
    default=export.PATIENCE,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for another command that is at work here.",
)
def export_command(data: Path, out: Path, again: int | None, wait: float) -> None:
    """Write the reports that are in no bundle yet as a signed bundle."""
    key = directory.read_key(data)
    database = directory.find_database(data)
    retention.check(database, Settings.read(data / FILE).keep_days)
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=0, label="exporting", file=sys.stderr, hidden=hidden) as bar:

        def begin(reports: int) -> None:
            bar.length = reports

        bundle = export.export(
            database,
            out,
            key,
            again=again,
            begin=begin,
            advance=bar.update,
            patience=wait,
            waiting=lambda: click.echo(f"waiting: another command is at work in {database}", err=True),
        )
    if bundle is None:
        click.echo("nothing new to export")
    else:
        more = f", {said.count(bundle.attachments, 'attachment')}" if bundle.attachments else ""
        click.echo(f"{bundle.path}: {said.count(bundle.reports, 'report')}{more}")


@commands.command("acknowledge")
@DATA
@click.argument("file", type=click.Path(path_type=Path))
def acknowledge_command(data: Path, file: Path) -> None:
    """Take what a desk answered, and delete the reports that every desk has.

    FILE came back on the stick: acknowledgement-000001 or a later one.
    """
    server = directory.read_key(data).verify_key
    for line in said.acknowledged(acknowledge.acknowledge(directory.find_database(data), file, server)):
        click.echo(line)


@commands.command("status")
@DATA
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--alarms", is_flag=True, help="Only what needs somebody; exit status 3 when something does.")
def status_command(data: Path, as_json: bool, alarms: bool) -> None:
    """Say what waits here, how old it is, and what needs somebody.

    With --alarms also of the groups in DIR/groups.
    """
    if alarms:
        _alarm(data)
        return
    found = status.read(directory.read(data), retention.utc_today())
    if as_json:
        click.echo(json.dumps(found.to_json(), indent=2, sort_keys=True))
    else:
        for line in status.describe(found):
            click.echo(line)


def _alarm(data: Path) -> None:
    today, lines = retention.utc_today(), []
    for base, path in hosting.find(data).items():
        found = status.alarms(status.read(directory.read(path), today))
        lines += [f"{NAME}: {base}: {line}" if base else f"{NAME}: {line}" for line in found]
    for line in lines:
        click.echo(line)
    if lines:
        sys.exit(ALARM_STATUS)


@commands.command("flyer")
@DATA
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A new folder for the files.")
@click.option("--paper", type=click.Choice(list(PAPERS)), default="a4", show_default=True, help="The sheet.")
@click.option("--discreet", is_flag=True, help="Without what it is about, and without help numbers.")
def flyer_command(data: Path, file: Path, out: Path, paper: str, discreet: bool) -> None:
    """Make a flyer with strips to tear off, as PDF and SVG, one in each language.

    FILE says what stands on it, in TOML; intake/printing/flyerfile.py explains it.
    """
    # What draws them is an extra, which whoever only takes reports need not install.
    from intake.printing import printing

    for path in printing.flyer(directory.read(data), file, out, paper, discreet=discreet):
        click.echo(path)


@commands.command("paper")
@DATA
@click.argument("form")
@OUT_FOLDER
@PAPER
def paper_command(data: Path, form: str, out: Path, paper: str) -> None:
    """Make FORM as a sheet of paper with two sides to tick, as PDF, one in each language.

    Where the form branches at its first question, there is a sheet for each answer.
    """
    from intake.printing import printing

    for path in printing.paper(directory.read(data), form, out, paper):
        click.echo(path)


commands.add_command(questionnaire.form)
commands.add_command(filecommand.file_form)
commands.add_command(movecommand.move)


def main() -> None:
    """Runs the command; an error is one line, perhaps with a hint, and exit status 1."""
    try:
        commands.main(prog_name=NAME, standalone_mode=False)
    except click.UsageError as error:
        error.show()
        sys.exit(error.exit_code)
    except RefusedSource as error:
        _fail(*error.problems, hint=error.hint)
    except IntakeError as error:
        _fail(str(error), hint=error.hint)
    except (click.Abort, KeyboardInterrupt):
        _fail("stopped")


def _fail(*messages: str, hint: str | None = None) -> NoReturn:
    for message in messages:
        click.echo(f"{NAME}: error: {message}", err=True)
    if hint:
        click.echo(f"hint: {hint}", err=True)
    sys.exit(1)
