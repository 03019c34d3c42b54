"""Requests that no browser of ours makes, on a raw socket: each is answered, strictly, and tells nothing."""

import asyncio
import logging
import re
import socket
from contextlib import closing

import pytest
from starlette.types import Message, Receive, Scope, Send

from analysis.identity import HybridIdentity
from intake.guard import HEADERS, Guard
from tests.serving import Server, sealed_body, stored

EVIL = b"evil-7431.example"
ENDED = b"Host: x\r\nConnection: close\r\n"
OCTETS = b"Content-Type: application/octet-stream\r\n"


def ask(server: Server, request: bytes) -> bytes:
    """All that comes for some bytes, until the server closes the connection."""
    port = int(server.address.rsplit(":", 1)[1])
    with closing(socket.create_connection(("127.0.0.1", port), timeout=10)) as client:
        client.sendall(request)
        parts = []
        while part := client.recv(65_536):
            parts.append(part)
    return b"".join(parts)


def get(target: bytes, *, method: bytes = b"GET", more: bytes = b"") -> bytes:
    return method + b" " + target + b" HTTP/1.1\r\n" + ENDED + more + b"\r\n"


def post(framing: bytes, body: bytes = b"", version: bytes = b"1.1") -> bytes:
    return b"POST /sealed HTTP/" + version + b"\r\n" + ENDED + OCTETS + framing + b"\r\n" + body


