"""P1 under load: words that came in while the server was killed again and again are in no file."""

import base64
import os
import random
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx
import pytest

from analysis.identity import HybridIdentity
from intake.forms.form import shipped
from tests.serving import ENOUGH, OCTETS, Server, make_data, sealed_body, snapshot, stored

CANARY = "zebrafinch-7431"
KILLS = 4
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


def canary_in_every_field() -> dict[str, Sequence[str]]:
    """Each text field holds the canary; ticks hold answers that are allowed."""
    fields: dict[str, Sequence[str]] = dict(ENOUGH)
    for question in shipped("report").asked:
        if question.kind in ("text", "long_text"):
            fields[question.id] = [f"{CANARY} {question.id}"]
        elif question.choices and question.id not in fields:
            fields[question.id] = [question.choices[0].code]
    return {**fields, "nobody-asked": [CANARY]}


class Sender(threading.Thread):
    """Sends reports both ways, and some that are refused, until it is told to stop."""

    def __init__(self, server: Server, identity: HybridIdentity, stop: threading.Event) -> None:
        super().__init__()
        self.acknowledged: set[bytes] = set()
        self.typed = 0
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
            parts = [(name, (None, value)) for name, values in given.items() for value in values]
            self.typed += client.post("/en/report/", files=parts).status_code == 303
        kind = {"content-type": "multipart/form-data; boundary=x"}
        client.post("/en/report/", content=f"--x\r\n{CANARY}", headers=kind)


def send_until_killed(server: Server, identity: HybridIdentity, seconds: float) -> list[Sender]:
    stop = threading.Event()
    senders = [Sender(server, identity, stop) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    time.sleep(seconds)
    os.kill(server.process.pid, signal.SIGKILL)
    stop.set()
    for sender in senders:
        sender.join(30)
    server.process.wait(10)
    return senders


@pytest.mark.parametrize("seed", [7431])
def test_words_that_came_under_load_between_crashes_are_in_no_file(
    seed: int, tmp_path: Path, identity: HybridIdentity
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    data, moments = make_data(tmp_path / "data", identity), random.Random(seed)
    environment = {"TMPDIR": str(temporary), "HOME": str(temporary), "PATH": "/usr/bin:/bin"}
    files: dict[str, bytes] = {}
    acknowledged: set[bytes] = set()
    typed = 0
    for crash in range(KILLS):
        with Server(data, env=environment, cwd=temporary) as server:
            senders = send_until_killed(server, identity, moments.uniform(0.5, 1) * SECONDS_EACH)
        files |= {f"{name} after crash {crash}": content for name, content in snapshot(tmp_path).items()}
        acknowledged |= {report for sender in senders for report in sender.acknowledged}
        typed += sum(sender.typed for sender in senders)
    with Server(data, env=environment, cwd=temporary):
        files |= snapshot(tmp_path)
    kept = stored(data)
    assert acknowledged
    assert typed
    assert acknowledged <= kept.keys()
    assert len(acknowledged) + typed <= len(kept)
    found = [(name, form) for name, content in files.items() for form in forms_of(CANARY) if form in content]
    assert found == []
    assert list(temporary.iterdir()) == [], "no core, and no temporary file"
