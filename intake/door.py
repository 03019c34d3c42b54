"""Decides who is let in now, without knowing who it is.

A report that was sealed in a browser pays with work, once there is pressure. One that was typed
without script cannot, so it has a stamp and an allowance of its own: a flood of either kind leaves
the other alone.
"""

from contextlib import suppress
from typing import Protocol

from intake.pressure import asked_bits
from intake.settings import Settings
from intake.stamp import StampError, Stamps, TooQuick
from intake.tally import Budget, OwnTally, Tally
from intake.work import Challenges, Seed, Work, WorkError

WORK = "witnessbox-work"
CHALLENGE = "witnessbox-challenge"
# A large body counts as one report for each so many bytes: it takes their place on the disk.
BYTES_OF_ONE = 4 * 1024 * 1024


class TooMany(Exception):
    """More comes without script than the settings allow; there is room again in a minute."""


class Place(Protocol):
    """Where sealed bytes are kept."""

    @property
    def queued(self) -> float:
        """The part of the waiting places that is taken, 0 to 1."""

    @property
    def room(self) -> float:
        """The part of the room that is left, 0 to 1."""


class Door:
    """One for the whole server; all that it counts, or its tally does, is about no one."""

    def __init__(
        self, settings: Settings, store: Place, large: Place | None = None, tally: Tally | None = None
    ) -> None:
        tally = self._tally = tally or OwnTally()
        clock = tally.clock
        self._store = store
        self._large = large or store
        self._free = tally.gauge("free", settings.free_per_minute)
        self._scriptless = tally.budget("scriptless", settings.scriptless_per_minute)
        # Sealed files that are handed in without script have their own, and a batch of them is no flood.
        self._handed_in = tally.budget("handed in", settings.uploads_per_minute)
        # Looks for replies have their own, so that a flood of them keeps no report out.
        self._looks = tally.gauge("looks", settings.looks_per_minute)
        self._scriptless_looks = tally.budget("scriptless looks", settings.looks_per_minute)
        self._challenges = Challenges(clock, shared_key=tally.key(b"reports"))
        self._look_challenges = Challenges(clock, shared_key=tally.key(b"looks"))
        self._stamps = Stamps(settings.min_fill_seconds, clock, tally.key(b"stamps"))

    def challenge(self, *, large: bool = False, frees: bool = False) -> str:
        """A challenge as difficult as the present asks for: for a report, a large body, what frees room."""
        return self._challenges.draw(self._asked(large, frees))

    def enter(self, header: str, *, large: bool = False, frees: bool = False) -> "Entry":
        """What came with a sealed body, looked at before the body is read; WorkError when it will not do."""
        asked = self._asked(large, frees)
        work = self._challenges.read(header, asked) if header or asked else None
        return Entry(self._challenges, self._tally, self._free, work)

    def look_challenge(self) -> str:
        """A challenge for a look into the box, as difficult as the present asks for."""
        return self._look_challenges.draw(self._asked_for_a_look())

    async def admit_look(self, header: str, address: str) -> None:
        """Lets in a look at an address of the box, to which its work is bound; or WorkError."""
        asked = self._asked_for_a_look()
        work = self._look_challenges.read(header, asked) if header or asked else None
        entry = Entry(self._look_challenges, self._tally, self._looks, work)
        entry.update(address.encode())
        await entry.admit()

    async def admit_typed_look(self) -> None:
        """Lets in a look for a code that was typed without script; raises TooMany, or Unavailable."""
        if not await self._scriptless_looks.take():
            raise TooMany

    def stamp(self) -> str:
        """What a page carries that is made now."""
        return self._stamps.draw()

    def restamp(self, stamp: str) -> str:
        """The stamp of a page that is shown again: the one it had, unless that is of no use any more."""
        try:
            self._stamps.check(stamp)
        except TooQuick:
            return stamp
        except StampError:
            return self._stamps.draw()
        return stamp

    def wait(self, stamp: str) -> int:
        """The seconds until a page that is shown again with `restamp` may be sent."""
        try:
            self._stamps.check(self.restamp(stamp))
        except TooQuick as error:
            return error.wait
        return 0

    async def admit_typed(self, stamp: str, length: int) -> None:
        """Lets in a form typed without script, with files of `length` bytes.

        Raises StampError, TooMany, or Unavailable.
        """
        self._stamps.check(stamp)
        if not await self._scriptless.take(_count(length)):
            raise TooMany

    def check_page(self, stamp: str) -> None:
        """OldPage unless the stamp is of a page of ours that is not too old; choosing files may be quick."""
        with suppress(TooQuick):
            self._stamps.check(stamp)

    async def admit_handed_in(self, length: int) -> bool:
        """Lets in a sealed file that came without script; False when there is no room. Or Unavailable."""
        return await self._handed_in.take(_count(length))

    def _asked_for_a_look(self) -> int:
        return asked_bits(self._looks, queue=0.0, room=1.0)

    def _asked(self, large: bool, frees: bool) -> int:
        # Reports keep their own room, which is more: they need not work for want of the other.
        place = self._large if large else self._store
        # Who takes a report back works for being one of many, and not for want of room.
        return asked_bits(self._free, place.queued, 1.0 if frees else place.room)


class Entry:
    """One sealed body at the door. Work is bound to all of it, piece by piece as it streams."""

    def __init__(self, challenges: Challenges, tally: Tally, free: Budget, work: Work | None) -> None:
        self._challenges, self._tally, self._free, self._work = challenges, tally, free, work
        self._seed = Seed(work.challenge) if work else None
        self._length = 0

    def update(self, piece: bytes) -> None:
        """Takes the next piece of the body, its id included."""
        self._length += len(piece)
        if self._seed:
            self._seed.update(piece)

    async def admit(self) -> None:
        """Lets the whole body in, and spends its work.

        Raises WorkError when the work is not for it, Unavailable when it cannot be spent now.
        """
        if self._work and self._seed:
            self._challenges.spend(self._work, self._seed.digest())
            if not await self._tally.spend(self._work.challenge, self._work.expires):
                raise WorkError("the challenge was used before")
        await self._free.take(_count(self._length))


def _count(length: int) -> int:
    """How many reports a body of that length counts for."""
    return max(1, -(-length // BYTES_OF_ONE))
