"""Reporters who send one thing until they are told that it is kept, through any number of servers."""

import hashlib
import os
import random
import re
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import httpx

from intake.crypto.receipt import Receipt
from intake.crypto.recipients import Recipient
from tests.attaching import PDF
from tests.faults.chain import ENOUGH, SECONDS, sealed_body
from tests.soak.ledger import Ledger, story
from tests.working import post_sealed

FILE_BYTES = 2_000
_HIDDEN = re.compile(r'name="(_\w+)" value="([^"]+)"')


class Thing(Protocol):
    """Something to say. `send` returns when it is kept, and may be called again when nobody answered."""

    def send(self, client: httpx.Client) -> None: ...


@dataclass
class Books:
    """What all reporters know, and what nobody has answered them yet."""

    recipients: Sequence[Recipient]
    reports: Ledger = field(default_factory=Ledger)
    files: Ledger = field(default_factory=Ledger)
    unanswered: deque[Thing] = field(default_factory=deque)


class Sealed:
    """A report that the script sealed."""

    def __init__(self, books: Books) -> None:
        receipt, said = Receipt.draw(), story()
        self._books, self._id = books, receipt.id
        self._body = sealed_body(receipt, books.recipients, story=[said])
        books.reports.tried[receipt.id] = said

    def send(self, client: httpx.Client) -> None:
        """Until it is kept."""
        assert post_sealed(client, self._body).status_code == 201
        self._books.reports.acknowledge(self._id)


class Typed:
    """A form without script, with files or none. Its page stays open until it is taken."""

    def __init__(self, books: Books, *files: bytes) -> None:
        self._books, self._said, self._files = books, story(), files
        self._page: dict[str, str] = {}

    def send(self, client: httpx.Client) -> None:
        """Until it is kept; where it is refused, with the page that comes back."""
        self._page = self._page or _hidden(client.get("/en/report/").text)
        while (answer := self._post(client)).status_code != 303:
            assert answer.status_code in (428, 503), answer.status_code
            self._page = _hidden(answer.text) or self._page
        self._books.reports.acknowledge(self._receipt.id)
        for number, _ in enumerate(self._files, 1):
            self._books.files.acknowledge(self._receipt.attachment_id(number))

    @property
    def _receipt(self) -> Receipt:
        return Receipt.from_code(bytes.fromhex(self._page["_code"]))

    def _post(self, client: httpx.Client) -> httpx.Response:
        receipt = self._receipt
        self._books.reports.tried[receipt.id] = self._said
        for number, file in enumerate(self._files, 1):
            self._books.files.tried[receipt.attachment_id(number)] = hashlib.sha256(file).hexdigest()
        fields = {name: [one] for name, one in self._page.items()} | ENOUGH | {"story": [self._said]}
        parts = [(name, (None, one, None)) for name, values in fields.items() for one in values]
        sent = [("attachments", ("a.pdf", file, PDF)) for file in self._files]
        return client.post("/en/report/", files=[*parts, *sent])


class Insistent(threading.Thread):
    """Sends first what nobody has answered, then one new thing after another, until the server is gone."""

    def __init__(self, address: str, books: Books, pause: float, seed: int) -> None:
        super().__init__()
        self._address, self._books, self._pause = address, books, pause
        self._draw = random.Random(seed)

    def run(self) -> None:
        with httpx.Client(base_url=self._address, timeout=SECONDS) as client:
            while self._sent(client, self._next()):
                time.sleep(self._pause)

    def _sent(self, client: httpx.Client, thing: Thing) -> bool:
        try:
            thing.send(client)
        except httpx.HTTPError:
            self._books.unanswered.append(thing)
            return False
        return True

    def _next(self) -> Thing:
        try:
            return self._books.unanswered.popleft()
        except IndexError:
            way = self._draw.random()
        if way < 0.4:
            return Sealed(self._books)
        # As often with a file: only then may a page come back with another code.
        files = [b"%PDF-1.7\n" + os.urandom(FILE_BYTES)] if way < 0.7 else []
        return Typed(self._books, *files)


def _hidden(page: str) -> dict[str, str]:
    return dict(_HIDDEN.findall(page))
