"""People who send, look, add and take back, by both ways, and try again when nobody answers."""

import hashlib
import html
import itertools
import os
import random
import re
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import httpx

from intake.crypto import box
from intake.crypto.box import Header
from intake.crypto.code import to_words
from intake.crypto.padding import pad
from intake.crypto.receipt import CODE_LENGTH, Receipt
from intake.crypto.recipients import Recipient
from intake.crypto.seal import seal_bytes
from intake.forms import thread
from intake.forms.thread import FOLLOWUP, WITHDRAWAL, Message
from tests.attaching import PDF, sealed_file, sealed_report
from tests.faults.chain import ENOUGH, OCTETS, sealed_body
from tests.soak.ledger import Ledger, story
from tests.soak.machine import Machine
from tests.working import post_sealed

SECONDS = 120
# Who is told to come back later does so a little later.
LATER = 0.2
FILE_BYTES = 60_000
# What the page says when the wish was kept, also for the desk.
TAKEN_BACK = "we keep a locked request"
SAID_IN_A_PAGE = re.compile(r'name="(_\w+)" value="([^"]+)"')


@dataclass
class World:
    """What all senders share."""

    machine: Machine
    recipients: Sequence[Recipient]
    reports: Ledger = field(default_factory=Ledger)
    followups: Ledger = field(default_factory=Ledger)
    files: Ledger = field(default_factory=Ledger)
    # How often what happened, and what should not have.
    counts: Counter[str] = field(default_factory=Counter)
    surprises: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


