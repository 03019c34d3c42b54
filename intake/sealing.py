"""Which keys a running server seals to, and which pages say so: both follow the desks' cards.

A courier may bring a new card at any time, and nobody should have to start the server again for it.
Pages that were open before keep sealing to the keys before; what they send is taken for a day. The
desk opens it as it opens everything that was sealed to its earlier keys.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from intake import desks
from intake.crypto.recipients import Recipient, header_length
from intake.envelope import Envelope
from intake.errors import IntakeError
from intake.pages import Pages

SECONDS_BETWEEN_LOOKS = 2
SECONDS_OF_OPEN_PAGES = 24 * 3600

_log = logging.getLogger("intake.sealing")


class Source(Protocol):
    """Where new keys come from."""

    def changed(self) -> Sequence[Recipient] | None:
        """The recipients when they may be others than when this was last asked, or None."""


class Cards:
    """The cards in a data directory, read again when their files are others."""

    def __init__(self, data: Path) -> None:
        self._data = data
        # The first time it reads them once more: they may be newer than what the server began with.
        self._seen: frozenset[tuple[str, int, int]] = frozenset()

    def changed(self) -> Sequence[Recipient] | None:
        """See Source. Cards that cannot be used are told in the log, and change nothing."""
        seen = self._look()
        if seen == self._seen:
            return None
        self._seen = seen
        try:
            return desks.read(self._data).recipients
        except IntakeError as error:
            _log.warning("%s; reports are sealed to the keys before", error)
            return None

    def _look(self) -> frozenset[tuple[str, int, int]]:
        try:
            files = [(file.name, file.stat()) for file in (self._data / desks.FOLDER).glob("*.pub")]
        except OSError:
            return frozenset()
        return frozenset((name, found.st_mtime_ns, found.st_ino) for name, found in files)


@dataclass(frozen=True, slots=True)
class Now:
    """What a request seals to and is checked by."""

    recipients: Sequence[Recipient]
    envelope: Envelope
    pages: Pages


class Sealing:
    """The keys and pages of this moment."""

    def __init__(
        self,
        recipients: Sequence[Recipient],
        pages: Pages,
        source: Source | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._now = Now(recipients, Envelope(recipients), pages)
        self._source = source
        self._clock = clock
        self._next_look = clock() + SECONDS_BETWEEN_LOOKS
        # Recipients of pages that may still be open, and until when their reports are taken.
        self._earlier: list[tuple[float, Sequence[Recipient]]] = []

    def now(self) -> Now:
        """For one request; looks for new cards every few seconds at most."""
        moment = self._clock()
        if self._source and moment >= self._next_look:
            self._next_look = moment + SECONDS_BETWEEN_LOOKS
            self._look(moment, self._source.changed())
        return self._now

    def _look(self, moment: float, new: Sequence[Recipient] | None) -> None:
        before = len(self._earlier)
        self._earlier = [(until, one) for until, one in self._earlier if until > moment]
        if new is not None and tuple(new) != tuple(self._now.recipients):
            self._earlier.append((moment + SECONDS_OF_OPEN_PAGES, self._now.recipients))
            pages = self._now.pages.sealed_to(new)
        elif len(self._earlier) == before:
            return
        else:
            new, pages = self._now.recipients, self._now.pages
        # Keys of the same number and kind look the same from outside.
        shapes = {(one[0].type, header_length(one)): one for _, one in self._earlier}
        self._now = Now(new, Envelope(new, *shapes.values()), pages)
