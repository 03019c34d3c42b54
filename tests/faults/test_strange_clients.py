"""Clients that mean harm or have bad luck, against the real server process: others are served, nothing grows.

`make soak` has ten thousand idle ones (WITNESSBOX_IDLE=10000); `make test` fewer.
"""

import ctypes
import os
import resource
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from analysis.identity import HybridIdentity
from intake.protocol import MOST_CONNECTIONS
from intake.serve import OTHER_FILES
from tests.serving import ENOUGH, OCTETS, Server, configure, sealed_body, stored
from tests.soak.machine import memory_of, open_files

IDLE = int(os.environ.get("WITNESSBOX_IDLE", "2000"))
# In which a new visitor loads a page and sends by both ways, on a machine that is busy besides.
SECONDS_FOR_A_VISITOR = 90
SECONDS_TO_RECOVER = 120
# What all of them together may add to the server's memory.
MOST_GROWTH = 64 * 1024**2
MOST_OF_A_HEAD = 1024**2
KIND = "multipart/form-data; boundary=x"
HEAD = f"POST /en/report/ HTTP/1.1\r\nHost: x\r\nContent-Type: {KIND}\r\n"
BEGUN = '--x\r\nContent-Disposition: form-data; name="story"\r\n\r\n'
_CLONE_NEWNET = 0x40000000
_TCP_REPAIR = 19

rootly = pytest.mark.skipif(os.getuid() != 0, reason="only root may have a network of its own")


def connect(server: Server) -> socket.socket:
    """A connection to it."""
    found = urlsplit(server.address)
    return socket.create_connection((found.hostname, found.port), timeout=SECONDS_TO_RECOVER)


def visit(server: Server, identity: HybridIdentity) -> float:
    """A new visitor loads a page and sends by both ways; the seconds it took."""
    start = time.monotonic()
    with httpx.Client(base_url=server.address, timeout=SECONDS_FOR_A_VISITOR) as client:
        server.client, before = client, server.client
        try:
            assert client.get("/en/").status_code == 200
            assert server.post_sealed(sealed_body([identity.recipient])).status_code == 201
            assert server.post_form(ENOUGH).status_code == 303
        finally:
            server.client = before
    took = time.monotonic() - start
    assert took < SECONDS_FOR_A_VISITOR
    return took


@contextmanager
def bounded(server: Server, identity: HybridIdentity) -> Iterator[None]:
    """What happens in the block costs the server little memory, and afterwards no open file."""
    visit(server, identity)
    memory, files = memory_of(server.process.pid), open_files(server.process.pid)
    yield
    grown = memory_of(server.process.pid) - memory
    assert grown < MOST_GROWTH, f"{grown} bytes"
    wait_until(lambda: open_files(server.process.pid) <= files + 2)


def wait_until(happened: Callable[[], bool]) -> None:
    """Looks again and again, for a bounded time."""
    end = time.monotonic() + SECONDS_TO_RECOVER
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def everything(client: socket.socket) -> bytes:
    """What comes until the connection ends."""
    parts = []
    with suppress(ConnectionError):
        while part := client.recv(65_536):
            parts.append(part)
    return b"".join(parts)


def answer(client: socket.socket) -> bytes:
    """One answer, head and body; the connection may stay open after it."""
    said = client.recv(65_536)
    head, _, body = said.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    while len(body) < length:
        part = client.recv(65_536)
        assert part, "it broke off"
        body += part
    return head + body


def drip(client: socket.socket, stop: threading.Event) -> None:
    """A byte a second, until the other side ends the connection."""
    with suppress(OSError):
        while not stop.wait(1):
            client.sendall(b"x")


def test_bodies_that_come_by_a_byte_a_second_gain_no_time(data: Path, identity: HybridIdentity) -> None:
    configure(data, max_seconds=2)
    stop = threading.Event()
    with Server(data) as server, bounded(server, identity), ExitStack() as stack:
        kept = len(stored(data))
        clients = [stack.enter_context(connect(server)) for _ in range(40)]
        for number, client in enumerate(clients):
            kind = f"POST /sealed HTTP/1.1\r\nHost: x\r\nContent-Type: {OCTETS['content-type']}\r\n"
            head, begun = ((HEAD, BEGUN), (kind, ""))[number % 2]
            client.sendall(f"{head}Content-Length: 18000\r\n\r\n{begun}".encode())
            threading.Thread(target=drip, args=(client, stop), daemon=True).start()
        visit(server, identity)
        start = time.monotonic()
        said = [answer(client) for client in clients]
        assert time.monotonic() - start < SECONDS_TO_RECOVER
        stop.set()
        assert {one[:13] for one in said} == {b"HTTP/1.1 408 "}
        assert all(b"nothing was saved" in one.lower() for one in said)
        assert len(stored(data)) == kept + 2


