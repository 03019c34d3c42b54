"""The commands that attack published numbers: audit."""

import json
from pathlib import Path

import click

from analysis.options import PATH
from analysis.workbench.marks import visible


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
    from analysis.findings.control.audit import audit as attack

    found = attack(file)
    if as_json:
        click.echo(json.dumps(found.json))
    else:
        for line in found.lines:
            click.echo(visible(line, keep=""))
    context.exit(1 if found.disclosed else 0)


def add_to(group: click.Group) -> None:
    """Adds the commands to those of the desk."""
    group.add_command(audit)
