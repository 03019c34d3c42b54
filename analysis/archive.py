"""The archive: sealed reports as they came, and a list of them in the database.

    archive/000001-<first 32 digits of its SHA-256>.tar       a shard of a bundle
    archive/000001-<those digits>-<of its own>.tar            the same, sealed anew to other keys
    archive/csv-<first 32 digits>.tar                         rows of a spreadsheet
    archive/file-<first 32 digits>.tar                        sealed files that came in no bundle
    archive/papers/000001-<server>.manifest.age               what came with a bundle, sealed to the desk,
    archive/papers/<digest>.form.age                          so that the database can be made anew

A shard is listed in the transaction that loads its reports. Nothing that may be the only copy of a
report is ever removed: only what never got its name, and what was sealed anew.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from analysis.desk import Desk
from analysis.desk_errors import DamagedDesk, UnreadableFile, Unwritable
from analysis.storage import DIRECTORY_MODE, read_file, replace_file, sync_directory
from analysis.unseal import unseal_bytes
from analysis.unseal_errors import UnsealError
from intake.crypto.manifest import MAX_MANIFEST, Manifest
from intake.crypto.seal import seal_bytes
from intake.crypto.signing import VerifyKey
from intake.forms.form import Form

PART = ".part"
PAPERS = "papers"
MANIFEST = ".manifest.age"
FORM = ".form.age"
# A form has four million bytes at most, and so has a manifest.
MAX_PAPER = 2 * MAX_MANIFEST
SHARD_NAME = re.compile(
    r"(?P<of>\d{6,10}|csv|file)-(?P<original>[0-9a-f]{32})(?:-(?P<own>[0-9a-f]{32}))?\.tar"
)


@dataclass(frozen=True, slots=True)
class ArchivedShard:
    """A shard in the archive, how many reports it should hold, and its SHA-256.

    `server` is who signed it, None for what came in no bundle. `path` may still end in ".part".
    """

    path: Path
    reports: int
    sha256: str
    server: str | None = None

    @property
    def name(self) -> str:
        """The name that it has, or will have once its reports are loaded."""
        return self.path.name.removesuffix(PART)


def note(desk: Desk, shard: ArchivedShard, bundle: int | None) -> None:
    """Lists a shard. Belongs in the transaction that loads its reports."""
    original = original_of(shard.name)
    _forget_other_copies(desk, original, shard.name)
    desk.database.conn.execute(
        'INSERT OR REPLACE INTO "shards" ("name", "server", "bundle", "original", "sha256", "bytes", '
        '"reports") VALUES (?, ?, ?, ?, ?, ?, ?)',
        [shard.name, shard.server, bundle, original, shard.sha256, shard.path.stat().st_size, shard.reports],
    )


def held(desk: Desk, original: str) -> ArchivedShard | None:
    """The shard that came with this SHA-256 (or began with it), when it stands here undamaged."""
    row = desk.database.conn.execute(
        'SELECT "name", "reports", "sha256", "server" FROM "shards" WHERE "original" = ?', [original[:32]]
    ).fetchone()
    if not row:
        return None
    shard = ArchivedShard(desk.archive / row[0], *row[1:])
    return shard if is_whole(shard) else None


def is_whole(shard: ArchivedShard) -> bool:
    """Whether the file has the bytes that it should have."""
    try:
        with shard.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == shard.sha256
    except OSError:
        return False


def reports(desk: Desk) -> int:
    """How many reports and attachments the archive holds."""
    row = desk.database.conn.execute('SELECT coalesce(sum("reports"), 0) FROM "shards"').fetchone()
    return int(row[0])


def sweep(desk: Desk) -> None:
    """Finishes or clears away what a killed command left in the archive."""
    rows = desk.database.conn.execute('SELECT "original", "name" FROM "shards"')
    named = dict(rows.fetchall())
    listed = set(named.values())
    for left in sorted(desk.archive.iterdir()):
        name = left.name.removesuffix(PART)
        if left.name.endswith(PART):
            _finish(left, keep=name in listed and not left.with_name(name).exists())
    for left in desk.archive.glob("*.tar"):
        successor = named.get(original_of(left.name), left.name)
        # Sealed anew: but not before that is there.
        if left.name != successor and (desk.archive / successor).exists():
            left.unlink()
    for left in _papers(desk).glob(f"*{PART}"):
        left.unlink()
    sync_directory(desk.archive)


def keep_manifest(desk: Desk, manifest: Manifest, data: bytes) -> None:
    """Puts a manifest that was verified into the archive."""
    _keep(desk, _manifest_name(manifest.server, manifest.sequence), data)


def has_manifest(desk: Desk, server: VerifyKey, sequence: int) -> bool:
    """Whether the manifest of a bundle stands here."""
    return (_papers(desk) / _manifest_name(server, sequence)).is_file()


def keep_form(desk: Desk, form: Form) -> None:
    """Puts a form into the archive."""
    _keep(desk, f"{form.digest}{FORM}", form.json)


def papers(desk: Desk, kind: str) -> Iterator[tuple[Path, bytes]]:
    """The papers of a kind, opened, in the order of their names; DamagedDesk names one that does not open."""
    for path in sorted(_papers(desk).glob(f"*{kind}")):
        yield path, open_paper(desk, path)


def open_paper(desk: Desk, path: Path) -> bytes:
    """What a paper says."""
    try:
        return unseal_bytes(read_file(path, MAX_PAPER), desk.identities)
    except (UnsealError, UnreadableFile) as error:
        raise DamagedDesk(f"{path}: {error.message}") from None


def replace_paper(desk: Desk, path: Path, data: bytes) -> None:
    """Seals a paper, to the desk's newest keys, in the place of the one that is there."""
    sealed = seal_bytes(data, desk.recipients)
    try:
        path.parent.mkdir(mode=DIRECTORY_MODE, exist_ok=True)
    except OSError as error:
        raise Unwritable(f"{path}: {(error.strerror or 'cannot be written').lower()}") from None
    replace_file(path, [sealed], path.with_name(path.name + PART))


def original_of(name: str) -> str:
    """The first half of the SHA-256 under which a shard came, from its name."""
    found = SHARD_NAME.fullmatch(name)
    return found["original"] if found else name


def _manifest_name(server: VerifyKey, sequence: int) -> str:
    return f"{sequence:06d}-{server.public.hex()[:16]}{MANIFEST}"


def _papers(desk: Desk) -> Path:
    return desk.archive / PAPERS


def _keep(desk: Desk, name: str, data: bytes) -> None:
    path = _papers(desk) / name
    with suppress(DamagedDesk):
        if open_paper(desk, path) == data:
            return
    replace_paper(desk, path, data)


def _finish(part: Path, *, keep: bool) -> None:
    if keep:
        os.replace(part, part.with_name(part.name.removesuffix(PART)))
    else:
        part.unlink()


def _forget_other_copies(desk: Desk, original: str, name: str) -> None:
    """A shard that is brought again takes the place of a copy of it that was damaged."""
    connection = desk.database.conn
    others = '(SELECT "name" FROM "shards" WHERE "original" = ? AND "name" <> ?)'
    connection.execute(
        f'DELETE FROM "attachments" WHERE "report" IS NULL AND "shard" IN {others}',  # noqa: S608
        [original, name],
    )
    connection.execute(
        f'UPDATE "attachments" SET "shard" = NULL WHERE "shard" IN {others}',  # noqa: S608
        [original, name],
    )
    connection.execute('DELETE FROM "shards" WHERE "original" = ? AND "name" <> ?', [original, name])
