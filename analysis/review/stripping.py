"""Seals reports anew without their words, in the place of those in the archive.

A shard that holds a report whose words were deleted is written anew: that report with its ticks
alone, its files left out, everything else as it was, byte for byte. The new file is on the disk
before it is listed, and the old one goes after that, so a kill leaves the one or the other, which
`archive.sweep` tidies; and whatever was not done is done by the next purge.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from analysis import archive, identities
from analysis.archive import PART, ArchivedShard
from analysis.attachments import DELETED, is_attachment
from analysis.desk import Desk
from analysis.desk_errors import Unwritable
from analysis.schema import TEXT_KINDS
from analysis.storage import new_file, sync_directory
from analysis.unseal import MalformedFile, NotForThisKey, Tampered, Truncated, unseal_bytes
from intake.crypto.errors import Malformed
from intake.crypto.padding import pad, unpad
from intake.crypto.seal import seal_bytes
from intake.crypto.shard import Entry, Member, index_shard, write_shard
from intake.forms import report as reports
from intake.forms.answers import InvalidAnswers
from intake.forms.form import Form
from intake.forms.report import MalformedReport

# Stands where a form would not take a blank.
BLANK = "-"
_FAILURES = (NotForThisKey, Truncated, Tampered, MalformedFile, Malformed, MalformedReport, InvalidAnswers)


@dataclass(slots=True)
class Stripped:
    """What was done: shards written anew, reports in them without words, files left out; and what was not:
    shards that are damaged, reports that could not be opened.
    """

    shards: int = 0
    reports: int = 0
    files: int = 0
    damaged: int = 0
    unopened: int = 0


def strip_archive(desk: Desk, progress: Callable[[int], None] = lambda _: None) -> Stripped:
    """Takes the words that were deleted at the desk out of its archive; `progress` is told the shards.

    The caller keeps other commands away (`desk.changing`).
    """
    archive.sweep(desk)
    done = Stripped()
    forms = _forms(desk)
    rows = desk.database.conn.execute(
        'SELECT "name", "reports", "sha256", "server", "bundle" FROM "shards" ORDER BY "name"'
    ).fetchall()
    for name, members, sha256, server, bundle in rows:
        shard = ArchivedShard(desk.archive / name, members, sha256, server)
        _strip_shard(desk, shard, bundle, forms, done)
        progress(1)
    return done


def without_words(form: Form, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Answers to a form with every text blank, and nothing else changed."""
    unseen = form.unseen if form.unseen.isdisjoint(answers) else frozenset[str]()
    kept: dict[str, Any] = {}
    for question in form.asked:
        # A question may depend on what was written; where it did, it goes with the words.
        if question.id in unseen or (question.applies is not None and not question.applies(kept)):
            continue
        kept[question.id] = answers.get(question.id)
        if question.kind in TEXT_KINDS:
            kept[question.id] = BLANK if question.required else None
    return kept


def _forms(desk: Desk) -> dict[str, Form]:
    rows = desk.database.conn.execute('SELECT "digest", "json" FROM "forms"').fetchall()
    return {digest: Form.from_json(text.encode("utf-8")) for digest, text in rows}


def _strip_shard(
    desk: Desk, shard: ArchivedShard, bundle: int | None, forms: Mapping[str, Form], done: Stripped
) -> None:
    wanted = _wanted(desk, shard)
    if not wanted or wanted == _stripped_before(desk, shard):
        return
    # What was damaged is not made to look whole by a new digest.
    if not archive.is_whole(shard):
        done.damaged += 1
        return
    before, renewed = done.unopened, list[str]()
    with shard.path.open("rb") as file:
        made, entries = _write(desk, shard, _members(desk, file, forms, done, renewed))
    done.reports += len(renewed)
    with desk.database.atomic():
        _list(desk, made, bundle, entries)
        _note(desk, made, entries, renewed, complete=done.unopened == before)
    if made.path != shard.path:
        shard.path.unlink()
        sync_directory(desk.archive)
    done.shards += 1


def _wanted(desk: Desk, shard: ArchivedShard) -> int:
    """How many members of a shard are reports or files whose words were deleted."""
    try:
        with shard.path.open("rb") as file:
            return _count(desk, index_shard(file))
    except (OSError, Malformed):
        # It cannot be told; the digest will tell that it is damaged.
        return -1


