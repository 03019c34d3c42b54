"""The box: one spelling, every place tried, and nothing to be told without a code."""

import hashlib
import io
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from nacl.bindings import crypto_secretbox

from intake.crypto import box
from intake.crypto.errors import Malformed
from intake.crypto.message import Message
from intake.crypto.receipt import Receipt
from tests.vectors.boxes import CODES, HEADER, bytes_of, whole

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "vectors" / "box.json").read_text())
BUCKETS = [bytes.fromhex(one) for one in VECTORS["buckets"]]


def test_the_box_of_the_vectors_reads_back_as_it_was_written() -> None:
    header = box.parse_header(VECTORS["header"].encode())
    assert header == HEADER
    assert box.serialise(header, BUCKETS) == whole()
    checked = box.check(io.BytesIO(whole()))
    assert (checked.header, checked.start) == (header, len(whole()) - sum(map(len, BUCKETS)))


@pytest.mark.parametrize("vector", VECTORS["numbers"])
def test_a_bucket_has_the_first_bits_of_a_tag_as_its_number(vector: dict[str, Any]) -> None:
    assert box.bucket_number(bytes.fromhex(vector["tag"]), vector["bits"]) == vector["number"]


@pytest.mark.parametrize("vector", VECTORS["codes"], ids=lambda vector: str(vector["name"]))
def test_each_code_of_the_vectors_finds_what_is_for_it_and_no_more(vector: dict[str, Any]) -> None:
    receipt = Receipt.from_code(bytes.fromhex(vector["code"]))
    number = box.bucket_number(receipt.box, HEADER.bits)
    assert number == vector["number"]
    assert box.marker(receipt.box, HEADER.epoch).hex() == vector["marker"]
    found = box.open_bucket(HEADER, BUCKETS[number], receipt.box, receipt.reply)
    assert found.collected == vector["collected"]
    assert list(found.messages) == [Message(**one) for one in vector["messages"]]
    assert found.unreadable == 0


def test_messages_come_in_the_order_in_which_they_were_written() -> None:
    code = CODES["collected and answered"][0]
    receipt = Receipt.from_code(bytes.fromhex(code))
    [one] = [one for one in VECTORS["codes"] if one["code"] == code]
    found = box.open_bucket(HEADER, BUCKETS[one["number"]], receipt.box, receipt.reply)
    assert [message.n for message in found.messages] == [1, 12]


def test_a_message_in_a_form_that_is_not_known_hides_no_other() -> None:
    receipt = Receipt.from_code(bytes(12))
    number = box.bucket_number(receipt.box, HEADER.bits)
    nonce = bytes(24)
    newer = nonce + crypto_secretbox(b'{"v":2}'.ljust(2_048), nonce, receipt.reply)
    own = BUCKETS[number]
    changed = own[: 64 * box.MARKER] + newer + own[64 * box.MARKER + len(newer) :]
    found = box.open_bucket(HEADER, changed, receipt.box, receipt.reply)
    assert (found.messages, found.unreadable) == ((), 1)


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"bits": 21}, id="too many buckets"),
        pytest.param({"bits": True}, id="bits that are no number"),
        pytest.param({"markers": 96}, id="markers that are no power of two"),
        pytest.param({"markers": 32}, id="too few markers"),
        pytest.param({"replies": 2}, id="too few replies"),
        pytest.param({"replies": 2_048}, id="too many replies"),
        pytest.param({"epoch": "0" * 31}, id="a short epoch"),
        pytest.param({"epoch": "A" * 32}, id="capitals"),
        pytest.param({"week": "2026-47"}, id="no week"),
        pytest.param({"desk": ""}, id="no desk"),
        pytest.param({"more": 1}, id="a member more"),
    ],
)
def test_any_other_header_of_a_box_is_refused(members: dict[str, object]) -> None:
    value = json.loads(VECTORS["header"]) | members
    body = json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
    with pytest.raises(Malformed, match="the header of the box is"):
        box.parse_header(body)


