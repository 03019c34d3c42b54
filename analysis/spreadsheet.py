"""Imports a spreadsheet as sealed reports, because a group brings last year's list.

Each row becomes a report, is sealed to the desk's own keys and takes the same way as a report off
the stick; the file itself stays as it was and where it was. A row's receipt follows from all of its
cells and the desk's secret key: the same file imported again adds nothing, under whichever map, a
longer one adds its new rows, and nobody without the key can test whether a row is here.
"""

import csv
import hashlib
import io
import itertools
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

from analysis import archive, loading, renewal
from analysis.archive import PART, ArchivedShard
from analysis.desk import Desk
from analysis.desk_errors import BadRow, UnreadableFile, Unwritable
from analysis.mapping import Reading
from analysis.patterns import making
from analysis.patterns.making import Begin
from analysis.storage import open_file, sync_directory
from intake.crypto.padding import pad
from intake.crypto.receipt import CODE_LENGTH, Receipt
from intake.crypto.seal import seal_bytes
from intake.crypto.shard import Member, ReportName
from intake.forms import report
from intake.forms.answers import InvalidAnswers, clean

# Rows in a shard: what is sealed waits in memory until it can be sorted, about 36 MB.
SHARD_ROWS = 2000
SEALED_BY = "file"
# Characters: a row's cells are read whole, whether or not the map uses them.
MAX_CELL = 16 * 1024 * 1024
# Possessive: what could be given back is remembered letter by letter, a hundred times its length.
_QUOTED = re.compile(rb'"[^"]*+(?:""[^"]*+)*+"')


@dataclass(slots=True)
class Imported:
    """What came of a spreadsheet: the rows, and the cells of each column that the map does not name."""

    rows: int = 0
    unmapped: Counter[str] = field(default_factory=Counter)
    result: loading.Result = field(default_factory=loading.Result)


@dataclass(frozen=True, slots=True)
class Row:
    """A row that fits the form."""

    receipt: Receipt
    answers: Mapping[str, Any]


def import_csv(
    desk: Desk,
    mapping: Reading,
    path: Path,
    *,
    processes: int | None = None,
    progress: Callable[[int], None] = lambda _: None,
    today: Callable[[], date] = date.today,
    patterns: Begin = making.unseen,
) -> Imported:
    """Imports the CSV file at `path`: all of its rows or none.

    `progress` is told the rows as they are sealed, `patterns` of what is worked out of all reports together.
    Raises BadRow at the first row that cannot be taken, UnreadableFile, or Unwritable.
    """
    year, week, _ = today().isocalendar()
    imported = Imported()
    # Every row is checked before the first is sealed.
    for _ in read_rows(desk, mapping, path, imported.unmapped):
        imported.rows += 1
    known = loading.Result()
    fresh = _fresh(desk, read_rows(desk, mapping, path, Counter()), known, progress)
    shards = _archive(desk, mapping, f"{year:04d}-W{week:02d}", fresh)
    with desk.database.atomic():
        loading.add_forms(desk, [mapping.form])
    archive.keep_form(desk, mapping.form)
    try:
        imported.result = loading.load(desk, shards, bundle=None, whole=True, processes=processes)
    finally:
        # They get their names when the rows that were made of them are there to stay.
        archive.sweep(desk)
    imported.result.known += known.known
    making.refresh(desk.database, patterns)
    return imported


def count_rows(path: Path) -> int:
    """About how many rows a file has, for a progress bar."""
    with open_file(path) as descriptor, open(descriptor, "rb", closefd=False) as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def read_rows(desk: Desk, mapping: Reading, path: Path, unmapped: Counter[str]) -> Iterator[Row]:
    """The rows of the file as answers to the form, each with its receipt."""
    seen: Counter[bytes] = Counter()
    for number, cells in _cells(mapping, path):
        try:
            answers = clean(mapping.form, mapping.answers(cells, unmapped))
        except InvalidAnswers as error:
            raise BadRow(f"{path}: line {number}: {error}", "the row's words are not shown here") from None
        cells_digest = _digest(desk, mapping.identity(cells))
        seen[cells_digest] += 1
        yield Row(_receipt(desk, cells_digest, seen[cells_digest]), answers)


