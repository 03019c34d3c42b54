"""Makes the desk's database anew from its archive, when it is damaged or lost.

All that can be worked out from sealed files is worked out again; what cannot comes from the database
that stands there, if it still opens, and from a backup. The new database is made aside and takes the
old one's place when it is whole, so a rebuild that is killed has changed nothing.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias, cast

from analysis import (
    archive,
    arrivals,
    backup,
    bitmaps,
    cipher,
    compacting,
    keyring,
    loading,
    migration,
    schema,
)
from analysis.archive import SHARD_NAME, ArchivedShard
from analysis.backup import Table
from analysis.cipher import Database
from analysis.courier import Delivery
from analysis.desk import ARCHIVE, DATABASE, DATABASE_KEY, Desk, other_version, read_database_key
from analysis.desk_errors import DamagedDesk, NotADesk
from analysis.findings import past
from analysis.identity import Identity
from analysis.keyring import AskPassphrase, AskShares, Keyring
from analysis.loose import AS_FILES
from analysis.patterns import making
from analysis.patterns.making import Begin
from analysis.releasekey import has_release_key
from analysis.storage import sync_directory, write_file
from analysis.threads import leaving
from analysis.trouble import told
from intake.crypto import manifest as manifests
from intake.crypto.errors import CryptoError, Malformed
from intake.crypto.manifest import Manifest, Shard
from intake.crypto.seal import seal_bytes
from intake.crypto.shard import index_shard
from intake.crypto.signing import VerifyKey
from intake.forms.form import Form, MalformedForm

FILES, ROWS = ("file-", AS_FILES), ("csv-", None)

Bar: TypeAlias = Callable[[int], AbstractContextManager[Callable[[int], None]]]


@dataclass(slots=True)
class Rebuilt:
    """What a rebuild found: reports loaded, bundles that do not stand in the archive whole, the rest.

    `servers` are those that nothing but the archive vouches for; `unnamed` are shards that no manifest
    names, `damaged` those of no bundle that are not what they were, and `unknown` files of names that this
    version does not give. `forgot_releases` says that the
    desk has a key for releases, and nothing told of a ledger. `told_until` is the last release of a ledger
    that only a backup told of, which may be an older one.
    """

    reports: int = 0
    set_aside: int = 0
    incomplete: list[int] = field(default_factory=list)
    servers: list[str] = field(default_factory=list)
    unnamed: list[Path] = field(default_factory=list)
    damaged: list[Path] = field(default_factory=list)
    unknown: list[Path] = field(default_factory=list)
    forgot_releases: bool = False
    told_until: str = ""


def rebuild(
    path: Path,
    passphrase: AskPassphrase | None,
    shares: AskShares | None,
    *,
    saved: Path | None = None,
    processes: int | None = None,
    bar: Bar = lambda _: nullcontext(lambda _: None),
    patterns: Begin = making.unseen,
) -> Rebuilt:
    """Makes the database of the desk at `path` anew; `saved` is a backup.

    `bar` is told how many reports there are, and gives what is told those that are done; `patterns` likewise
    of what is worked out of all of them together.
    Raises NotADesk, DamagedDesk, Busy, Unwritable, or what keyring.unlock does.
    """
    if not (path / ARCHIVE).is_dir():
        raise NotADesk(f"{path}: not a desk: it has no archive")
    keys = keyring.unlock(path, passphrase, shares)
    key = _database_key(path, keys)
    tables = backup.read_backup(saved, list[Identity](keys.identities)) if saved else []
    aside = compacting.aside_of(path)
    with told(aside):
        desk = _desk(path, aside, keys, key)
        try:
            with desk.changing():
                compacting.clear_away(path, but=aside)
                before = _salvage(path, keys, key, replace=bool(saved))
                rebuilt = _fill(desk, [before, tables], processes, bar, patterns)
                desk.close()
                _take_place(aside, path / DATABASE)
        finally:
            desk.close()
            compacting.remove(aside)
    return rebuilt


def _database_key(path: Path, keys: Keyring) -> bytes:
    if not (path / DATABASE_KEY).exists():
        write_file(path / DATABASE_KEY, seal_bytes(os.urandom(cipher.KEY_LENGTH), keys.recipients))
        sync_directory(path)
    return read_database_key(path, keys.newest)


def _desk(path: Path, database: Path, keys: Keyring, key: bytes) -> Desk:
    connection = Database(cipher.connect(database, key))
    os.chmod(database, 0o600)
    schema.create(connection)
    return Desk(path, keys.identities, keys.recipients, key, connection, keys.card)


def _salvage(path: Path, keys: Keyring, key: bytes, *, replace: bool) -> list[Table]:
    """What the old database still says that the archive does not; nothing where it does not open.

    One of another version is whole, and what was decided in it stands nowhere else: it is given up only
    for a backup (`replace`). Else raises NotADesk.
    """
    if not (path / DATABASE).exists() or not (path / DATABASE).stat().st_size:
        return []
    try:
        database = Database(cipher.connect(path / DATABASE, key))
    except cipher.DatabaseError:
        return []
    try:
        migration.migrate(database, schema.VERSION)
        if (version := schema.version(database)) != schema.VERSION:
            if not replace:
                raise other_version(path / DATABASE, version)
            return []
        archive.sweep(Desk(path, keys.identities, keys.recipients, key, database, keys.card))
        return backup.read_tables(database)
    except cipher.DatabaseError:
        return []
    finally:
        database.close()


def _fill(
    desk: Desk, sources: list[list[Table]], processes: int | None, bar: Bar, patterns: Begin
) -> Rebuilt:
    rebuilt = Rebuilt()
    with desk.database.atomic():
        for tables in sources:
            backup.restore(desk.database, tables)
        backup.restore_questions(desk.database, sources)
        _keep_highest(desk, sources)
        # Only what is found in the archive now counts as loaded.
        desk.database.conn.execute('UPDATE "bundles" SET "loaded" = 0')
    found = dict(_shards(desk, rebuilt))
    total = sum(shard.reports for shard in found.values())
    deliveries = list(_deliveries(desk, found, rebuilt))
    with desk.database.atomic():
        for form in _forms(desk, deliveries):
            schema.add_form(desk.database, form)
    with bar(total) as progress:
        # What came as files was new then: of what came in a bundle as well, the bundle was later.
        _load_apart(desk, found, FILES, rebuilt, processes, progress)
        for delivery in deliveries:
            _load(desk, delivery, rebuilt, processes, progress)
        _load_apart(desk, found, ROWS, rebuilt, processes, progress)
    # What was taken back may still stand in an archive that came from elsewhere.
    leaving.settle(desk, compact=False)
    with desk.database.atomic():
        for tables in sources:
            backup.restore_decisions(desk.database, tables)
        bitmaps.refresh(desk.database)
    making.refresh(desk.database, patterns)
    rows = desk.database.conn.execute('SELECT "sequence" FROM "bundles" WHERE "loaded" = 0 ORDER BY 1')
    rebuilt.incomplete = [row[0] for row in rows]
    rebuilt.unnamed = [shard.path for shard in found.values()]
    with desk.database.atomic():
        _note_past(desk, sources[0], rebuilt)
    return rebuilt


def _note_past(desk: Desk, before: list[Table], rebuilt: Rebuilt) -> None:
    """Whether the ledger is known: from the old database for certain, from a backup perhaps not all of it."""
    released = past.releases(past.read_lines(desk.database.conn))
    certain = any(table.name == "ledger" for table in before)
    if released:
        desk.database.conn.execute('DELETE FROM "ledger_lost"')
        rebuilt.told_until = "" if certain else released[-1].release
    elif has_release_key(desk.path) and not certain:
        desk.database.conn.execute('INSERT OR IGNORE INTO "ledger_lost" VALUES (1)')
    (lost,) = desk.database.conn.execute('SELECT count(*) FROM "ledger_lost"').fetchone()
    rebuilt.forgot_releases = bool(lost)


def _keep_highest(desk: Desk, sources: list[list[Table]]) -> None:
    """An acknowledgement's number must never be used twice, whichever source has the higher."""
    for table in (table for tables in sources for table in tables if table.name == "acknowledgements"):
        for row in (dict(zip(table.columns, row, strict=True)) for row in table.rows):
            held = desk.database.conn.execute(
                'SELECT "text" FROM "acknowledgements" WHERE "server" = ?', [row["server"]]
            ).fetchone()
            if _number(row["text"]) > _number(held[0]):
                desk.database.conn.execute(
                    'UPDATE "acknowledgements" SET "text" = ? WHERE "server" = ?',
                    [row["text"], row["server"]],
                )


