"""The report: the JSON text that is padded and sealed, the same bytes whichever path it takes.

    report = {"answers":ANSWERS,"attachments":[*FILE],"channel":CHANNEL,"form":ID,"form_digest":HEX64,
              "form_version":VERSION,"kind":"report","lang":LANG,"receipt":RECEIPT,
              "sealed_by":SEALER,"v":1}
    FILE    = {"bytes":N,"id":HEX32,"sha256":HEX64,"type":TYPE}      ; five at most
    RECEIPT = {"box":HEX32,"id":HEX32,"reply":HEX64,"withdraw":HEX64}

on one line with no spaces, and ANSWERS as `intake.forms.form.canonical` writes it.

`sealed_by` and `channel` are what the sealing side states about itself. Nothing proves them.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from intake.crypto.attachment import MAX_ATTACHMENT, MOST_ATTACHMENTS, Attachment
from intake.crypto.errors import Malformed
from intake.crypto.receipt import LENGTHS, Receipt
from intake.forms import answers as answers_of
from intake.forms.errors import InvalidAnswers, MalformedReport, UnknownForm
from intake.forms.form import Form, canonical, canonical_text

__all__ = ["CHANNELS", "SEALERS", "MalformedReport", "Report", "build", "parse"]

VERSION = 1
KIND = "report"
CHANNELS = ("web", "onion", "kiosk", "paper", "outreach", "phone")
SEALERS = ("browser", "server", "file")

# The grammar above. As a pattern it is five times as fast as parsing the whole as JSON and asking of
# each field whether it is canonical, and the desk does this for each of many thousand reports.
_FILE = r'\{"bytes":[1-9][0-9]{0,8},"id":"[0-9a-f]{32}","sha256":"[0-9a-f]{64}","type":"[a-z0-9/.+-]+"\}'
_REPORT = re.compile(
    rf'\{{"answers":(?P<answers>\{{.*\}}),"attachments":\[(?P<files>(?:{_FILE}(?:,{_FILE})*)?)\],'
    rf'"channel":"(?P<channel>{"|".join(CHANNELS)})",'
    r'"form":"(?P<form>[a-z0-9_]+)","form_digest":"(?P<digest>[0-9a-f]{64})",'
    r'"form_version":"(?P<version>[0-9A-Za-z._-]+)","kind":"report","lang":"(?P<lang>[0-9A-Za-z-]+)",'
    r'"receipt":\{"box":"(?P<box>[0-9a-f]{32})","id":"(?P<id>[0-9a-f]{32})",'
    r'"reply":"(?P<reply>[0-9a-f]{64})","withdraw":"(?P<withdraw>[0-9a-f]{64})"\},'
    rf'"sealed_by":"(?P<sealed_by>{"|".join(SEALERS)})","v":1\}}',
    re.DOTALL,
)
_decode_json = json.JSONDecoder().raw_decode


@dataclass(frozen=True, slots=True, repr=False)
class Report:
    """A report that was checked against its form. Its repr shows no answer."""

    form: Form
    answers: Mapping[str, Any]
    receipt: Receipt
    lang: str
    sealed_by: str
    channel: str
    attachments: tuple[Attachment, ...] = ()

    def __repr__(self) -> str:
        return f"Report(form={self.form.id!r}, answers=...)"


def build(
    form: Form,
    answers: Mapping[str, Any],
    *,
    lang: str,
    sealed_by: str,
    channel: str,
    receipt: Receipt,
    attachments: Sequence[Attachment] = (),
) -> bytes:
    """The report's JSON text, not yet padded.

    Raises InvalidAnswers when `answers` are not what `intake.forms.answers.clean` returns, and
    MalformedReport when `lang`, `sealed_by`, `channel` or an attachment is not one that the form and
    the format know.
    """
    answers_of.check(form, answers)
    if lang not in form.languages or sealed_by not in SEALERS or channel not in CHANNELS:
        raise MalformedReport("the language, the sealer or the channel is not known")
    _check_attachments(attachments, form, receipt)
    return canonical(
        {
            "answers": answers,
            "attachments": [one.to_json() for one in attachments],
            "channel": channel,
            "form": form.id,
            "form_digest": form.digest,
            "form_version": form.version,
            "kind": KIND,
            "lang": lang,
            "receipt": receipt.to_json(),
            "sealed_by": sealed_by,
            "v": VERSION,
        }
    )


def parse(body: bytes, forms: Mapping[str, Form]) -> Report:
    """The report in an unpadded plaintext, with its answers checked against its form.

    `forms` holds the forms that the reader knows by their digests. Raises MalformedReport with the
    rule that was broken, and never with a word of the report, because errors are shown and logged.
    """
    try:
        found = _REPORT.fullmatch(body.decode())
    except UnicodeDecodeError:
        raise MalformedReport("not UTF-8") from None
    if found is None:
        raise MalformedReport("the fields are not those of a report, or not in their order")
    form = _find_form(found, forms)
    answers = _parse_answers(found["answers"], form)
    try:
        receipt = Receipt.from_json({name: found[name] for name in LENGTHS})
    except Malformed:
        raise MalformedReport("the receipt is malformed") from None
    attachments = _parse_attachments(found["files"])
    _check_attachments(attachments, form, receipt)
    return Report(form, answers, receipt, found["lang"], found["sealed_by"], found["channel"], attachments)


def _parse_attachments(text: str) -> tuple[Attachment, ...]:
    # Nearly all reports have none; the pattern above has already seen that the rest is canonical.
    values = json.loads(f"[{text}]") if text else ()
    return tuple(
        Attachment(one["bytes"], bytes.fromhex(one["id"]), one["sha256"], one["type"]) for one in values
    )


def _check_attachments(attachments: Sequence[Attachment], form: Form, receipt: Receipt) -> None:
    """A report may name no other report's files, and none that the form did not ask for."""
    if len(attachments) > MOST_ATTACHMENTS:
        raise MalformedReport("there are too many attachments")
    for number, one in enumerate(attachments, start=1):
        if one.type not in form.attachments or not 0 < one.length <= MAX_ATTACHMENT:
            raise MalformedReport("an attachment is too large, or of a type that the form does not take")
        if one.id != receipt.attachment_id(number):
            raise MalformedReport("the id of an attachment does not follow from the receipt")


def _find_form(found: re.Match[str], forms: Mapping[str, Form]) -> Form:
    form = forms.get(found["digest"])
    if form is None:
        raise UnknownForm(found["digest"])
    if found["form"] != form.id or found["version"] != form.version:
        raise MalformedReport("the form's name or version is not that of its digest")
    if found["lang"] not in form.languages:
        raise MalformedReport("the language is not one of the form")
    return form


def _parse_answers(text: str, form: Form) -> dict[str, Any]:
    try:
        answers: dict[str, Any] = _decode_json(text)[0]
        # One text per report: this also refuses keys that stand twice and numbers such as 1.0.
        if canonical_text(answers) != text:
            raise MalformedReport("the answers are not canonical JSON")
        answers_of.check(form, answers)
    except (ValueError, RecursionError):
        raise MalformedReport("the answers are not JSON") from None
    except InvalidAnswers as error:
        raise MalformedReport(f"the answers break a rule of the form: {error}") from None
    return answers
