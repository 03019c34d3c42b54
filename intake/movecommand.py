"""The command `witnessbox-intake move`: from the files of one machine to a PostgreSQL that several share."""

from pathlib import Path

import click

from intake import directory
from intake.said import count


@click.command("move")
@click.option(
    "--data", type=click.Path(path_type=Path), required=True, help="The data directory of this intake."
)
@click.option(
    "--database",
    metavar="postgresql://...",
    required=True,
    help="The empty PostgreSQL that is to hold the reports; without a password.",
)
def move(data: Path, database: str) -> None:
    """Move the reports to a PostgreSQL, all of them or none; stop the server before.

    The old files stay, under another name. The same command again finishes what was cut off.
    """
    moved = directory.move(data, database)
    rows = moved.rows
    files = [count(rows[name], name.removesuffix("s")) for name in ("reports", "attachments", "bundles")]
    click.echo(f"{moved.database} holds {', '.join(files)}")
    for path in moved.aside:
        click.echo(f"no longer used: {path}; delete it when the server has run with the database")
