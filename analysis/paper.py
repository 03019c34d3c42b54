"""A folder in memory for filled sheets on their way to a printer.

A share on a disk can be found there long after its file was removed. So the folder must lie on a
file system that has no disk, and no swap space may bring it to one.

/proc/self/mountinfo = lines of: id parent MAJOR:MINOR root place options ... - type source options
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from analysis.desk_errors import UnsafePlace
from analysis.storage import write_file

MOUNTS = Path("/proc/self/mountinfo")
IN_MEMORY = ("tmpfs", "ramfs")
_HINT = "choose a folder in memory: on most systems --sheets /dev/shm/sheets"


def kind(folder: Path, mounts: Path = MOUNTS) -> str | None:
    """The type of the file system that a folder lies on, None when it is not known."""
    device = os.stat(folder).st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines():
        left, _, right = line.partition(" - ")
        if left.split()[2] == number:
            return right.split()[0]
    return None


@contextmanager
def in_memory(folder: Path, swaps: Sequence[str]) -> Iterator[Path]:
    """A folder for secret sheets, which is made, and is gone at the end with all that lies in it.

    Raises UnsafePlace when it lies on a disk or exists already.
    """
    try:
        if kind(folder.resolve().parent) not in IN_MEMORY:
            raise UnsafePlace(f"{folder}: this place is on a disk, and a disk keeps what was removed", _HINT)
        if swaps:
            raise UnsafePlace(
                f"{folder}: what is in memory may be written to swap space that is not encrypted",
                "turn it off before you go on: swapoff -a",
            )
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise UnsafePlace(f"{folder}: {(error.strerror or 'cannot be made').lower()}", _HINT) from None
    try:
        yield folder
    finally:
        for file in folder.iterdir():
            file.unlink()
        with suppress(OSError):
            folder.rmdir()


def put(folder: Path, made: Mapping[str, bytes]) -> None:
    """Writes sheets into the folder."""
    for name, data in made.items():
        write_file(folder / name, data)
