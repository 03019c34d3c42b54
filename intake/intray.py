"""Takes the sealed files of one form, which were made elsewhere, and says what became of each.

Each is kept as if it had been handed in alone, and counted only when it is durable. Whether it was here
before is not told, because `/sealed` does not tell it either: who finds a sealed file on somebody must not
learn here that it was handed in.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from intake.arriving import LONGEST_NAME, File, Job, Reader, reader
from intake.attachments import Attachments
from intake.door import Door
from intake.envelope import Envelope
from intake.filename import base_name
from intake.keeping import Conflict, Unavailable
from intake.stamp import FIELD as STAMP
from intake.stamp import StampError
from intake.store import Store

MOST_FILES = 500
# So much of what is sealed waits in memory for one transaction.
MOST_WAITING_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A report that is to be kept."""

    file: File
    id: bytes
    sealed: bytes


class InTray:
    """What the parser of a form gives its files to; `files` says what became of each, in their order.

    With `old`, the page of the form was too old or not ours, and nothing is taken. `uploads` is to be
    closed when no more files come.
    """

    def __init__(
        self,
        envelope: Envelope,
        store: Store,
        attachments: Attachments | None,
        door: Door,
        week: str,
        uploads: ExitStack,
    ) -> None:
        self.files: list[File] = []
        self.old = False
        self.envelope, self.attachments, self.uploads, self.week = envelope, attachments, uploads, week
        self._store, self._door = store, door
        self._reader: Reader | None = None
        self._jobs: deque[tuple[File, Job]] = deque()
        self._waiting: list[_Waiting] = []
        self._kept: set[bytes] = set()

    def begin(self, media_type: str, fields: Mapping[str, Sequence[str]], name: str) -> None:
        """A file of that name follows, or nothing, when none was chosen."""
        self._reader = None
        if not name or self.old:
            return
        if not self.files:
            self._check_page(next(iter(fields.get(STAMP, ())), ""))
        if len(self.files) >= MOST_FILES:
            self.files.append(File(base_name(name)[:LONGEST_NAME]))
            self.files[-1].refused["many"] += 1
        elif not self.old:
            file, self._reader = reader(self, base_name(name))
            self.files.append(file)

    def data(self, piece: bytes) -> None:
        """More of the file."""
        if self._reader:
            self._reader.take(piece)

    def end(self) -> None:
        """The file is whole."""
        if self._reader:
            self._reader.end()
        self._reader = None

    def break_off(self) -> None:
        """Nothing more comes: the last file is not whole, nor is what was not written yet."""
        if self._reader:
            self.files[-1].flaw = "cut"
        for file, _ in self._jobs:
            file.flaw = "cut"
        self._reader = None

    async def drain(self) -> None:
        """Writes what has come."""
        while self._jobs:
            await self._jobs[0][1]()
            self._jobs.popleft()
        if sum(len(one.sealed) for one in self._waiting) >= MOST_WAITING_BYTES:
            await self.flush()

    async def flush(self) -> None:
        """Returns when all reports that have come are durable, or refused."""
        puts = (self._store.put(one.id, self.week, one.sealed) for one in self._waiting)
        outcomes = await asyncio.gather(*puts, return_exceptions=True)
        # Only now: who is interrupted puts them again, and each is kept once.
        waiting, self._waiting = self._waiting, []
        for one, outcome in zip(waiting, outcomes, strict=True):
            self.note(one.file, one.id, outcome)

    def note(self, file: File, number: bytes, outcome: BaseException | None) -> None:
        """Counts what came of a sealed file."""
        if isinstance(outcome, Conflict):
            file.refused["conflict"] += 1
        elif isinstance(outcome, Unavailable):
            file.refused["full"] += 1
        elif outcome is not None:
            raise outcome
        elif number in self._kept:
            file.again += 1
        else:
            self._kept.add(number)
            file.kept += 1

    def do(self, file: File, job: Job) -> None:
        """Has something done for a file before more of the body is read."""
        self._jobs.append((file, job))

    def keep(self, file: File, number: bytes, sealed: bytes) -> None:
        """Has a report kept under its id; counted when that is done."""
        self._waiting.append(_Waiting(file, number, sealed))

    async def admits(self, length: int) -> bool:
        """Whether one more of that length is let in now. Or Unavailable."""
        return await self._door.admit_handed_in(length)

    def _check_page(self, stamp: str) -> None:
        try:
            self._door.check_page(stamp)
        except StampError:
            self.old = True
