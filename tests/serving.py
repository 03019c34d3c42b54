"""Runs the real intake for tests, and makes what reporters send to it."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from analysis.identity import HybridIdentity
from intake.crypto.padding import pad
from intake.crypto.receipt import Receipt
from intake.crypto.recipients import Recipient
from intake.crypto.seal import seal_bytes
from intake.directory import find_database
from intake.forms import answers, report
from intake.forms.form import shipped
from tests.cards import write_card
from tests.running import PATIENT, configure
from tests.working import post_sealed

COMMAND = [str(Path(sys.executable).with_name("witnessbox-intake"))]
ENOUGH: dict[str, Sequence[str]] = {"setting": ["police"], "count": ["yes"]}
OCTETS = {"content-type": "application/octet-stream"}
CANARY = "zebrafinch-7431"


def run(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """The real command, to its end."""
    line = [*COMMAND, *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, check=False, timeout=120, **options)


def make_data(path: Path, identity: HybridIdentity, *, database: str = "", **settings: int) -> Path:
    """A new data directory, made by the real command, with these settings in place of the usual ones."""
    card = write_card(path.with_name(f"{path.name}-desk.pub"), identity.recipient)
    done = run("init", "--data", path, "--desk", card, *(["--database", database] if database else []))
    assert done.returncode == 0, done.stderr
    configure(path, **{**PATIENT, **settings})
    return path


class Server:
    """A running intake on a free port of 127.0.0.1; ends with the `with` block."""

    command = COMMAND

    def __init__(self, data: Path, *, prefix: Sequence[str] = (), **options: Any) -> None:
        self.data = data
        self._log = data.with_name(f"{data.name}.log")
        self._prefix = prefix
        self._options = options

    def __enter__(self) -> Self:
        line = [*self._prefix, *self.command, "serve", "--data", str(self.data), "--port", "0"]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=log, **self._options)
        assert self.process.stdout
        ready = self.process.stdout.readline().decode()
        assert ready.startswith("taking reports at http://"), self.errors()
        self.address = ready.split()[-1].rstrip("/")
        # Uncompressed, so that a test that watches the wire can read what is on it.
        plain = {"accept-encoding": "identity"}
        # The server closes a connection that idles for 5 seconds; a request must not meet it doing so.
        idle = httpx.Limits(keepalive_expiry=2)
        self.client = httpx.Client(base_url=self.address, timeout=30, headers=plain, limits=idle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()
        self.stop(signal.SIGTERM)
        assert self.process.stdout
        self.process.stdout.close()

    def stop(self, number: signal.Signals) -> int:
        """Sends a signal, and waits for the end; returns the exit status."""
        if self.process.poll() is None:
            # Under strace the server is a child of the process that was started.
            children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
            for pid in (self._prefix and children) or [self.process.pid]:
                os.kill(int(pid), number)
        return self.process.wait(30)

    def errors(self) -> str:
        """What the server said on standard error."""
        return self._log.read_text()

    def post_sealed(self, body: bytes) -> httpx.Response:
        """Sends a sealed report as the script does, which works for it when it is asked to."""
        return post_sealed(self.client, body)

    def stamp(self) -> str:
        """The stamp of a page that is fetched now."""
        found = re.search(r'name="_stamp" value="([^"]+)"', self.client.get("/en/report/").text)
        assert found
        return found[1]

    def post_form(self, fields: Mapping[str, Sequence[str]], lang: str = "en") -> httpx.Response:
        """Sends the form as a browser without script does."""
        fields = {"_stamp": [self.stamp()], **fields}
        parts = [(name, (None, value.encode())) for name, values in fields.items() for value in values]
        return self.client.post(f"/{lang}/report/", files=parts)


def sealed_body(recipients: Sequence[Recipient], **given: Sequence[str]) -> bytes:
    """What the script posts: a report's id and the report, sealed."""
    form, receipt = shipped("report"), Receipt.draw()
    answered = answers.clean(form, {**ENOUGH, **given})
    words = report.build(form, answered, lang="en", sealed_by="browser", channel="web", receipt=receipt)
    return receipt.id + seal_bytes(pad(words), recipients)


def canary_in_every_field() -> dict[str, Sequence[str]]:
    """Each text field holds the canary; ticks hold answers that are allowed."""
    fields: dict[str, Sequence[str]] = dict(ENOUGH)
    for question in shipped("report").asked:
        if question.kind in ("text", "long_text"):
            fields[question.id] = [f"{CANARY} {question.id}"]
        elif question.choices and question.id not in fields:
            fields[question.id] = [question.choices[0].code]
    return {**fields, "nobody-asked": [CANARY]}


def stored(data: Path) -> dict[bytes, bytes]:
    """The sealed reports that an intake holds, by their ids."""
    if not (data / "reports.db").exists():
        with closing(find_database(data).connect()) as connection:
            return dict(connection.execute("SELECT id, sealed FROM reports ORDER BY id").fetchall())
    with closing(sqlite3.connect(data / "reports.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return dict(connection.execute("SELECT id, sealed FROM reports"))


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def order_on_disk(file: Path, ids: Sequence[bytes]) -> list[bytes]:
    """Those of the reports that stand in a file of SQLite, in the order of their bytes in it.

    For reports that are nothing but their id over and over. SQLite spreads so long a row over pages of
    its own; a run this long is on none but those (sqlite.org/fileformat2.html, "Cell Payload Overflow
    Pages").
    """
    data = file.read_bytes()
    places = {report_id: data.find(report_id * 100) for report_id in ids}
    return sorted((one for one in ids if places[one] >= 0), key=lambda one: places[one])
