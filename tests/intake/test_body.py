"""What the headers of a request say of its body is believed within bounds."""

import pytest
from starlette.requests import Request

from intake import body


@pytest.mark.parametrize(
    ("text", "length"),
    [
        pytest.param("18555", 18_555, id="a length"),
        pytest.param("", 0, id="none"),
        pytest.param("-1", 0, id="a sign"),
        pytest.param("\u0661", 0, id="digits of another script"),
        # Python refuses to read a number of so many digits.
        pytest.param("9" * 5_000, 0, id="thousands of digits"),
    ],
)
def test_a_length_that_no_body_has_is_not_believed(text: str, length: int) -> None:
    headers = [(b"content-length", text.encode())] if text else []
    assert body.announced(Request({"type": "http", "headers": headers})) == length
