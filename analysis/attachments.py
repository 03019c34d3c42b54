"""Puts each attachment beside its report, and checks that it is the file which the report names.

Either may come first, in one bundle or another. An attachment whose report has not come is not
opened: nobody vouches for it. What was checked stays sealed in the archive; this opens it in memory,
piece by piece, and keeps nothing of it.
"""

import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO, cast

from analysis.desk import Desk
from analysis.unseal import MalformedFile, NotForThisKey, Tampered, Truncated, unseal
from intake.crypto.attachment import ATTACHMENT_CLASSES, Attachment, content
from intake.crypto.errors import Malformed
from intake.crypto.shard import Entry

# Rows of the table `attachments` are in one of these states, or say what is wrong with the file.
NOT_ARRIVED = "not arrived"
NO_REPORT = "no report"
UNCHECKED = "not checked"
ARRIVED = "arrived"
# With the words of its report, as the sender asked; it is not taken in again.
DELETED = "deleted"

_PLACE = ("name", "bundle", "week", "shard", "place", "size")
_PUT = f"""INSERT INTO "attachments" ({", ".join(_PLACE)}, "state") VALUES (?, ?, ?, ?, ?, ?, '{NO_REPORT}')
ON CONFLICT ("name") DO UPDATE SET {", ".join(f'"{name}" = "excluded"."{name}"' for name in _PLACE[1:])},
"state" = '{UNCHECKED}' WHERE "shard" IS NULL AND "state" <> '{DELETED}'"""  # noqa: S608  # constants only
_NAMED = ("name", "report", "number", "type", "bytes", "sha256")
_NAME = f"""INSERT INTO "attachments" ({", ".join(_NAMED)}, "state")
VALUES (?, ?, ?, ?, ?, ?, '{NOT_ARRIVED}')
ON CONFLICT ("name") DO UPDATE SET {", ".join(f'"{name}" = "excluded"."{name}"' for name in _NAMED[1:])},
"state" = '{UNCHECKED}' WHERE "report" IS NULL"""  # noqa: S608  # constants only
_FAILURES = (NotForThisKey, Truncated, Tampered, MalformedFile, Malformed, OSError)


def is_attachment(entry: Entry) -> bool:
    """Whether a member of a shard is one: no report is as long as the shortest attachment."""
    return entry.size > ATTACHMENT_CLASSES[0]


def put(desk: Desk, bundle: int | None, shard: str, entries: Iterable[Entry]) -> tuple[int, int]:
    """Notes where attachments lie in the archive; how many are new, and how many were known.

    Belongs in a transaction of the caller.
    """
    new = known = 0
    for entry in entries:
        row = (entry.name.id.hex(), bundle, entry.name.week, shard, entry.offset, entry.size)
        added = desk.database.conn.execute(_PUT, row).rowcount
        new, known = new + added, known + 1 - added
    return new, known


def name(desk: Desk, rows: Sequence[tuple[Any, ...]]) -> None:
    """Notes what reports say of their attachments: name, report, number, type, bytes, sha256."""
    desk.database.conn.executemany(_NAME, rows)


def check(desk: Desk) -> Counter[str]:
    """Checks what has come with its report since the last time; how many came out in which state."""
    rows = desk.database.conn.execute(
        'SELECT "name", "shard", "place", "size", "bytes", "sha256", "type" FROM "attachments" '
        'WHERE "state" = ? ORDER BY "shard", "place"',
        [UNCHECKED],
    ).fetchall()
    states: Counter[str] = Counter()
    for found in rows:
        state = _check(desk, *found)
        states[state] += 1
        with desk.database.atomic():
            desk.database.conn.execute(
                'UPDATE "attachments" SET "state" = ? WHERE "name" = ?', [state, found[0]]
            )
    return states


def _check(
    desk: Desk, name: str, shard: str, place: int, size: int, length: int, sha256: str, media_type: str
) -> str:
    named = Attachment(length, bytes.fromhex(name), sha256, media_type)
    try:
        with (desk.archive / shard).open("rb") as file:
            sealed = cast(BinaryIO, _Region(file, place, size))
            for _ in content(unseal(sealed, desk.identities), named):
                pass
    except _FAILURES as failure:
        return _state(failure)
    return ARRIVED


def _state(failure: Exception) -> str:
    if isinstance(failure, NotForThisKey):
        return "not for this key"
    if isinstance(failure, OSError):
        return "missing from the archive"
    return "not the file that the report names" if isinstance(failure, Malformed) else "damaged"


class _Region:
    """A part of a file, read from its beginning to its end."""

    def __init__(self, file: io.BufferedReader, offset: int, size: int) -> None:
        file.seek(offset)
        self._file = file
        self._left = size

    def read(self, size: int) -> bytes:
        data = self._file.read(min(size, self._left))
        self._left -= len(data)
        return data


def apart(entries: Iterator[Entry], large: list[Entry]) -> Iterator[Entry]:
    """The reports among the members of a shard; the attachments are put into `large` on the way."""
    for entry in entries:
        if is_attachment(entry):
            large.append(entry)
        else:
            yield entry
