"""Takes a courier bundle into the archive, believing nothing of it before it is verified.

A stick passes through many hands. The manifest's signature, the pinned server and the chain of
bundles are checked before any other file is opened; files are opened under the names that the
signed digests spell, whatever else lies on the stick; a shard counts as taken only when its
SHA-256 was right. Only then may anybody parse it.
"""

import hashlib
import os
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from analysis import archive, schema
from analysis.archive import PART, ArchivedShard
from analysis.desk import Desk
from analysis.desk_errors import DamagedBundle, ForeignBundle, ForkedBundle, UnreadableFile, Unwritable
from analysis.storage import new_file, open_file, read_file, sync_directory
from analysis.wording import read_news
from intake.crypto import manifest as manifests
from intake.crypto.errors import CryptoError, Malformed, WrongSignature
from intake.crypto.manifest import Manifest, Shard
from intake.crypto.shard import index_shard
from intake.crypto.signing import VerifyKey
from intake.forms.form import Form, MalformedForm

MANIFEST = "manifest"
FORMS = "forms"
MAX_FORM = 4 * 1024 * 1024
CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Delivery:
    """A verified bundle whose shards stand in the archive.

    `never_arrived` are the bundles before it that this desk has not seen, as ranges of numbers;
    `news` are lines about forms that are new here.
    """

    manifest: Manifest
    digest: str
    forms: tuple[Form, ...]
    shards: tuple[ArchivedShard, ...]
    never_arrived: tuple[tuple[int, int], ...]
    news: tuple[str, ...]


def receive(
    desk: Desk,
    bundle: Path,
    progress: Callable[[int], None] = lambda _: None,
    *,
    accepted_forms: Collection[str] = (),
) -> Delivery:
    """Verifies the bundle and copies its shards into the archive; all of them, or none.

    `progress` is told the bytes as they are copied. Raises ForeignBundle, ForkedBundle,
    DamagedBundle, RewordedForm, BadForm or Unwritable.
    """
    manifest, data = read_manifest(bundle, _pinned(desk, bundle))
    digest = manifests.digest(data)
    _check_chain(desk, bundle, manifest, digest)
    forms = tuple(_read_form(bundle, form) for form in manifest.forms)
    news = tuple(read_news(desk.database, forms, accepted_forms))
    # Before anything of it stands in the archive, where a rebuild would find it.
    schema.check(desk.database, forms)
    shards = _archive(desk, bundle, manifest, progress)
    archive.keep_manifest(desk, manifest, data)
    for form in forms:
        archive.keep_form(desk, form)
    return Delivery(manifest, digest, forms, shards, missing(desk, manifest), news)


def read_manifest(bundle: Path, pinned: Collection[VerifyKey]) -> tuple[Manifest, bytes]:
    """The manifest of a bundle that a pinned server signed, and its bytes."""
    if not bundle.is_dir():
        raise DamagedBundle(
            f"{bundle}: not a bundle", 'a bundle is a folder such as "witnessbox-000001" on the stick'
        )
    path = bundle / MANIFEST
    data = _read(path, manifests.MAX_MANIFEST)
    try:
        return manifests.parse(data, pinned), data
    except WrongSignature:
        raise ForeignBundle(
            f"{path}: not signed by a server that this desk has pinned",
            "it was changed, or somebody else made it; if the intake has a new key, ask before you pin it",
        ) from None
    except Malformed as error:
        raise DamagedBundle(f"{path}: {error}") from None


def missing(desk: Desk, manifest: Manifest) -> tuple[tuple[int, int], ...]:
    """The bundles up to this one that never arrived, as inclusive ranges."""
    here = desk.database.conn.execute(
        'SELECT "sequence" FROM "bundles" WHERE "server" = ? AND "sequence" < ? ORDER BY "sequence"',
        [manifest.server.public.hex(), manifest.sequence],
    )
    gaps, expected = [], 1
    for sequence in [*(row[0] for row in here), manifest.sequence]:
        if sequence > expected:
            gaps.append((expected, sequence - 1))
        expected = sequence + 1
    return tuple(gaps)


def archive_file(source: int, target: Path, progress: Callable[[int], None]) -> str:
    """Copies a descriptor's bytes to a new file, on the disk at return; their SHA-256."""
    found = hashlib.sha256()
    try:
        # Buffered: a bare write may take a part of what it is given, and say so in a number alone.
        with open(new_file(target), "wb") as file:
            while chunk := os.read(source, CHUNK):
                found.update(chunk)
                file.write(chunk)
                progress(len(chunk))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise Unwritable(f"{target}: {(error.strerror or 'cannot be copied').lower()}") from None
    return found.hexdigest()


