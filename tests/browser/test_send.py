"""The script posts a sealed report until it is kept, and says honestly what it knows when it is not."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from analysis.identity import HybridIdentity
from analysis.unseal import unseal_bytes
from intake.crypto.padding import SIZE_CLASSES
from intake.crypto.receipt import Receipt
from tests.browser.node import parity

BODY = bytes(range(256)) * 8


class Server(HTTPServer):
    """Answers each post with the next of `statuses`; 0 closes the connection without an answer."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.statuses: list[int] = []
        self.posts: list[tuple[str, str | None, bytes]] = []


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.posts.append((self.path, self.headers["content-type"], body))
        status = self.server.statuses.pop(0)
        if status:
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's own name
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [
        pytest.param([201], "sent", id="kept at once"),
        pytest.param([503, 503, 201], "sent", id="kept at the third try"),
        pytest.param([0, 201], "sent", id="kept after a lost answer"),
        pytest.param([503, 503, 503], "nothingSaved", id="no room three times"),
        pytest.param([413], "outdated", id="refused for good"),
        pytest.param([0, 0, 0], "failed", id="no answer at all"),
        pytest.param([503, 502, 503], "failed", id="a gateway that lost the server"),
        pytest.param([0, 400], "failed", id="a lost answer and then a refusal"),
        pytest.param([0, 409], "arrived", id="a lost answer, and other bytes under the id"),
    ],
)
def test_the_script_posts_the_same_bytes_until_they_are_kept(
    server: Server, statuses: list[int], outcome: str
) -> None:
    server.statuses = list(statuses)
    base = f"http://127.0.0.1:{server.server_port}"
    assert parity("send", base=base, body=BODY.hex()) == outcome
    assert server.statuses == []
    assert server.posts == [("/sealed", "application/octet-stream", BODY)] * len(statuses)


def test_what_is_posted_is_the_id_and_one_padded_age_file() -> None:
    identities = [HybridIdentity.generate(), HybridIdentity.generate()]
    code, body = bytes(12), b'{"a":1}'
    recipients = [str(identity.recipient) for identity in identities]
    posted = bytes.fromhex(parity("envelope", recipients=recipients, code=code.hex(), body=body.hex()))
    assert posted[:16] == Receipt.from_code(code).id
    for identity in identities:
        assert unseal_bytes(posted[16:], [identity]) == body.ljust(SIZE_CLASSES[0])
