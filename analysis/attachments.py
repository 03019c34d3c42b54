"""Puts each attachment beside its report, and checks that it is the file which the report names.

Either may come first, in one bundle or another. An attachment whose report has not come is not
opened, but for its id when it came in no bundle: nobody vouches for it. What was checked stays sealed in
the archive; this opens it in memory, piece by piece, and keeps nothing of it.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, BinaryIO, cast

from analysis.desk import Desk
from analysis.identity import Identity
from analysis.unseal import MalformedFile, NotForThisKey, Tampered, Truncated, unseal
from intake.crypto.attachment import ATTACHMENT_CLASSES, Attachment, content, parse_head
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
_PIECE = 1 << 20
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


def read_id(file: BinaryIO, entry: Entry, identities: Sequence[Identity]) -> bytes:
    """The id that a sealed attachment says it has, once all of it has opened; nothing of it is kept.

    Raises what `unseal` does, or Malformed.
    """
    chunks = unseal(_region(file, entry.offset, entry.size), identities)
    found = parse_head(next(chunks))
    for _ in chunks:
        pass
    return found


def is_here(desk: Desk, name: str, file: BinaryIO, entry: Entry) -> bool | None:
    """Whether this very file is here under its id, or may not come back; None when there is room for it.

    False is another file of that id, of which nobody knows yet whether it is the right one.
    """
    query = """SELECT "state", "shard", "place", "size" FROM "attachments" WHERE "name" = ?
        UNION ALL SELECT ?, NULL, NULL, NULL FROM "gone" WHERE "name" = ?"""
    for state, shard, place, size in desk.database.conn.execute(query, [name, DELETED, name]).fetchall():
        if state in (DELETED, ARRIVED):
            return True
        # Where the archive has lost it, there is room for it.
        with suppress(FileNotFoundError):
            if state in (NO_REPORT, UNCHECKED) and shard:
                with (desk.archive / shard).open("rb") as held:
                    return _alike(_Region(held, place, size), _Region(file, entry.offset, entry.size))
    return None


def _alike(one: "_Region", other: "_Region") -> bool:
    while piece := one.read(_PIECE):
        if piece != other.read(_PIECE):
            return False
    return not other.read(1)


def make_room(desk: Desk, names: Iterable[str]) -> None:
    """Forgets where files lie with which something is wrong, so that others can take their places.

    Belongs in the transaction that puts those.
    """
    desk.database.conn.executemany(
        'UPDATE "attachments" SET "shard" = NULL WHERE "name" = ?', [(name,) for name in names]
    )


def check(desk: Desk) -> Counter[str]:
    """Checks what has come with its report since the last time; how many came out in which state.

    Those that have come without a report are counted too, each time, as long as there are any.
    """
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
    query = 'SELECT count(*) FROM "attachments" WHERE "state" = ?'
    (without,) = desk.database.conn.execute(query, [NO_REPORT]).fetchone()
    return states + Counter({NO_REPORT: without})


def _check(
    desk: Desk, name: str, shard: str, place: int, size: int, length: int, sha256: str, media_type: str
) -> str:
    named = Attachment(length, bytes.fromhex(name), sha256, media_type)
    try:
        with (desk.archive / shard).open("rb") as file:
            sealed = _region(file, place, size)
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


def _region(file: BinaryIO, offset: int, size: int) -> BinaryIO:
    return cast(BinaryIO, _Region(file, offset, size))


class _Region:
    """A part of a file, read from its beginning to its end."""

    def __init__(self, file: BinaryIO, offset: int, size: int) -> None:
        self._file = file.fileno()
        self._place = offset
        self._end = offset + size

    def read(self, size: int) -> bytes:
        data = os.pread(self._file, min(size, self._end - self._place), self._place)
        self._place += len(data)
        return data


def apart(entries: Iterator[Entry], large: list[Entry]) -> Iterator[Entry]:
    """The reports among the members of a shard; the attachments are put into `large` on the way."""
    for entry in entries:
        if is_attachment(entry):
            large.append(entry)
        else:
            yield entry
