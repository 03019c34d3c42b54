"""The whole HTTP surface of a running intake, asked by schemathesis and by sockets; `make fuzz` runs this.

What is asserted of every answer: a status that the description names (or 405), no longer than it says,
the strict headers, no cookie, no word of the server, and nothing of what was sent; the addresses that give
back what was typed, to be mended, are named here.
"""

import json
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case

from analysis.identity import HybridIdentity
from intake.guard import HEADERS
from tests.fuzz.targets import request
from tests.serving import Server, make_data, sealed_body

DESCRIPTION = json.loads((Path(__file__).parent / "openapi.json").read_text(encoding="utf-8"))
EXAMPLES = 40
REQUESTS = 600
# Fewer letters may stand in any page by chance.
TELLING = 8
# A form that cannot be taken comes back with its words to who typed them; a slash is added to an address.
GIVES_BACK = {"take form", "take code", "add slash", "add slash to form", "take upload", "choose language"}
# What a story says that is sent on the socket, and the one answer that may hold it: the form, given back.
WORDS = b"zebrafinch"
GIVEN_BACK = 422
FORBIDDEN = {"set-cookie", "server", "etag", "last-modified", "x-powered-by"}

schema = schemathesis.openapi.from_dict(DESCRIPTION)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running intake for all of them."""
    data = make_data(tmp_path_factory.mktemp("surface") / "data", HybridIdentity(bytes(32)))
    with Server(data) as running:
        yield running
        assert running.process.poll() is None
        assert "unexpected" not in running.errors()


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_address_answers_as_it_is_described(case: Case, server: Server) -> None:
    answer = case.call(
        base_url=server.address, allow_redirects=False, headers={"accept-encoding": "identity"}
    )
    ways = DESCRIPTION["paths"][case.operation.path]
    # It tries the methods that an address does not have, too.
    way = ways.get(case.method.lower(), {"responses": (), "x-longest": 0})
    # Not as `assert a == b`: what was sent is shown nowhere.
    allowed = {int(status) for status in way["responses"]} | other_routes(case)
    assert answer.status_code in allowed, f"{case.method} {case.operation.path}: {answer.status_code}"
    body = answer.content
    assert len(body) <= max(way["x-longest"], 16_384)
    lower = {name.lower(): ", ".join(values) for name, values in answer.headers.items()}
    check_headers(lower)
    if case.operation.definition.raw["operationId"] not in GIVES_BACK:
        shown = body.decode("utf-8", "replace") + str(lower)
        assert not [one for one in telling(case) if one in shown], "an answer holds something of its request"


def other_routes(case: Case) -> set[int]:
    """A made-up part of a path may be empty, or have slashes, and then it is another address."""
    return {303, 308, 400, 404, 405} if case.path_parameters else {405}


def check_headers(found: Mapping[str, str]) -> None:
    """The strict headers, each as it is, and none that identifies."""
    for name, value in HEADERS.items():
        assert found.get(name.lower()) == value
    assert not FORBIDDEN & found.keys()


def telling(case: Case) -> Iterator[str]:
    """What was sent and is long enough to be known again, but for words of the description."""
    own = json.dumps(DESCRIPTION)
    sent: list[Any] = []
    for part in (case.path_parameters, case.query, case.headers, case.body):
        sent += part.values() if isinstance(part, dict) else [part]
    for one in sent:
        text = one.decode("utf-8", "ignore") if isinstance(one, bytes) else one
        if isinstance(text, str) and len(text) >= TELLING and text not in own:
            yield text


def ask(server: Server, data: bytes) -> bytes:
    """What comes for these bytes until the server closes, or says no more."""
    port = int(server.address.rsplit(":", 1)[1])
    with closing(socket.create_connection(("127.0.0.1", port), timeout=10)) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        parts = []
        try:
            while part := client.recv(65_536):
                parts.append(part)
        except ConnectionResetError:
            pass
    return b"".join(parts)


_STORY = b'--w\r\nContent-Disposition: form-data; name="story"\r\n\r\n%b\r\n--w--\r\n' % WORDS
HEADS = (
    b"POST /sealed HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\n"
    b"Content-Length: 3\r\n\r\nabc",
    b"POST /sealed HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"GET /en/ HTTP/1.1\r\nHost: a\r\n\r\nGET /es/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    b"POST /en/report/ HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=w\r\n"
    b"Content-Length: %d\r\n\r\n" % len(_STORY) + _STORY,
    b"GET /static/style.css HTTP/1.1\r\nHost: a\r\nRange: bytes=0-3\r\nConnection: close\r\n\r\n",
)
PARTS = (
    *(
        b"Content-Length: 5\r\n",
        b"Content-Length: +3\r\n",
        b"Content-Length: 3, 3\r\n",
        b"Content-Length: 0x3\r\n",
    ),
    *(
        b"Transfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: identity, chunked\r\n",
        b"Transfer-Encoding : chunked\r\n",
    ),
    *(
        b"Transfer-Encoding: \x0bchunked\r\n",
        b" folded: line\r\n",
        b"X: " + b"y" * 70_000 + b"\r\n",
        b"A: b\r\n" * 3_000,
    ),
    *(
        b"\0",
        b"\n",
        b"\r",
        b"\xff\xfe",
        b"ffffffffffffffff\r\n",
        b"-1\r\n",
        b"3;a=b\r\n",
        b"0\r\n\r\n",
        b"HTTP/9.9",
        b"\r\n\r\n",
    ),
    *(
        b"Expect: 100-continue\r\n",
        b"Upgrade: h2c\r\n",
        b"Connection: close, x\r\n",
        b"GET / HTTP/1.1\r\nHost: b\r\n\r\n",
    ),
)
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
_KNOWN = {200, 201, 204, 206, 303, 308, 400, 403, 404, 405, 408, 409, 413, 415, 416, 422, 428, 429, 503}


def judge(answered: bytes) -> list[int]:
    """The status of each answer in what came; each is judged by its own."""
    found = []
    for answer in filter(None, re.split(rb"(?=HTTP/1\.1 \d{3} )", answered)):
        status = _STATUS.match(answer)
        assert status
        found.append(int(status[1]))
        assert found[-1] in _KNOWN | {100}
        if found[-1] != 100:
            lines = (line.partition(b": ") for line in answer.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:])
            check_headers({name.decode().lower(): value.decode() for name, _, value in lines})
        assert WORDS not in answer or found[-1] == GIVEN_BACK
    return found


def test_what_the_changes_begin_with_is_taken_whole(server: Server) -> None:
    answered = [ask(server, head) for head in HEADS]
    assert [judge(one) for one in answered] == [[400], [415], [200, 200], [GIVEN_BACK], [200]]
    assert WORDS in answered[3]


def test_what_is_no_http_is_answered_strictly_and_ends_nothing(server: Server) -> None:
    draw = Random(2026)
    for _ in range(REQUESTS):
        sent = draw.choice(HEADS)
        for _ in range(draw.choice((1, 1, 2, 3))):
            place = draw.choice([0, *(one.start() for one in re.finditer(b"\r\n", sent)), len(sent)])
            place += draw.choice((0, 2))
            cut = draw.choice((0, 0, 1, 8))
            sent = sent[:place] + draw.choice(PARTS) + sent[place + cut :]
        judge(ask(server, sent))
    assert server.client.get("/healthz").status_code == 200


def test_a_report_is_taken_after_all_that(server: Server) -> None:
    assert server.post_sealed(sealed_body([HybridIdentity(bytes(32)).recipient])).status_code == 201
    assert request.TARGET.open