class Sender(threading.Thread):
    """One of them: does one thing after another, `rate` of them a second, until all is over."""

    def __init__(self, world: World, seed: int, rate: float) -> None:
        super().__init__(daemon=True)
        self._world, self._rate = world, rate
        self._draw = random.Random(seed)
        self._mine: list[tuple[bytes, int]] = []
        self._client: httpx.Client | None = None
        self.kept = 0

    def run(self) -> None:
        """Until all is over."""
        ways = [(self._send_sealed, 9), (self._send_typed, 6), (self._send_sealed_file, 1)]
        ways += [(self._send_typed_file, 1), (self._look, 2), (self._ask, 1), (self._add, 1)]
        ways += [(self._take_back, 1), (self._take_back_typed, 1)]
        acts, weights = zip(*ways, strict=True)
        while not self._world.over.wait(self._draw.expovariate(self._rate)):
            act = self._draw.choices(acts, weights)[0]
            try:
                act()
            except Over:
                pass
            except Exception as error:
                # Nobody waits for this thread: one that ended without a word would be one sender fewer.
                self._wonder(f"{act.__name__}: {type(error).__name__} {error}")
        if self._client:
            self._client.close()

    def _insist(self, ask: Callable[[httpx.Client], httpx.Response], *fine: int) -> httpx.Response:
        """The answer, from this server or from the one after it; 503 is asked again a little later.

        Unless that is as `fine` as anything.
        """
        while True:
            try:
                answer = ask(self._connected())
            except httpx.HTTPError:
                self._world.counts["broken off"] += 1
                self._forget()
                continue
            if answer.status_code in fine:
                return answer
            if answer.status_code != 503:
                self._wonder(f"{answer.request.method} {answer.request.url.path}: {answer.status_code}")
                raise Over
            self._come_later()

    def _come_later(self) -> None:
        self._world.counts["told to come later"] += 1
        if self._world.over.wait(LATER):
            raise Over

    def _connected(self) -> httpx.Client:
        if self._client is None:
            while not self._world.machine.up.wait(1):
                if self._world.over.is_set():
                    raise Over
            self._client = httpx.Client(base_url=self._world.machine.address, timeout=SECONDS)
        return self._client

    def _forget(self) -> None:
        if self._client:
            self._client.close()
        self._client = None
        if self._world.over.wait(LATER):
            raise Over

    def _wonder(self, what: str) -> None:
        self._world.surprises.append(what)

    def _post(self, body: bytes, *fine: int) -> httpx.Response:
        return self._insist(lambda client: post_sealed(client, body), *fine)

    def _keep(self, code: bytes, files: int = 0) -> None:
        self._world.reports.acknowledge(Receipt.from_code(code).id)
        self.kept += 1
        self._mine.append((code, files))

    def _new(self) -> tuple[bytes, Receipt, str]:
        code, said = os.urandom(CODE_LENGTH), story()
        receipt = Receipt.from_code(code)
        self._world.reports.tried[receipt.id] = said
        return code, receipt, said

    def _send_sealed(self) -> None:
        code, receipt, said = self._new()
        body = sealed_body(receipt, self._world.recipients, story=[said])
        for _ in range(1 + (self._draw.random() < 0.1)):
            # Some send twice: a second click, or an answer that did not come.
            self._post(body, 201)
        self._keep(code)

    def _send_sealed_file(self) -> None:
        code, receipt, said = self._new()
        body, named = sealed_file(self._world.recipients, receipt, os.urandom(FILE_BYTES))
        self._world.files.tried[body[:16]] = named.sha256
        self._post(body, 201)
        self._post(sealed_report(self._world.recipients, receipt, [named], story=[said]), 201)
        self._world.files.acknowledge(body[:16])
        self._keep(code, 1)

    def _send_typed(self, *files: bytes) -> None:
        hidden = _hidden(self._insist(lambda client: client.get("/en/report/"), 200).text)
        said = story()
        while True:
            receipt = self._try_page(hidden, said, files)
            fields = {**{name: [one] for name, one in hidden.items()}, **ENOUGH, "story": [said]}
            answer = self._form("/en/report/", fields, files, 303, 428, 503)
            if answer.status_code == 303:
                break
            # The page comes back with what was typed, perhaps with another code; a bare refusal has no page.
            hidden = _hidden(answer.text) or hidden
            if answer.status_code == 503:
                self._come_later()
            else:
                # The server is another one since the page was fetched.
                self._world.counts["page out of date"] += 1
        for n, _ in enumerate(files, 1):
            self._world.files.acknowledge(receipt.attachment_id(n))
        self._keep(bytes.fromhex(hidden["_code"]), len(files))
        assert "/sent?sealed_by=server" in answer.headers["location"], "not led to the sent page"
        self._insist(lambda client: client.get(answer.headers["location"]), 200)

    def _try_page(self, hidden: dict[str, str], said: str, files: Sequence[bytes]) -> Receipt:
        """Notes what is to be said under the code of a page; its receipt."""
        receipt = Receipt.from_code(bytes.fromhex(hidden["_code"]))
        self._world.reports.tried[receipt.id] = said
        for n, file in enumerate(files, 1):
            self._world.files.tried[receipt.attachment_id(n)] = hashlib.sha256(file).hexdigest()
        return receipt

    def _send_typed_file(self) -> None:
        self._send_typed(b"%PDF-1.7\n" + os.urandom(FILE_BYTES))

    def _form(
        self, path: str, fields: dict[str, Sequence[str]], files: Sequence[bytes], *fine: int
    ) -> httpx.Response:
        parts = [(name, (None, one, None)) for name, values in fields.items() for one in values]
        sent = [("attachments", ("a.pdf", file, PDF)) for file in files]
        return self._insist(lambda client: client.post(path, files=[*parts, *sent]), *fine)

    def _look(self) -> None:
        """As the script looks: headers, then one bucket of each box."""
        code, _ = self._own()
        receipt = Receipt.from_code(code)
        for _ in range(3):
            values = self._insist(lambda client: client.get("/box"), 200).json()
            if not values:
                return
            headers = [_header(value) for value in values]
            path = f"/box/{headers[0].bits}/{box.bucket_number(receipt.box, headers[0].bits)}"
            answer = self._insist(lambda client, path=path: client.get(path), 200, 409)
            if answer.status_code == 200:
                break
        starts = [0, *itertools.accumulate(one.bucket_length for one in headers)]
        for header, start in zip(headers, starts, strict=False):
            one = answer.content[start : start + header.bucket_length]
            assert not box.open_bucket(header, one, receipt.box, receipt.reply).unreadable, "unreadable"
        self._world.counts["looks"] += 1

    def _ask(self) -> None:
        """As somebody without script asks what is said to a code."""
        code, _ = self._own()
        if self._typed_code(code, "look"):
            self._world.counts["codes asked"] += 1

    def _typed_code(self, code: bytes, do: str) -> str:
        """The page behind a code; empty when the server that was to show it was killed."""
        words = " ".join(to_words(code, "en"))
        page = self._insist(lambda client: client.get("/en/code"), 200).text
        stamp = _hidden(page)["_stamp"]
        nonce = os.urandom(16).hex()
        fields = {"words": [words], "_stamp": [stamp], "do": [do], "_nonce": [nonce], "text": [""]}
        answer = self._form("/en/code", fields, (), 303)
        shown = self._insist(lambda client: client.get(answer.headers["location"]), 200, 303, 429)
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", shown.text)).split())

    def _add(self) -> None:
        code, _ = self._own(taken=True)
        receipt, nonce = Receipt.from_code(code), os.urandom(16)
        text = story()
        said = Message(FOLLOWUP, receipt, nonce, "en", "browser", "web", text)
        self._world.followups.tried[said.id] = f"{receipt.id.hex()} {text}"
        self._post(said.id + seal_bytes(pad(thread.build(said)), self._world.recipients), 201)
        self._world.followups.acknowledge(said.id)

    def _take_back(self) -> None:
        """As the script does: at the intake, and at the desk."""
        code, files = self._own(taken=True)
        receipt = Receipt.from_code(code)
        self._doubt(receipt, files)
        token = receipt.withdraw
        self._insist(lambda client: client.post("/withdraw", content=token, headers=OCTETS), 200, 404)
        said = Message(WITHDRAWAL, receipt, os.urandom(16), "en", "browser", "web")
        self._post(said.id + seal_bytes(pad(thread.build(said)), self._world.recipients), 201)
        self._settle(receipt, files)

    def _take_back_typed(self) -> None:
        code, files = self._own(taken=True)
        receipt = Receipt.from_code(code)
        self._doubt(receipt, files)
        said = self._typed_code(code, "take-back-now")
        if TAKEN_BACK in said:
            self._settle(receipt, files)

    def _doubt(self, receipt: Receipt, files: int) -> None:
        self._world.reports.unsure.add(receipt.id)
        self._world.files.unsure |= {receipt.attachment_id(n) for n in range(1, files + 1)}

    def _settle(self, receipt: Receipt, files: int) -> None:
        self._world.reports.gone.add(receipt.id)
        self._world.files.gone |= {receipt.attachment_id(n) for n in range(1, files + 1)}
        self._world.counts["taken back"] += 1

    def _own(self, *, taken: bool = False) -> tuple[bytes, int]:
        """One of what this one sent, any time ago; it is not drawn again once it is `taken`."""
        if not self._mine:
            raise Over
        place = self._draw.randrange(len(self._mine))
        return self._mine.pop(place) if taken else self._mine[place]


class Over(Exception):
    """There is nothing to do, or no more time to do it."""


def _hidden(page: str) -> dict[str, str]:
    return dict(SAID_IN_A_PAGE.findall(page))


def _header(value: dict[str, str]) -> Header:
    keys = {name: box.VerifyKey(bytes.fromhex(value[name])) for name in ("desk", "server")}
    numbers = {name: value[name] for name in ("bits", "markers", "replies", "week")}
    return Header(**numbers, **keys, epoch=bytes.fromhex(value["epoch"]))  # type: ignore[arg-type]
