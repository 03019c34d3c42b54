"""P1 and P3: what a visitor sent, and who sent it, is in no byte that outlives the request."""

import re
import shutil
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from analysis.identity import HybridIdentity
from tests.batching import batch
from tests.serving import (
    CANARY,
    ENOUGH,
    Server,
    canary_in_every_field,
    make_data,
    sealed_body,
    snapshot,
    stored,
)

needs_strace = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")


def post_everything(server: Server) -> None:
    """The canary by every way: kept, refused, broken, too large, in the address and in headers."""
    fields = canary_in_every_field()
    assert server.post_form(fields).status_code == 303
    assert server.post_form({**fields, "count": []}).status_code == 422
    assert server.post_form({**fields, "story": [CANARY * 40_000]}).status_code == 413
    kind = {"content-type": "multipart/form-data; boundary=x", "user-agent": CANARY}
    for content in (CANARY, f"--x\r\n{CANARY}\r\n\r\n", f"--x\r\n{CANARY}: a\r\n\r\n{CANARY}\r\n--x--"):
        assert server.client.post("/en/report/", content=content, headers=kind).status_code == 400
    assert server.post_sealed(CANARY.encode()).status_code == 400
    assert hand_in_words(server).status_code == 422
    with socket.create_connection(("127.0.0.1", int(server.address.rsplit(":", 1)[1]))) as raw:
        raw.sendall(f"{CANARY}\r\n\r\n".encode())
        assert b"400 Bad Request" in raw.recv(4_096)
    assert server.client.get(f"/{CANARY}?{CANARY}", headers={"cookie": CANARY}).status_code == 308


def hand_in_words(server: Server) -> httpx.Response:
    """Files of words where sealed ones are handed in, by names, sizes and batches that look right, or not."""
    words = f"{CANARY} ".encode() * 1_000
    files = {
        f"{CANARY}.txt": words,
        "0" * 32 + ".age": words,
        "1" * 32 + ".age": words[:18_043],
        "2" * 32 + ".age": b"age-encryption.org/v1\n" + words * 10,
        f"{CANARY}.tar": words,
        "a.tar": batch([b"\1" * 16 + words[:18_043], b"\2" * 16 + words * 10]),
        "b.tar": batch([b"\1" * 16 + words])[:-700],
    }
    parts = [("_stamp", (None, server.stamp().encode())), *(("files", file) for file in files.items())]
    return server.client.post("/en/upload", files=parts)


def test_words_sent_without_script_are_in_no_file_and_no_log(
    tmp_path: Path, identity: HybridIdentity
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    data = make_data(tmp_path / "data", identity)
    with Server(data, env={"TMPDIR": str(temporary), "PATH": "/usr/bin:/bin"}, cwd=temporary) as server:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(post_everything, [server] * 8))
        while_running = snapshot(tmp_path)
    files = {**while_running, **{f"after {name}": text for name, text in snapshot(tmp_path).items()}}
    assert len(stored(data)) == 8
    assert any(name.endswith("reports.db-wal") for name in while_running)
    assert not [name for name, content in files.items() if CANARY.encode() in content]
    assert not list(temporary.iterdir())


def test_the_log_of_a_busy_day_names_nobody_and_quotes_nothing(
    tmp_path: Path, identity: HybridIdentity
) -> None:
    with Server(make_data(tmp_path / "data", identity)) as server:
        post_everything(server)
        server.post_sealed(sealed_body([identity.recipient]))
        server.client.get("/en/")
    # The one line is about bytes that were no HTTP, and quotes none of them.
    assert server.errors() == "witnessbox-intake: warning: Invalid HTTP request received.\n"