def _number(text: str) -> int:
    return cast(int, json.loads(text.splitlines()[1])["sequence"])


def _shards(desk: Desk, rebuilt: Rebuilt) -> Iterator[tuple[str, ArchivedShard]]:
    """Every shard of the archive by the digest under which it came; what was sealed anew wins."""
    for path in sorted(desk.archive.glob("*.tar")):
        name = SHARD_NAME.fullmatch(path.name)
        if name:
            with path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            # The name says what the bytes should be.
            if sha256.startswith(name["own"] or name["original"]):
                yield name["original"], ArchivedShard(path, _members(path), sha256)
            # No bundle misses it, so nothing else would tell.
            elif not name["of"].isdigit():
                rebuilt.damaged.append(path)
        else:
            rebuilt.unknown.append(path)


def _members(path: Path) -> int:
    try:
        with path.open("rb") as file:
            return sum(1 for _ in index_shard(file))
    except CryptoError:
        return 0


def _deliveries(desk: Desk, found: dict[str, ArchivedShard], rebuilt: Rebuilt) -> Iterator[Delivery]:
    """The bundles that stand in the archive whole, in the order of their numbers; takes their shards."""
    for path, data in archive.papers(desk, archive.MANIFEST):
        manifest = _manifest(desk, path, data, rebuilt)
        server = manifest.server.public.hex()
        here = [found.get(shard.sha256[:32]) for shard in manifest.shards]
        if not any(here):
            continue
        digest = manifests.digest(data)
        shards = tuple(
            ArchivedShard(one.path, shard.reports, one.sha256, server)
            for one, shard in zip(here, manifest.shards, strict=True)
            if one and _is_all_of_it(one, shard)
        )
        for shard in manifest.shards:
            found.pop(shard.sha256[:32], None)
        forms = tuple(_form(desk, form) for form in manifest.forms)
        yield Delivery(manifest, digest, forms, shards, (), ())


