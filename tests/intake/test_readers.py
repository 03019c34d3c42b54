"""Clients that ask and do not take the answer: they are let go in time, and hold up nobody."""

import socket
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.intake.test_protocol import Impatient, connect, served

PAGE = b"GET /en/report/ HTTP/1.1\r\nHost: x\r\n\r\n"
# More than the system keeps for a client that reads nothing.
PAGES = 200


def deaf(port: int) -> socket.socket:
    """A connection that asks for page after page and reads none of them."""
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
    found.connect(("127.0.0.1", port))
    found.settimeout(10)
    found.sendall(PAGE * PAGES)
    return found


def is_gone(client: socket.socket) -> bool:
    """Whether the server has reset the connection; what it had sent before is not read."""
    return client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0


def all_are_deaf() -> None:
    """Waits until the server has found out that nobody reads; on a busy machine that takes its time."""
    end = time.monotonic() + 60
    while [one.flow.write_paused for one in list(Impatient._all)] != [True] * Impatient.most:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_clients_that_read_nothing_hold_no_place_that_others_need(data: Path) -> None:
    with served(data) as port, ExitStack() as stack:
        for _ in range(2 * Impatient.most):
            stack.enter_context(deaf(port))
        all_are_deaf()
        for _ in range(5):
            assert httpx.get(f"http://127.0.0.1:{port}/en/").status_code == 200


def test_a_client_that_reads_nothing_is_let_go_in_time(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Impatient, "read_seconds", 0.5)
    with served(data) as port, deaf(port) as client:
        start = time.monotonic()
        while not is_gone(client) and time.monotonic() - start < 10:
            time.sleep(0.05)
        assert 0.3 < time.monotonic() - start < 5


def test_a_client_that_reads_slowly_gets_all_it_asked_for(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Impatient, "read_seconds", 1)
    with served(data) as port, connect(port) as client:
        client.sendall(PAGE * 39 + PAGE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        said = bytearray()
        while part := client.recv(65_536):
            said += part
            time.sleep(0.01)
    assert said.count(b"HTTP/1.1 200 OK") == 40
