import hashlib

import pytest

from intake.crypto.errors import Malformed
from intake.crypto.receipt import CODE_LENGTH, Receipt

RECEIPT = Receipt.from_code(bytes(range(CODE_LENGTH)))
OTHER = Receipt.from_code(bytes(CODE_LENGTH))


def test_a_receipt_comes_back_from_a_report() -> None:
    assert Receipt.from_json(RECEIPT.to_json()) == RECEIPT


def test_the_four_values_tell_nothing_of_each_other() -> None:
    values = [RECEIPT.id, RECEIPT.box, RECEIPT.reply[:16], RECEIPT.withdraw[:16]]
    assert len(set(values)) == len(values)


def test_every_drawn_receipt_is_another() -> None:
    assert len({Receipt.draw().id for _ in range(1000)}) == 1000


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        pytest.param({"id": OTHER.id.hex()}, "does not follow", id="the name of another report"),
        pytest.param({"box": "00"}, "hexadecimal of its length", id="too short"),
        pytest.param({"box": RECEIPT.box.hex().upper()}, "hexadecimal", id="upper case"),
        pytest.param({"box": RECEIPT.box.hex()[:-1] + " "}, "hexadecimal", id="a space"),
        pytest.param({"reply": None}, "hexadecimal", id="nothing"),
        pytest.param({"more": "00"}, "other fields", id="a field too many"),
    ],
)
def test_a_receipt_in_another_form_is_refused(change: dict[str, str], rule: str) -> None:
    with pytest.raises(Malformed, match=rule):
        Receipt.from_json(RECEIPT.to_json() | change)


def test_a_code_of_another_length_is_refused() -> None:
    with pytest.raises(Malformed, match="12 bytes"):
        Receipt.from_code(b"short")


def test_a_receipt_shows_nothing_of_itself() -> None:
    assert repr(RECEIPT) == "Receipt(...)"


def test_what_is_sent_later_has_a_name_of_its_own_each_time() -> None:
    names = {RECEIPT.message_id(bytes([n]) * 16) for n in range(100)} | {RECEIPT.id, RECEIPT.attachment_id(1)}
    assert len(names) == 102
    with pytest.raises(Malformed, match="16 bytes"):
        RECEIPT.message_id(b"short")


def test_a_file_is_stored_under_the_name_that_the_format_gives_it() -> None:
    """FORMAT.md: BLAKE2b-128 of the withdrawal token and a byte, with a person of its own."""
    for number in (1, 5):
        data = RECEIPT.withdraw + bytes([number])
        name = hashlib.blake2b(data, digest_size=16, person=b"wbx1-attachment").digest()
        assert RECEIPT.attachment_id(number) == name


@pytest.mark.parametrize("value", [None, 7, "58585858", "XXXX"])
def test_a_value_that_is_no_hexadecimal_text_is_refused(value: object) -> None:
    with pytest.raises(Malformed, match="lower-case hexadecimal"):
        Receipt.from_json(RECEIPT.to_json() | {"box": value})  # type: ignore[dict-item]
