"""What a desk says to one reporter, or to all of a kind: one place of a box, always of the same size.

    sealed  = nonce(24) || XSalsa20-Poly1305(reply key, nonce, message)     ; 2,088 bytes
    message = object *SPACE                                                 ; 2,048 bytes
    object  = canonical JSON in UTF-8: keys sorted, no spaces, nothing escaped without need

Only who has the code has the reply key. This opens what was said to a reporter and no report:
those are sealed to the desk's keys, in another way.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from nacl.bindings import crypto_secretbox, crypto_secretbox_open
from nacl.exceptions import CryptoError as NotForThisKey

from intake.crypto.errors import Malformed, TooLong

NONCE = 24
MESSAGE = 2_048
SEALED = NONCE + 16 + MESSAGE
MAX_TEXT = 1_800
# As it stands in a page, where each of these signs takes up to five bytes: pages that show a message and
# pages that show none have one length, and it must have room for the longest.
MAX_TEXT_IN_PAGE = 2_000
SIGNS_OF_HTML = "&<>\"'"
MOST = 10**9
VERSION = 1
# The members that each kind has besides those that all have.
KINDS: Mapping[str, tuple[str, ...]] = {
    "reply": ("text",),
    "notice": ("text",),
    "counted": ("release", "tracker"),
    "withdrawn": (),
}
COMMON = ("at", "kind", "n", "until", "v")

# Unicode's Cc but the end of a line, and Cs.
_UNSEEN = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_WEEK = re.compile(r"[0-9]{4}-W[0-9]{2}")
_RELEASE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,39}")
_TRACKER = re.compile(r"[0-9A-Za-z-]{1,64}")


@dataclass(frozen=True, slots=True, repr=False)
class Message:
    """One message. `at` is the ISO week in which it was written, `until` the last one in which it is shown.

    `n` rises with each message of a desk. `text` belongs to replies and notices, `release` and
    `tracker` to what says that a report was counted; they are empty in the others.
    """

    kind: str
    at: str
    until: str
    n: int
    text: str = ""
    release: str = ""
    tracker: str = ""

    def __repr__(self) -> str:
        return f"Message({self.kind!r}, ...)"


def serialise(message: Message) -> bytes:
    """The 2,048 bytes; TooLong when it does not fit, Malformed when it breaks another rule."""
    _check(message)
    body = _canonical(_value(message))
    if not _text_fits(message.text) or len(body) > MESSAGE:
        raise TooLong(f"the text of a message takes {MAX_TEXT} bytes at most")
    return body.ljust(MESSAGE, b" ")


def parse(plaintext: bytes) -> Message:
    """The message in 2,048 bytes; Malformed for any but the one allowed form."""
    if len(plaintext) != MESSAGE:
        raise Malformed(f"a message has {MESSAGE} bytes")
    try:
        value = json.loads(plaintext)
        kind = value["kind"]
        if value.keys() != {*COMMON, *KINDS[kind]}:
            raise ValueError
        found = Message(kind, value["at"], value["until"], value["n"], *(_own(value)))
        right = _canonical(_value(found)).ljust(MESSAGE, b" ") == plaintext
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise Malformed("the message is broken") from None
    if not right or not _text_fits(found.text):
        raise Malformed("the message is not in the one allowed form")
    _check(found)
    return found


def seal_message(reply_key: bytes, nonce: bytes, message: Message) -> bytes:
    """What stands in a box: 2,088 bytes. `nonce` is 24 random bytes, which serve once."""
    return nonce + crypto_secretbox(serialise(message), nonce, reply_key)


def open_message(reply_key: bytes, sealed: bytes) -> Message | None:
    """The message in one place of a box, or None when it is not for this key; Malformed when it is broken.

    Either way a message is read to its end, so that it takes as long.
    """
    nonce, box = sealed[:NONCE], sealed[NONCE:]
    try:
        return parse(crypto_secretbox_open(box, nonce, reply_key))
    except NotForThisKey:
        crypto_secretbox(_STAND_IN, nonce, reply_key)
        parse(_STAND_IN)
        return None


def _value(message: Message) -> dict[str, object]:
    own = {name: getattr(message, name) for name in KINDS.get(message.kind, ())}
    common = {"at": message.at, "kind": message.kind, "n": message.n, "until": message.until, "v": VERSION}
    return common | own


def _own(value: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(value.get(name, "") for name in ("text", "release", "tracker"))


def _canonical(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _text_fits(text: object) -> bool:
    if not isinstance(text, str):
        return True
    length = len(text.encode("utf-8", "replace"))
    return length <= MAX_TEXT and length + 4 * sum(map(text.count, SIGNS_OF_HTML)) <= MAX_TEXT_IN_PAGE


def _is_text(text: object) -> bool:
    """Words to be read: control characters but the end of a line are none, nor are half characters."""
    return isinstance(text, str) and bool(text.strip()) and not _UNSEEN.search(text)


def is_week(value: object) -> bool:
    """Whether it is an ISO week that a calendar has, as 2026-W47."""
    if not isinstance(value, str) or not _WEEK.fullmatch(value):
        return False
    try:
        date.fromisocalendar(int(value[:4]), int(value[6:]), 1)
    except ValueError:
        return False
    return True


def _is(pattern: re.Pattern[str]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and bool(pattern.fullmatch(value))


_RULES: Mapping[str, Callable[[Any], bool]] = {
    "at": is_week,
    "until": is_week,
    "n": lambda n: type(n) is int and 1 <= n <= MOST,
    "text": _is_text,
    "release": _is(_RELEASE),
    "tracker": _is(_TRACKER),
}


def _check(message: Message) -> None:
    """Malformed unless each member is what it should be."""
    if message.kind not in KINDS:
        raise Malformed("a message is of no known kind")
    for name in ("at", "until", "n", *KINDS[message.kind]):
        if not _RULES[name](getattr(message, name)):
            raise Malformed(f'a message has a wrong "{name}"')


# Read in the place of what is for another key; of middling length.
_STAND_IN = serialise(Message("reply", "2026-W47", "2026-W47", 1, text="stand-in " * 60))
