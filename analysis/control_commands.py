"""The commands that attack published numbers: audit, attack; and claim, about numbers that leaked."""

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analysis.options import PATH, desk_option, unlocked
from analysis.workbench.marks import visible

if TYPE_CHECKING:
    from analysis.findings.control.audit import Audit


@click.command()
@click.argument("file", type=PATH, metavar="FILE.json")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else.")
@click.pass_context
def audit(context: click.Context, file: Path, as_json: bool) -> None:
    """Attack a table of anyone's: what can be worked out about its hidden cells?

    Prints the exact interval of each, in whole numbers. The exit status is 1 where a sensitive cell can be
    only one number: one that the file names as sensitive, or, where it names none, any hidden cell that is
    not 0. The format stands in analysis/findings/control/AUDIT.md.
    """
    from analysis.findings.control.audit import audit as attack_file

    _show(context, attack_file(file), as_json=as_json)


@click.command()
@click.argument("folders", type=PATH, metavar="RELEASE_DIR...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else.")
@click.pass_context
def attack(context: click.Context, folders: tuple[Path, ...], as_json: bool) -> None:
    """Attack releases as a stranger can: from ledger.jsonl and codebook.json alone.

    The newest release tells of all before it; older ones given with it must be beginnings of it. Prints
    what the release's own audit.json says. The exit status is 1 where a withheld cell can be only one
    number, and that is not 0.

    A release with noise has nothing exact to attack: of that, what was spent of its budgets is checked.
    """
    from analysis.findings.ledger.stranger import read_releases
    from analysis.findings.privacy.checking import check

    checked = check(folders)
    if checked:
        told = [json.dumps(checked.json)] if as_json else checked.lines
        click.echo("\n".join(visible(line, keep="") for line in told))
        return
    _show(context, read_releases(folders).attack(), as_json=as_json)


@click.command()
@desk_option
@click.option("--release", required=True, type=PATH, metavar="DIR", help="The folder of the last release.")
@click.option(
    "--date", "day", type=click.DateTime(["%Y-%m-%d"]), required=True, help="When the number got out."
)
@click.argument("cell", metavar="CELL")
@click.argument("reports", type=click.IntRange(0, 1_000_000_000), metavar="REPORTS")
def claim(path: Path, release: Path, day: datetime, cell: str, reports: int) -> None:
    """Record a number that got out in a talk or in the press, so that later releases allow for it.

    CELL is named as in ledger.jsonl, such as "area=north|batch=2026-1". The ledger is published with the next
    release, and confirms the number: record what everybody can know already, and nothing else.
    """
    from analysis.findings.ledger import claiming, entries

    with unlocked(path) as desk:
        found = claiming.record(desk, release, cell, reports, day.date())
    click.echo(f"recorded; withheld cells that it gives away: {len(found.disclosed)}")
    for one in found.disclosed:
        click.echo(f"  {visible(entries.cell_name(one), keep='')}")


def _show(context: click.Context, found: "Audit", *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(found.json))
    else:
        for line in found.lines:
            click.echo(visible(line, keep=""))
    context.exit(1 if found.disclosed else 0)


def add_to(group: click.Group) -> None:
    """Adds the commands to those of the desk."""
    for command in (audit, attack, claim):
        group.add_command(command)
