"""`make bench`: all benchmarks, one after another.

    python -m tests.bench [--json FILE] [--reports N] [--folder DIR] [PART ...]

`N` reports stand at the desk of the patterns, of the workbench and of the release, and go through the legs;
the parts are those of PARTS. FILE keeps the figures of the parts that are not run. DIR takes the temporary
files of all parts; the desks of the workbench and of the release stay there and are used again, and legs that
were cut off go on there. Each part is a process of its own, so that its memory is its own.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection
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
    scale,
    sparse,
    workbench,
)
from tests.bench.table import file_system, machine, save, show

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


PARTS: dict[str, Callable[[int, str], None]] = {
    "intake": lambda *_: intake.run(),
    "scale": lambda *_: scale.run(),
    "noscript": lambda *_: noscript.run(),
    "desk": lambda *_: desk.run(),
    "loose": lambda *_: loose.run(),
    "memory": lambda *_: memory(),
    "legs": legs.run,
    "patterns": lambda reports, _: patterns.run(reports),
    "workbench": workbench.run,
    "release": release.run,
    "control": lambda *_: control.run(),
    "sparse": lambda *_: sparse.run(),
    "boxes": lambda *_: boxes.run(),
    "pages": lambda *_: pages.run(),
}
# What is synced costs nothing in a file system that is memory; these parts sync nothing that they measure.
ANYWHERE = {"control", "sparse", "boxes", "pages"}
IN_MEMORY = {"tmpfs", "ramfs"}


@click.command()
@click.option("--json", "file", type=click.Path(path_type=Path), help="Also write the figures to this file.")
@click.option("--reports", type=click.IntRange(1000), default=REPORTS, show_default=True)
@click.option("--folder", default="", help="Where temporary files lie, and what is used again stays.")
@click.argument("parts", nargs=-1, type=click.Choice(list(PARTS)))
def main(file: Path | None, reports: int, folder: str, parts: tuple[str, ...]) -> None:
    """Prints the figures of all parts, or of some."""
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        # For this process, and for those that it starts.
        folder = os.environ["TMPDIR"] = tempfile.tempdir = str(Path(folder).resolve())
    _check_disk(parts or tuple(PARTS))
    if len(parts) != 1:
        for part in parts or PARTS:
            line = [sys.executable, "-m", "tests.bench", *_options(file, reports, folder), part]
            subprocess.run(line, check=True)
        return
    [part] = parts
    described = machine()
    click.echo(described)
    PARTS[part](reports, folder)
    if file:
        save(file, part, described)


def _check_disk(parts: Collection[str]) -> None:
    kind = file_system()
    if kind in IN_MEMORY and not ANYWHERE.issuperset(parts):
        raise click.ClickException(
            f"{tempfile.gettempdir()} is memory ({kind}), where nothing is durable\n"
            "hint: name a folder on a disk with TMPDIR=DIR, or FOLDER=DIR for make"
        )


def _options(file: Path | None, reports: int, folder: str) -> list[str]:
    return [
        *(["--json", str(file)] if file else []),
        "--reports",
        str(reports),
        *(["--folder", folder] if folder else []),
    ]


if __name__ == "__main__":
    main()
