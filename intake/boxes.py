"""The boxes in force: what each desk says to reporters, one file for each desk.

    boxes/<first 16 digits of the desk's key>.box

A box comes beside an acknowledgement, which names it by its digest. It is copied under another name,
read once more from its first byte to its last, and only then takes the place of the one before: so it
is there as a whole or not at all. When it came says no more than the courier's round does, because
the beat touches these files as it touches the others.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from intake.crypto import box
from intake.crypto.acknowledgement import Acknowledgement, box_name
from intake.crypto.errors import Malformed
from intake.crypto.signing import VerifyKey
from intake.errors import IntakeError
from intake.files import alone, sha256_of, sync_directory

FOLDER = "boxes"
SUFFIX = ".box"
_NAME_DIGITS = 16
_PIECE = 1024 * 1024


class BoxError(IntakeError):
    """The box that came with an acknowledgement cannot be put in force."""


@dataclass(frozen=True, slots=True)
class Staged:
    """A box that is here, whole and right, under another name; `put` gives it its own."""

    partial: Path
    path: Path

    def put(self) -> None:
        """Puts it in the place of the one before; returns when that is durable."""
        self.partial.replace(self.path)
        sync_directory(self.path.parent)


def name(desk: VerifyKey) -> str:
    """The file name of a desk's box."""
    return f"{desk.public.hex()[:_NAME_DIGITS]}{SUFFIX}"


@contextmanager
def staged(data: Path, found: Acknowledgement, stick: Path) -> Iterator[Staged | None]:
    """The box that an acknowledgement names, copied from the folder `stick`; None when it is in force.

    Raises BoxError, and leaves nothing behind, when it is not there or not the one that was meant.
    """
    path = data / FOLDER / name(found.desk)
    if not found.box or _is(path, found.box):
        yield None
        return
    partial = path.with_name(f".{path.name}.partial")
    source = stick / box_name(found.sequence)
    try:
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            _check(source, found)
            _copy(source, partial)
        except OSError as error:
            raise BoxError(f"cannot copy {source} to {path.parent}: {error.strerror}") from None
        if not _is(partial, found.box):
            raise BoxError(f"{source}: changed while it was read", "give this command again")
        yield Staged(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def settle(data: Path, found: Acknowledgement, new: Staged | None) -> bool:
    """Puts what an acknowledgement says of its desk's box in force; whether anything changed.

    It says all: where it names no box, the one before goes.
    """
    if new:
        new.put()
        return True
    path = data / FOLDER / name(found.desk)
    if found.box or not path.exists():
        return False
    path.unlink()
    sync_directory(path.parent)
    return True


def sweep(data: Path, pinned: Sequence[VerifyKey]) -> None:
    """Removes what a killed command left, and the boxes of desks that are not pinned any more."""
    kept = {name(desk) for desk in pinned}
    folder = data / FOLDER
    gone = [
        path for path in (*folder.glob(f"*{SUFFIX}"), *folder.glob(".*.partial")) if path.name not in kept
    ]
    for path in gone:
        path.unlink(missing_ok=True)
    if gone:
        sync_directory(folder)


def sweep_alone(data: Path, pinned: Sequence[VerifyKey]) -> None:
    """The same, when no other command is at work: it may be about to put a box in force."""
    try:
        with alone(data):
            sweep(data, pinned)
    except BlockingIOError:
        return
    except OSError as error:
        raise BoxError(f"cannot clear {data / FOLDER}: {error.strerror}") from None


def _is(path: Path, digest: str) -> bool:
    try:
        return sha256_of(path) == digest
    except OSError:
        return False


def _check(source: Path, found: Acknowledgement) -> None:
    if not source.is_file():
        raise BoxError(
            f"there is no {source}", "the desk's box travels beside its acknowledgement; bring both files"
        )
    try:
        with source.open("rb") as file:
            checked = box.check(file)
    except Malformed as error:
        raise BoxError(f"{source}: {error}", _BRING) from None
    if checked.header.server != found.server:
        raise BoxError(f"{source}: is for another intake", _BRING)
    if checked.header.desk != found.desk:
        raise BoxError(f"{source}: is of another desk than the acknowledgement", _BRING)
    if checked.sha256 != found.box:
        raise BoxError(f"{source}: is another box than the acknowledgement names", _BRING)


_BRING = "bring the box that the desk wrote beside this acknowledgement"


def _copy(source: Path, partial: Path) -> None:
    """Copies a file and returns when the disk has it."""
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with source.open("rb") as file, os.fdopen(descriptor, "wb") as out:
        while piece := file.read(_PIECE):
            out.write(piece)
        out.flush()
        os.fsync(out.fileno())
