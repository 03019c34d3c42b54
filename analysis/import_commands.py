"""The commands that bring reports to the desk: import, import-csv."""

import sys
from functools import partial
from pathlib import Path

import click

from analysis import console
from analysis.errors import AnalysisError
from analysis.options import PATH, desk_option, unlocked
from analysis.swap import plain_swaps

processes_option = click.option(
    "--processes",
    type=click.IntRange(1, 256),
    help="How many processes open reports (default: all that help).",
)
accepted_option = click.option(
    "--accept-form",
    "accepted",
    multiple=True,
    metavar="DIGEST",
    help="Take a form that words known answers anew.",
)
form_option = click.option(
    "--form", "form", type=PATH, metavar="FORM", help="The questionnaire, an XLSForm or compiled."
)
lists_option = click.option(
    "--lists", type=PATH, metavar="DIR", help="The local lists that the questionnaire takes."
)


@click.command("import")
@desk_option
@click.argument("paths", type=PATH, metavar="PATH...", nargs=-1, required=True)
@processes_option
@form_option
@lists_option
@accepted_option
@click.pass_context
def import_paths(
    context: click.Context,
    path: Path,
    paths: tuple[Path, ...],
    processes: int | None,
    form: Path | None,
    lists: Path | None,
    accepted: tuple[str, ...],
) -> None:
    """Take sealed reports: courier bundles, sealed files, batches of them, or folders that hold any of these.

    A bundle is a folder such as witnessbox-000001; a sealed file ends in .age; a batch is a file such as
    witnessbox-batch-0123456789abcdef.tar. What is here already is not added again. What cannot be taken is
    told of and stays where it lies, and the exit status is then 1.

    --form makes a questionnaire known that no bundle brought.
    """
    from analysis import archive, importing

    console.warn_of_swap(sys.stderr, plain_swaps())
    wanted = importing.Wanted(paths, processes, form, lists, accepted)
    refused = False
    with unlocked(path) as desk, desk.changing():
        archive.sweep(desk)
        for said in importing.take(desk, wanted, console.bars):
            refused |= isinstance(said, AnalysisError)
            if isinstance(said, AnalysisError):
                click.echo(console.explain(said), err=True)
            else:
                click.echo(said)
    context.exit(1 if refused else 0)


@click.command()
@desk_option
@click.argument("map_file", type=PATH, metavar="MAP")
@click.argument("file", type=PATH)
@processes_option
@form_option
@lists_option
@accepted_option
def import_csv(
    path: Path,
    map_file: Path,
    file: Path,
    processes: int | None,
    form: Path | None,
    lists: Path | None,
    accepted: tuple[str, ...],
) -> None:
    """Take the rows of a spreadsheet FILE (CSV) as reports, by the mapping file MAP.

    A row that is at the desk already is not added again. Without --form and --lists, the questionnaire is
    the newest of its name at the desk, else the one that ships.
    """
    from analysis import archive, formfile, outcome, spreadsheet

    rows = spreadsheet.count_rows(file)
    with unlocked(path) as desk, desk.changing(), console.bars() as begin:
        sealed, patterns = begin("Sealing", rows), partial(begin, console.PATTERNS)
        mapping, news = formfile.read_map(desk.database, map_file, formfile.Chosen(form, lists, accepted))
        archive.sweep(desk)
        imported = spreadsheet.import_csv(
            desk, mapping, file, processes=processes, progress=sealed, patterns=patterns
        )
    for line in [*outcome.describe_spreadsheet(imported), *news]:
        click.echo(line)


def add_to(group: click.Group) -> None:
    """Adds the commands to the program."""
    for command in (import_paths, import_csv):
        group.add_command(command)
