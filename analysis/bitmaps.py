"""Which reports gave which answer: a bit a report, for each value of each question.

A page that counts ten questions under three filters would read millions of rows; anding and
counting bits takes milliseconds for a million reports. The bits stand in the encrypted database in
chunks, so an unlocked desk reads just those that a page asks for, and an import adds the chunks of
its own reports. They say nothing that the other tables do not say: they can always be made again.
"""

import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from threading import Lock, RLock
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from analysis.cipher import Database

Bits: TypeAlias = NDArray[np.uint8]
Value: TypeAlias = int | str
Codes: TypeAlias = NDArray[np.int32]

# Reports of a chunk. A report's number is its place, so chunk 0 begins with a place that nobody has.
CHUNK = 65_536
BYTES = CHUNK // 8
EVERY = ""
CHANGED = """ "last" = "last" + 1 WHERE "what" = 'state'"""
_UNASKED = frozenset({"id", "name", "bundle", "identity"})
# What is kept in memory beside the bits: columns of codes, and what summaries hold.
MOST_KEPT = 16
# One report of so many is few: its bits are looked up one by one.
FEW = 16

TABLES = """
CREATE TABLE "bitmaps" (
    "question" TEXT NOT NULL, "value" NOT NULL, "chunk" INTEGER NOT NULL, "bits" BLOB NOT NULL,
    PRIMARY KEY ("question", "value", "chunk"));
CREATE TABLE "bitmaps_texts" ("chunk" INTEGER PRIMARY KEY, "reports" BLOB NOT NULL);
CREATE TABLE "bitmaps_stale" ("what" TEXT NOT NULL, "chunk" INTEGER NOT NULL, PRIMARY KEY ("what", "chunk"));
CREATE TABLE "bitmaps_done" ("what" TEXT PRIMARY KEY, "last" INTEGER NOT NULL);
INSERT INTO "bitmaps_done" VALUES ('reports', 0), ('texts', 0), ('state', 0);
CREATE TRIGGER "bitmaps_report_changed" AFTER UPDATE ON "reports" WHEN new."identity" IS old."identity" BEGIN
    INSERT OR IGNORE INTO "bitmaps_stale" VALUES ('reports', new."id" / 65536); END;
CREATE TRIGGER "bitmaps_report_gone" AFTER DELETE ON "reports" BEGIN
    INSERT OR IGNORE INTO "bitmaps_stale" VALUES ('reports', old."id" / 65536); END;
CREATE TRIGGER "bitmaps_answer_gone" AFTER DELETE ON "answers" BEGIN
    INSERT OR IGNORE INTO "bitmaps_stale" VALUES ('reports', old."report" / 65536); END;
CREATE TRIGGER "bitmaps_text_gone" AFTER DELETE ON "texts" BEGIN
    INSERT OR IGNORE INTO "bitmaps_stale" VALUES ('texts', old."id" / 65536); END;
"""


def is_true(database: Database) -> bool:
    """Whether the bits tell of the newest report and of every change."""
    query = """SELECT NOT EXISTS (SELECT 1 FROM "bitmaps_stale")
        AND (SELECT "last" FROM "bitmaps_done" WHERE "what" = 'reports') =
            (SELECT coalesce(max("id"), 0) FROM "reports")
        AND (SELECT "last" FROM "bitmaps_done" WHERE "what" = 'texts') =
            (SELECT coalesce(max("id"), 0) FROM "texts")"""
    return bool(database.conn.execute(query).fetchone()[0])


def refresh(database: Database) -> None:
    """Makes the chunks of new and of changed reports. Belongs in a transaction of the caller."""
    reports, texts = _wanted(database, "reports"), _wanted(database, "texts")
    for chunk in reports:
        _make_chunk(database.conn, chunk)
    for chunk in texts:
        _make_texts(database.conn, chunk)
    database.conn.execute('DELETE FROM "bitmaps_stale"')
    if reports or texts:
        database.conn.execute(f"""UPDATE "bitmaps_done" SET {CHANGED}""")  # noqa: S608 - a constant


def state(connection: Any) -> int:
    """A number that is another one as soon as anything that was read of reports is out of date.

    A decision about reports leaves it as it is: what they say has not changed.
    """
    (number,) = connection.execute("""SELECT "last" FROM "bitmaps_done" WHERE "what" = 'state'""").fetchone()
    return int(number)


