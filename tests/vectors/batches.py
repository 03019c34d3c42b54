"""The vectors of the batch: members and a week, and the file that they are."""

import hashlib
import io
from datetime import UTC, datetime
from typing import Any

from intake.crypto.shard import Member, ReportName, write_shard
from intake.week import iso_week

# Sizes about a block of the tar, that of a report, and what ids sort like in more than one way.
BATCHES: dict[str, tuple[str, list[tuple[str, int]]]] = {
    "one report": ("2026-W47", [("00" * 16, 17_889)]),
    "just a block, one byte less and one more": (
        "2026-W01",
        [("aa" * 16, 512), ("0a" * 16, 511), ("a0" * 16, 513)],
    ),
    "ids that are no numbers in order": (
        "2020-W53",
        [("f" * 31 + "0", 300), ("9" * 32, 300), ("0f" * 16, 300)],
    ),
    "as many as a batch takes": ("2026-W52", [(f"{place * 7919 % 500:032x}", 200) for place in range(500)]),
}
# About midnight on Sundays, at turns of the year, and on a leap day.
MOMENTS = [
    *("2026-11-22T23:59:59", "2026-11-23T00:00:00", "2026-12-31T12:00:00", "2027-01-03T23:59:59"),
    *("2027-01-04T00:00:00", "2024-02-29T08:00:00", "2024-12-30T00:00:00", "2021-01-01T00:00:00"),
    *("2018-12-31T00:00:00", "2017-01-01T00:00:00", "1999-12-31T23:59:59", "2036-12-28T23:59:59"),
]


def filling(length: int) -> bytes:
    """Bytes that stand for a sealed report; the other side of the vectors makes the same."""
    return bytes((7 * place + length) % 251 for place in range(length))


def batch_vectors() -> dict[str, Any]:
    """The contents of batch.json."""
    moments = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in MOMENTS]
    return {
        "batches": [batch_vector(name, week, members) for name, (week, members) in BATCHES.items()],
        "weeks": [{"at": int(one.timestamp()) * 1000, "week": iso_week(one)} for one in moments],
    }


def batch_vector(name: str, week: str, members: list[tuple[str, int]]) -> dict[str, Any]:
    """One batch, by the digest of its file."""
    digest = hashlib.sha256(packed(week, members)).hexdigest()
    return {
        "name": name,
        "week": week,
        "members": [{"id": number, "length": length} for number, length in members],
        "sha256": digest,
        "file": f"witnessbox-batch-{digest[:16]}.tar",
    }


def packed(week: str, members: list[tuple[str, int]]) -> bytes:
    """The bytes of a batch, as `intake.crypto.shard` writes it."""
    out = io.BytesIO()
    reports = sorted((ReportName(week, bytes.fromhex(number)), length) for number, length in members)
    write_shard([Member(name, filling(length)) for name, length in reports], out)
    return out.getvalue()
