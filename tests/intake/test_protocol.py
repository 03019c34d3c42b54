"""Slow, broken and silent clients: each is answered or dropped in time, and nobody else waits for them."""

import asyncio
import io
import logging
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import httpx
import pytest
import uvicorn

from analysis.identity import HybridIdentity
from intake.app import create_app
from intake.crypto.recipients import Recipient
from intake.directory import read
from intake.guard import CONTENT_SECURITY_POLICY
from intake.logs import OnceAMinute, QuietFormatter
from intake.protocol import Protocol
from intake.serve import configuration
from intake.store import Store
from tests.serving import ENOUGH, OCTETS, Server, configure, sealed_body, stored

AGENT = "zebrafinch-browser/7"


class Impatient(Protocol):
    """Waits less long, for a shorter test."""

    most = 8
    head_seconds = 0.5


@contextmanager
def served(data: Path, log_level: str = "warning") -> Iterator[int]:
    """The application in a thread of this process, with short patience; gives the port."""
    directory = read(data)
    store = Store(directory.database, max_reports=1_000, min_free_bytes=1)
    app = create_app(directory.settings, directory.forms, directory.recipients, store)
    config = configuration(app, log_level)
    config.http = Impatient
    server = uvicorn.Server(config)
    store.start()
    with closing(store), socket.create_server(("127.0.0.1", 0)) as listening:
        running = threading.Thread(target=server.run, args=([listening],))
        running.start()
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            running.join(20)


def connect(port: int) -> socket.socket:
    found = socket.create_connection(("127.0.0.1", port))
    found.settimeout(10)
    return found


def answer(client: socket.socket) -> bytes:
    """All that comes until the server closes the connection."""
    parts = []
    while part := client.recv(65_536):
        parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize("sent", [b"G", b"POST /sealed HTTP/1.1\r\nHost: x\r\n", b"GET / HTTP/1.1\r\nX: "])
def test_a_head_that_does_not_end_is_answered_in_time(sent: bytes, data: Path) -> None:
    with served(data) as port, connect(port) as client:
        client.sendall(sent)
        start = time.monotonic()
        said = answer(client)
        assert 0.3 < time.monotonic() - start < 3
    assert said.startswith(b"HTTP/1.1 408 ")
    assert said.endswith(b"nothing was saved\n")
    assert said.lower().count(b"content-security-policy: " + CONTENT_SECURITY_POLICY.lower().encode()) == 1


def test_a_head_that_comes_drop_by_drop_gains_no_time(data: Path) -> None:
    with served(data) as port, connect(port) as client:
        client.sendall(b"GET /en/ HTTP/1.1\r\nX: ")
        start = time.monotonic()
        with suppress(OSError):
            while time.monotonic() - start < 5:
                client.sendall(b"x")
                time.sleep(0.05)
        assert time.monotonic() - start < 2


def test_a_silent_connection_is_closed_without_a_word(data: Path) -> None:
    with served(data) as port, connect(port) as client:
        assert answer(client) == b""