def test_no_log_of_python_s_own_debugging_names_anybody_or_quotes_anything(
    tmp_path: Path, identity: HybridIdentity
) -> None:
    loud = {
        "PYTHONDEVMODE": "1",
        "PYTHONASYNCIODEBUG": "1",
        "PYTHONWARNINGS": "always",
        "PYTHONTRACEMALLOC": "5",
    }
    data = make_data(tmp_path / "data", identity)
    with Server(data, env={**loud, "PATH": "/usr/bin:/bin"}) as server:
        post_everything(server)
        with socket.create_connection(("127.0.0.1", int(server.address.rsplit(":", 1)[1]))) as raw:
            raw.sendall(b"POST /sealed HTTP/1.1\r\nHost: x\r\n")
            port = raw.getsockname()[1]
    said = server.errors()
    allowed = (
        "warning: Invalid HTTP request received.",
        "warning: Python warns:",
        "warning: something failed",
    )
    assert [
        line for line in said.splitlines() if not line.removeprefix("witnessbox-intake: ").startswith(allowed)
    ] == []
    assert CANARY not in said
    assert "127.0.0.1" not in said
    assert str(port) not in said


def traced(data: Path, trace: Path, calls: str) -> Server:
    prefix = ["strace", "-f", "-y", "-s", "300000", "-e", f"trace={calls}", "-o", str(trace)]
    return Server(data, prefix=prefix)


@needs_strace
def test_no_system_call_writes_words_anywhere_but_back_to_their_sender(data: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    calls = (
        "read,readv,recvfrom,recvmsg,write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,sendfile,vmsplice"
    )
    with traced(data, trace, calls) as server:
        fields = canary_in_every_field()
        assert server.post_form(fields).status_code == 303
        assert hand_in_words(server).status_code == 422
        # Compressed, the words could not be found.
        server.client.headers["accept-encoding"] = "identity"
        assert server.post_form({**fields, "count": []}).status_code == 422
    named = [line for line in trace.read_text(errors="replace").splitlines() if CANARY in line]
    wrote = [line for line in named if re.match(r"\d+ +(p?write|send|vmsplice)", line)]
    assert len(wrote) < len(named), "the trace shows the words arriving"
    assert wrote, "the form that is shown again has the words in it"
    assert not [line for line in wrote if not re.match(r"\d+ +\w+\(\d+<socket:\[\d+\]>", line)]


@needs_strace
def test_the_disk_has_a_report_before_its_sender_is_told(
    data: Path, tmp_path: Path, identity: HybridIdentity
) -> None:
    trace = tmp_path / "trace"
    with traced(data, trace, "fsync,fdatasync,write,writev,sendto,sendmsg,pwrite64") as server:
        assert server.post_sealed(sealed_body([identity.recipient])).status_code == 201
    lines = trace.read_text(errors="replace").splitlines()
    told = next(number for number, line in enumerate(lines) if "HTTP/1.1 201" in line)
    written = [
        number for number, line in enumerate(lines[:told]) if re.search(r"pwrite64\(\d+<.*-wal>", line)
    ]
    synced = [number for number, line in enumerate(lines[:told]) if re.search(r"sync\(\d+<.*-wal>", line)]
    assert written[-1] < synced[-1] < told


def test_the_server_can_leave_no_core_file(server: Server) -> None:
    limits = Path(f"/proc/{server.process.pid}/limits").read_text()
    assert re.search(r"Max core file size +0 +0 ", limits)


@needs_strace
def test_the_server_cannot_be_dumped_before_it_takes_anything(data: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    with traced(data, trace, "prctl,listen"):
        pass
    lines = trace.read_text(errors="replace").splitlines()
    [forbidden] = [
        number for number, line in enumerate(lines) if "prctl(PR_SET_DUMPABLE, SUID_DUMP_DISABLE" in line
    ]
    listening = next(number for number, line in enumerate(lines) if "listen(" in line)
    assert forbidden < listening


def test_what_the_server_keeps_is_readable_by_its_user_alone(server: Server) -> None:
    server.post_form(ENOUGH)
    modes = {path.name: path.stat().st_mode & 0o777 for path in server.data.rglob("*")}
    assert modes.pop("server.pub") == 0o644
    assert (modes.pop("lists"), modes.pop("desks")) == (0o700, 0o700)
    assert set(modes.values()) == {0o600}
    assert server.data.stat().st_mode & 0o777 == 0o700
