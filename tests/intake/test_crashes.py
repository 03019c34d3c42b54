"""P1 under load: words and files that came in while the server crashed again and again are in no file."""

import base64
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from analysis.identity import HybridIdentity
from intake.crypto.receipt import Receipt
from tests.attaching import PDF, AttachingServer, sealed_file, stored_files
from tests.serving import (
    CANARY,
    OCTETS,
    Server,
    canary_in_every_field,
    make_data,
    sealed_body,
    snapshot,
    stored,
)

FILE = (CANARY.encode() + b"-in-a-file ") * 40_000
# Ends that leave no core, and ends that leave one wherever that is not forbidden.
KILLS = (signal.SIGKILL, signal.SIGABRT, signal.SIGKILL, signal.SIGSEGV)
SECONDS_EACH = 1.5
SENDERS = 4


def forms_of(canary: str) -> list[bytes]:
    """A word as it may stand in a file: as it is, in other encodings, and in base64 at each offset."""
    raw = canary.encode()
    shifted = [base64.b64encode(b"\0" * shift + raw)[4:-4] for shift in range(3)]
    return [
        raw,
        raw[::-1],
        raw.hex().encode(),
        canary.encode("utf-16-le"),
        canary.encode("utf-32-le"),
        *shifted,
    ]


class Sender(threading.Thread):
    """Sends reports both ways, and some that are refused, until it is told to stop."""

    def __init__(self, server: Server, identity: HybridIdentity, stop: threading.Event) -> None:
        super().__init__()
        self.acknowledged: set[bytes] = set()
        self.typed = 0
        self.files: set[bytes] = set()
        self._server, self._identity, self._stop_at = server, identity, stop
        self._stamp = server.stamp()

    def run(self) -> None:
        fields = canary_in_every_field()
        with httpx.Client(base_url=self._server.address, headers={"user-agent": CANARY}) as client:
            while not self._stop_at.is_set():
                try:
                    self._send(client, fields)
                except httpx.HTTPError:
                    return  # the server was killed

    def _send(self, client: httpx.Client, fields: Mapping[str, Sequence[str]]) -> None:
        body = sealed_body([self._identity.recipient], story=[CANARY])
        if client.post("/sealed", content=body, headers=OCTETS).status_code == 201:
            self.acknowledged.add(body[:16])
        for extra in ({}, {"count": []}):
            given = {**fields, **extra, "_stamp": [self._stamp]}
            parts: list[Any] = [(name, (None, value)) for name, values in given.items() for value in values]
            parts.append(("attachments", (f"{CANARY}.pdf", FILE, PDF)))
            self.typed += client.post("/en/report/", files=parts).status_code == 303
        body, _ = sealed_file([self._identity.recipient], Receipt.draw(), FILE)
        if client.post("/sealed", content=body, headers=OCTETS).status_code == 201:
            self.files.add(body[:16])
        kind = {"content-type": "multipart/form-data; boundary=x"}
        client.post("/en/report/", content=f"--x\r\n{CANARY}", headers=kind)


def send_until_killed(
    server: Server, identity: HybridIdentity, seconds: float, end: signal.Signals
) -> list[Sender]:
    stop = threading.Event()
    senders = [Sender(server, identity, stop) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    time.sleep(seconds)
    # A machine that is busy with other things would be done before anything was taken.
    patience = time.monotonic() + 60
    while not any(sender.acknowledged and sender.typed and sender.files for sender in senders):
        assert time.monotonic() < patience
        time.sleep(0.01)
    os.kill(server.process.pid, end)
    stop.set()
    for sender in senders:
        sender.join(30)
    assert server.process.wait(10) == -end
    return senders


def allow_cores() -> None:
    """Lets a program that is started leave a core file of any size, if it does not forbid that itself."""
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


@pytest.mark.parametrize("seed", [7431])
def test_words_that_came_under_load_between_crashes_are_in_no_file(
    seed: int, tmp_path: Path, identity: HybridIdentity
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    data, moments = make_data(tmp_path / "data", identity), random.Random(seed)
    environment = {"TMPDIR": str(temporary), "HOME": str(temporary), "PATH": "/usr/bin:/bin"}
    environment["PYTHONPATH"] = os.getcwd()
    options: dict[str, Any] = {"env": environment, "cwd": temporary, "preexec_fn": allow_cores}
    files: dict[str, bytes] = {}
    acknowledged: set[bytes] = set()
    attached: set[bytes] = set()
    typed = 0
    for crash, end in enumerate(KILLS):
        with AttachingServer(data, **options) as server:
            senders = send_until_killed(server, identity, moments.uniform(0.5, 1) * SECONDS_EACH, end)
        files |= {f"{name} after crash {crash}": content for name, content in snapshot(tmp_path).items()}
        acknowledged |= {report for sender in senders for report in sender.acknowledged}
        attached |= {file for sender in senders for file in sender.files}
        typed += sum(sender.typed for sender in senders)
    with AttachingServer(data, **options):
        files |= snapshot(tmp_path)
    kept = stored(data)
    assert acknowledged
    assert typed
    assert attached
    assert acknowledged <= kept.keys()
    assert attached <= stored_files(data).keys()
    assert len(acknowledged) + typed <= len(kept)
    found = [(name, form) for name, content in files.items() for form in forms_of(CANARY) if form in content]
    assert found == []
    assert any(name.startswith("data/attachments.db-wal after") for name in files), "journals were looked at"
    assert list(temporary.iterdir()) == [], "no core, and no temporary file"


@pytest.mark.parametrize("end", [signal.SIGABRT, signal.SIGSEGV])
def test_a_server_that_crashes_leaves_no_core_where_another_program_leaves_one(
    end: signal.Signals, data: Path, tmp_path: Path
) -> None:
    folders = {name: tmp_path / name for name in ("another", "server")}
    for folder in folders.values():
        folder.mkdir()
    line = [sys.executable, "-c", f"import os; os.kill(os.getpid(), {int(end)})"]
    done = subprocess.run(line, cwd=folders["another"], preexec_fn=allow_cores, check=False)
    assert done.returncode == -end
    with Server(data, cwd=folders["server"], preexec_fn=allow_cores) as server:
        os.kill(server.process.pid, end)
        assert server.process.wait(10) == -end
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if pattern.startswith("core"):
        print("this machine leaves cores here:", [path.name for path in folders["another"].iterdir()])
    assert list(folders["server"].iterdir()) == []
