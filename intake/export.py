"""Writes what was not yet taken away as a courier bundle, signed, for the stick.

Which reports are in a bundle is settled first, in one transaction, and its number when its shards are
written (`claim.py`). Everything else follows from these and gives the same bytes every time, so an
export that was killed, or a stick that was lost, is repeated and nothing is lost or sent as something else.
"""

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from intake import attachments, claim
from intake.claim import ExportError, Link
from intake.crypto.errors import CryptoError
from intake.crypto.manifest import Manifest, Shard, bundle_name, parse, serialise
from intake.crypto.shard import (
    BLOCK,
    MAX_SHARD_BYTES,
    MAX_SHARD_REPORTS,
    Member,
    ReportName,
    member_length,
    write_shard,
)
from intake.crypto.signing import SigningKey
from intake.files import sha256_of, sync_directory, unnamed_directory, write_synced
from intake.keeping import Connection, Database

SHARD_END = 2 * BLOCK
MANIFEST = "manifest"
FORMS = "forms"
PARTIAL = ".witnessbox-export-{}.partial"
# How long a command that is at work is waited for, and how often it is looked for.
PATIENCE = 60.0
BETWEEN = 0.2

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that stands on the stick: its directory, and how many reports and attachments it holds."""

    path: Path
    reports: int
    attachments: int


def export(
    database: Database,
    out: Path,
    key: SigningKey,
    *,
    again: int | None = None,
    begin: Progress = lambda reports: None,
    advance: Progress = lambda reports: None,
    patience: float = PATIENCE,
    waiting: Callable[[], None] = lambda: None,
) -> Bundle | None:
    """Writes the next bundle below `out`, or bundle `again` once more; None when nothing is new.

    `begin` is told how many files there are, `advance` how many more are written, and `waiting` that
    another command is waited for, so many seconds at most. Raises ExportError when that is too long, or
    the stick cannot take the bundle; nothing half-written stays there then.
    """
    if not out.is_dir():
        raise ExportError(f"there is no directory {out}")
    with _place(database, patience, waiting) as place, closing(database.connect()) as connection:
        try:
            with database.explained():
                part = claim.take(connection, place) if again is None else claim.known(connection, again)
                if part is None:
                    return None
                bundle = _write(_Contents(connection, part, place, key), out, begin, advance)
        except OSError as error:
            hint = "nothing half-written was left; the same bundle is written when you export again"
            raise ExportError(f"cannot write to {out}: {error.strerror}", hint) from None
        # The bundle stands; what is in the way of the order now is so at the next time too, and said then.
        with suppress(*database.errors, OSError):
            database.tidy(connection)
    return bundle


@contextmanager
def _place(database: Database, patience: float, waiting: Callable[[], None]) -> Iterator[int]:
    """A place to export from; not while another command deletes what is to be written."""
    end = time.monotonic() + patience
    told = False
    with ExitStack() as stack:
        while True:
            try:
                place = stack.enter_context(database.exporting())
                break
            except BlockingIOError:
                if time.monotonic() >= end:
                    hint = "wait until it is done, and export again; --wait SECONDS waits for longer"
                    raise ExportError(f"another command is at work in {database}", hint) from None
            if not told:
                waiting()
            told = True
            time.sleep(BETWEEN)
        yield place


@dataclass(frozen=True, slots=True)
class _Contents:
    """What a bundle holds, read from the database; the same every time it is asked.

    `part` is the bundle's number, or minus the place that it is exported from.
    """

    connection: Connection
    part: int
    place: int
    key: SigningKey

    def link(self) -> Link | None:
        """The bundle's place in the chain, when it has one."""
        return claim.link(self.connection, self.part) if self.part > 0 else None

    def shards(self) -> Iterator[list[ReportName]]:
        """The names of the reports and attachments of each shard, in order."""
        names: list[ReportName] = []
        length = SHARD_END
        for week, report_id, size in self._sizes():
            more = member_length(size)
            if names and (len(names) == MAX_SHARD_REPORTS or length + more > MAX_SHARD_BYTES):
                yield names
                names, length = [], SHARD_END
            names.append(ReportName(week, report_id))
            length += more
        if names:
            yield names

    def _sizes(self) -> list[tuple[str, bytes, int]]:
        return self.connection.execute(
            "SELECT week, id, length(sealed) FROM bundled JOIN reports USING (id)"
            " WHERE bundle = ?"
            " UNION ALL SELECT week, id, length FROM bundled JOIN attachments USING (id)"
            " WHERE bundle = ? ORDER BY week, id",
            (self.part, self.part),
        ).fetchall()

    def attachments(self) -> int:
        (number,) = self.connection.execute(
            "SELECT count(*) FROM bundled JOIN attachments USING (id) WHERE bundle = ?",
            (self.part,),
        ).fetchone()
        return cast(int, number)

    def member(self, name: ReportName) -> Member:
        found = self.connection.execute("SELECT sealed FROM reports WHERE id = ?", (name.id,)).fetchone()
        return Member(name, found[0] if found else attachments.read(self.connection, name.id))