def _is_all_of_it(here: ArchivedShard, came: Shard) -> bool:
    """A shard that the desk wrote anew has fewer members where files were deleted with their reports."""
    name = SHARD_NAME.fullmatch(here.name)
    return here.reports == came.reports or bool(name and name["own"] and here.reports < came.reports)


def _manifest(desk: Desk, path: Path, data: bytes, rebuilt: Rebuilt) -> Manifest:
    """A manifest of the archive. It was verified when it came; a server that is not known is told of."""
    try:
        server = json.loads(manifests.KIND.body(data))["server"]
        found = manifests.parse(data, [VerifyKey(bytes.fromhex(server))])
    except (CryptoError, ValueError, KeyError, TypeError):
        raise DamagedDesk(f"{path}: not a manifest") from None
    with desk.database.atomic():
        added = desk.database.conn.execute('INSERT OR IGNORE INTO "servers" ("key") VALUES (?)', [server])
        if added.rowcount:
            rebuilt.servers.append(server)
    return found


def _forms(desk: Desk, deliveries: list[Delivery]) -> Iterator[Form]:
    yield from (form for delivery in deliveries for form in delivery.forms)
    for path, _ in archive.papers(desk, archive.FORM):
        yield _form(desk, path.name.removesuffix(archive.FORM))


def _form(desk: Desk, digest: str) -> Form:
    path = desk.archive / archive.PAPERS / f"{digest}{archive.FORM}"
    data = archive.open_paper(desk, path)
    try:
        if hashlib.sha256(data).hexdigest() != digest:
            raise Malformed("another form")
        return Form.from_json(data)
    except (CryptoError, MalformedForm):
        raise DamagedDesk(f"{path}: not the form that its name says") from None


def _load(
    desk: Desk,
    delivery: Delivery,
    rebuilt: Rebuilt,
    processes: int | None,
    progress: Callable[[int], None],
) -> None:
    with desk.database.atomic():
        arrivals.begin(desk, delivery)
    result = loading.load(
        desk, delivery.shards, bundle=delivery.manifest.sequence, processes=processes, progress=progress
    )
    if len(delivery.shards) == len(delivery.manifest.shards):
        arrivals.finish(desk, delivery)
    rebuilt.reports += result.added
    rebuilt.set_aside += result.set_aside.total()


def _load_apart(
    desk: Desk,
    found: dict[str, ArchivedShard],
    kind: tuple[str, int | None],
    rebuilt: Rebuilt,
    processes: int | None,
    progress: Callable[[int], None],
) -> None:
    """What came in no bundle: how the names of such shards begin, and what their rows say of a bundle."""
    begins, bundle = kind
    names = sorted(name for name, shard in found.items() if shard.path.name.startswith(begins))
    shards = [found.pop(name) for name in names]
    result = loading.load(desk, shards, bundle=bundle, processes=processes, progress=progress)
    rebuilt.reports += result.added
    rebuilt.set_aside += result.set_aside.total()


def _take_place(new: Path, old: Path) -> None:
    """Gives the new database the old one's name."""
    # A journal of the old database would be played back into the new one.
    for end in compacting.JOURNALS:
        old.with_name(old.name + end).unlink(missing_ok=True)
    sync_directory(old.parent)
    os.replace(new, old)
    sync_directory(old.parent)
