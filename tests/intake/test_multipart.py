import asyncio
from collections.abc import AsyncIterator

import pytest

from intake.multipart import MOST_FIELDS, BrokenForm, read_fields

KIND = "multipart/form-data; boundary=edge"


def part(name: str, value: str, *, extra: str = "") -> bytes:
    return f'--edge\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n{value}\r\n'.encode()


END = b"--edge--\r\n"


def fields(body: bytes, *, kind: str = KIND, step: int = 1_000) -> dict[str, list[str]]:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), step):
            yield body[start : start + step]

    return asyncio.run(read_fields(kind, pieces()))


def test_fields_come_out_in_order_with_all_their_values() -> None:
    body = part("acts", "insult") + part("story", "línea\r\nlínea") + part("acts", "slur") + END
    assert fields(body) == {"acts": ["insult", "slur"], "story": ["línea\r\nlínea"]}


@pytest.mark.parametrize("step", [1, 2, 7, 10_000])
def test_it_does_not_matter_where_the_pieces_are_cut(step: int) -> None:
    body = part("story", "--edge is not the edge\r\n--edg") + part("acts", "") + END
    assert fields(body, step=step) == {"story": ["--edge is not the edge\r\n--edg"], "acts": [""]}


def test_bytes_that_are_no_utf_8_become_question_marks_and_not_an_error() -> None:
    body = part("story", "X").replace(b"X", b"\xff\xfe") + END
    assert fields(body) == {"story": ["\ufffd\ufffd"]}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(part("a", "b"), "the form broke off", id="no end"),
        pytest.param(b"", "the form broke off", id="nothing"),
        pytest.param(b"words", "the form is broken", id="no boundary"),
        pytest.param(part("a", "b", extra='; filename="c"') + END, "a field is a file", id="a file"),
        pytest.param(
            part("a", "b", extra="; filename*=UTF-8''c") + END, "not a plain field", id="a coded file"
        ),
        pytest.param(
            part("a", "b", extra='; filename="c"; name="d"') + END,
            "not a plain field",
            id="a name after a file",
        ),
        pytest.param(part("a", "b", extra='; name="c"') + END, "not a plain field", id="a second name"),
        pytest.param(
            part("a", "b").replace(b"\r\n\r\n", b'\r\nContent-Disposition: form-data; name="c"\r\n\r\n')
            + END,
            "two names",
            id="two dispositions",
        ),
        pytest.param(part("a", "b") + END + b"c", "follows the end", id="a byte too many"),
        pytest.param(part("a", "b") + END + b"\r\n", "follows the end", id="a line too many"),
        pytest.param(part("a", "b") + END + part("c", "d") + END, "follows the end", id="a second form"),
        pytest.param(part("", "b") + END, "not a plain field", id="an empty name"),
        pytest.param(part("a" * 101, "b") + END, "not a plain field", id="a long name"),
        pytest.param(b"--edge\r\nA: b\r\n\r\nc\r\n" + END, "a field has no name", id="no name"),
        pytest.param(part("a", "b") * (MOST_FIELDS + 1) + END, "too many fields", id="too many"),
    ],
)
@pytest.mark.parametrize("step", [1, 5, 1_000])
def test_what_is_no_form_of_ours_is_refused(step: int, body: bytes, message: str) -> None:
    with pytest.raises(BrokenForm, match=message):
        fields(body, step=step)


@pytest.mark.parametrize("step", [1, 5, 1_000])
def test_the_last_boundary_may_stand_without_the_end_of_its_line(step: int) -> None:
    assert fields(part("a", "b") + END.strip(), step=step) == {"a": ["b"]}


@pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data", "multipart/mixed; boundary=edge"])
def test_another_content_type_is_refused(kind: str) -> None:
    with pytest.raises(BrokenForm, match="not a multipart form"):
        fields(part("a", "b") + END, kind=kind)
