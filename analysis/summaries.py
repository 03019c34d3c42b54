"""What was worked out of all reports and takes longer than a page may: kept in the encrypted database.

A summary says what reports say, never what was decided about them: whoever reads one leaves out the
reports that do not count, so a decision shows on the next page, and so does its undoing. A summary
covers the reports up to a number; an import adds to it, or makes it anew.

Some hold words, or numbers made of words. They go in the very transaction that deletes a text, whoever
deletes it: no purge has to think of them. Those of the other reports are then made again.
"""

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.bitmaps import CHANGED, CHUNK

# A name may be 120 characters long (analysis/review/tables.py); longer texts are no names.
TABLES = f"""
CREATE TABLE "summaries" (
    "name" TEXT NOT NULL, "part" INTEGER NOT NULL, "until" INTEGER NOT NULL, "data" BLOB NOT NULL,
    PRIMARY KEY ("name", "part"));
INSERT INTO "bitmaps_done" VALUES ('summaries', 0);
CREATE TRIGGER "summaries_text_gone" AFTER DELETE ON "texts" BEGIN
    DELETE FROM "summaries" WHERE "name" IN ('words', 'sketches') AND "part" = old."report" / {CHUNK};
    DELETE FROM "summaries" WHERE "name" IN ('story', 'answers', 'event');
    DELETE FROM "summaries" WHERE "name" BETWEEN 'names:' AND 'names;' AND length(old."text") <= 120;
    UPDATE "bitmaps_done" SET {CHANGED}; END;
CREATE TRIGGER "summaries_report_changed" AFTER INSERT ON "bitmaps_stale" WHEN new."what" = 'reports' BEGIN
    DELETE FROM "summaries"; END;
"""  # noqa: S608 - a number of this module

_LEVEL = 1


@dataclass(frozen=True, slots=True)
class Summary:
    """One part of a summary: the last report that it covers, lists of words, and columns of numbers."""

    until: int
    words: dict[str, Any]
    columns: dict[str, NDArray[Any]]


def read(connection: Any, name: str, part: int = 0) -> Summary | None:
    """A part of a summary; None where it was not made yet, or was dropped."""
    query = 'SELECT "until", "data" FROM "summaries" WHERE "name" = ? AND "part" = ?'
    row = connection.execute(query, [name, part]).fetchone()
    return _unpack(*row) if row else None


def read_parts(connection: Any, name: str) -> Iterator[tuple[int, Summary]]:
    """All parts of a summary, in their order."""
    query = 'SELECT "part", "until", "data" FROM "summaries" WHERE "name" = ? ORDER BY "part"'
    for part, until, data in connection.execute(query, [name]).fetchall():
        yield part, _unpack(until, data)


def until(connection: Any, name: str) -> int | None:
    """The last report that a summary of one part covers; None where there is none."""
    query = 'SELECT "until" FROM "summaries" WHERE "name" = ? AND "part" = 0'
    row = connection.execute(query, [name]).fetchone()
    return int(row[0]) if row else None


def missing(connection: Any, name: str, newest: int) -> Iterator[tuple[int, int, int]]:
    """The parts, one for as many reports as bits have in a chunk, that do not cover all of their reports.

    With each the first and the last report that it lacks.
    """
    rows = connection.execute('SELECT "part", "until" FROM "summaries" WHERE "name" = ?', [name])
    known = dict(rows.fetchall())
    for part in range(newest // CHUNK + 1):
        first = known.get(part, part * CHUNK - 1) + 1
        last = min(newest, (part + 1) * CHUNK - 1)
        if first <= last:
            yield part, first, last


def write(connection: Any, name: str, part: int, summary: Summary) -> None:
    """Puts a part in the place of the one before. Belongs in a transaction of the caller."""
    connection.execute(
        'INSERT OR REPLACE INTO "summaries" VALUES (?, ?, ?, ?)', [name, part, summary.until, _pack(summary)]
    )
    connection.execute("""UPDATE "bitmaps_done" SET "last" = "last" + 1 WHERE "what" = 'summaries'""")


def written(connection: Any) -> int:
    """A number that is another one whenever a part was written."""
    row = connection.execute("""SELECT "last" FROM "bitmaps_done" WHERE "what" = 'summaries'""").fetchone()
    return int(row[0])


def _pack(summary: Summary) -> bytes:
    shapes = [[name, one.dtype.str, list(one.shape)] for name, one in summary.columns.items()]
    head = json.dumps([summary.words, shapes]).encode()
    body = b"".join(np.ascontiguousarray(one).tobytes() for one in summary.columns.values())
    return zlib.compress(len(head).to_bytes(8, "little") + head + body, _LEVEL)


def _unpack(until: int, data: bytes) -> Summary:
    whole = zlib.decompress(data)
    place = 8 + int.from_bytes(whole[:8], "little")
    words, shapes = json.loads(whole[8:place])
    columns = {}
    for name, kind, shape in shapes:
        one = np.frombuffer(whole, np.dtype(kind), int(np.prod(shape)), place).reshape(shape)
        columns[name] = one
        place += one.nbytes
    return Summary(until, words, columns)