def test_a_second_request_on_a_connection_has_its_deadline_too(data: Path) -> None:
    with served(data) as port, connect(port) as client:
        client.sendall(b"GET /favicon.ico HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(65_536).startswith(b"HTTP/1.1 204 ")
        client.sendall(b"GET /favicon.ico HTTP/1.1\r\n")
        assert answer(client).startswith(b"HTTP/1.1 408 ")


def test_an_answer_that_takes_long_is_not_cut_off(data: Path) -> None:
    with served(data) as port, connect(port) as client:
        body = b"x" * 20
        head = f"POST /sealed HTTP/1.1\r\nHost: x\r\nContent-Type: {OCTETS['content-type']}\r\n"
        client.sendall(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode())
        for byte in body:
            client.sendall(bytes([byte]))
            time.sleep(0.05)
        assert answer(client).startswith(b"HTTP/1.1 400 ")


def test_when_all_places_are_taken_the_slowest_goes(data: Path) -> None:
    with served(data) as port, ExitStack() as stack:
        slow = [stack.enter_context(connect(port)) for _ in range(Impatient.most)]
        for client in slow:
            client.sendall(b"POST /en/report/ HTTP/1.1\r\n")
        for _ in range(5):
            assert httpx.get(f"http://127.0.0.1:{port}/en/").status_code == 200


def test_what_is_no_http_gets_our_headers_and_one_line(shared_server: Server) -> None:
    with connect(int(shared_server.address.rsplit(":", 1)[1])) as client:
        client.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        said = answer(client)
    assert said.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert said.lower().count(b"\r\ncontent-security-policy:") == 1
    assert said.endswith(b"nothing was saved\n")


def slow_loris(port: int, count: int, stack: ExitStack) -> list[socket.socket]:
    """Many connections, half of which never end their head, and half of which never end their body."""
    slow = [stack.enter_context(connect(port)) for _ in range(count)]
    for number, client in enumerate(slow):
        end = "Content-Length: 500\r\n\r\n--x\r\n" if number % 2 else "Content-Le"
        kind = "multipart/form-data; boundary=x"
        client.sendall(f"POST /en/report/ HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\n{end}".encode())
    return slow


def test_a_body_that_breaks_while_its_answer_is_made_is_no_failure_of_ours(server: Server) -> None:
    # All in one piece, so that the application begins when the connection is closing already.
    broken = b"GET /en/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nno length\r\n"
    port = int(server.address.rsplit(":", 1)[1])
    for _ in range(20):
        with closing(socket.create_connection(("127.0.0.1", port), timeout=30)) as client:
            client.sendall(broken)
            answer = b"".join(iter(lambda one=client: one.recv(65_536), b""))
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert answer.count(b"HTTP/1.1") == 1
    assert server.client.get("/healthz").status_code == 200
    assert "unexpected" not in server.errors()


def test_hundreds_of_slow_clients_hold_up_nobody(server: Server, identity: HybridIdentity) -> None:
    with ExitStack() as stack:
        slow_loris(int(server.address.rsplit(":", 1)[1]), 300, stack)
        for _ in range(5):
            start = time.monotonic()
            assert server.post_sealed(sealed_body([identity.recipient])).status_code == 201
            assert server.post_form(ENOUGH).status_code == 303
            assert time.monotonic() - start < 5
        assert len(stored(server.data)) == 10


def test_a_slow_body_is_answered_in_time_and_stores_nothing(data: Path) -> None:
    configure(data, max_seconds=1)
    with Server(data) as server, ExitStack() as stack:
        slow = slow_loris(int(server.address.rsplit(":", 1)[1]), 20, stack)
        for client in slow[1::2]:
            said = client.recv(65_536)
            assert said.startswith(b"HTTP/1.1 408 ")
        assert stored(data) == {}
        assert server.client.get("/en/").status_code == 200


@pytest.mark.parametrize("cut", [0, 1, 15, 16, 100, 17_000])
def test_a_body_that_breaks_off_stores_nothing(
    cut: int, shared_server: Server, identity: HybridIdentity
) -> None:
    before, body = stored(shared_server.data), sealed_body([identity.recipient])
    with connect(int(shared_server.address.rsplit(":", 1)[1])) as client:
        head = f"POST /sealed HTTP/1.1\r\nHost: x\r\nContent-Type: {OCTETS['content-type']}\r\n"
        client.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:cut])
    assert shared_server.client.get("/en/").status_code == 200
    assert stored(shared_server.data) == before


@pytest.fixture
def recipients(identity: HybridIdentity) -> Sequence[Recipient]:
    return [identity.recipient]


def test_no_log_at_any_level_names_an_address_or_an_agent(
    data: Path, recipients: Sequence[Recipient], caplog: pytest.LogCaptureFixture
) -> None:
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    handler.setFormatter(QuietFormatter())
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(1)
    names = ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi")
    levels = {name: logging.getLogger(name).level for name in names}
    try:
        with served(data, "trace") as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            headers = {"user-agent": AGENT, "x-forwarded-for": "192.0.2.77", "forwarded": "for=192.0.2.77"}
            for path in ("/en/", "/nowhere", "/static/style.css"):
                client.get(path, headers=headers)
            client.post("/sealed", content=sealed_body(recipients), headers={**headers, **OCTETS})
            client.post("/sealed", content=b"junk", headers={**headers, **OCTETS})
            with connect(port) as raw:
                raw.sendall(b"\0\r\n\r\n")
                local = raw.getsockname()[1]
                answer(raw)
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
    # The client's own log, which runs in this process too, names the address that it asks.
    lines = [line for line in said.getvalue().splitlines() if "HTTP Request" not in line]
    lines = [line for line in lines if "connect_tcp" not in line]
    assert any("Invalid HTTP request" in line for line in lines), "the log says something"
    text = "\n".join(lines)
    assert AGENT not in text
    assert "192.0.2.77" not in text
    assert str(local) not in text


def test_a_flood_of_one_failure_is_one_line_a_minute() -> None:
    now = [0.0]
    once = OnceAMinute(lambda: now[0])

    def record(line: int, message: str) -> logging.LogRecord:
        return logging.LogRecord("intake", logging.ERROR, "place.py", line, message, (), None)

    assert [bool(once.filter(record(1, "a"))) for _ in range(5)] == [True, False, False, False, False]
    assert once.filter(record(2, "b"))
    now[0] = 61
    assert once.filter(record(1, "a"))


def test_the_application_is_told_no_address(data: Path) -> None:
    seen: list[object] = []

    async def app(scope, receive, send):  # type: ignore[no-untyped-def]
        if scope["type"] == "lifespan":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        seen.append(scope["client"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async def run() -> None:
        server = uvicorn.Server(configuration(app))
        with socket.create_server(("127.0.0.1", 0)) as listening:
            task = asyncio.create_task(server.serve([listening]))
            address = f"http://127.0.0.1:{listening.getsockname()[1]}/"
            async with httpx.AsyncClient() as client:
                await client.get(address)
            server.should_exit = True
            await task

    asyncio.run(run())
    assert seen == [None]
