"""What the desk answers: the bundles that it holds, so that the server may delete them.

    acknowledgement = "witnessbox-acknowledgement/1" LF body LF signature LF       ; signed.py
    body     = {"accepted":[ACCEPTED,...],"box":BOX,"card":TEXT,"desk":HEX64,"sequence":N,"server":HEX64}
    ACCEPTED = {"digest":HEX64,"sequence":N}
    BOX      = HEX64 or ""

It names all that was ever accepted, so that one which is lost on the way is made good by the next.
`box` is the SHA-256 of the box that travels beside it (box.py).
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from intake.crypto import signed
from intake.crypto.card import MAX_CARD
from intake.crypto.errors import Malformed, WrongSignature
from intake.crypto.signing import SigningKey, VerifyKey

KIND = signed.Kind(b"witnessbox-acknowledgement/1\n", "acknowledgement", "a desk")
MAX_ACKNOWLEDGEMENT = 16 * 1024 * 1024
MOST = 10**9


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What a desk says to a server; `accepted` are sequence numbers of bundles with their digests.

    `sequence` counts the desk's own answers to this server; `card` is its public file, or empty; `box` the
    digest of what it says to reporters, or empty.
    """

    desk: VerifyKey
    server: VerifyKey
    sequence: int
    accepted: tuple[tuple[int, str], ...]
    card: str
    box: str = ""


def file_name(sequence: int) -> str:
    """The name of the file on the stick."""
    return f"acknowledgement-{sequence:06d}"


def box_name(sequence: int) -> str:
    """The name of the box beside it."""
    return f"box-{sequence:06d}"


def serialise(acknowledgement: Acknowledgement, key: SigningKey) -> bytes:
    """The file, signed; the same bytes every time."""
    return KIND.write(_value(acknowledgement), key)


def parse(data: bytes, pinned: Collection[VerifyKey]) -> Acknowledgement:
    """The acknowledgement, when it is signed by a key of `pinned`, which is all that is read before.

    Raises WrongSignature, or Malformed for any but the one allowed form.
    """
    if len(data) > MAX_ACKNOWLEDGEMENT:
        raise Malformed("the acknowledgement is longer than one can be")
    body, signer = KIND.verify(data, pinned)
    acknowledgement = _from_body(body)
    if acknowledgement.desk != signer:
        raise WrongSignature("the acknowledgement names another desk than the one that signed it")
    return acknowledgement


def _value(acknowledgement: Acknowledgement) -> dict[str, Any]:
    return {
        "accepted": [
            {"digest": digest, "sequence": sequence} for sequence, digest in acknowledgement.accepted
        ],
        "box": acknowledgement.box,
        "card": acknowledgement.card,
        "desk": acknowledgement.desk.public.hex(),
        "sequence": acknowledgement.sequence,
        "server": acknowledgement.server.public.hex(),
    }


def _from_body(body: bytes) -> Acknowledgement:
    try:
        value = json.loads(body)
        found = Acknowledgement(
            desk=VerifyKey(bytes.fromhex(signed.digest(value["desk"]))),
            server=VerifyKey(bytes.fromhex(signed.digest(value["server"]))),
            sequence=signed.number(value["sequence"], 1, MOST),
            accepted=tuple(
                (signed.number(one["sequence"], 1, MOST), signed.digest(one["digest"]))
                for one in value["accepted"]
            ),
            card=_card(value["card"]),
            box=_box(value.get("box", "")),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise Malformed("the acknowledgement is broken") from None
    numbers = [sequence for sequence, _ in found.accepted]
    again = _value(found)
    if "box" not in value:
        # A desk wrote it before there were boxes, and may have it still.
        del again["box"]
    if numbers != sorted(set(numbers)) or signed.canonical(again) != body:
        raise Malformed("the acknowledgement is not in the one allowed form")
    return found


def _box(value: object) -> str:
    return "" if value == "" else signed.digest(value)


def _card(value: object) -> str:
    if not isinstance(value, str) or not value.isascii() or len(value) > MAX_CARD:
        raise ValueError
    return value