def _stripped_before(desk: Desk, shard: ArchivedShard) -> int:
    """How many were taken out when this very file was written: more may have been deleted since."""
    row = desk.database.conn.execute(
        'SELECT "members" FROM "stripped" WHERE "shard" = ?', [shard.name]
    ).fetchone()
    return int(row[0]) if row else 0


def _count(desk: Desk, entries: Iterable[Entry]) -> int:
    return sum(_is_purged(desk, entry) for entry in entries)


def _is_purged(desk: Desk, entry: Entry) -> bool:
    query = (
        'SELECT 1 FROM "attachments" WHERE "name" = ? AND "state" = ?'
        if is_attachment(entry)
        else 'SELECT 1 FROM "reports" JOIN "purges" ON "report" = "id" WHERE "name" = ? AND ? <> 0'
    )
    values = [entry.name.id.hex(), DELETED if is_attachment(entry) else 1]
    return desk.database.conn.execute(query, values).fetchone() is not None


def _members(
    desk: Desk, file: BinaryIO, forms: Mapping[str, Form], done: Stripped, renewed: list[str]
) -> Iterator[Member]:
    for entry in index_shard(file):
        file.seek(entry.offset)
        sealed = file.read(entry.size)
        if not _is_purged(desk, entry):
            yield Member(entry.name, sealed)
        elif is_attachment(entry):
            done.files += 1
        else:
            try:
                sealed = _strip(desk, sealed, forms)
                renewed.append(entry.name.id.hex())
            except _FAILURES:
                done.unopened += 1
            yield Member(entry.name, sealed)


def _strip(desk: Desk, sealed: bytes, forms: Mapping[str, Form]) -> bytes:
    report = reports.parse(unpad(unseal_bytes(sealed, desk.identities)), forms)
    body = reports.build(
        report.form,
        without_words(report.form, report.answers),
        lang=report.lang,
        sealed_by=report.sealed_by,
        channel=report.channel,
        receipt=report.receipt,
    )
    return seal_bytes(pad(body), desk.recipients)


def _write(desk: Desk, shard: ArchivedShard, members: Iterator[Member]) -> tuple[ArchivedShard, list[Entry]]:
    """The new shard, on the disk under its name, and what it holds."""
    found = archive.SHARD_NAME.fullmatch(shard.name)
    stem = f"{found['of']}-{found['original']}" if found else shard.name.removesuffix(".tar")
    part = desk.archive / f"{stem}-stripped.tar{PART}"
    try:
        with open(new_file(part), "w+b") as file:
            write_shard(members, file)
            file.flush()
            os.fsync(file.fileno())
            file.seek(0)
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            entries = list(index_shard(file))
        path = desk.archive / f"{stem}-{sha256[:32]}.tar"
        os.replace(part, path)
        sync_directory(desk.archive)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise Unwritable(f"{part}: {(error.strerror or 'cannot be written').lower()}") from None
    # What came is still the number that the server signed, though files are gone from it.
    return replace(shard, path=path, sha256=sha256), entries


def _list(desk: Desk, shard: ArchivedShard, bundle: int | None, entries: list[Entry]) -> None:
    """Lists the new shard in the place of the old one, and where its files lie now."""
    connection = desk.database.conn
    connection.execute(
        'UPDATE "attachments" SET "shard" = NULL, "place" = NULL, "size" = NULL WHERE "state" = ?', [DELETED]
    )
    connection.executemany(
        'UPDATE "attachments" SET "shard" = ?, "place" = ?, "size" = ? WHERE "name" = ?',
        [(shard.name, one.offset, one.size, one.name.id.hex()) for one in entries if is_attachment(one)],
    )
    archive.note(desk, shard, bundle)


def _note(
    desk: Desk, shard: ArchivedShard, entries: list[Entry], renewed: list[str], *, complete: bool
) -> None:
    """Remembers what was stripped, and that it is sealed to the newest keys now."""
    connection = desk.database.conn
    (newest, *_) = identities.numbers(desk.database, desk.recipients)
    connection.executemany(
        'UPDATE "reports" SET "identity" = ? WHERE "name" = ?', [(newest, name) for name in renewed]
    )
    connection.execute('DELETE FROM "stripped" WHERE "shard" NOT IN (SELECT "name" FROM "shards")')
    if complete:
        connection.execute(
            'INSERT OR REPLACE INTO "stripped" VALUES (?, ?)', [shard.name, _count(desk, entries)]
        )
