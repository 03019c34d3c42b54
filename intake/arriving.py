"""Sealed files as they come in from elsewhere, alone or in a batch; each is checked from outside.

A report is held in memory until it is whole, an attachment written on as it comes; a batch is never held.
What is no sealed file of ours is named by what it seems to be, and no message quotes it.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from intake.attachments import Attachments, Upload
from intake.crypto.errors import Malformed
from intake.crypto.header import VERSION_LINE
from intake.crypto.shard import ID_LENGTH
from intake.envelope import Envelope, NotSealed
from intake.filename import batch_digest, file_id, is_batch
from intake.keeping import Conflict, Unavailable
from intake.unpack import Part, Unpacker

# Of a file's name, so much comes back on the page.
LONGEST_NAME = 100
_ZIP = b"PK\x03\x04"

Job = Callable[[], Coroutine[Any, Any, None]]


@dataclass(slots=True)
class File:
    """What became of one file that was chosen; `again` counts what this upload had before, and is kept once.

    The names in `refused` and `flaw` are those of why_texts in templates/upload-words.html. What came of a
    batch before its flaw is kept.
    """

    name: str
    batch: bool = False
    kept: int = 0
    again: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    flaw: str = ""


class Tray(Protocol):
    """Where sealed files go."""

    envelope: Envelope
    attachments: Attachments | None
    uploads: ExitStack
    week: str

    async def admits(self, length: int) -> bool:
        """Whether one more of that length is let in now. Or Unavailable."""

    def keep(self, file: File, number: bytes, sealed: bytes) -> None:
        """Has a report kept under its id; counted when that is done."""

    def do(self, file: File, job: Job) -> None:
        """Has something done for a file before more of the body is read."""

    def note(self, file: File, number: bytes, outcome: BaseException | None) -> None:
        """Counts what came of a sealed file."""


class Reader(Protocol):
    """Whoever reads one file that was chosen."""

    def take(self, piece: bytes) -> None:
        """More of the file."""

    def end(self) -> None:
        """It is whole."""


def reader(tray: Tray, name: str) -> tuple[File, Reader]:
    """What reads a file of that name, and where it says what became of it."""
    file = File(name[:LONGEST_NAME], is_batch(name))
    if file.batch:
        return file, _Batch(tray, file, batch_digest(name))
    number = file_id(name)
    return file, _Sealed(tray, file, number) if number else _Nameless(file)


class _Sealed:
    """One sealed file; in a batch its `size` is known from the start."""

    def __init__(self, tray: Tray, file: File, number: bytes, size: int | None = None) -> None:
        self._tray, self._file, self._id = tray, file, number
        self._front = bytearray()
        self._length = ID_LENGTH
        self._upload: Upload | None = None
        self._stack = ExitStack()
        lengths = tray.envelope.lengths | tray.envelope.attachment_lengths
        self._reason = "" if size is None or ID_LENGTH + size in lengths else "other"

    def take(self, piece: bytes) -> None:
        """More of it."""
        self._length += len(piece)
        if self._reason:
            return
        if self._upload:
            self._tray.do(self._file, partial(self._write, self._upload, piece))
            if self._length > max(self._tray.envelope.attachment_lengths):
                self._reason = "other"
            return
        self._front += piece
        if self._length > self._tray.envelope.longest:
            self._go_on_as_attachment()

    def end(self) -> None:
        """It is whole."""
        if self._upload:
            self._upload.ended = True
            self._tray.do(self._file, partial(self._finish, self._upload))
            return
        sealed = bytes(self._front)
        self._reason = self._reason or self._flaw_of(sealed)
        if self._reason:
            self._file.refused[self._reason] += 1
        else:
            self._tray.do(self._file, partial(self._keep, sealed))

    async def _keep(self, sealed: bytes) -> None:
        if await self._admitted(self._length):
            self._tray.keep(self._file, self._id, sealed)
        else:
            self._file.refused[self._reason] += 1

    async def _admitted(self, length: int) -> bool:
        try:
            if await self._tray.admits(length):
                return True
            self._reason = "busy"
        except Unavailable:
            self._reason = "full"
        return False

    def _flaw_of(self, sealed: bytes) -> str:
        try:
            self._tray.envelope.open_outside(self._id + sealed)
        except NotSealed:
            return guess(sealed)
        return ""

    def _go_on_as_attachment(self) -> None:
        tray, front = self._tray, bytes(self._front)
        self._front.clear()
        try:
            if not tray.attachments:
                raise NotSealed("longer than what is sealed here")
            tray.envelope.open_front(self._id + front)
            tray.uploads.push(self._stack)
            self._upload = self._stack.enter_context(tray.attachments.upload())
            tray.do(self._file, partial(self._begin, self._upload, front))
        except NotSealed:
            self._reason = guess(front)
        except Unavailable:
            self._reason = "full"

    async def _begin(self, upload: Upload, front: bytes) -> None:
        # Before anything of it is written; the rest of what it counts for is taken when it is whole.
        if await self._admitted(0):
            await self._write(upload, front)

    async def _write(self, upload: Upload, piece: bytes) -> None:
        try:
            if not self._reason:
                await upload.write(piece)
        except Unavailable:
            self._reason = "full"

    async def _finish(self, upload: Upload) -> None:
        outcome: Exception | None = None
        if not self._reason and self._length not in self._tray.envelope.attachment_lengths:
            self._reason = "other"
        with self._stack:
            if self._reason:
                self._file.refused[self._reason] += 1
                return
            try:
                await upload.finish(self._id, self._tray.week)
            except (Conflict, Unavailable) as error:
                outcome = error
        # Taken whether there is as much left or not.
        await self._admitted(self._length)
        self._tray.note(self._file, self._id, outcome)


class _Nameless:
    """A file without an id in its name: nothing of it is kept."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._front = b""

    def take(self, piece: bytes) -> None:
        """More of it, of which the beginning tells enough."""
        if len(self._front) < len(VERSION_LINE):
            self._front += piece[: len(VERSION_LINE)]

    def end(self) -> None:
        """It is whole."""
        reason = guess(self._front)
        self._file.refused["name" if reason == "other" else reason] += 1


class _Batch:
    """A batch; what follows its first flaw is read and dropped."""

    def __init__(self, tray: Tray, file: File, said: str | None) -> None:
        self._tray, self._file, self._said = tray, file, said
        self._digest = hashlib.sha256()
        self._unpacker = Unpacker()
        self._sealed: _Sealed | None = None

    def take(self, piece: bytes) -> None:
        """More of it."""
        if self._file.flaw:
            return
        self._digest.update(piece)
        try:
            for part in self._unpacker.feed(piece):
                self._take(part)
        except Malformed:
            self._file.flaw = "batch"

    def end(self) -> None:
        """It is whole, or ends too early; its name may say its digest."""
        try:
            self._unpacker.finish()
        except Malformed:
            self._file.flaw = "batch"
        if self._said and not self._digest.hexdigest().startswith(self._said):
            self._file.flaw = "batch"

    def _take(self, part: Part) -> None:
        if part.first or not self._sealed:
            self._sealed = _Sealed(self._tray, self._file, part.name.id, part.size)
        self._sealed.take(part.data)
        if part.last:
            self._sealed.end()


def guess(front: bytes) -> str:
    """What a file that is not taken seems to be, by its first bytes."""
    if front.startswith(VERSION_LINE):
        return "other"
    return "zip" if front.startswith(_ZIP) else "plain"
