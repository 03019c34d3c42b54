"""What the doors of all machines count together: challenges that were used, and what came lately.

    key of a purpose = BLAKE2b-256(key, person="wbx1-doors", purpose)

The key and the counts stand in tables that the database keeps out of its log and empties when it
crashes: then a new key makes every old challenge void, so that none of them counts twice. What is noted
of a challenge is a digest, for twice as long as it is valid. No count is about a person; and because a
budget says when it was last used, all of them are touched once a minute whether anything came or not.
"""

import asyncio
import hashlib
import logging
import os
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock, Thread
from typing import TypeVar

import psycopg
from psycopg_pool import ConnectionPool

from intake.allowance import BURST_MINUTES
from intake.keeping import Unavailable
from intake.postgres import tidying
from intake.postgres.schema import Raw
from intake.tally import Budget, Key
from intake.work import VALID_SECONDS

SECONDS_BETWEEN = 1.0
BEAT_SECONDS = 60.0
_TAKE = """INSERT INTO budgets AS old (name, level, at)
VALUES (%(name)s, GREATEST(0, %(most)s - %(count)s), %(now)s)
ON CONFLICT (name) DO UPDATE SET at = GREATEST(old.at, excluded.at),
level = LEAST(%(most)s, old.level + GREATEST(0, excluded.at - old.at) * %(per_second)s) - %(count)s
"""
# A limit gives nothing where there is not one; what only measures goes down to nothing.
_IF_ANY = "WHERE LEAST(%(most)s, old.level + GREATEST(0, excluded.at - old.at) * %(per_second)s) >= 1"
_FLOOR = "UPDATE budgets SET level = 0 WHERE name = %(name)s AND level < 0"
# One of several machines changes this row.
_BEAT = """INSERT INTO budgets AS old VALUES ('beat', 0, %(now)s)
ON CONFLICT (name) DO UPDATE SET at = excluded.at WHERE old.at < %(before)s"""
_TIME = "SELECT EXTRACT(EPOCH FROM clock_timestamp())::DOUBLE PRECISION"

log = logging.getLogger("intake")

_Result = TypeVar("_Result")


class Doors:
    """The tally that machines share. Use from one event loop; starts at once, ends with `close`."""

    def __init__(self, pool: "ConnectionPool[Raw]") -> None:
        self._pool = pool
        self._key, self._ahead = b"", 0.0
        self._shares: list[Share] = []
        self._executor = ThreadPoolExecutor(1, "doors")
        self._ended = Event()
        # Whether the database did not answer when it was last asked, a second or a few ago.
        self._away = False
        self._beat_at = 0.0
        self._refresh()
        self._thread = Thread(target=self._run, name="doors", daemon=True)
        self._thread.start()

    def clock(self) -> float:
        """The database's seconds, so disguised that they tell nothing of its clock."""
        return time.monotonic() + self._ahead

    def key(self, purpose: bytes) -> Key:
        """What gives the key of now for a purpose."""
        return lambda: hashlib.blake2b(purpose, key=self._key, digest_size=32, person=b"wbx1-doors").digest()

    def gauge(self, name: str, per_minute: int) -> Budget:
        """What all machines took, a second late."""
        gauge = Gauge(self, name, per_minute)
        self._shares.append(gauge)
        return gauge

    def budget(self, name: str, per_minute: int) -> Budget:
        """A limit for all machines together."""
        limit = Limit(self, name, per_minute)
        self._shares.append(limit)
        return limit

    async def spend(self, challenge: str, expires: int) -> bool:
        """Notes that a challenge was used; False when it was before, on whatever machine."""
        row = (hashlib.blake2b(challenge.encode(), digest_size=16).digest(), expires // VALID_SECONDS)
        sql = b"INSERT INTO spent (challenge, lot) VALUES (%s, %s) ON CONFLICT DO NOTHING"
        return await self.run(lambda raw: raw.execute(sql, row).rowcount == 1)

    async def run(self, job: Callable[[Raw], _Result]) -> _Result:
        """What a job returns; Unavailable when the database does not answer.

        While it is away nothing is tried, or all who come would wait in one row for each other's try.
        """

        def run() -> _Result:
            if self._away:
                raise psycopg.OperationalError
            with self._pool.connection() as raw:
                return job(raw)

        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, run)
        except (psycopg.Error, RuntimeError):
            raise Unavailable("the database does not answer") from None

    def close(self) -> None:
        """Ends with a last count, after which nothing may be asked."""
        self._ended.set()
        self._thread.join()
        self._executor.shutdown()

    def _run(self) -> None:
        while not self._ended.wait(SECONDS_BETWEEN):
            try:
                self._refresh()
            except psycopg.Error:
                self._away = True
                log.warning("the database does not answer; nothing is taken until it does")

    def _refresh(self) -> None:
        with self._pool.connection() as raw:
            self._key, start = _key(raw)
            row = raw.execute(_TIME.encode()).fetchone()
            assert row  # noqa: S101 - the time is one row
            self._ahead = row[0] + start - time.monotonic()
            beat = time.monotonic() >= self._beat_at
            for share in self._shares:
                share.settle(raw, beat=beat)
            if beat:
                self._beat_at = time.monotonic() + BEAT_SECONDS
                old = int(self.clock()) // VALID_SECONDS - 1
                raw.execute("DELETE FROM spent WHERE lot < %s", (old,))
                self._beat(raw)
        self._away = False

    def _beat(self, raw: Raw) -> None:
        """Writes small tables anew, on one machine a minute, so that no file says when a report came."""
        row = {"now": self.clock(), "before": self.clock() - BEAT_SECONDS * 3 / 4}
        if raw.execute(_BEAT.encode(), row).rowcount:
            tidying.beat(raw)


