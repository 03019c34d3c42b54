"""The head of a request: what the server reads in its headers and its address before anything else.

An input is parts between the signs RS, each a name of one of the readers below and what it reads.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress

import h11
from starlette.exceptions import HTTPException
from starlette.requests import Request

from intake import body, language
from intake.app import page_code
from intake.looking import _number
from intake.protocol import OneLength
from intake.stamp import StampError, Stamps
from intake.work import Challenges, Seed, WorkError, is_solution
from tests.fuzz.target import Sayings, Target, fill, only

_SAYINGS = Sayings()
_CLOCK = 1_000.0


def _random(length: int) -> bytes:
    return bytes(length)


_CHALLENGES = Challenges(lambda: _CLOCK, _random)
_STAMPS = Stamps(10, lambda: _CLOCK, lambda: bytes(32))
_BITS = 2


def _work(text: bytes) -> None:
    header = text.decode("latin-1")
    with only(WorkError, text, _SAYINGS):
        # One that takes any challenge again: an engine repeats its inputs.
        fresh = Challenges(lambda: _CLOCK, _random)
        work = fresh.read(header, _BITS)
        assert header.startswith(work.challenge)
        fresh.spend(work, Seed(work.challenge).digest())
        assert all(is_solution(Seed(work.challenge).digest(), number, work.bits) for number in work.numbers)


def _stamp(text: bytes) -> None:
    with only(StampError, text, _SAYINGS):
        _STAMPS.check(text.decode("utf-8", "replace"))
        assert text.decode() == Stamps(10, lambda: float(text.split(b".")[1]), lambda: bytes(32)).draw()


def _language(text: bytes) -> None:
    assert language.choose(text.decode("latin-1"), ("en", "es")) in ("en", "es")


def _length(text: bytes) -> None:
    request = Request({"type": "http", "headers": [(b"content-length", text)]})
    assert body.announced(request) >= 0


def _bucket(text: bytes) -> None:
    with only(HTTPException, text, _SAYINGS):
        assert str(_number(text.decode("utf-8", "replace"))) == text.decode()


def _code(text: bytes) -> None:
    assert len(page_code({"_code": [text.decode("utf-8", "replace")]})) == 12


def _head(text: bytes) -> None:
    """A whole request, as it comes from the socket."""
    connection = OneLength(h11.SERVER)
    # What h11 says quotes the request, and is never shown (protocol.py).
    with suppress(h11.RemoteProtocolError):
        connection.receive_data(text.replace(b"\x1f", b"\r\n"))
        for _ in range(100):
            event = connection.next_event()
            if event in (h11.NEED_DATA, h11.PAUSED):
                return
            if isinstance(event, h11.Request):
                names = [name for name, _ in event.headers]
                assert not {b"content-length", b"transfer-encoding"} <= set(names)
                assert names.count(b"content-length") <= 1


READERS: dict[bytes, Callable[[bytes], None]] = {
    b"work": _work,
    b"stamp": _stamp,
    b"language": _language,
    b"length": _length,
    b"bucket": _bucket,
    b"code": _code,
    b"head": _head,
}


def run(data: bytes) -> None:
    for part in data.split(b"\x1e", 20)[:20]:
        name, _, text = part.partition(b"=")
        if read := READERS.get(name):
            read(text)


def seeds() -> Iterator[bytes]:
    drawn = _CHALLENGES.draw(0)
    yield b"work=" + drawn.encode()
    hard = _CHALLENGES.draw(_BITS)
    start = Seed(hard).digest()
    numbers = [number for number in range(1_000) if is_solution(start, number, _BITS)][:16]
    yield f"work={hard} {','.join(map(str, numbers))}".encode()
    yield b"stamp=" + Stamps(10, lambda: 900.0, lambda: bytes(32)).draw().encode()
    yield b"language=es-MX,es;q=0.9,en;q=0.8\x1elength=18555\x1ebucket=12\x1ecode=" + b"0a" * 12
    yield b"head=POST /sealed HTTP/1.1\x1fHost: a\x1fContent-Length: 3\x1f\x1fabc"
    yield b"head=POST /sealed HTTP/1.1\x1fHost: a\x1fTransfer-Encoding: chunked\x1f\x1f3\x1fabc\x1f0\x1f\x1f"


TARGET = Target(
    "request",
    run,
    seeds,
    shapes={
        "a long length": lambda size: b"length=" + fill(b"9", size),
        "many languages": lambda size: b"language=" + fill(b"en;q=0.1,", size),
        "a long quality": lambda size: b"language=en;q=" + fill(b"1", size),
        "many numbers": lambda size: b"work=1.1.1." + fill(b"1,", size),
        "many headers": lambda size: b"head=GET / HTTP/1.1\x1f" + fill(b"a: b\x1f", size),
        "a long header": lambda size: b"head=GET / HTTP/1.1\x1fa:" + fill(b" b", size),
        "many small chunks": lambda size: (
            b"head=POST / HTTP/1.1\x1fHost: a\x1fTransfer-Encoding: chunked\x1f\x1f"
            + fill(b"1\x1fa\x1f", size)
        ),
    },
    tokens=(
        *(
            b"work=",
            b"stamp=",
            b"language=",
            b"length=",
            b"bucket=",
            b"code=",
            b"head=",
            b"\x1e",
            b"\x1f",
            b";q=",
            b"1.",
        ),
        *(
            b"Content-Length: ",
            b"Transfer-Encoding: chunked",
            b"POST / HTTP/1.1",
            b"Host: a",
            b"Expect: 100-continue",
        ),
    ),
    open=True,
)
