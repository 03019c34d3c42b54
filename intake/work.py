"""Proof of work: a browser spends time on each report, so that a flood costs its sender something.

    challenge = "1." bits "." expires "." nonce "." mac        bits and expires decimal, nonce and mac hex
    mac       = BLAKE2b-128(key, person="wbx1-challenge", challenge up to the last dot)
    seed      = BLAKE2b-256(person="wbx1-seed", challenge LF body)
    hash(n)   = BLAKE2b-256(person="wbx1-work", seed || n as 8 bytes, little-endian)
    header    = challenge " " n1 "," ... "," n16              n1 < n2 < ... < n16, decimal

Each hash must begin with `bits` zero bits. Sixteen small puzzles in place of a large one: the time
they take varies by a quarter, so that an unlucky phone is not left working. With 0 bits there is
nothing to solve, and no number. The key lives as long as the process; several machines share theirs.
"""

import hashlib
import hmac
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from intake.allowance import Seconds

PUZZLES = 16
# 16 * 2**13 hashes: half a second in a browser, three on a slow phone, and half a minute where a
# browser runs scripts without compiling them, as Tor Browser does at its safer level.
MOST_BITS = 13
VALID_SECONDS = 600
# Solving takes a while, and the load moves on meanwhile; a quarter of the work asked for now will do.
GRACE_BITS = 2
MOST_SPENT = 100_000

_HEADER = re.compile(
    r"(?P<challenge>1\.(?P<bits>\d{1,2})\.(?P<expires>\d{1,12})\.[0-9a-f]{32}\.[0-9a-f]{32})"
    r"(?: (?P<numbers>\d{1,16}(?:,\d{1,16}){15}))?",
    re.ASCII,
)


class WorkError(Exception):
    """The work that came with a report is not what is asked for; the message says why."""


@dataclass(frozen=True, slots=True)
class Work:
    """A header that may be right: its challenge is ours and fresh; the numbers await the body."""

    challenge: str
    bits: int
    expires: int
    numbers: tuple[int, ...]


class Challenges:
    """Draws challenges, and takes each of them once."""

    def __init__(
        self,
        clock: Seconds = time.monotonic,
        random: Callable[[int], bytes] = os.urandom,
        shared_key: Callable[[], bytes] | None = None,
    ) -> None:
        self._clock = clock
        self._random = random
        self._spent: dict[str, int] = {}
        self._key = random(32)
        self._shared_key = shared_key

    def draw(self, bits: int) -> str:
        """A new challenge of this difficulty."""
        text = f"1.{bits}.{int(self._clock()) + VALID_SECONDS}.{self._random(16).hex()}"
        return f"{text}.{self._mac(text)}"

    def read(self, header: str, asked: int) -> Work:
        """Checks all of a header that can be checked before the body is read; WorkError otherwise."""
        found = _HEADER.fullmatch(header)
        if not found:
            raise WorkError("work is asked for now" if not header else "the work is malformed")
        numbers = tuple(map(int, (found["numbers"] or "").split(","))) if found["numbers"] else ()
        work = Work(found["challenge"], int(found["bits"]), int(found["expires"]), numbers)
        text, _, mac = work.challenge.rpartition(".")
        if not hmac.compare_digest(mac, self._mac(text)):
            raise WorkError("the challenge is not of this server")
        if work.expires <= self._clock():
            raise WorkError("the challenge has expired")
        if work.challenge in self._spent:
            raise WorkError("the challenge was used before")
        if work.bits < asked - GRACE_BITS:
            raise WorkError("more work is asked for now")
        return work

    def spend(self, work: Work, start: bytes) -> None:
        """Takes the challenge, when its numbers solve it for a body; WorkError otherwise.

        `start` is the digest of the `Seed` of the challenge and that body.
        """
        if work.challenge in self._spent:
            raise WorkError("the challenge was used before")
        if work.bits and not _solves(work, start):
            raise WorkError("the work is not for this report")
        self._forget_expired()
        self._spent[work.challenge] = work.expires

    def _forget_expired(self) -> None:
        if len(self._spent) < MOST_SPENT:
            return
        now = self._clock()
        self._spent = {challenge: expires for challenge, expires in self._spent.items() if expires > now}
        if len(self._spent) > MOST_SPENT // 2:
            # With another key none of them can come again, and neither can any other of today's.
            self._key = self._random(32)
            self._spent.clear()

    def _now(self) -> bytes:
        return self._shared_key() if self._shared_key else self._key

    def _mac(self, text: str) -> str:
        return hashlib.blake2b(
            text.encode(), digest_size=16, key=self._now(), person=b"wbx1-challenge"
        ).hexdigest()


class Seed:
    """What the hashes of the puzzles begin with: 32 bytes that bind them to a challenge and a body.

    The body may come in pieces.
    """

    def __init__(self, challenge: str) -> None:
        self._hash = hashlib.blake2b(challenge.encode() + b"\n", digest_size=32, person=b"wbx1-seed")

    def update(self, piece: bytes) -> None:
        """Takes the next piece of the body."""
        self._hash.update(piece)

    def digest(self) -> bytes:
        """The seed, when the body is whole."""
        return self._hash.digest()


def is_solution(start: bytes, number: int, bits: int) -> bool:
    """Whether a number solves a puzzle of this difficulty, 0 to 32, for a seed."""
    found = hashlib.blake2b(start + number.to_bytes(8, "little"), digest_size=32, person=b"wbx1-work")
    return int.from_bytes(found.digest()[:4], "big") >> (32 - bits) == 0


def _solves(work: Work, start: bytes) -> bool:
    rising = all(one < other for one, other in zip(work.numbers, work.numbers[1:], strict=False))
    return (
        len(work.numbers) == PUZZLES
        and rising
        and all(is_solution(start, number, work.bits) for number in work.numbers)
    )
