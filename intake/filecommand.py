"""The command `witnessbox-intake file-form`: the form as one file, for where there is no server."""

from pathlib import Path

import click

from intake import directory, fileform, filemodes


@click.command("file-form")
@click.option(
    "--data", type=click.Path(path_type=Path), required=True, help="The data directory of this intake."
)
@click.argument("form")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The new file, .html.")
@click.option(
    "--mode",
    type=click.Choice(list(filemodes.MODES)),
    default="web",
    show_default=True,
    help="Where it is used: by one person, by an outreach worker, on a kiosk, or for sheets of paper.",
)
@click.option("--address", default="", help="Your site, https://...: the file then says where to hand in.")
def file_form(data: Path, form: str, output: Path, mode: str, address: str) -> None:
    """Make FORM as one HTML file that works without a network: it locks a report, and saves it as a file.

    The same data directory gives the same file. A file that is there already is compared, never replaced.
    """
    made = fileform.hand_out(directory.read(data), form, output, mode, address)
    click.echo(output)
    click.echo(f"SHA-256 {made.sha256}")
    click.echo(f"it seals to these keys: {' '.join(made.words)}")
    if made.missing:
        click.echo(f"left out: {', '.join(made.missing)}; the pages have no words in it")
