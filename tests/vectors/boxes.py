"""The vectors of the box: a small one whole, what each code finds in it, and messages right and wrong."""

import hashlib
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from intake.crypto import box, message
from intake.crypto.box import Header
from intake.crypto.message import Message
from intake.crypto.receipt import Receipt
from intake.crypto.signing import SigningKey

HEADER = Header(
    bits=1,
    desk=SigningKey(bytes(range(32))).verify_key,
    epoch=bytes(range(16)),
    markers=64,
    replies=4,
    server=SigningKey(bytes(32)).verify_key,
    week="2026-W47",
)
MESSAGES = {
    "a reply": Message("reply", "2026-W46", "2027-W05", 1, text="We read it.\nThank you: “¿qué pasó?” 🙏"),
    "a notice": Message(
        "notice", "2026-W47", "2026-W52", 12, text='The clinic has moved. "Ask" \\ at <the> door.'
    ),
    "counted": Message("counted", "2026-W47", "2027-W20", 13, release="2026-1", tracker="7f3a-09c1"),
    "withdrawn": Message("withdrawn", "2026-W53", "2027-W05", 999_999_999),
    "the longest text": Message("reply", "2026-W47", "2027-W05", 2, text="é" * 900),
    "as many signs of HTML as may be": Message("reply", "2026-W47", "2027-W05", 2, text="'" * 400),
}
# Whom each code is, and what it finds: `collected` and the names of messages.
CODES: dict[str, tuple[str, bool, list[str]]] = {
    "nothing": ("00" * 12, False, []),
    "collected": ("ff" * 12, True, []),
    "collected and answered": ("000102030405060708090a0b", True, ["a reply", "a notice"]),
    "answered alone": ("5769746e657373626f78212e", False, ["counted", "withdrawn"]),
}


def drawn(name: str) -> Iterator[bytes]:
    """Bytes that look random and are the same every time."""
    yield from (hashlib.sha256(f"{name} {number}".encode()).digest() for number in range(1_000_000))


def bytes_of(name: str, length: int) -> bytes:
    """So many of them."""
    source = drawn(name)
    return b"".join(next(source) for _ in range(length // 32 + 1))[:length]


def sealed(code: str, name: str) -> bytes:
    """A message for a code, with a nonce of its own."""
    reply = Receipt.from_code(bytes.fromhex(code)).reply
    return message.seal_message(reply, bytes_of(f"nonce {name}", message.NONCE), MESSAGES[name])


def whole() -> bytes:
    """The box of the vectors."""
    return box.serialise(HEADER, [_bucket(number) for number in range(HEADER.buckets)])


def _bucket(number: int) -> bytes:
    own = [
        (Receipt.from_code(bytes.fromhex(code)).box, code, collected, names)
        for code, collected, names in CODES.values()
    ]
    here = [one for one in own if box.bucket_number(one[0], HEADER.bits) == number]
    markers = [box.marker(tag, HEADER.epoch) for tag, _, collected, _ in here if collected]
    markers += [bytes_of(f"marker {number} {n}", box.MARKER) for n in range(HEADER.markers - len(markers))]
    places = [sealed(code, name) for _, code, _, names in here for name in names]
    places += [bytes_of(f"place {number} {n}", message.SEALED) for n in range(HEADER.replies - len(places))]
    return box.bucket(HEADER, markers, sorted(places))


def _message(name: str) -> dict[str, Any]:
    code = CODES["collected and answered"][0]
    plaintext = message.serialise(MESSAGES[name])
    return {
        "name": name,
        "message": json_of(MESSAGES[name]),
        "reply": Receipt.from_code(bytes.fromhex(code)).reply.hex(),
        "nonce": bytes_of(f"nonce {name}", message.NONCE).hex(),
        "plaintext": plaintext.decode(),
        "sealed": sealed(code, name).hex(),
    }


def json_of(one: Message) -> dict[str, Any]:
    """The members that its kind has."""
    return {name: value for name, value in asdict(one).items() if value != ""}


def _broken() -> list[dict[str, str]]:
    """Plaintexts that a reader must refuse."""
    right = message.serialise(MESSAGES["a reply"]).decode()
    body = right.rstrip(" ")
    flaws = {
        "another version": body.replace('"v":1', '"v":2'),
        "another order": '{"kind":"withdrawn","at":"2026-W46","n":1,"until":"2027-W05","v":1}',
        "a member more": body.replace('"v":1', '"v":1,"w":1'),
        "a member less": body.replace('"until":"2027-W05",', ""),
        "another kind": body.replace('"reply"', '"letter"'),
        "a kind of an object": body.replace('"reply"', '"constructor"'),
        "a space": body.replace('"v":1', '"v": 1'),
        "no number": body.replace('"n":1', '"n":"1"'),
        "number zero": body.replace('"n":1', '"n":0'),
        "a fraction": body.replace('"n":1', '"n":1.0'),
        "no week": body.replace("2026-W46", "2026-W54"),
        "no text": '{"at":"2026-W46","kind":"reply","n":1,"text":"","until":"2027-W05","v":1}',
        "blanks alone": '{"at":"2026-W46","kind":"reply","n":1,"text":" \\n ","until":"2027-W05","v":1}',
        "a control character": body.replace("Thank", "\\u0007Thank"),
        "an escape without need": body.replace("We", "\\u0057e"),
        "not JSON": "We read it.",
        "no object": '["reply"]',
        "nothing": "",
        "a text that is too long": body.replace("We read it.", "a" * 1_801),
        "a text that is too long in a page": body.replace("We read it.", "'" * 500),
        "a release of another spelling": message.serialise(MESSAGES["counted"])
        .decode()
        .replace("2026-1", "/../"),
    }
    made = [{"name": name, "plaintext": flaw.rstrip(" ").ljust(_room(flaw))} for name, flaw in flaws.items()]
    zeros = {"name": "filled with zeros", "plaintext": body + "\0" * (len(right) - len(body))}
    return [*made, zeros, {"name": "too short", "plaintext": right[:-1]}]


def _room(text: str) -> int:
    """The characters that fill it to the length of a message in bytes."""
    stripped = text.rstrip(" ")
    return message.MESSAGE - len(stripped.encode()) + len(stripped)


def box_vectors() -> dict[str, Any]:
    """The contents of box.json."""
    data = whole()
    start = len(data) - HEADER.buckets * HEADER.bucket_length
    return {
        "header": box.serialise_header(HEADER).decode(),
        "buckets": [
            data[start + n * HEADER.bucket_length :][: HEADER.bucket_length].hex()
            for n in range(HEADER.buckets)
        ],
        "numbers": [
            {"tag": tag, "bits": bits, "number": box.bucket_number(bytes.fromhex(tag), bits)}
            for tag in ("00" * 16, "ff" * 16, "a55a" + "0f" * 14)
            for bits in (0, 1, 7, 8, 9, 20)
        ],
        "codes": [_found(name, *what) for name, what in CODES.items()],
        "messages": [_message(name) for name in MESSAGES],
        "broken": _broken(),
    }


def _found(name: str, code: str, collected: bool, names: list[str]) -> dict[str, Any]:
    receipt = Receipt.from_code(bytes.fromhex(code))
    return {
        "name": name,
        "code": code,
        "number": box.bucket_number(receipt.box, HEADER.bits),
        "marker": box.marker(receipt.box, HEADER.epoch).hex(),
        "collected": collected,
        "messages": [json_of(MESSAGES[one]) for one in names],
    }