def _pinned(desk: Desk, bundle: Path) -> list[VerifyKey]:
    keys = [bytes.fromhex(row[0]) for row in desk.database.conn.execute('SELECT "key" FROM "servers"')]
    if not keys:
        raise ForeignBundle(
            f"{bundle}: this desk has pinned no server",
            "bring server.pub from the intake by a way you trust, then: witnessbox-analysis pin",
        )
    return [VerifyKey(key) for key in keys]


def _check_chain(desk: Desk, bundle: Path, manifest: Manifest, digest: str) -> None:
    """A server that tells two stories, or a stick that brings another, must not pass unseen."""
    rows = desk.database.conn.execute(
        'SELECT "sequence", "digest", "previous" FROM "bundles" '
        'WHERE "server" = ? AND "sequence" BETWEEN ? AND ?',
        [manifest.server.public.hex(), manifest.sequence - 1, manifest.sequence + 1],
    )
    near = {row[0]: (row[1], row[2]) for row in rows}
    number = manifest.sequence
    if number in near and near[number][0] != digest:
        raise ForkedBundle(f"{bundle}: another bundle {number} of this server came before")
    before = near[number - 1][0] if number - 1 in near else manifest.previous
    after = near[number + 1][1] if number + 1 in near else digest
    first = manifests.FIRST_PREVIOUS if number == 1 else manifest.previous
    if not before == manifest.previous == first or after != digest:
        raise ForkedBundle(f"{bundle}: does not fit the bundle before or after it")


def _read_form(bundle: Path, digest: str) -> Form:
    path = bundle / FORMS / f"{digest}.json"
    data = _read(path, MAX_FORM)
    if hashlib.sha256(data).hexdigest() != digest:
        raise DamagedBundle(f"{path}: not the form that the server signed")
    try:
        return Form.from_json(data)
    except MalformedForm as error:
        raise DamagedBundle(f"{path}: {error}") from None


def _archive(
    desk: Desk, bundle: Path, manifest: Manifest, progress: Callable[[int], None]
) -> tuple[ArchivedShard, ...]:
    """Every shard that is not here is copied and checked before the first gets its name."""
    server = manifest.server.public.hex()
    copied: list[tuple[Path, Path]] = []
    archived = []
    try:
        for shard in manifest.shards:
            if here := archive.held(desk, shard.sha256):
                progress(shard.bytes)
                archived.append(here)
                continue
            name = f"{manifest.sequence:06d}-{shard.filename}"
            part, path = desk.archive / f"{name}{PART}", desk.archive / name
            copied.append((part, path))
            _copy(bundle / shard.filename, part, shard, progress)
            archived.append(ArchivedShard(path, shard.reports, shard.sha256, server))
        for part, path in copied:
            os.replace(part, path)
        sync_directory(desk.archive)
    finally:
        for part, _ in copied:
            with suppress(OSError):
                part.unlink(missing_ok=True)
    return tuple(archived)


def _copy(source: Path, target: Path, shard: Shard, progress: Callable[[int], None]) -> None:
    try:
        with open_file(source) as descriptor:
            # A wrong length is refused before a byte is copied: it could fill the disk.
            if os.fstat(descriptor).st_size != shard.bytes:
                raise DamagedBundle(f"{source}: has another length than the server signed")
            found = archive_file(descriptor, target, progress)
    except UnreadableFile as error:
        raise DamagedBundle(error.message) from None
    if found != shard.sha256:
        raise DamagedBundle(f"{source}: was changed since the server signed it")
    _check_members(source, target, shard)


def _check_members(source: Path, copy: Path, shard: Shard) -> None:
    """A server that was taken over signs anything: a shard that is not canonical is refused whole."""
    try:
        with copy.open("rb") as file:
            reports = sum(1 for _ in index_shard(file))
    except CryptoError as error:
        raise DamagedBundle(f"{source}: {error}") from None
    if reports != shard.reports:
        raise DamagedBundle(f"{source}: holds another number of reports than the server signed")


def _read(path: Path, limit: int) -> bytes:
    try:
        return read_file(path, limit)
    except UnreadableFile as error:
        raise DamagedBundle(error.message) from None


def length(bundle: Path) -> int:
    """About how many bytes there are to copy, for a progress bar."""
    found = 0
    for shard in bundle.glob("*.tar"):
        # A stick may be pulled out at any moment; whoever reads it says so.
        with suppress(OSError):
            found += shard.lstat().st_size
    return found