class Share:
    """This machine's part of a budget."""

    def __init__(self, doors: Doors, name: str, per_minute: int) -> None:
        self._doors, self._name = doors, name
        self._most, self._per_second = float(per_minute * BURST_MINUTES), per_minute / 60
        self._taken = 0
        self._lock = Lock()
        # What there was when it was last asked, and when that was.
        self._level, self._at = self._most, doors.clock()

    @property
    def left(self) -> float:
        """What is left of it, from 0 to 1."""
        grown = max(0.0, self._doors.clock() - self._at) * self._per_second
        return max(0.0, min(self._most, self._level + grown) - self._taken) / self._most

    def settle(self, raw: Raw, *, beat: bool) -> None:
        """Counts in the database what was taken here, and reads what others took."""
        with self._lock:
            taken, self._taken = self._taken, 0
        try:
            if taken or beat:
                self._count(raw, taken, "")
                raw.execute(_FLOOR.encode(), {"name": self._name})
            found = raw.execute("SELECT level, at FROM budgets WHERE name = %s", (self._name,)).fetchone()
            self._level, self._at = found or (self._most, self._doors.clock())
        except psycopg.Error:
            with self._lock:
                self._taken += taken
            raise

    def _count(self, raw: Raw, count: int, condition: str) -> bool:
        values = {
            "name": self._name,
            "most": self._most,
            "count": count,
            "now": self._doors.clock(),
            "per_second": self._per_second,
        }
        return raw.execute((_TAKE + condition).encode(), values).rowcount == 1


class Gauge(Share):
    """A budget that only measures: what is taken is counted in memory, and in the database every second."""

    async def take(self, count: int = 1) -> bool:
        """Takes so many, or what there is of them; says whether there was one."""
        there = self.left > 0
        with self._lock:
            self._taken += count
        return there


class Limit(Share):
    """A budget that is a limit: each that is taken is taken in the database."""

    async def take(self, count: int = 1) -> bool:
        """Takes so many, or what there is of them; says whether there was one. Or Unavailable."""

        def take(raw: Raw) -> bool:
            there = self._count(raw, count, _IF_ANY)
            raw.execute(_FLOOR.encode(), {"name": self._name})
            return there

        return await self._doors.run(take)


def _key(raw: Raw) -> tuple[bytes, int]:
    """The key of now, and where seconds count from: drawn by the first who finds none."""
    sql = b"SELECT key, start FROM door WHERE one = 1"
    found = raw.execute(sql, binary=True).fetchone()
    if not found:
        row = (os.urandom(32), secrets.randbelow(10**9) - int(time.time()))
        raw.execute("INSERT INTO door VALUES (1, %s, %s) ON CONFLICT DO NOTHING", row)
        found = raw.execute(sql, binary=True).fetchone()
    assert found  # noqa: S101 - somebody put it there
    return found[0], found[1]
