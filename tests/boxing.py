"""Makes boxes as a desk does, for intakes that tests make."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from intake.crypto import box
from intake.crypto.box import Header
from intake.crypto.message import NONCE, SEALED, Message, seal_message
from intake.crypto.receipt import CODE_LENGTH, Receipt
from intake.crypto.signing import SigningKey
from intake.directory import read_key
from tests.cards import DESK

WEEK = "2026-W47"


@dataclass(frozen=True, slots=True)
class Said:
    """What a desk has for one code."""

    collected: bool = True
    messages: Sequence[Message] = ()


def reply(text: str, n: int = 1, until: str = "2199-W01") -> Message:
    """An answer that is shown for a long time."""
    return Message("reply", WEEK, until, n, text=text)


def make_box(
    server: SigningKey,
    said: Mapping[bytes, Said] | None = None,
    *,
    desk: SigningKey = DESK,
    bits: int = 1,
    markers: int = 64,
    replies: int = 4,
) -> bytes:
    """A whole box in which each code of `said` finds what stands there."""
    header = Header(bits, desk.verify_key, os.urandom(16), markers, replies, server.verify_key, WEEK)
    receipts = {Receipt.from_code(code): one for code, one in (said or {}).items()}
    return box.serialise(header, [_bucket(header, number, receipts) for number in range(header.buckets)])


def box_for(data: Path, said: Mapping[bytes, Said] | None = None, **options: int) -> bytes:
    """The same, for the intake of a data directory."""
    return make_box(read_key(data), said, **options)


def _bucket(header: Header, number: int, receipts: Mapping[Receipt, Said]) -> bytes:
    here = {
        receipt: said
        for receipt, said in receipts.items()
        if box.bucket_number(receipt.box, header.bits) == number
    }
    markers = [box.marker(receipt.box, header.epoch) for receipt, said in here.items() if said.collected]
    places = [
        seal_message(receipt.reply, os.urandom(NONCE), message)
        for receipt, said in here.items()
        for message in said.messages
    ]
    markers += [os.urandom(box.MARKER) for _ in range(header.markers - len(markers))]
    places += [os.urandom(SEALED) for _ in range(header.replies - len(places))]
    return box.bucket(header, markers, sorted(places))


def own(desk: SigningKey = DESK) -> str:
    return f"{desk.verify_key.public.hex()[:16]}.box"


def put(data: Path, content: bytes, desk: SigningKey = DESK) -> None:
    """Puts a box in force as the command does."""
    (data / "boxes").mkdir(exist_ok=True)
    partial = data / "boxes" / ".partial"
    partial.write_bytes(content)
    partial.replace(data / "boxes" / own(desk))


# What a box holds for three people.
ANSWERED, COLLECTED, UNKNOWN = (bytes([number]) * CODE_LENGTH for number in (1, 2, 3))
SAID = {
    ANSWERED: Said(
        messages=[
            Message("notice", "2026-W47", "2199-W01", 3, text="The clinic closes."),
            reply("We read it.\nThank you.", n=1),
            Message("counted", "2026-W47", "2199-W01", 4, release="2026-1", tracker="k7f2-9b"),
            Message("reply", "2020-W01", "2020-W53", 9, text="long ago"),
        ]
    ),
    COLLECTED: Said(),
}
