"""`make bench`: all benchmarks, one after another.

    python -m tests.bench [--json FILE] [--reports N] [--folder DIR] [PART ...]

`N` reports stand at the desk of the patterns, of the workbench and of the release, and go through the legs;
the parts are those of PARTS. FILE keeps the figures of the parts that are not run.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click

from tests.bench import (
    boxes,
    control,
    desk,
    intake,
    legs,
    loose,
    noscript,
    pages,
    patterns,
    release,
    sparse,
    workbench,
)
from tests.bench.table import machine, save, show

# Four times the reports must not take more memory: it may depend on the batch, not on the number.
COUNTS = (3_000, 12_000)
REPORTS = 100_000


def memory() -> None:
    """Prints the desk's peak memory for two numbers of reports, each in a process of its own."""
    rows = []
    for count in COUNTS:
        command = [sys.executable, "-m", "tests.bench.desk", str(count)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        rows.append([f"{count:,}", *done.stdout.split()])
    show(
        "Desk: peak memory of an import, MiB (the database's cache of 200 MB included)",
        ["reports", "parent", "largest worker"],
        rows,
    )


PARTS: dict[str, Callable[[int], None]] = {
    "intake": lambda _: intake.run(),
    "noscript": lambda _: noscript.run(),
    "desk": lambda _: desk.run(),
    "loose": lambda _: loose.run(),
    "memory": lambda _: memory(),
    "legs": lambda reports: legs.run(reports, click.get_current_context().params["folder"]),
    "patterns": patterns.run,
    "workbench": workbench.run,
    "release": release.run,
    "control": lambda _: control.run(),
    "sparse": lambda _: sparse.run(),
    "boxes": lambda _: boxes.run(),
    "pages": lambda _: pages.run(),
}


@click.command()
@click.option("--json", "file", type=click.Path(path_type=Path), help="Also write the figures to this file.")
@click.option("--reports", type=click.IntRange(1000), default=REPORTS, show_default=True)
@click.option("--folder", default="", help="Where the legs go on after a cut.")
@click.argument("parts", nargs=-1, type=click.Choice(list(PARTS)))
def main(file: Path | None, reports: int, folder: str, parts: tuple[str, ...]) -> None:
    """Prints the figures of all parts, or of some."""
    described = machine()
    click.echo(described)
    for part in parts or PARTS:
        PARTS[part](reports)
        if file:
            # After each, so that one that fails does not take the others' figures along.
            save(file, part, described)


if __name__ == "__main__":
    main()