def _write(contents: _Contents, out: Path, begin: Progress, advance: Progress) -> Bundle:
    plan = list(contents.shards())
    files = sum(len(names) for names in plan)
    more = contents.attachments()
    begin(files)
    link = contents.link()
    if link and (out / bundle_name(link.sequence)).exists():
        # Killed between the rename and its note in the database, or asked for twice.
        path = _adopt(contents, out / bundle_name(link.sequence), files, link)
    else:
        path = _write_anew(contents, out, plan, link, advance)
    return Bundle(path, files - more, more)


def _write_anew(
    contents: _Contents, out: Path, plan: list[list[ReportName]], link: Link | None, advance: Progress
) -> Path:
    with unnamed_directory(out / PARTIAL.format(contents.place)) as new:
        shards = tuple(_write_shard(contents, names, new.path, advance) for names in plan)

        def sign(link: Link) -> bytes:
            return _manifest(contents.key, link, shards)

        if link:
            manifest = sign(link)
        else:
            link, manifest = claim.join(contents.connection, contents.place, sign)
        path = out / bundle_name(link.sequence)
        if path.exists():
            raise _another(path)
        _write_rest(new.path, link, manifest)
        new.settle(path)
    claim.finish(contents.connection, link.sequence, manifest)
    return path


def _manifest(key: SigningKey, link: Link, shards: Sequence[Shard]) -> bytes:
    manifest = Manifest(key.verify_key, link.sequence, link.previous, tuple(link.forms), tuple(shards))
    return serialise(manifest, key)


def _write_rest(new: Path, link: Link, manifest: bytes) -> None:
    (new / FORMS).mkdir(mode=0o700)
    for name, form in link.forms.items():
        write_synced(new / FORMS / f"{name}.json", form)
    sync_directory(new / FORMS)
    write_synced(new / MANIFEST, manifest)


def _adopt(contents: _Contents, path: Path, files: int, link: Link) -> Path:
    """The bundle that stands there already, when it is this one and every byte of it is right."""
    with suppress(OSError, CryptoError):
        data = (path / MANIFEST).read_bytes()
        found = parse(data, [contents.key.verify_key])
        expected = (link.sequence, link.previous, files, tuple(link.forms))
        if (found.sequence, found.previous, found.reports, found.forms) == expected:
            _check_whole(path, found)
            claim.finish(contents.connection, link.sequence, data)
            return path
    raise _another(path)


def _another(path: Path) -> ExportError:
    return ExportError(f"{path} exists already and is another bundle", "export to another directory")


def _check_whole(path: Path, manifest: Manifest) -> None:
    """A stick was pulled out, or went bad: then the bundle stands there, but not what was written."""
    named = {path / shard.filename: shard.sha256 for shard in manifest.shards}
    named |= {path / FORMS / f"{form}.json": form for form in manifest.forms}
    for file, sha256 in named.items():
        try:
            right = sha256_of(file) == sha256
        except OSError:
            right = False
        if not right:
            raise ExportError(
                f"{path} exists already and {file.name} in it is damaged or gone",
                "remove it, or export to another directory",
            )


def _write_shard(contents: _Contents, names: list[ReportName], new: Path, advance: Progress) -> Shard:
    def members() -> Iterator[Member]:
        for name in names:
            yield contents.member(name)
            advance(1)

    partial = new / "shard"
    with partial.open("xb") as file:
        hashing = _Hashing(file)
        write_shard(members(), cast(BinaryIO, hashing))
        hashing.sync()
    shard = Shard(hashing.length, len(names), hashing.sha256.hexdigest())
    partial.rename(new / shard.filename)
    return shard


class _Hashing:
    """A file that is hashed and measured as it is written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.sha256 = hashlib.sha256()
        self.length = 0

    def write(self, data: bytes) -> int:
        self.sha256.update(data)
        self.length += len(data)
        return self._file.write(data)

    def sync(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
