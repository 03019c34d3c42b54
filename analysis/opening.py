"""Turns sealed reports into the rows of the database, in memory; the work of an import.

This runs in several processes, so what goes in and out is plain and small: offsets in, tuples of
numbers and words out. It knows no database. A report that does not open, or breaks a rule, comes
out as the rule's name and nothing else.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from analysis.asking import bits
from analysis.identity import Identity
from analysis.unseal import MalformedFile, NotForThisKey, Tampered, Truncated, unseal_by
from intake.crypto.attachment import MOST_ATTACHMENTS
from intake.crypto.errors import Malformed
from intake.crypto.padding import unpad
from intake.crypto.shard import Entry
from intake.forms import report as reports
from intake.forms import thread
from intake.forms.errors import MalformedReport, UnknownForm
from intake.forms.form import Form
from intake.forms.report import Report
from intake.forms.thread import Message


@dataclass(frozen=True, slots=True)
class Coding:
    """How the reports of one form become rows.

    `columns` are the questions with a column in `reports`; `numbers` gives each choice's number.
    """

    json: bytes
    columns: tuple[str, ...]
    numbers: Mapping[str, Mapping[str, int]]
    ticked: tuple[str, ...]
    worded: tuple[str, ...]


class Opened(NamedTuple):
    """The rows of one report, but for its number, which the database gives.

    `asked` has the bit of each question that the report was asked (`analysis.asking.bits`).
    `identity` is the place of the desk's identity that opened it.
    """

    name: str
    week: str
    digest: str
    lang: str
    sealed_by: str
    channel: str
    asked: int
    identity: int
    values: list[int | str | None]
    ticks: list[int]
    texts: list[tuple[str, str]]
    receipt: tuple[str, str, str]
    attachments: list[tuple[str, int, str, int, str]]


class Said(NamedTuple):
    """A follow-up, or a withdrawal, which has no `text`; `thread` is the id of its report.

    `files` are the ids that attachments of the report can have.
    """

    name: str
    week: str
    kind: str
    thread: str
    lang: str
    sealed_by: str
    channel: str
    text: str | None
    box: str
    reply: str
    files: tuple[str, ...]


class Refused(NamedTuple):
    """A report that cannot be taken, and the rule that it breaks.

    `form` is the digest of its form where that is not known here, and nothing else is wrong so far.
    """

    name: str
    reason: str
    form: str = ""


Outcome: TypeAlias = Opened | Said | Refused

# The order matters: a truncated file is also a tampered one.
_REASONS = (
    (NotForThisKey, "not for this key"),
    (Truncated, "truncated"),
    (Tampered, "tampered"),
    (MalformedFile, "malformed"),
    (Malformed, "bad padding"),
)
# The id of a file that lies under no name of ours: what it says gives it one.
NAMELESS = b""
FOREIGN_NAME = "stored under another name than it says"
_FAILURES = (*(kind for kind, _ in _REASONS), MalformedReport)


class Opener:
    """Opens reports with the desk's keys. `codings` maps a form's digest to how it is coded."""

    def __init__(self, identities: Sequence[Identity], codings: Mapping[str, Coding]) -> None:
        self._identities = identities
        self._codings = codings
        self._forms = {digest: Form.from_json(coding.json) for digest, coding in codings.items()}
        self._bits = {digest: bits(form) for digest, form in self._forms.items()}

    def open_all(self, shard: Path, entries: Sequence[Entry]) -> list[Outcome]:
        """What the reports at these places of a shard say, in the same order."""
        descriptor = os.open(shard, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return [self._open(os.pread(descriptor, e.size, e.offset), e) for e in entries]
        finally:
            os.close(descriptor)

    def _open(self, sealed: bytes, entry: Entry) -> Outcome:
        name = entry.name.id.hex()
        try:
            plain, opened_by = unseal_by(sealed, self._identities)
            body = unpad(plain)
            if body.startswith(thread.BEGINS):
                return _said(thread.parse(body), entry, name)
            report = reports.parse(body, self._forms)
        except UnknownForm as failure:
            return Refused(name, str(failure), failure.digest)
        except _FAILURES as failure:
            return Refused(name, reason_of(failure))
        # Whoever runs the server could otherwise keep one report and call it another's.
        if entry.name.id not in (NAMELESS, report.receipt.id):
            return Refused(name, FOREIGN_NAME)
        name, digest = report.receipt.id.hex(), report.form.digest
        return _rows(report, self._codings[digest], self._bits[digest], name, entry.name.week, opened_by)


def _said(message: Message, entry: Entry, name: str) -> Outcome:
    if entry.name.id not in (NAMELESS, message.id):
        return Refused(name, FOREIGN_NAME)
    receipt = message.receipt
    return Said(
        message.id.hex(),
        entry.name.week,
        message.kind,
        receipt.id.hex(),
        message.lang,
        message.sealed_by,
        message.channel,
        message.text,
        receipt.box.hex(),
        receipt.reply.hex(),
        tuple(receipt.attachment_id(number).hex() for number in range(1, MOST_ATTACHMENTS + 1)),
    )


def reason_of(failure: Exception) -> str:
    """The rule that was broken, in the words that are counted."""
    for kind, reason in _REASONS:
        if isinstance(failure, kind):
            return reason
    return str(failure)


def _rows(
    report: Report, coding: Coding, places: Mapping[str, int], name: str, week: str, opened_by: int
) -> Opened:
    answers, receipt = report.answers, report.receipt
    return Opened(
        name,
        week,
        report.form.digest,
        report.lang,
        report.sealed_by,
        report.channel,
        sum(map(places.__getitem__, answers)),
        opened_by,
        [_value(answers.get(column), coding.numbers.get(column)) for column in coding.columns],
        [
            coding.numbers[question][code]
            for question in coding.ticked
            for code in answers.get(question) or ()
        ],
        [(question, answers[question]) for question in coding.worded if answers.get(question)],
        (receipt.box.hex(), receipt.reply.hex(), receipt.withdraw.hex()),
        [
            (one.id.hex(), number, one.type, one.length, one.sha256)
            for number, one in enumerate(report.attachments, start=1)
        ],
    )


def _value(answer: Any, numbers: Mapping[str, int] | None) -> int | str | None:
    return answer if numbers is None or answer is None else numbers[answer]
