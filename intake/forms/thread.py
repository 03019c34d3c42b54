"""What a reporter sends after a report: more words for it, or that it is taken back.

    followup   = {"channel":CHANNEL,"kind":"followup","lang":LANG,"nonce":HEX32,"receipt":RECEIPT,
                  "sealed_by":SEALER,"text":TEXT,"v":1}
    withdrawal = the same with "kind":"withdrawal" and without "text"
    RECEIPT    = {"box":HEX32,"id":HEX32,"reply":HEX64,"withdraw":HEX64}       ; that of the report

on one line with no spaces, as `intake.forms.form.canonical` writes it. They are padded and sealed as
reports are, so that whoever stores them cannot tell them apart. TEXT follows the rules of a `long_text`
and is not empty. A follow-up never counts as a report.
"""

import json
import re
from dataclasses import dataclass

from intake.crypto.errors import Malformed
from intake.crypto.receipt import LENGTHS, MESSAGE_NONCE, Receipt
from intake.forms.answers import is_tidy, tidy
from intake.forms.errors import InvalidAnswers, MalformedReport
from intake.forms.form import canonical
from intake.forms.question import LONGEST
from intake.forms.report import CHANNELS, SEALERS

VERSION = 1
FOLLOWUP, WITHDRAWAL = "followup", "withdrawal"

TEXT = "long_text"
LONGEST_TEXT = LONGEST[TEXT]

_LANG = r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,4}"
_MESSAGE = re.compile(
    rf'\{{"channel":"(?P<channel>{"|".join(CHANNELS)})","kind":"(?P<kind>{FOLLOWUP}|{WITHDRAWAL})",'
    rf'"lang":"(?P<lang>{_LANG})","nonce":"(?P<nonce>[0-9a-f]{{32}})",'
    r'"receipt":\{"box":"(?P<box>[0-9a-f]{32})","id":"(?P<id>[0-9a-f]{32})",'
    r'"reply":"(?P<reply>[0-9a-f]{64})","withdraw":"(?P<withdraw>[0-9a-f]{64})"\},'
    rf'"sealed_by":"(?P<sealed_by>{"|".join(SEALERS)})",(?:"text":(?P<text>".*"),)?"v":1\}}',
    re.DOTALL,
)
# No report begins like this: whoever opens one of many kinds need not try both parsers.
BEGINS = b'{"channel":'


@dataclass(frozen=True, slots=True, repr=False)
class Message:
    """A follow-up, or a withdrawal, which has no `text`. Its repr shows no word."""

    kind: str
    receipt: Receipt
    nonce: bytes
    lang: str
    sealed_by: str
    channel: str
    text: str | None = None

    @property
    def id(self) -> bytes:
        """The id that it is stored under."""
        return self.receipt.message_id(self.nonce)

    def __repr__(self) -> str:
        return f"Message(kind={self.kind!r}, ...)"


def clean(typed: str) -> str:
    """The words of a follow-up as they are sealed.

    Raises InvalidAnswers with the rule for `text`: "required" for none, "too_long" for too many.
    """
    text = tidy(TEXT, typed)
    if not text or len(text) > LONGEST_TEXT:
        raise InvalidAnswers({"text": "too_long" if text else "required"})
    return text


def build(message: Message) -> bytes:
    """The message's JSON text, not yet padded.

    Raises MalformedReport for what the format does not know, and for words that `clean` does not return.
    """
    if (
        message.kind not in (FOLLOWUP, WITHDRAWAL)
        or message.channel not in CHANNELS
        or message.sealed_by not in SEALERS
        or not re.fullmatch(_LANG, message.lang)
        or len(message.nonce) != MESSAGE_NONCE
    ):
        raise MalformedReport("the kind, the language, the sealer, the channel or the nonce is not known")
    if (message.text is None) != (message.kind == WITHDRAWAL):
        raise MalformedReport("a follow-up has words, and a withdrawal has none")
    if message.text is not None and not is_tidy(TEXT, message.text, LONGEST_TEXT):
        raise MalformedReport("the words of a follow-up are not in their one spelling")
    words = {} if message.text is None else {"text": message.text}
    return canonical(
        {
            "channel": message.channel,
            "kind": message.kind,
            "lang": message.lang,
            "nonce": message.nonce.hex(),
            "receipt": message.receipt.to_json(),
            "sealed_by": message.sealed_by,
            "v": VERSION,
            **words,
        }
    )


def parse(body: bytes) -> Message:
    """The message in an unpadded plaintext. Raises MalformedReport with the rule that was broken alone."""
    try:
        found = _MESSAGE.fullmatch(body.decode())
    except UnicodeDecodeError:
        raise MalformedReport("not UTF-8") from None
    if found is None:
        raise MalformedReport("the fields are not those of a message, or not in their order")
    try:
        receipt = Receipt.from_json({name: found[name] for name in LENGTHS})
        text = None if found["text"] is None else json.loads(found["text"])
    except Malformed:
        raise MalformedReport("the receipt is malformed") from None
    except ValueError:
        raise MalformedReport("the words are not JSON") from None
    message = Message(
        kind=found["kind"],
        receipt=receipt,
        nonce=bytes.fromhex(found["nonce"]),
        lang=found["lang"],
        sealed_by=found["sealed_by"],
        channel=found["channel"],
        text=text,
    )
    # One text per message: this also refuses escapes without need and members that stand twice.
    if build(message) != body:
        raise MalformedReport("the message is not canonical JSON")
    return message
