"""Puts a new set of key files in the place of the old, so that a kill leaves the one or the other.

    rotation/          a whole set of new files, which appears by one rename; from then on it counts
    rotation/removed   the names of old files that have no successor, one a line

Whoever opens the desk first finishes what a killed rotation left: it moves each file to its place.
Nothing here needs a secret, or opens anything.
"""

import os
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

from analysis.desk_errors import Unwritable
from analysis.storage import built_aside, sync_directory, write_file

FOLDER = "rotation"
REMOVED = "removed"


def replace(desk: Path, files: Mapping[str, bytes], removed: Collection[str] = ()) -> None:
    """Gives the desk these files in the place of those that it has, and removes others; all or nothing."""
    with built_aside(desk / FOLDER) as aside:
        for name, data in files.items():
            write_file(aside / name, data)
        write_file(aside / REMOVED, "".join(f"{name}\n" for name in sorted(removed)).encode("ascii"))
    finish(desk)


def finish(desk: Path) -> None:
    """Moves the files of a rotation that was decided to their places; Unwritable when the disk refuses."""
    staged = desk / FOLDER
    try:
        # Last of all, so that a folder without it has nothing left to say.
        gone = (staged / REMOVED).read_text("ascii").splitlines()
    except FileNotFoundError:
        with suppress(OSError):
            staged.rmdir()
        return
    try:
        _move(staged, desk, gone)
    except OSError as error:
        raise Unwritable(f"{desk}: {(error.strerror or 'cannot be written').lower()}") from None


def _move(staged: Path, desk: Path, gone: Collection[str]) -> None:
    for name in gone:
        (desk / Path(name).name).unlink(missing_ok=True)
    for file in sorted(staged.iterdir()):
        if file.name != REMOVED:
            # Another command may be finishing it too.
            with suppress(FileNotFoundError):
                os.replace(file, desk / file.name)
    sync_directory(desk)
    (staged / REMOVED).unlink(missing_ok=True)
    with suppress(OSError):
        staged.rmdir()
    sync_directory(desk)