def _wanted(database: Database, what: str) -> list[int]:
    connection = database.conn
    (last,) = connection.execute('SELECT "last" FROM "bitmaps_done" WHERE "what" = ?', [what]).fetchone()
    (newest,) = connection.execute(f'SELECT coalesce(max("id"), 0) FROM "{what}"').fetchone()  # noqa: S608
    connection.execute('UPDATE "bitmaps_done" SET "last" = ? WHERE "what" = ?', [newest, what])
    stale = connection.execute('SELECT "chunk" FROM "bitmaps_stale" WHERE "what" = ?', [what]).fetchall()
    fresh = range(last // CHUNK, newest // CHUNK + 1) if newest > last else ()
    return sorted({*fresh, *(chunk for (chunk,) in stale)})


def _make_chunk(connection: Any, chunk: int) -> None:
    first = chunk * CHUNK
    span = [first, first + CHUNK - 1]
    columns = counted_columns(connection)
    names = ", ".join(f'"{name}"' for name in columns)
    query = f'SELECT "id", {names} FROM "reports" WHERE "id" BETWEEN ? AND ?'  # noqa: S608
    rows = connection.execute(query, span).fetchall()
    connection.execute('DELETE FROM "bitmaps" WHERE "chunk" = ?', [chunk])
    if not rows:
        return
    ids, *columned = zip(*rows, strict=True)
    places = np.array(ids, dtype=np.int64) - first
    made: list[tuple[str, Value, bytes]] = [(EVERY, 1, _packed(places))]
    for name, values in zip(columns, columned, strict=True):
        made += [(name, value, bits) for value, bits in _by_value(values, places)]
    query = 'SELECT "choice", "report" FROM "answers" WHERE "report" BETWEEN ? AND ?'
    if ticks := connection.execute(query, span).fetchall():
        pairs = np.array(ticks, dtype=np.int64)
        questions = dict(connection.execute('SELECT "id", "question" FROM "choices"').fetchall())
        made += [
            (questions[value], value, bits) for value, bits in _by_value(pairs[:, 0], pairs[:, 1] - first)
        ]
    connection.executemany(
        'INSERT INTO "bitmaps" ("question", "value", "chunk", "bits") VALUES (?, ?, ?, ?)',
        [(question, value, chunk, zlib.compress(bits, 1)) for question, value, bits in made],
    )


def counted_columns(connection: Any) -> list[str]:
    """The columns of `reports` that have bits: how it came, single choices, months and numbers."""
    rows = connection.execute('PRAGMA table_info("reports")').fetchall()
    return [row[1] for row in rows if row[1] not in _UNASKED]


def _by_value(
    values: Sequence[Any] | NDArray[Any], places: NDArray[np.int64]
) -> Iterator[tuple[Value, bytes]]:
    if not isinstance(values, np.ndarray):
        numbers = {value: number for number, value in enumerate(dict.fromkeys(values))}
        names = list(numbers)
        coded = np.fromiter((numbers[value] for value in values), dtype=np.int64, count=len(values))
    else:
        names_found, coded = np.unique(values, return_inverse=True)
        names = names_found.tolist()
    order = np.argsort(coded, kind="stable")
    cuts = np.searchsorted(coded[order], np.arange(1, len(names)))
    for name, part in zip(names, np.split(places[order], cuts), strict=True):
        if name is not None:
            yield name, _packed(part)


def _packed(places: NDArray[np.int64]) -> bytes:
    whole = np.zeros(CHUNK, dtype=np.bool_)
    whole[places] = True
    return np.packbits(whole, bitorder="little").tobytes()


def _make_texts(connection: Any, chunk: int) -> None:
    first = chunk * CHUNK
    query = 'SELECT "id", "report" FROM "texts" WHERE "id" BETWEEN ? AND ?'
    reports = np.zeros(CHUNK, dtype=np.uint32)
    if rows := connection.execute(query, [first, first + CHUNK - 1]).fetchall():
        pairs = np.array(rows, dtype=np.int64)
        reports[pairs[:, 0] - first] = pairs[:, 1]
    blob = zlib.compress(reports.tobytes(), 1)
    connection.execute('INSERT OR REPLACE INTO "bitmaps_texts" VALUES (?, ?)', [chunk, blob])


class Bitmaps:
    """The bits in memory, read when they are first asked for. One state of the database's."""

    def __init__(self, chunks: int) -> None:
        self._chunks = chunks
        self._lock = Lock()
        self._columns: dict[str, Mapping[Value, Bits]] = {}
        self._texts: NDArray[np.uint32] | None = None
        self._keeping = RLock()
        self._kept: OrderedDict[tuple[str, ...], object] = OrderedDict()

    @classmethod
    def of(cls, connection: Any) -> "Bitmaps":
        """The bits of a database."""
        (last,) = connection.execute('SELECT coalesce(max("chunk"), -1) FROM "bitmaps"').fetchone()
        return cls(last + 1)

    def column(self, connection: Any, question: str) -> Mapping[Value, Bits]:
        """The bits of each value of a question that some report gave."""
        with self._lock:
            if question not in self._columns:
                self._columns[question] = self._read(connection, question)
            return self._columns[question]

    def every(self, connection: Any) -> Bits:
        """The bits of all reports."""
        return self.column(connection, EVERY).get(1, self.none())

    def none(self) -> Bits:
        """As many bits, none set."""
        return np.zeros(self._chunks * BYTES, dtype=np.uint8)

    def of_numbers(self, numbers: Iterable[int] | NDArray[Any]) -> Bits:
        """The bits of these reports; numbers that no report can have are passed over."""
        places = np.asarray(numbers if isinstance(numbers, np.ndarray) else list(numbers), dtype=np.int64)
        whole = np.zeros(self._chunks * CHUNK, dtype=np.bool_)
        whole[places[(places > 0) & (places < whole.size)]] = True
        return np.packbits(whole, bitorder="little")

    def codes(self, connection: Any, question: str) -> tuple[tuple[Any, ...], Codes]:
        """The values of a question, None first, the others in their order, and each report's place in them.

        Of a question with one answer; the places stand under the reports' numbers.
        """
        found: tuple[tuple[Any, ...], Codes] = self.keep(
            ("codes", question), lambda: _codes(self.column(connection, question), self.none())
        )
        return found

    def codes_of(
        self, connection: Any, question: str, reports: NDArray[Any]
    ) -> tuple[tuple[Any, ...], Codes]:
        """The same for some reports alone, without working out those of all where they are few."""
        if len(reports) * FEW > self._chunks * CHUNK:
            values, codes = self.codes(connection, question)
            return values, codes[reports]
        column = self.column(connection, question)
        given = sorted(column, key=_order)
        found: Codes = np.zeros(len(reports), dtype=np.int32)
        for place, value in enumerate(given, start=1):
            found[holds(column[value], reports)] = place
        return (None, *given), found

    def keep(self, key: tuple[str, ...], make: Callable[[], Any]) -> Any:
        """What is made once for this state, and again when too much else was asked for since."""
        with self._keeping:
            if key not in self._kept:
                self._kept[key] = make()
                if len(self._kept) > MOST_KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key]

    def forget(self) -> None:
        """Drops what was kept; the bits stay."""
        with self._keeping:
            self._kept.clear()

    def texts(self, connection: Any) -> NDArray[np.uint32]:
        """The report of each text, by the text's number."""
        with self._lock:
            if self._texts is None:
                query = 'SELECT "chunk", "reports" FROM "bitmaps_texts" ORDER BY "chunk"'
                parts = dict(connection.execute(query).fetchall())
                found = np.zeros((max(parts, default=-1) + 1) * CHUNK, dtype=np.uint32)
                for chunk, blob in parts.items():
                    found[chunk * CHUNK :][:CHUNK] = np.frombuffer(zlib.decompress(blob), dtype=np.uint32)
                self._texts = found
            return self._texts

    def _read(self, connection: Any, question: str) -> Mapping[Value, Bits]:
        found: dict[Value, Bits] = {}
        query = 'SELECT "value", "chunk", "bits" FROM "bitmaps" WHERE "question" = ?'
        for value, chunk, blob in connection.execute(query, [question]):
            if chunk >= self._chunks:
                continue
            bits = found.setdefault(value, self.none())
            bits[chunk * BYTES : (chunk + 1) * BYTES] = np.frombuffer(zlib.decompress(blob), dtype=np.uint8)
        return found


def count(bits: Bits) -> int:
    """How many are set."""
    return int(np.bitwise_count(bits.view(np.uint64)).sum())


def flags(bits: Bits) -> NDArray[np.bool_]:
    """A truth value for each number."""
    return np.unpackbits(bits, bitorder="little").view(np.bool_)


def holds(bits: Bits, reports: NDArray[Any]) -> NDArray[np.bool_]:
    """Of each of these reports whether its bit is set."""
    found: NDArray[np.bool_] = (bits[reports >> 3] >> (reports & 7).astype(np.uint8) & 1).astype(np.bool_)
    return found


def _order(value: Value) -> tuple[bool, Value]:
    return isinstance(value, str), value


def _codes(column: Mapping[Value, Bits], none: Bits) -> tuple[tuple[Any, ...], Codes]:
    values = sorted(column, key=_order)
    found: Codes = np.zeros(none.size * 8, dtype=np.int32)
    for place, value in enumerate(values, start=1):
        found[numbers(column[value])] = place
    return (None, *values), found


def numbers(bits: Bits) -> NDArray[np.int64]:
    """The numbers of the reports whose bits are set, in their order."""
    return np.flatnonzero(flags(bits))
