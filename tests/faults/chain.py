"""An intake, its courier and a desk, driven by the real commands alone."""

import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from analysis.desk import Desk
from intake.crypto.padding import pad
from intake.crypto.receipt import CODE_LENGTH, Receipt
from intake.crypto.recipients import Recipient, read_recipients
from intake.crypto.seal import seal_bytes
from intake.forms import answers, report
from intake.forms.form import shipped
from tests.attaching import FORM
from tests.running import be_patient

BIN = Path(sys.executable).parent
INTAKE, DESK = "witnessbox-intake", "witnessbox-analysis"
ENOUGH: dict[str, Sequence[str]] = {"setting": ["police"], "count": ["yes"]}
OCTETS = {"content-type": "application/octet-stream"}
SECONDS = 120
# What the desk has, and what is said there under each id: stories, additions, digests of files.
REPORTS = """SELECT "reports"."name", "texts"."text" FROM "reports"
LEFT JOIN "texts" ON "texts"."report" = "reports"."id" AND "texts"."question" = 'story'"""
ADDITIONS = """SELECT "name", "thread" || ' ' || "text" FROM "followups" """
FILES = """SELECT "name", "sha256" FROM "attachments" WHERE "state" = 'arrived'"""


class Chain:
    """The folders of one chain. Each step is a command; `kill` ends one at a random moment."""

    def __init__(self, home: Path) -> None:
        self.data, self.desk, self.stick = home / "intake", home / "desk", home / "stick"
        self.home = home

    def environment(self, name: str) -> dict[str, str]:
        """What else a command is told by its environment."""
        return {}

    def make(self, *options: str) -> None:
        """New keys, and an intake that seals to them."""
        self.stick.mkdir()
        self.run(DESK, "keygen", "--desk", self.desk, "--no-passphrase")
        self.run(INTAKE, "init", "--data", self.data, "--desk", self.desk / "desk.pub", *options)
        be_patient(self.data)
        self.run(DESK, "pin", "--desk", self.desk, self.data / "server.pub")

    def take_files(self) -> None:
        """Gives the intake the form that takes attachments."""
        forms = self.data / "forms"
        forms.mkdir()
        (forms / "report.json").write_bytes(FORM.json)

    @property
    def recipients(self) -> tuple[Recipient, ...]:
        """Whom the intake's pages seal to."""
        return tuple(read_recipients((self.desk / "recipients.txt").read_text()))

    def run(self, name: str, *arguments: str | Path) -> str:
        """A command to its end, which must be a good one; what it said."""
        done = self.start(name, *arguments)
        output, errors = done.communicate(timeout=SECONDS)
        assert done.returncode == 0, f"{name} {arguments[0]}: {output}{errors}"
        return output

    def start(self, name: str, *arguments: str | Path) -> "subprocess.Popen[str]":
        """A command that is under way, in a group of its own."""
        return subprocess.Popen(
            [BIN / name, *arguments],
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, "TMPDIR": str(self.home), **self.environment(name)},
        )

    def kill(self, name: str, *arguments: str | Path, after: float) -> bool:
        """Starts a command and kills it after so many seconds; whether it was still at work."""
        process = self.start(name, *arguments)
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=after)
        process.kill()
        process.communicate(timeout=SECONDS)
        return process.returncode == -signal.SIGKILL

    def export(self) -> tuple[str, ...]:
        """The command that fills the stick."""
        return ("export", "--data", str(self.data), "--out", str(self.stick))

    def bundles(self) -> list[Path]:
        """The bundles on the stick, in the order of their numbers."""
        return sorted(self.stick.glob("witnessbox-*"))

    def imported(self, bundle: Path) -> tuple[str, ...]:
        """The command that takes a bundle in."""
        return ("import", "--desk", str(self.desk), str(bundle))

    def answer(self) -> tuple[str, ...]:
        """The command by which the desk says what it has."""
        return ("acknowledge", "--desk", str(self.desk), "--out", str(self.stick))

    def acknowledged(self) -> tuple[str, ...]:
        """The command by which the intake takes the newest answer, and deletes."""
        newest = max(self.stick.glob("acknowledgement-*"))
        return ("acknowledge", "--data", str(self.data), str(newest))

    def waiting(self) -> set[bytes]:
        """The ids of the reports that the intake still holds."""
        with closing(sqlite3.connect(self.data / "reports.db")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            return {report for (report,) in connection.execute("SELECT id FROM reports")}

    def at_desk(self) -> list[bytes]:
        """The ids of the reports in the desk's database, set-aside ones left out."""
        return [bytes.fromhex(name) for (name,) in self.query('SELECT "name" FROM "reports"')]

    def said(self, question: str) -> Iterator[tuple[bytes, str]]:
        """The ids in the desk's database, and what is said under each, by one of the questions above."""
        return ((bytes.fromhex(name), str(words)) for name, words in self.query(question))

    def query(self, question: str) -> list[tuple[str, ...]]:
        """What the desk's database answers."""
        with closing(Desk.unlock(self.desk, lambda: "")) as desk:
            return [tuple(row) for row in desk.database.conn.execute(question)]


@dataclass
class Ledger:
    """What reporters know: which reports they tried to send, and which they were told had been kept."""

    tried: set[bytes] = field(default_factory=set)
    acknowledged: set[bytes] = field(default_factory=set)


class Intake:
    """The server of a chain as a process to be killed."""

    def __init__(self, chain: Chain) -> None:
        self._process = chain.start(INTAKE, "serve", "--data", chain.data, "--port", "0")
        self.address: str | None = None
        self._ready = threading.Thread(target=self._read_address)
        self._ready.start()

    def _read_address(self) -> None:
        assert self._process.stdout
        if found := re.search(r"http://\S+", self._process.stdout.readline()):
            self.address = found[0].rstrip("/")

    def wait(self) -> str:
        """The address, once it answers."""
        self._ready.join(SECONDS)
        assert self.address, "the intake did not start"
        return self.address

    def end(self, number: signal.Signals = signal.SIGKILL) -> str:
        """Ends it; what it said on standard error."""
        self._process.send_signal(number)
        _, errors = self._process.communicate(timeout=SECONDS)
        self._ready.join(SECONDS)
        return errors


def sealed_body(receipt: Receipt, recipients: Sequence[Recipient], **given: Sequence[str]) -> bytes:
    """What the script posts for a short report, and what is `given` in it."""
    form = shipped("report")
    cleaned = answers.clean(form, {**ENOUGH, **given})
    words = report.build(form, cleaned, lang="en", sealed_by="browser", channel="web", receipt=receipt)
    return receipt.id + seal_bytes(pad(words), recipients)


class Reporter(threading.Thread):
    """Sends both ways, one report after another, until the server is gone."""

    def __init__(self, address: str, recipients: Sequence[Recipient], ledger: Ledger, pause: float) -> None:
        super().__init__()
        self._address, self._recipients, self._ledger, self._pause = address, recipients, ledger, pause
        self._draw = random.Random(id(self))

    def run(self) -> None:
        with httpx.Client(base_url=self._address, timeout=SECONDS) as client, suppress(httpx.HTTPError):
            while True:
                code = os.urandom(CODE_LENGTH)
                receipt = Receipt.from_code(code)
                self._ledger.tried.add(receipt.id)
                by_script = self._draw.random() < 0.5
                if self._sealed(client, receipt) if by_script else self._typed(client, code):
                    self._ledger.acknowledged.add(receipt.id)
                time.sleep(self._pause)

    def _sealed(self, client: httpx.Client, receipt: Receipt) -> bool:
        body = sealed_body(receipt, self._recipients)
        return client.post("/sealed", content=body, headers=OCTETS).status_code == 201

    def _typed(self, client: httpx.Client, code: bytes) -> bool:
        page = client.get("/en/report/").text
        hidden = dict(re.findall(r'name="(_\w+)" value="([^"]+)"', page))
        fields = {
            **{name: [value] for name, value in hidden.items()},
            **ENOUGH,
            "_code": [code.hex()],
        }
        parts = [(name, (None, value)) for name, values in fields.items() for value in values]
        answer = client.post("/en/report/", files=parts)
        return answer.status_code == 303 and "/sent" in answer.headers["location"]
