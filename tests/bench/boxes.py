"""The box: from a desk with many reports and replies to the file that goes onto the stick."""

import hashlib
import os
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from analysis import boxes
from analysis.boxes import Made
from analysis.desk import Desk
from analysis.identity import HybridIdentity, format_identity
from analysis.threads import messages
from analysis.threads.tables import MESSAGES, last_number
from intake.crypto.signing import SigningKey
from tests.bench.table import show

REPORTS, REPLIES = 1_000_000, 10_000
WEEK = "2026-W48"
_T = TypeVar("_T")


def fill(desk: Desk) -> None:
    """Rows as an import of so many reports leaves them, and a reply to each of the first."""
    connection = desk.database.conn
    with desk.database.atomic():
        connection.execute("INSERT INTO forms VALUES (1, 'x', 'x', '1', 'x', '{}')")
        connection.execute("INSERT INTO askings VALUES (1, 1, 'all', 'x')")
        connection.executemany(
            "INSERT INTO reports VALUES (?, ?, 1, 1, '2026-W40', 'en', 'browser', 'web', 1, 'all', NULL)",
            ((number, os.urandom(16).hex()) for number in range(1, REPORTS + 1)),
        )
        connection.executemany(
            "INSERT INTO receipts VALUES (?, ?, ?, '')",
            ((number, os.urandom(16).hex(), os.urandom(32).hex()) for number in range(1, REPORTS + 1)),
        )
        for number in range(1, REPLIES + 1):
            [name] = connection.execute("SELECT name FROM reports WHERE id = ?", [number]).fetchone()
            _reply(connection, name, f"Reply {number}. " + "We read it. " * 40)


def _reply(connection: Any, name: str, text: str) -> None:
    n = last_number(connection, MESSAGES) + 1
    columns = '"n", "kind", "at", "until", "text"'
    connection.execute(
        f"INSERT INTO messages ({columns}) VALUES (?, ?, ?, '2027-W20', ?)",  # noqa: S608 - constants
        [n, messages.REPLY, WEEK, text],
    )
    connection.execute('INSERT INTO "addressed" ("message", "thread") VALUES (?, ?)', [n, name])


def timed(work: Callable[[], _T]) -> tuple[float, _T]:
    """How many seconds of the processor it took, and what came of it."""
    start = time.process_time()
    found = work()
    return time.process_time() - start, found


def run() -> None:
    """Prints what a box of a million reports takes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "desk"
        Desk.create(path, format_identity(HybridIdentity.generate()), None, today=date(2026, 11, 23))
        desk = Desk.unlock(path, lambda: "")
        fill(desk)
        server = SigningKey.generate().verify_key
        reading, state = timed(lambda: boxes.read_state(desk, server, WEEK))
        made = Made(state.digest, WEEK, 1)
        length = 0

        def make() -> str:
            nonlocal length
            found = hashlib.sha256()
            for piece in boxes.build(state, made):
                found.update(piece)
                length += len(piece)
            return found.hexdigest()

        making, digest = timed(make)
        bucket = max(map(len, boxes.build(state, made)))
        assert digest == make()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        desk.close()
    show(
        f"Box: {REPORTS:,} markers, {REPLIES:,} replies",
        ["read, CPU s", "make and hash, CPU s", "bytes", "a bucket, bytes", "peak memory, MiB"],
        [[f"{reading:.1f}", f"{making:.1f}", f"{length // 2:,}", f"{bucket:,}", str(peak)]],
    )


if __name__ == "__main__":
    run()
