"""The boxes in force as the running server reads them: one state of all of them for each request.

Another process puts a new box in the place of an old one. Whoever began to read the old one reads it
to its end, because an open file stays what it was; and a header never goes with another box's buckets.
"""

import hashlib
import logging
import os
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from intake import boxes, desks
from intake.crypto import box
from intake.crypto.box import Header
from intake.crypto.errors import Malformed
from intake.files import open_unnoted

SECONDS_BETWEEN_LOOKS = 1

_log = logging.getLogger("intake.shelf")


class OpenBox:
    """A box that is open; its file is closed when nobody reads it any more."""

    def __init__(self, path: Path) -> None:
        descriptor = open_unnoted(path)
        weakref.finalize(self, os.close, descriptor)
        with os.fdopen(os.dup(descriptor), "rb") as file:
            self.header, begun = box.read_header(file)
        self._descriptor, self._start = descriptor, len(begun)
        found = os.fstat(descriptor)
        self.file = (found.st_dev, found.st_ino)
        if found.st_size != self._start + self.header.buckets * self.header.bucket_length:
            raise Malformed("the box broke off")

    def bucket(self, number: int) -> bytes:
        """One bucket, of a box with as many bits as the number has."""
        length = self.header.bucket_length
        return os.pread(self._descriptor, length, self._start + number * length)


@dataclass(frozen=True, slots=True)
class Boxes:
    """All boxes in force at one moment, in the order of the keys of their desks."""

    opened: Sequence[OpenBox]

    @property
    def headers(self) -> list[Header]:
        """Their headers."""
        return [one.header for one in self.opened]

    @property
    def bits(self) -> int:
        """The bits of a bucket's number: the greatest of all boxes."""
        return max((one.header.bits for one in self.opened), default=0)

    @property
    def array(self) -> bytes:
        """The headers as JSON."""
        return b"[" + b",".join(map(box.serialise_header, self.headers)) + b"]"

    @property
    def epoch(self) -> str:
        """Stands for this state of the boxes: another one has another."""
        return hashlib.sha256(self.array).hexdigest()[:32]

    def buckets(self, number: int) -> list[bytes]:
        """The bucket of each box that has the tags of this number, which has `bits` bits."""
        return [one.bucket(number >> (self.bits - one.header.bits)) for one in self.opened]


class Shelf:
    """Where the boxes of a data directory stand."""

    def __init__(self, data: Path | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._data = data
        self._clock = clock
        self._now = Boxes(())
        self._next_look = clock()
        # Names and numbers of the files of `_now`, and of those that cannot be used.
        self._seen: dict[str, tuple[int, int]] = {}

    def now(self) -> Boxes:
        """For one request; looks for new boxes every second at most."""
        moment = self._clock()
        if self._data and moment >= self._next_look:
            self._next_look = moment + SECONDS_BETWEEN_LOOKS
            seen = _look(self._data)
            if seen != self._seen:
                self._seen = seen
                self._now = Boxes(sorted(self._opened(self._data), key=lambda one: one.header.desk.public))
        return self._now

    def _opened(self, data: Path) -> list[OpenBox]:
        # A file that stays is opened once, so its number cannot be given to another meanwhile.
        known = {one.file: one for one in self._now.opened}
        found, passing = [], []
        for name, file in self._seen.items():
            try:
                one = known.get(file) or OpenBox(data / boxes.FOLDER / name)
            except (OSError, Malformed) as error:
                reason = error.strerror if isinstance(error, OSError) else error
                _log.warning("cannot use %s: %s", data / boxes.FOLDER / name, reason)
                if isinstance(error, OSError):
                    passing.append(name)
                continue
            if boxes.name(one.header.desk) == name:
                found.append(one)
        # Under a flood no file may be left to open: the next look tries once more.
        for name in passing:
            del self._seen[name]
        return found


def _look(data: Path) -> dict[str, tuple[int, int]]:
    """The boxes of desks that are pinned, and which file each is."""
    pinned = {f"{path.stem}{boxes.SUFFIX}" for path in (data / desks.FOLDER).glob("*.pub")}
    found = {}
    for path in (data / boxes.FOLDER).glob(f"*{boxes.SUFFIX}"):
        try:
            state = path.stat()
        except OSError:
            continue
        if path.name in pinned:
            found[path.name] = (state.st_dev, state.st_ino)
    return found
