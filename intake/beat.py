"""Keeps the times of the data directory's files from telling when a report came.

A file system notes when each file was last written. Only the ISO week of a report may be kept, and
whoever seizes the disk could read there when the newest one came, to the nanosecond. These times
cannot be kept from being noted, but they can be made to mean nothing: once a minute all of them are
set to now, whether something came or not, and again when the server starts and stops. So they tell
the last beat. Only a report of the last seconds, since that beat, can still be seen in them.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from intake import boxes, desks
from intake.repeating import repeating

SECONDS = 60.0
# The databases and their journals; nothing else there is written when a report comes. And what is read for a
# visitor, of which the time is noted as well: the boxes, and the list of the desks' cards.
FILES = ("*.db*", boxes.FOLDER, f"{boxes.FOLDER}/*", desks.FOLDER)


def touch(directory: Path) -> None:
    """Sets the times of the databases, of the boxes, and of their directories to now.

    What is gone by then, or may not be changed, is left: a time that tells too much must not stop a server.
    """
    for path in _found(directory):
        with suppress(OSError):
            os.utime(path, follow_symlinks=False)


def _found(directory: Path) -> Iterator[Path]:
    with suppress(OSError):
        for pattern in FILES:
            yield from directory.glob(pattern)
    # Its time tells when a journal, or the copy for putting a file in order, was made in it.
    yield directory


@contextmanager
def beating(directory: Path, seconds: float = SECONDS) -> Iterator[None]:
    """Touches a directory's files every so many seconds as long as the block lasts.

    At first too, for the times that a server that was killed left; and at last, after which nothing may be
    written.
    """
    touch(directory)
    try:
        with repeating("beat", seconds, partial(touch, directory)):
            yield
    finally:
        touch(directory)