ODD = [
    pytest.param(get(b"*", method=b"OPTIONS"), 404, id="asterisk"),
    pytest.param(get(b"/en/report/", method=b"OPTIONS"), 405, id="options"),
    pytest.param(get(EVIL + b":443", method=b"CONNECT"), 404, id="connect"),
    pytest.param(get(b"http://" + EVIL + b"/en"), 404, id="absolute"),
    pytest.param(get(b"/en/", method=b"TRACE"), 405, id="trace"),
    pytest.param(get(b"/en/", method=b"A" * 5_000), 405, id="a long method"),
    pytest.param(get(b"/en/report/", method=b"HEAD"), 200, id="head"),
    pytest.param(get(b"/sealed", method=b"HEAD"), 405, id="head where there is none"),
    pytest.param(get(b"//" + EVIL), 404, id="two slashes"),
    pytest.param(get(b"/%2F" + EVIL), 404, id="two slashes, one encoded"),
    pytest.param(get(b"/static/%00"), 404, id="nul"),
    pytest.param(get(b"/static/..%2f..%2fapp.py"), 404, id="out of the folder"),
    pytest.param(get(b"/en./"), 404, id="a trailing dot"),
    pytest.param(get(b"/static/" + b"a" * 9_000), 404, id="a long name"),
    pytest.param(get(b"/%ff%fe"), 308, id="no text"),
    pytest.param(get(b"/static/style.css", more=b"Range: bytes=0-3\r\n"), 200, id="a range"),
    pytest.param(get(b"/static/style.css", more=b"Range: bytes=99999999-\r\n"), 200, id="a range outside"),
    pytest.param(get(b"/en/", more=b"Upgrade: websocket\r\n"), 200, id="an upgrade"),
    pytest.param(get(b"/en/", more=b"Cookie: who=" + EVIL + b"\r\n"), 200, id="a cookie"),
    pytest.param(get(b"/", more=b"Accept-Language: es;q=nan,\xff;q=inf\r\n"), 303, id="no number"),
    pytest.param(get(b"/en/", more=b"".join(b"a%d: b\r\n" % n for n in range(1_200))), 200, id="headers"),
    pytest.param(b"GET /en HTTP/1.1\r\nHost: x//" + EVIL + b"\r\nConnection: close\r\n\r\n", 308, id="host"),
    pytest.param(b"GET /en HTTP/1.1\r\nHost: [\r\nConnection: close\r\n\r\n", 308, id="no host"),
    pytest.param(get(b"/en", more=b"X-Forwarded-Host: " + EVIL + b"\r\n"), 308, id="a proxy's host"),
    pytest.param(b"GET /en/ HTTP/1.1\r\n\r\n", 400, id="host missing"),
    pytest.param(b"GET /en/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, id="two hosts"),
    pytest.param(b"GET /en/ HTTP/1.0\r\n\r\n", 200, id="HTTP/1.0"),
    pytest.param(b"GET /en/\r\n\r\n", 400, id="HTTP/0.9"),
    pytest.param(post(b"Content-Length: 5\r\nContent-Length: 6\r\n", b"hello"), 400, id="two lengths"),
    pytest.param(post(b"Content-Length: -5\r\n", b"hello"), 400, id="less than nothing"),
    pytest.param(post(b"Content-Length: " + b"9" * 6_000 + b"\r\n", b"hello"), 400, id="a long length"),
    pytest.param(post(b"Transfer-Encoding: chunked\r\n", b"zz\r\n"), 400, id="a broken chunk"),
    pytest.param(post(b"Transfer-Encoding: chunked\r\n", b"f" * 30 + b"\r\n"), 400, id="a huge chunk"),
    pytest.param(post(b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n"), 400, id="another coding"),
    pytest.param(post(b"Transfer-Encoding : chunked\r\n", b"0\r\n\r\n"), 400, id="a space"),
    pytest.param(
        post(b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n0\r\n\r\n", b"1.0"), 400, id="1.0 chunks"
    ),
    pytest.param(post(b"Witnessbox-Work: \xff\r\nContent-Length: 1\r\n", b"x"), 428, id="no work"),
]


def heads(said: bytes) -> list[list[bytes]]:
    """The lines of each answer's head, and of nothing between them."""
    found = re.findall(rb"HTTP/1\.1 \d{3} .*?\r\n\r\n", said, re.DOTALL)
    return [head.split(b"\r\n") for head in found if not head.startswith(b"HTTP/1.1 100 ")]


def assert_strict(said: bytes) -> None:
    """Each answer has each strict header once, to the letter."""
    assert heads(said)
    for lines in heads(said):
        for name, value in HEADERS.items():
            values = [line for line in lines if line.lower().startswith(name.lower().encode() + b":")]
            assert [one.split(b": ", 1)[1] for one in values] == [value.encode()], name
        assert not [
            line for line in lines if re.match(rb"(set-cookie|server|etag|last-modified):", line, re.I)
        ]


@pytest.mark.parametrize(("request_bytes", "status"), ODD)
def test_an_odd_request_is_answered_strictly_and_not_repeated(
    request_bytes: bytes, status: int, shared_server: Server
) -> None:
    said = ask(shared_server, request_bytes)
    assert said.startswith(b"HTTP/1.1 %d " % status)
    assert_strict(said)
    assert EVIL not in said


@pytest.mark.parametrize("target", [b"/\\" + EVIL, b"/%5C" + EVIL, b"/x%0d%0aX:" + EVIL])
def test_an_address_leads_nowhere_else_however_it_is_written(target: bytes, shared_server: Server) -> None:
    said = ask(shared_server, get(target))
    [location] = re.findall(rb"(?i)\r\nlocation: ([^\r]*)\r\n", said)
    assert re.match(rb"/[^/\\]", location)
    assert said.lower().count(b"\r\nx:") == 0
    assert_strict(said)


def test_a_body_with_two_lengths_is_refused_unread(shared_server: Server, identity: HybridIdentity) -> None:
    body = sealed_body([identity.recipient])
    chunks = b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n"
    both = b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n" % len(chunks)
    before = stored(shared_server.data)
    said = ask(shared_server, post(both, chunks) + get(b"/en/"))
    assert said.startswith(b"HTTP/1.1 400 ")
    assert len(heads(said)) == 1, "nothing that follows is taken for a request"
    assert_strict(said)
    assert stored(shared_server.data) == before
    assert ask(shared_server, post(b"Transfer-Encoding: chunked\r\n", chunks)).startswith(b"HTTP/1.1 201 ")


def test_requests_in_one_piece_are_answered_one_after_the_other(shared_server: Server) -> None:
    one = b"GET /favicon.ico HTTP/1.1\r\nHost: x\r\n\r\n"
    said = ask(shared_server, one * 50 + get(b"/en/"))
    assert len(heads(said)) == 51
    assert_strict(said)


def test_a_client_that_waits_for_leave_is_told_to_go_on_or_refused(
    shared_server: Server, identity: HybridIdentity
) -> None:
    body = sealed_body([identity.recipient])
    waiting = b"Expect: 100-continue\r\nContent-Length: %d\r\n" % len(body)
    said = ask(shared_server, post(waiting, body))
    assert said.startswith(b"HTTP/1.1 100 Continue\r\n")
    assert b"\r\nHTTP/1.1 201 " in said
    assert_strict(said)
    refused = ask(shared_server, get(b"/sealed", method=b"POST", more=waiting))
    assert refused.startswith(b"HTTP/1.1 415 ")


def test_none_of_it_is_in_the_log(shared_server: Server) -> None:
    for param in ODD:
        ask(shared_server, param.values[0])  # type: ignore[arg-type]
    allowed = "witnessbox-intake: warning: Invalid HTTP request received."
    assert set(shared_server.errors().splitlines()) <= {allowed}


@pytest.mark.parametrize("begun", [False, True])
def test_a_request_that_is_ended_with_the_server_has_strict_headers_too(
    begun: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if begun:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(60)

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def run() -> None:
        task = asyncio.ensure_future(Guard(app)({"type": "http"}, None, send))  # type: ignore[arg-type]
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with caplog.at_level(logging.WARNING):
        asyncio.run(run())
    assert [one["status"] for one in sent if one["type"] == "http.response.start"] == [200 if begun else 503]
    headers = dict(sent[0]["headers"])
    assert {name: headers[name.lower().encode()].decode() for name in HEADERS} == HEADERS
