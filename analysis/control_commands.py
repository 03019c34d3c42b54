"""The commands about published numbers: audit, attack; and claim, restore-ledger, about the ledger."""

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analysis.options import PATH, desk_option, unlocked
from analysis.workbench.marks import visible

if TYPE_CHECKING:
    from analysis.findings.privacy.checking import Checked

_FOREIGN = "files that tell what the ledger does not"


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

    found = attack_file(file)
    if as_json:
        click.echo(json.dumps(found.json))
    else:
        for line in found.lines:
            click.echo(visible(line, keep=""))
    context.exit(1 if found.disclosed else 0)


@click.command()
@click.argument("folders", type=PATH, metavar="RELEASE_DIR...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else.")
@click.pass_context
def attack(context: click.Context, folders: tuple[Path, ...], as_json: bool) -> None:
    """Attack releases as a stranger can: from their public files alone.

    The newest release tells of all before it; older ones given with it must be beginnings of it. Prints
    what the release's own audit.json says. Then every file of every release is held against its ledger. The
    exit status is 1 where a withheld cell can be only one number, and that is not 0; and where a file
    tells something that does not follow from the ledger.

    A release with noise has nothing exact to attack: of that, what was spent of its budgets is checked, and
    every file of the newest.
    """
    from analysis.findings.ledger import remaking
    from analysis.findings.ledger.stranger import read_releases
    from analysis.findings.privacy.checking import check

    if checked := check(folders):
        _show_noised(context, checked, as_json=as_json)
        return
    newest = read_releases(folders)
    found = newest.attack()
    wrong: list[str] = []
    notes: list[str] = []
    for folder in folders:
        own = newest if folder == newest.folder else read_releases([folder])
        compared = remaking.compare(folder, own, found if own is newest else own.attack())
        wrong += compared.wrong
        notes += compared.notes
    if as_json:
        click.echo(json.dumps(found.json | ({"wrong": wrong} if wrong else {})))
    else:
        for line in [*notes, *wrong, f"{_FOREIGN}: {len(wrong)}", *found.lines]:
            click.echo(visible(line, keep=""))
    context.exit(1 if found.disclosed or wrong else 0)


def _show_noised(context: click.Context, checked: "Checked", *, as_json: bool) -> None:
    from analysis.findings.ledger import remaking

    compared = remaking.compare_noised(checked.folder, checked)
    wrong = compared.wrong
    if as_json:
        click.echo(json.dumps(checked.json | ({"wrong": wrong} if wrong else {})))
    else:
        for line in [*compared.notes, *wrong, f"{_FOREIGN}: {len(wrong)}", *checked.lines]:
            click.echo(visible(line, keep=""))
    context.exit(1 if wrong else 0)


@click.command()
@desk_option
@click.option("--release", required=True, type=PATH, metavar="DIR", help="The folder of the last release.")
@click.option(
    "--date", "day", type=click.DateTime(["%Y-%m-%d"]), required=True, help="When the number got out."
)
@click.option("--at-least", "told", flag_value="at_least", help="It got out as: REPORTS or more.")
@click.option("--at-most", "told", flag_value="at_most", help="It got out as: REPORTS or fewer.")
@click.argument("cell", metavar="CELL")
@click.argument("reports", type=click.IntRange(0, 1_000_000_000), metavar="REPORTS")
def claim(path: Path, release: Path, day: datetime, told: str | None, cell: str, reports: int) -> None:
    """Record a number that got out in a talk or in the press, so that later releases allow for it.

    CELL is named as in ledger.jsonl, such as "area=north|batch=2026-1". The ledger is published with the next
    release, and confirms the number: record what everybody can know already, and nothing else.
    """
    from analysis.findings.ledger import claiming, entries

    with unlocked(path) as desk:
        found = claiming.record(desk, release, cell, reports, day.date(), told or entries.REPORTS_ARE)
    click.echo(f"recorded; withheld cells that it gives away: {len(found.disclosed)}")
    for one in found.disclosed:
        click.echo(f"  {visible(entries.cell_name(one), keep='')}")


@click.command("restore-ledger")
@desk_option
@click.option("--never-published", is_flag=True, help="Say that there never was a release of this desk.")
@click.argument("release", type=PATH, metavar="RELEASE_DIR", required=False)
def restore_ledger(path: Path, release: Path | None, *, never_published: bool) -> None:
    """Take the ledger back in from the folder of the last release, after a rebuild without it.

    The release must be signed by the desk's own key. Its batches are counted once more from the archive, and
    unless every number that was printed comes out again, nothing is taken in. Give the very last release:
    nothing can tell that a later one is missing.
    """
    from analysis.findings import recounting
    from analysis.releasekey import read_release_key

    if never_published == bool(release):
        raise click.UsageError("give the folder of the last release, or --never-published")
    with unlocked(path) as desk:
        if not release:
            recounting.forget_nothing(desk)
            click.echo("noted that nothing was ever published")
            return
        key = read_release_key(desk.path, desk.identities).verify_key
        taken = recounting.take_back(desk, release, key)
    click.echo(
        f"took in {taken.lines} lines of the ledger; the last release is {visible(taken.last, keep='')}"
    )
    if taken.batches:
        click.echo(f"counted again: {', '.join(visible(name, keep='') for name in taken.batches)}")


def add_to(group: click.Group) -> None:
    """Adds the commands to those of the desk."""
    for command in (audit, attack, claim, restore_ledger):
        group.add_command(command)
