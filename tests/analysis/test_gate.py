"""The gate against those who have the cookie, or something like it: other ports, other users, other words."""

import asyncio
import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from analysis.workbench import gate, peer
from tests.analysis.making import CANARY
from tests.analysis.test_workbench import Browser, browser, full_desk, start

__all__ = ["browser", "full_desk"]

NOBODY = 65534
STRANGER = """
import http.client, os, sys
os.setgroups([])
os.setuid(int(sys.argv[1]))
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[2]), timeout=20)
if sys.argv[4] == "mapped":
    import socket
    connection.sock = socket.create_connection(("::ffff:127.0.0.1", int(sys.argv[2])))
headers = {"Host": "127.0.0.1:" + sys.argv[2], "Cookie": sys.argv[3], "X-Forwarded-For": sys.argv[4]}
connection.request("GET", "/desk/texts.json", headers=headers)
answer = connection.getresponse()
print(answer.status, answer.getheader("Content-Security-Policy", "")[:18], answer.read().decode())
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user; the next test needs none")
@pytest.mark.parametrize("way", ["plain", "mapped", "127.0.0.1"])
def test_another_user_with_the_cookie_gets_nothing(browser: Browser, way: str) -> None:
    python = shutil.which("python3", path="/usr/bin:/bin")
    assert python
    for user, status in ((NOBODY, "403"), (0, "200")):
        asked = subprocess.run(
            [python, "-I", "-c", STRANGER, str(user), str(browser.port), browser.cookie, way],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert asked.stdout.startswith(f"{status} default-src 'none'")
        assert (CANARY in asked.stdout) == (user == 0)


@pytest.mark.parametrize("site", ["same-site", "cross-site"])
@pytest.mark.parametrize("path", ["/", "/desk/texts.json", "/static/pages.css"])
def test_a_page_of_another_port_gets_nothing_with_the_cookie(browser: Browser, path: str, site: str) -> None:
    assert browser.get(path, **{"Sec-Fetch-Site": site}).status == 403
    assert browser.get(path, **{"Sec-Fetch-Site": "same-origin"}).status == 200


@pytest.mark.parametrize("others", ['{"a": 1}', "a[b]=c", 'x="unended', "witnessbox=guess", ";=;"])
def test_cookies_of_other_ports_lock_nobody_out(browser: Browser, others: str) -> None:
    for cookie in (f"{others}; {browser.cookie}", f"{browser.cookie}; {others}"):
        assert browser.get("/", Cookie=cookie).status == 200
    assert browser.get("/", Cookie=others).status == 403


def test_only_plain_requests_pass_the_gate() -> None:
    async def app(*_: object) -> None:
        raise AssertionError("it passed")

    guarded = gate.guard(app, gate.Session(), ["127.0.0.1:1"], str, lambda _: True)
    with pytest.raises(ValueError, match="HTTP alone"):
        asyncio.run(guarded({"type": "websocket", "path": "/desk"}, app, app))  # type: ignore[arg-type]


def test_an_end_of_another_user_or_in_no_table_is_a_stranger_s(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    with listener, socket.create_connection(listener.getsockname()) as near:
        scope = {"client": near.getsockname(), "server": near.getpeername()}
        assert peer.is_ours(scope)
        assert not peer.is_ours({**scope, "client": ("127.0.0.1", 1)})
        with monkeypatch.context() as another:
            another.setattr(os, "getuid", lambda: NOBODY)
            assert not peer.is_ours(scope)
        monkeypatch.setattr(peer, "TABLES", (tmp_path / "absent",))
        assert not peer.is_ours(scope)


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\r\n\r\n",
        b"GET /desk HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    ],
    ids=["no HTTP", "a websocket"],
)
def test_nobody_writes_into_the_terminal_from_outside(full_desk: Path, sent: bytes) -> None:
    process, browser, _ = start(full_desk, dict(os.environ))
    try:
        with socket.create_connection(("127.0.0.1", browser.port), timeout=20) as near:
            near.sendall(sent)
            assert near.recv(4096).startswith(b"HTTP/1.1 4")
    finally:
        process.send_signal(2)
        _, printed = process.communicate(timeout=20)
    assert printed == ""
