"""A form's body, with files and without, in pieces; the first line of an input is the Content-Type.

What a browser would have sent for what was read is read the same.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

from intake.app import page_code
from intake.forms import answers
from intake.forms.errors import InvalidAnswers
from intake.forms.form import shipped
from intake.multipart import MOST_FIELDS, BrokenForm, TooMuchText, read_fields
from tests.fuzz.target import Sayings, Target, fill, only

_SAYINGS = Sayings()
_FORM = shipped("report")
KIND = b"multipart/form-data; boundary=wall"
MOST_TEXT = 32 * 1024


class _Files:
    """Counts what comes, and holds none of it."""

    def __init__(self) -> None:
        self.begun = self.ended = self.length = 0

    def begin(self, media_type: str, fields: Mapping[str, Sequence[str]], name: str) -> None:
        assert self.begun == self.ended
        self.begun += 1

    def data(self, piece: bytes) -> None:
        self.length += len(piece)

    def end(self) -> None:
        self.ended += 1

    async def drain(self) -> None:
        """Nothing waits."""


def run(data: bytes) -> None:
    how, (kind, _, body) = data[:1], data[1:].partition(b"\n")
    step = (len(body) or 1, 1, 13, 1_000)[how[0] & 3] if how else 1
    step = max(step, len(body) // 256, 1)
    files = _Files() if how and how[0] & 4 else None
    found = _read(kind, body, step, files, data)
    if files:
        assert files.length <= len(body)
        assert found is None or files.begun == files.ended
    if found is None:
        return
    assert sum(map(len, found.values())) <= MOST_FIELDS
    assert len(page_code(found)) == 12
    with only(InvalidAnswers, data, _SAYINGS):
        answers.check(_FORM, answers.clean(_FORM, found))
    _check_round_trip(found)


def _read(
    kind: bytes, body: bytes, step: int, files: _Files | None, data: bytes
) -> dict[str, list[str]] | None:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), step):
            yield body[start : start + step]

    with only((BrokenForm, TooMuchText), data, _SAYINGS):
        return finished(read_fields(kind.decode("latin-1"), pieces(), files, MOST_TEXT))
    return None


def finished(running: Any) -> Any:
    """What a coroutine returns that waits for nothing."""
    try:
        running.send(None)
    except StopIteration as done:
        return done.value
    finally:
        running.close()
    raise AssertionError("it waited for something")


def _check_round_trip(found: dict[str, list[str]]) -> None:
    # A browser writes no such names, and text that was not UTF-8 is other text now.
    if any(set(name) & set('"\r\n\\\0') or len(name.encode()) > 100 for name in found):
        return
    written = b"".join(
        b'--other-wall\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
        % (name.encode(), value.encode())
        for name, values in found.items()
        for value in values
    )
    if written.count(b"--other-wall") != sum(map(len, found.values())):
        return
    again = _read(
        b"multipart/form-data; boundary=other-wall",
        written + b"--other-wall--\r\n",
        len(written) + 99,
        None,
        b"",
    )
    grown = sum(len(value.encode()) for values in found.values() for value in values) > MOST_TEXT
    assert again == found or grown


def form(*parts: bytes, how: int = 0, kind: bytes = KIND) -> bytes:
    """An input with these parts."""
    body = b"".join(b"--wall\r\n" + part + b"\r\n" for part in parts)
    return bytes([how]) + kind + b"\n" + body + b"--wall--\r\n"


def field(name: bytes, value: bytes = b"yes", more: bytes = b"") -> bytes:
    """A part."""
    return b'Content-Disposition: form-data; name="%b"%b\r\n\r\n%b' % (name, more, value)


def seeds() -> Iterator[bytes]:
    file = field(b"files", b"\xff\xd8\xff", b'; filename="a.jpg"\r\nContent-Type: image/jpeg')
    for how in range(8):
        yield form(field(b"setting", b"police"), field(b"count"), field(b"story", "añó".encode()), how=how)
        yield form(field(b"_code", b"00" * 12), file, how=how)
    yield form(field(b"when.year", b"2026"), kind=b'multipart/form-data; boundary="wall"; charset=utf-8')
    yield form(kind=b"application/x-www-form-urlencoded")
    assert asyncio.iscoroutinefunction(read_fields)


TARGET = Target(
    "multipart",
    run,
    seeds,
    shapes={
        "many fields": lambda size: form(*[field(b"a", b"")] * (size // 60)),
        "many values of one choice": lambda size: form(*[field(b"acts", b"insult")] * (size // 60)),
        "one long value": lambda size: form(field(b"story", fill(b"a", size))),
        "one long value of ends of lines": lambda size: form(field(b"story", fill(b"\r\n-", size))),
        "almost boundaries": lambda size: form(field(b"story", fill(b"\r\n--wal", size))),
        "a long file": lambda size: form(field(b"f", fill(b"\r\n--wal", size), b'; filename="a"'), how=4),
        "many headers": lambda size: form(fill(b"a: b\r\n", size)),
        "a long header": lambda size: form(b"a: " + fill(b"b", size)),
        "a name of quotes": lambda size: form(field(b"a", more=b'; filename="' + fill(b'\\"', size) + b"x")),
        "a long content type": lambda size: form(kind=KIND + fill(b"; a=b", size)),
        "a content type of quotes": lambda size: form(kind=KIND + b'; a="' + fill(b'\\"', size)),
        "a content type of open quotes": lambda size: form(kind=KIND + fill(b';"', size)),
        "much after the end": lambda size: form(field(b"a")) + fill(b"x", size),
        "much before the beginning": lambda size: (
            b"\0" + KIND + b"\n" + fill(b"\r\n", size) + form()[len(KIND) + 2 :]
        ),
    },
    tokens=(
        *(b"--wall\r\n", b"--wall--", b"\r\n", b"Content-Disposition: form-data; name=", b'; filename="'),
        *(b"Content-Type: ", b"boundary=", KIND, b"_shown", b"setting", b"police", b"count", b"yes"),
    ),
    open=True,
)
