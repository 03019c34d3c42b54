"""The stamp on a form that is sent without script: when the page was made, signed.

It shows that the page was fetched here, and not just now: a person needs a while to fill it in. It
says nothing else. All who fetch the page in the same second get the same stamp, it is never kept,
and it may be used again, so that it marks nobody.

    stamp = "1." seconds "." mac        mac = BLAKE2b-128(key, person="wbx1-stamp", stamp up to the last dot)
"""

import hashlib
import hmac
import math
import os
import re
import time
from collections.abc import Callable

from intake.allowance import Seconds

FIELD = "_stamp"
VALID_SECONDS = 12 * 3600

_STAMP = re.compile(r"(1\.(\d{1,12}))\.([0-9a-f]{32})", re.ASCII)


class StampError(Exception):
    """Base of what can be wrong with a stamp; never raised itself."""


class OldPage(StampError):
    """The page is not of this server's, or was open too long."""


class TooQuick(StampError):
    """The page was sent back sooner than a person can; `wait` is the seconds until it may be."""

    def __init__(self, wait: int) -> None:
        super().__init__(f"{wait} seconds to wait")
        self.wait = wait


class Stamps:
    """Draws stamps and checks them, with a key that lives as long as the process, or is shared."""

    def __init__(
        self,
        min_seconds: int,
        clock: Seconds = time.monotonic,
        shared_key: Callable[[], bytes] | None = None,
    ) -> None:
        self.min_seconds = min_seconds
        self._clock = clock
        key = os.urandom(32)
        self._key = shared_key or (lambda: key)

    def draw(self) -> str:
        """The stamp of a page that is made now."""
        text = f"1.{int(self._clock())}"
        return f"{text}.{self._mac(text)}"

    def check(self, stamp: str) -> None:
        """Raises OldPage or TooQuick when a form with this stamp may not be taken now."""
        found = _STAMP.fullmatch(stamp)
        if not found or not hmac.compare_digest(found[3], self._mac(found[1])):
            raise OldPage("not a stamp of this server")
        age = self._clock() - int(found[2])
        if age > VALID_SECONDS:
            raise OldPage("the page was open too long")
        if age < self.min_seconds:
            raise TooQuick(math.ceil(self.min_seconds - age))

    def _mac(self, text: str) -> str:
        return hashlib.blake2b(
            text.encode(), digest_size=16, key=self._key(), person=b"wbx1-stamp"
        ).hexdigest()