def test_a_crowd_that_comes_at_once_leaves_room_for_who_comes_next(
    data: Path, identity: HybridIdentity
) -> None:
    with Server(data) as server, bounded(server, identity), ExitStack() as stack:
        for _ in range(MOST_CONNECTIONS - 100):
            stack.enter_context(connect(server)).sendall(b"G")
        visit(server, identity)
        # While it does nothing, so that it finds all of them waiting.
        os.kill(server.process.pid, signal.SIGSTOP)
        try:
            for _ in range(MOST_CONNECTIONS // 2):
                stack.enter_context(connect(server)).sendall(b"G")
        finally:
            os.kill(server.process.pid, signal.SIGCONT)
        visit(server, identity)
        assert open_files(server.process.pid) <= MOST_CONNECTIONS + OTHER_FILES


def test_thousands_of_idle_sockets_keep_no_new_visitor_out(data: Path, identity: HybridIdentity) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(IDLE + 1_000, before[0]), max(hard, IDLE + 1_000)))
    try:
        with Server(data) as server, bounded(server, identity), ExitStack() as stack:
            seconds = []
            for number in range(IDLE):
                client = stack.enter_context(connect(server))
                # Some say something first, and then nothing.
                with suppress(ConnectionError):
                    client.sendall(HEAD.encode() if number % 3 else b"G")
                if number % (IDLE // 4) == 0 or number == IDLE - 1:
                    seconds.append(visit(server, identity))
            assert open_files(server.process.pid) <= MOST_CONNECTIONS + OTHER_FILES
            print(f"{IDLE} idle sockets: a visitor took {max(seconds):.1f} seconds at most")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize(
    "flood",
    [b"x" * 60_000, b"X-A: " + b"a" * 1_000 + b"\r\n", b"A: b\r\n" * 5_000, b"\tfolded\r\n" * 5_000],
    ids=["one line without end", "long lines", "many lines", "a folded line"],
)
def test_a_flood_of_headers_is_cut_off_early(
    flood: bytes, shared_server: Server, identity: HybridIdentity
) -> None:
    kept = len(stored(shared_server.data))
    with bounded(shared_server, identity):
        for _ in range(10):
            with connect(shared_server) as client:
                client.sendall(b"GET /en/ HTTP/1.1\r\nHost: x\r\nX-B: ")
                sent = 0
                with suppress(ConnectionError):
                    while sent < 100 * MOST_OF_A_HEAD:
                        client.sendall(flood)
                        sent += len(flood)
                # What the system's own buffers hold goes out before the end of it is seen.
                assert sent < 20 * MOST_OF_A_HEAD
        visit(shared_server, identity)
    assert len(stored(shared_server.data)) == kept + 4


def test_thousands_of_requests_on_one_connection_are_answered_in_turn(
    shared_server: Server, identity: HybridIdentity
) -> None:
    before, each, rounds = stored(shared_server.data), 200, 10
    bodies = [sealed_body([identity.recipient]) for _ in range(rounds)]
    small = b"GET /favicon.ico HTTP/1.1\r\nHost: x\r\n\r\n" * each
    kind = OCTETS["content-type"]
    with bounded(shared_server, identity), connect(shared_server) as client:

        def send() -> None:
            for body in bodies:
                head = f"POST /sealed HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\n"
                client.sendall(small + f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            client.sendall(b"GET /en/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

        sending = threading.Thread(target=send)
        sending.start()
        said = everything(client)
        sending.join(SECONDS_TO_RECOVER)
    assert said.count(b"HTTP/1.1 204 ") == each * rounds
    assert said.count(b"HTTP/1.1 201 ") == rounds
    assert said.count(b"HTTP/1.1 200 ") == 1
    assert stored(shared_server.data).keys() >= before.keys() | {body[:16] for body in bodies}


def test_a_hundred_who_ask_and_do_not_read_cost_little_memory(
    shared_server: Server, identity: HybridIdentity
) -> None:
    with bounded(shared_server, identity), ExitStack() as stack:
        for _ in range(100):
            client = stack.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
            client.connect((urlsplit(shared_server.address).hostname, urlsplit(shared_server.address).port))
            client.settimeout(0.1)
            with suppress(OSError):
                client.sendall(b"GET /en/report/ HTTP/1.1\r\nHost: x\r\n\r\n" * 50)
        visit(shared_server, identity)


@contextmanager
def network_of(pid: int) -> Iterator[None]:
    """This thread's new connections are made in the network of another process."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net") as own, open(f"/proc/{pid}/ns/net") as other:
        assert libc.setns(other.fileno(), _CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        try:
            yield
        finally:
            assert libc.setns(own.fileno(), _CLONE_NEWNET) == 0


def vanish(client: socket.socket) -> None:
    """Closes it so that no packet tells the other side, as when a cable is pulled."""
    client.setsockopt(socket.IPPROTO_TCP, _TCP_REPAIR, 1)
    client.close()


@rootly
def test_clients_that_vanish_without_a_word_leave_nothing_behind(
    data: Path, identity: HybridIdentity
) -> None:
    configure(data, max_seconds=2)
    rules = "add table inet t; add chain inet t o {type filter hook output priority 0;};"
    # Nor may the system answer for those who are gone.
    rules += "add rule inet t o tcp flags rst drop"
    alone = ["unshare", "--net", "sh", "-c", f'ip link set lo up; nft "{rules}"; exec "$@"', "sh"]
    with Server(data, prefix=alone) as server, network_of(server.process.pid):
        with bounded(server, identity):
            kept = len(stored(data))
            clients = [connect(server) for _ in range(300)]
            for number, client in enumerate(clients):
                end = ("", "Content-Length: 18000\r\n\r\nhalf of it", "X: ")[number % 3]
                client.sendall(f"{HEAD}{end}".encode() if number % 3 else b"GET /en/report/ HTTP/1.1\r\n")
            wait_until(lambda: open_files(server.process.pid) > len(clients))
            for client in clients:
                vanish(client)
            visit(server, identity)
        assert len(stored(data)) == kept + 2
        listed = subprocess.run(
            ["ss", "-Htn", "state", "established"], capture_output=True, text=True, check=True
        )
        print("connections left:", listed.stdout.count("\n"))
