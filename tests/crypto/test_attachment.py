import hashlib
import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from analysis.identity import HybridIdentity
from analysis.unseal import unseal
from intake.crypto.attachment import (
    ATTACHMENT_CLASSES,
    MAX_ATTACHMENT,
    Attachment,
    AttachmentSealer,
    content,
    head,
    parse_head,
    size_class,
)
from intake.crypto.errors import Malformed, TooLong
from intake.crypto.padding import SIZE_CLASSES
from intake.crypto.recipients import Recipient
from intake.crypto.seal import seal_bytes, sealed_length

NAME = bytes(range(16))
JPEG = "image/jpeg"
FILE = b"\xff\xd8" + bytes(range(256)) * 300


@pytest.fixture(scope="module")
def recipients(identity: HybridIdentity) -> Sequence[Recipient]:
    return [identity.recipient]


def sealed(recipients: Sequence[Recipient], file: bytes, *, step: int = 10_000) -> tuple[bytes, Attachment]:
    sealer = AttachmentSealer(recipients, NAME, JPEG)
    parts = [sealer.update(file[start : start + step]) for start in range(0, len(file), step)]
    return b"".join([*parts, *sealer.finish()]), sealer.named()


def test_a_sealed_file_comes_back_as_its_report_names_it(
    identity: HybridIdentity, recipients: Sequence[Recipient]
) -> None:
    data, named = sealed(recipients, FILE)
    assert named == Attachment(len(FILE), NAME, hashlib.sha256(FILE).hexdigest(), JPEG)
    assert b"".join(content(unseal(io.BytesIO(data), [identity]), named)) == FILE


@pytest.mark.parametrize("length", [1, 1000, 200_000, 262_000])
def test_files_of_one_class_seal_to_the_same_length(length: int, recipients: Sequence[Recipient]) -> None:
    data, _ = sealed(recipients, bytes(length))
    assert len(data) == sealed_length(ATTACHMENT_CLASSES[0], recipients)


def test_a_file_that_just_fits_takes_its_class_and_one_byte_more_the_next(
    recipients: Sequence[Recipient],
) -> None:
    room = ATTACHMENT_CLASSES[0] - len(head(NAME, JPEG))
    lengths = [len(sealed(recipients, bytes(room + more), step=65_536)[0]) for more in (0, 1)]
    assert lengths == [sealed_length(size, recipients) for size in ATTACHMENT_CLASSES[:2]]


def test_the_largest_file_fits_the_last_class() -> None:
    assert size_class(MAX_ATTACHMENT + len(head(NAME, JPEG))) == ATTACHMENT_CLASSES[-1]


def test_a_file_that_is_too_large_is_refused_as_it_comes(recipients: Sequence[Recipient]) -> None:
    sealer = AttachmentSealer(recipients, NAME, JPEG)
    sealer.update(bytes(MAX_ATTACHMENT))
    with pytest.raises(TooLong, match="takes 26214400 bytes at most"):
        sealer.update(b"1")


def test_no_attachment_can_be_taken_for_a_report() -> None:
    largest_header = 64 * 1024
    assert max(SIZE_CLASSES) + largest_header + 64 < min(ATTACHMENT_CLASSES)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        pytest.param({"id": bytes(16)}, "another head", id="another id"),
        pytest.param({"type": "image/png"}, "another head", id="another type"),
        pytest.param({"length": len(FILE) - 1}, "longer than", id="shorter"),
        pytest.param({"length": len(FILE) + 1}, "not the file", id="longer"),
        pytest.param({"length": 300_000}, "not filled", id="another class"),
        pytest.param({"sha256": "0" * 64}, "not the file", id="another digest"),
    ],
)
def test_a_file_that_is_not_the_named_one_is_refused(
    change: dict[str, Any], rule: str, identity: HybridIdentity, recipients: Sequence[Recipient]
) -> None:
    data, named = sealed(recipients, FILE)
    with pytest.raises(Malformed, match=rule):
        list(content(unseal(io.BytesIO(data), [identity]), replace(named, **change)))


@pytest.mark.parametrize("length", [0, 20, 300_000])
def test_a_plaintext_of_another_length_is_refused(
    length: int, identity: HybridIdentity, recipients: Sequence[Recipient]
) -> None:
    plain = (head(NAME, JPEG) + FILE).ljust(length, b"\0")[: max(length, 0)]
    named = Attachment(len(FILE), NAME, hashlib.sha256(FILE).hexdigest(), JPEG)
    with pytest.raises(Malformed, match="not filled to its size class"):
        list(content(unseal(io.BytesIO(seal_bytes(plain, recipients)), [identity]), named))


@pytest.mark.parametrize("media_type", ["", "image", "Image/jpeg", 'image/"', "image/jpeg; a=b", "image/é"])
def test_a_type_in_another_spelling_is_refused(media_type: str) -> None:
    with pytest.raises(Malformed, match="no media type"):
        head(NAME, media_type)


def test_the_head_of_a_file_tells_under_which_name_it_is_stored() -> None:
    assert parse_head(head(NAME, JPEG) + FILE) == NAME
    assert parse_head(head(NAME, "application/vnd.oasis.opendocument.text")) == NAME
    assert head(NAME, JPEG) == (
        b'{"id":"000102030405060708090a0b0c0d0e0f","kind":"attachment","type":"image/jpeg","v":1}\n'
    )


@pytest.mark.parametrize(
    "begun",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(head(NAME, JPEG)[:-1], id="no line feed"),
        pytest.param(head(NAME, JPEG).replace(b"0a", b"0A"), id="capitals"),
        pytest.param(b" " + head(NAME, JPEG), id="a space before it"),
        pytest.param(head(NAME, JPEG).replace(b'"v":1', b'"v":2'), id="another version"),
    ],
)
def test_a_head_in_any_other_form_is_refused(begun: bytes) -> None:
    with pytest.raises(Malformed, match=r"^an attachment has a broken head$"):
        parse_head(begun + FILE)


def test_a_report_names_a_file_by_four_members() -> None:
    named = Attachment(3, NAME, "a" * 64, JPEG)
    assert named.to_json() == {"bytes": 3, "id": NAME.hex(), "sha256": "a" * 64, "type": JPEG}


@pytest.mark.parametrize("step", [1, 7, 86, 87, 88, 100, 262_144])
def test_a_file_is_the_same_in_pieces_of_any_length(step: int) -> None:
    """Also where a piece ends with the head, in its midst, or with the file."""
    file = bytes(range(1, 200))
    begun = head(NAME, JPEG) + file
    whole = begun.ljust(ATTACHMENT_CLASSES[0], b"\0")
    named = Attachment(len(file), NAME, hashlib.sha256(file).hexdigest(), JPEG)
    first = [begun[start : start + step] for start in range(0, len(begun), step)]
    assert b"".join(content([*first, whole[len(begun) :]], named)) == file
    longer = bytearray(whole)
    longer[len(begun)] = 1
    with pytest.raises(Malformed, match=r"^an attachment is longer than its report says$"):
        list(content([*first, bytes(longer[len(begun) :])], named))
    other = [b"{" + begun[:step], *first[1:]]
    with pytest.raises(Malformed, match="another head"):
        list(content(other, named))
