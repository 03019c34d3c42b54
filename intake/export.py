"""Writes what was not yet taken away as a courier bundle, signed, for the stick.

Which reports are in a bundle is settled first, in one transaction. Everything after that follows
from it and gives the same bytes every time, so an export that was killed, or a stick that was
lost, is repeated and nothing is lost or sent as something else.
"""

import hashlib
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from intake import attachments, deletion
from intake.crypto.errors import CryptoError
from intake.crypto.manifest import FIRST_PREVIOUS, Manifest, Shard, bundle_name, digest, parse, serialise
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
from intake.errors import IntakeError
from intake.files import new_directory, sha256_of, sync_directory, write_synced
from intake.keeping import Connection, Database

SHARD_END = 2 * BLOCK
MANIFEST = "manifest"
FORMS = "forms"

_GONE = {
    deletion.ACKNOWLEDGED: "was acknowledged by every desk",
    deletion.EXPIRED: "was kept as long as the settings say, and nobody acknowledged it",
}

Progress = Callable[[int], None]


class ExportError(IntakeError):
    """The bundle was not written."""


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
) -> Bundle | None:
    """Writes the next bundle below `out`, or bundle `again` once more; None when nothing is new.

    `begin` is told how many files there are, `advance` how many more are written. Raises
    ExportError when the stick cannot take it; nothing half-written stays there then.
    """
    if not out.is_dir():
        raise ExportError(f"there is no directory {out}")
    with _only_export(database), closing(database.connect()) as connection:
        try:
            with database.explained():
                sequence = reserve(connection) if again is None else _known(connection, again)
                if sequence is None:
                    return None
                bundle = _write(_Contents(connection, sequence, key), out, begin, advance)
        except OSError as error:
            hint = "nothing half-written was left; the same bundle is written when you export again"
            raise ExportError(f"cannot write to {out}: {error.strerror}", hint) from None
        # The bundle stands; what is in the way of the order now is so at the next time too, and said then.
        with suppress(*database.errors, OSError):
            database.tidy(connection)
    return bundle


@contextmanager
def _only_export(database: Database) -> Iterator[None]:
    """Two at once would sweep away each other's files, and write one bundle twice."""
    try:
        with database.alone():
            yield
    except BlockingIOError:
        raise ExportError(f"another export from {database} is running", "wait until it is done") from None


def reserve(connection: Connection) -> int | None:
    """The bundle that was begun and not finished, or else a new one with all that is in none; or None."""
    with connection.transaction():
        return _reserve(connection)


def _reserve(connection: Connection) -> int | None:
    found = connection.execute("SELECT sequence, digest FROM bundles ORDER BY sequence DESC LIMIT 1")
    last, finished = found.fetchone() or (0, "none")
    if finished is None:
        return cast(int, last)
    sequence = last + 1
    taken = connection.execute(
        "INSERT INTO bundled (id, bundle)"
        " SELECT id, ? FROM (SELECT id FROM reports UNION SELECT id FROM attachments) AS held"
        " WHERE NOT EXISTS (SELECT 1 FROM bundled WHERE bundled.id = held.id) ORDER BY id",
        (sequence,),
    ).rowcount
    if not taken:
        return None
    connection.execute("INSERT INTO bundles (sequence) VALUES (?)", (sequence,))
    connection.execute("UPDATE forms SET bundle = ? WHERE bundle IS NULL", (sequence,))
    return sequence


def _known(connection: Connection, sequence: int) -> int:
    found = connection.execute("SELECT gone FROM bundles WHERE sequence = ?", (sequence,)).fetchone()
    if not found:
        raise ExportError(f"there is no bundle {sequence}")
    if found[0]:
        raise ExportError(f"bundle {sequence} {_GONE[found[0]]}; its reports are no longer here")
    return sequence


@dataclass(frozen=True, slots=True)
class _Contents:
    """What a bundle holds, read from the database; the same every time it is asked."""

    connection: Connection
    sequence: int
    key: SigningKey

    def previous(self) -> str:
        found = self.connection.execute(
            "SELECT digest FROM bundles WHERE sequence = ?", (self.sequence - 1,)
        ).fetchone()
        return cast(str, found[0]) if found else FIRST_PREVIOUS

    def forms(self) -> dict[str, bytes]:
        """All forms that reports up to this bundle may name: the desk may have missed earlier bundles."""
        rows = self.connection.execute(
            "SELECT digest, json FROM forms WHERE bundle <= ? ORDER BY digest", (self.sequence,)
        )
        return dict(rows)

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
            (self.sequence, self.sequence),
        ).fetchall()

    def attachments(self) -> int:
        (number,) = self.connection.execute(
            "SELECT count(*) FROM bundled JOIN attachments USING (id) WHERE bundle = ?",
            (self.sequence,),
        ).fetchone()
        return cast(int, number)

    def member(self, name: ReportName) -> Member:
        found = self.connection.execute("SELECT sealed FROM reports WHERE id = ?", (name.id,)).fetchone()
        return Member(name, found[0] if found else attachments.read(self.connection, name.id))

    def note(self, manifest: bytes) -> None:
        """Marks the bundle as written; the next one will name this manifest."""
        self.connection.execute(
            "UPDATE bundles SET digest = ? WHERE sequence = ?", (digest(manifest), self.sequence)
        )


def _write(contents: _Contents, out: Path, begin: Progress, advance: Progress) -> Bundle:
    path = out / bundle_name(contents.sequence)
    plan = list(contents.shards())
    begin(sum(len(names) for names in plan))
    forms = contents.forms()
    if path.exists():
        # Killed between the rename and its note in the database, or asked for twice.
        return _adopt(contents, path, sum(len(names) for names in plan), forms)
    with new_directory(path) as new:
        shards = tuple(_write_shard(contents, names, new, advance) for names in plan)
        (new / FORMS).mkdir(mode=0o700)
        for name, form in forms.items():
            write_synced(new / FORMS / f"{name}.json", form)
        sync_directory(new / FORMS)
        manifest = serialise(
            Manifest(contents.key.verify_key, contents.sequence, contents.previous(), tuple(forms), shards),
            contents.key,
        )
        write_synced(new / MANIFEST, manifest)
    contents.note(manifest)
    return _bundle(contents, path, sum(shard.reports for shard in shards))


def _bundle(contents: _Contents, path: Path, files: int) -> Bundle:
    more = contents.attachments()
    return Bundle(path, files - more, more)


def _adopt(contents: _Contents, path: Path, files: int, forms: Collection[str]) -> Bundle:
    """The bundle that stands there already, when it is this one and every byte of it is right."""
    with suppress(OSError, CryptoError):
        data = (path / MANIFEST).read_bytes()
        found = parse(data, [contents.key.verify_key])
        expected = (contents.sequence, contents.previous(), files, tuple(forms))
        if (found.sequence, found.previous, found.reports, found.forms) == expected:
            _check_whole(path, found)
            contents.note(data)
            return _bundle(contents, path, files)
    raise ExportError(f"{path} exists already and is another bundle", "export to another directory")


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
