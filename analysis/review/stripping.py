"""Seals reports anew without their words, in the place of those in the archive.

A shard that holds a report whose words were deleted is written anew: that report with its ticks
alone, its files left out, everything else as it was, byte for byte. `analysis.renewal` puts it in
the place of the old one; what a kill left undone is done by the next purge.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from analysis import archive, identities, renewal
from analysis.archive import ArchivedShard
from analysis.attachments import DELETED, is_attachment
from analysis.desk import Desk
from analysis.renewal import Written
from analysis.schema import TEXT_KINDS
from analysis.unseal import MalformedFile, NotForThisKey, Tampered, Truncated, unseal_bytes
from intake.crypto.errors import Malformed
from intake.crypto.padding import pad, unpad
from intake.crypto.seal import seal_bytes
from intake.crypto.shard import Entry, Member, index_shard
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
        'SELECT "name", "reports", "sha256", "server" FROM "shards" ORDER BY "name"'
    ).fetchall()
    for name, *rest in rows:
        _strip_shard(desk, ArchivedShard(desk.archive / name, *rest), forms, done)
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


def _strip_shard(desk: Desk, shard: ArchivedShard, forms: Mapping[str, Form], done: Stripped) -> None:
    wanted = _wanted(desk, shard)
    if not wanted or wanted == _stripped_before(desk, shard):
        return
    # What was damaged is not made to look whole by a new digest.
    if not archive.is_whole(shard):
        done.damaged += 1
        return
    before, renewed = done.unopened, list[str]()
    with shard.path.open("rb") as file:
        made = renewal.write_anew(desk, shard.name, _members(desk, file, forms, done, renewed))
    with renewal.taking_place(desk, shard.name, made):
        identities.note_sealed(desk, renewed)
        _remember(desk, made, complete=done.unopened == before)
    done.reports += len(renewed)
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


def _remember(desk: Desk, made: Written, *, complete: bool) -> None:
    """Remembers of a shard that it was stripped, unless something in it could not be."""
    connection = desk.database.conn
    connection.execute('DELETE FROM "stripped" WHERE "shard" NOT IN (SELECT "name" FROM "shards")')
    if complete:
        connection.execute(
            'INSERT OR REPLACE INTO "stripped" VALUES (?, ?)', [made.name, _count(desk, made.entries)]
        )