def swapped(data: bytes) -> bytes:
    """The box with its first two markers in the other order."""
    start = len(data) - sum(map(len, BUCKETS))
    first, second = data[start : start + 8], data[start + 8 : start + 16]
    return data[:start] + second + first + data[start + 16 :]


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        pytest.param(whole()[:-1], "broke off", id="cut"),
        pytest.param(whole() + b"\0", "follows the end", id="a byte more"),
        pytest.param(swapped(whole()), "rising order", id="markers in another order"),
        pytest.param(whole().replace(b"box/1", b"box/2", 1), "newer version", id="another version"),
        pytest.param(b"", "newer version", id="empty"),
        pytest.param(b"witnessbox-box/1\n" + b"x" * 5_000, "header of the box is broken", id="no header"),
    ],
)
def test_a_box_that_is_not_as_it_should_be_is_refused(data: bytes, rule: str) -> None:
    with pytest.raises(Malformed, match=rule):
        box.check(io.BytesIO(data))


def test_a_box_is_not_made_of_other_buckets_than_its_header_says() -> None:
    with pytest.raises(Malformed, match="other buckets"):
        box.serialise(HEADER, BUCKETS[:1])
    with pytest.raises(Malformed, match="not all its places"):
        box.bucket(HEADER, [], [])
    with pytest.raises(Malformed, match="not of its length"):
        box.bucket(HEADER, [bytes(8)] * 64, [bytes(2_088)] * 3 + [b""])
    with pytest.raises(Malformed, match="header of the box is broken"):
        box.serialise_header(replace(HEADER, epoch=b""))


def test_a_marker_is_another_in_each_epoch() -> None:
    tags = [bytes_of(f"tag {n}", 16) for n in range(50)]
    both = [{box.marker(tag, epoch) for tag in tags} for epoch in (bytes(16), bytes(15) + b"\1")]
    assert [len(one) for one in both] == [50, 50]
    assert not both[0] & both[1]


def test_no_byte_of_a_bucket_stands_out() -> None:
    seen = Counter(b"".join(one[64 * box.MARKER :] for one in BUCKETS))
    expected = sum(seen.values()) / 256
    assert max(seen.values()) < 1.6 * expected


def test_a_box_is_told_by_the_digest_of_all_its_bytes() -> None:
    assert box.check(io.BytesIO(whole())).sha256 == hashlib.sha256(whole()).hexdigest()


def test_every_message_that_cannot_be_read_is_counted() -> None:
    receipt = Receipt.from_code(bytes(12))
    nonces = [bytes([number]) * 24 for number in range(HEADER.replies)]
    newer = [nonce + crypto_secretbox(b'{"v":2}'.ljust(2_048), nonce, receipt.reply) for nonce in nonces]
    own = BUCKETS[box.bucket_number(receipt.box, HEADER.bits)]
    changed = own[: HEADER.markers * box.MARKER] + b"".join(newer)
    found = box.open_bucket(HEADER, changed, receipt.box, receipt.reply)
    assert (found.messages, found.unreadable) == ((), HEADER.replies)


@pytest.mark.parametrize("more", [-1, 1])
def test_a_bucket_of_another_length_is_not_opened(more: int) -> None:
    own = BUCKETS[0]
    with pytest.raises(Malformed, match=r"^the bucket has not the length that the header of its box says$"):
        box.open_bucket(HEADER, own[:more] if more < 0 else own + bytes(more), bytes(16), bytes(32))


def test_no_more_of_a_box_is_read_at_once_than_its_parts_can_be() -> None:
    """Who puts a box without line ends on a stick fills no memory."""

    class Counted(io.BytesIO):
        most = 0

        def readline(self, size: int | None = -1, /) -> bytes:
            found = super().readline(size)
            self.most = max(self.most, len(found))
            return found

    endless = Counted(bytes(1_000_000))
    with pytest.raises(Malformed, match="not one of Witnessbox"):
        box.check(endless)
    assert endless.most == len(box.VERSION_LINE)
    endless = Counted(box.VERSION_LINE + bytes(1_000_000))
    with pytest.raises(Malformed, match="header of the box is broken"):
        box.check(endless)
    assert endless.most == box.MAX_HEADER