def _cells(mapping: Reading, path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    # The module's own limit is for all of a process, and under the length of some stories.
    csv.field_size_limit(MAX_CELL)
    with open_file(path) as descriptor, open(descriptor, "rb", closefd=False) as file:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        try:
            reader = csv.reader(text, strict=True, delimiter=_delimiter(file))
            header = mapping.heading(path, next(reader, []))
            for cells in reader:
                # A blank line, which spreadsheet programs leave at the end, is no row.
                if not cells:
                    continue
                if len(cells) != len(header):
                    raise BadRow(f"{path}: line {reader.line_num}: not as many cells as columns")
                yield reader.line_num, dict(zip(header, cells, strict=True))
        except UnicodeDecodeError:
            raise UnreadableFile(f"{path}: not text in UTF-8", "save it as CSV in UTF-8") from None
        except csv.Error:
            raise BadRow(f"{path}: line {reader.line_num}: not CSV") from None


def _delimiter(file: BinaryIO) -> str:
    """Half of the world's spreadsheets, and KoboToolbox, write semicolons."""
    start = file.tell()
    # Headings may be sentences, with commas of their own between quotes.
    bare = _QUOTED.sub(b"", file.readline(MAX_CELL))
    file.seek(start)
    return ";" if b"," not in bare and b";" in bare else ","


def _digest(desk: Desk, cells: Mapping[str, str]) -> bytes:
    parts = [f"{len(name)}:{name}{len(cells[name])}:{cells[name]}" for name in sorted(cells)]
    return _blake2b(desk, "\0".join(parts).encode("utf-8", "surrogatepass"))


def _receipt(desk: Desk, cells_digest: bytes, occurrence: int) -> Receipt:
    return Receipt.from_code(_blake2b(desk, cells_digest + occurrence.to_bytes(8, "big"))[:CODE_LENGTH])


def _blake2b(desk: Desk, data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16, key=desk.database_key, person=b"wbx1-file-row").digest()


def _fresh(
    desk: Desk, rows: Iterator[Row], result: loading.Result, progress: Callable[[int], None]
) -> Iterator[Row]:
    """The rows that the desk does not have; the others are counted in `result`."""
    for row in rows:
        progress(1)
        query = 'SELECT 1 FROM "reports" WHERE "name" = ?'
        if not desk.database.conn.execute(query, [row.receipt.id.hex()]).fetchone():
            yield row
        else:
            result.known += 1


def _archive(desk: Desk, mapping: Reading, week: str, rows: Iterator[Row]) -> list[ArchivedShard]:
    """Seals the rows into new shards of the archive, which have no names yet: all of them, or none."""
    shards: list[ArchivedShard] = []
    try:
        while batch := list(itertools.islice(rows, SHARD_ROWS)):
            part = desk.archive / f"csv-{len(shards):06d}{PART}"
            digest = _write_shard(desk, mapping, week, batch, part)
            path = desk.archive / f"csv-{digest[:32]}.tar{PART}"
            os.replace(part, path)
            shards.append(ArchivedShard(path, len(batch), digest))
        sync_directory(desk.archive)
    except BaseException as error:
        for left in desk.archive.glob(f"csv-*{PART}"):
            with suppress(OSError):
                left.unlink()
        if isinstance(error, OSError):
            reason = (error.strerror or "cannot be written").lower()
            raise Unwritable(f"{desk.archive}: {reason}") from None
        raise
    return shards


def _write_shard(desk: Desk, mapping: Reading, week: str, rows: list[Row], path: Path) -> str:
    members = sorted((_seal(desk, mapping, week, row) for row in rows), key=lambda member: member.name)
    return renewal.write(path, members).sha256


def _seal(desk: Desk, mapping: Reading, week: str, row: Row) -> Member:
    body = report.build(
        mapping.form,
        row.answers,
        lang=mapping.lang,
        sealed_by=SEALED_BY,
        channel=mapping.channel,
        receipt=row.receipt,
    )
    return Member(ReportName(week, row.receipt.id), seal_bytes(pad(body), desk.recipients))
