import json

import pytest

from intake.crypto.errors import Malformed, TooLong
from intake.crypto.padding import SIZE_CLASSES, pad, unpad

SMALL, LARGE = SIZE_CLASSES


@pytest.mark.parametrize(
    ("length", "padded"),
    [(2, SMALL), (SMALL - 1, SMALL), (SMALL, SMALL), (SMALL + 1, LARGE), (LARGE, LARGE)],
)
def test_a_body_grows_to_the_next_class(length: int, padded: int) -> None:
    body = b"{" + b" " * (length - 2) + b"}"
    assert len(pad(body)) == padded
    assert unpad(pad(body)) == body


def test_padding_leaves_plain_json() -> None:
    assert json.loads(pad(b'{"a":"b  "}')) == {"a": "b  "}


def test_a_body_over_the_largest_class_is_refused() -> None:
    with pytest.raises(TooLong, match="65536 bytes at most"):
        pad(b"{" + b" " * LARGE + b"}")


@pytest.mark.parametrize(
    "plaintext",
    [
        pytest.param(b"{}", id="not padded"),
        pytest.param(b"{}".ljust(SMALL + 1), id="one byte too long"),
        pytest.param(b"{}".ljust(LARGE), id="a class too large"),
        pytest.param(b"{}".ljust(2 * LARGE), id="over the largest class"),
        pytest.param(b" " * SMALL, id="nothing in it"),
        pytest.param(b"{}".ljust(SMALL - 1) + b"\n", id="padded with something else"),
    ],
)
def test_padding_has_one_form(plaintext: bytes) -> None:
    with pytest.raises(Malformed, match="padded"):
        unpad(plaintext)


def test_what_is_no_json_object_is_not_padded() -> None:
    with pytest.raises(Malformed, match="one JSON object"):
        pad(b"[] ")


def test_a_body_with_objects_inside_ends_with_its_last_brace() -> None:
    body = b'{"a":{"b":{}},"c":"}"}'
    assert unpad(pad(body)) == body
