"""The plaintext of a report, a follow-up or a withdrawal, as the desk reads it; what is read is written
again.

With an odd first byte the input is a body that is padded here. In both cases the digest of the form and the
receipt may be the words DIGEST and RECEIPT, which stand for those that are right.
"""

from collections.abc import Iterator
from random import Random

from intake.crypto.attachment import Attachment
from intake.crypto.errors import CryptoError
from intake.crypto.padding import SIZE_CLASSES, pad, unpad
from intake.crypto.receipt import Receipt
from intake.forms import report, thread
from intake.forms.answers import clean
from intake.forms.errors import MalformedReport
from intake.forms.form import canonical, shipped
from tests.forms.random_forms import random_form
from tests.fuzz.keys import CODE
from tests.fuzz.target import Sayings, Target, fill, only

_SAYINGS = Sayings()
_RECEIPT = Receipt.from_code(CODE)
_FORMS = {form.digest: form for form in (shipped("report"), random_form(Random(5)))}
_SHIPPED = shipped("report")
_RECEIPT_TEXT = canonical(_RECEIPT.to_json())


def run(data: bytes) -> None:
    padded, text = bool(data[:1]) and data[0] & 1, data[1:]
    text = text.replace(b'"DIGEST"', f'"{_SHIPPED.digest}"'.encode()).replace(b'"RECEIPT"', _RECEIPT_TEXT)
    with only((CryptoError, MalformedReport), text, _SAYINGS):
        plain = pad(text) if padded else text
        body = unpad(plain)
        assert pad(body) == plain
        if body.startswith(thread.BEGINS):
            message = thread.parse(body)
            assert thread.build(message) == body
            assert len(message.id) == 16
        else:
            _read_report(body)


def _read_report(body: bytes) -> None:
    found = report.parse(body, _FORMS)
    again = report.build(
        found.form,
        found.answers,
        lang=found.lang,
        sealed_by=found.sealed_by,
        channel=found.channel,
        receipt=found.receipt,
        attachments=found.attachments,
    )
    assert again == body


def _bodies() -> Iterator[bytes]:
    raw = {
        "setting": ["police"],
        "count": ["yes"],
        "story": ['Añó 🦓 "x"\\\n'],
        "when.year": ["2026"],
        "acts": ["insult"],
    }
    answered = clean(_SHIPPED, raw)
    photo = Attachment(3, _RECEIPT.attachment_id(1), "ab" * 32, "image/jpeg")
    for files in ((), (photo,)) if _SHIPPED.attachments else ((),):
        yield report.build(
            _SHIPPED,
            answered,
            lang="en",
            sealed_by="browser",
            channel="web",
            receipt=_RECEIPT,
            attachments=files,
        )
    for kind, words in ((thread.FOLLOWUP, "One thing\nmore."), (thread.WITHDRAWAL, None)):
        yield thread.build(thread.Message(kind, _RECEIPT, bytes(16), "es", "server", "onion", words))


def seeds() -> Iterator[bytes]:
    for body in _bodies():
        short = body.replace(_SHIPPED.digest.encode(), b"DIGEST").replace(_RECEIPT_TEXT, b'"RECEIPT"')
        yield b"\x01" + short
        yield b"\0" + pad(body)


def _answers(inner: bytes) -> bytes:
    """A report with these bytes as its answers."""
    body = next(_bodies())
    end = body.index(b',"attachments":')
    return b"\x01" + b'{"answers":' + inner + body[end:]


def _within(size: int) -> int:
    return min(size, SIZE_CLASSES[-1] - 1_000)


TARGET = Target(
    "report",
    run,
    seeds,
    shapes={
        "nested lists": lambda size: _answers(
            b'{"a":' + b"[" * (_within(size) // 2) + b"]" * (_within(size) // 2) + b"}"
        ),
        "nested objects": lambda size: _answers(
            b'{"a":' * (_within(size) // 6) + b"1" + b"}" * (_within(size) // 6)
        ),
        "many ends of answers": lambda size: _answers(
            fill(b'{},"attachments":[],"channel":"web",', _within(size)) + b"}"
        ),
        "a huge number": lambda size: _answers(b'{"a":' + b"9" * _within(size) + b"}"),
        "many answers": lambda size: _answers(b"{" + fill(b'"a":1,', _within(size)) + b'"b":1}'),
        "a story of quotes": lambda size: _answers(b'{"story":"' + fill(b'\\"', _within(size)) + b'"}'),
        "braces": lambda size: b"\x01" + fill(b"{}", _within(size)),
        "a text that ends and ends": lambda size: (
            b'\x01{"channel":"web","text":"' + fill(b'","v":1}', _within(size))
        ),
    },
    tokens=(
        *(
            b'"RECEIPT"',
            b'"DIGEST"',
            b'{"answers":{',
            b'},"attachments":[',
            b'],"channel":"',
            b'"web"',
            b'"form":"report"',
        ),
        *(
            b'"kind":"report"',
            b'"followup"',
            b'"withdrawal"',
            b'"text":"',
            b'"v":1}',
            b"\\ud800",
            b"null",
            b'"story":',
        ),
        *(b'"when":"2026-05"', b'"not_sure"', b'"setting":"police"', b"[]", b"{}", b"\\u0000", b"1.0", b"-0"),
    ),
)
