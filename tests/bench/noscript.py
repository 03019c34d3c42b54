"""The form without script: what the server spends on one, beside its bare parts in a program of nothing else.

Bare is what cannot be spared: the multipart body is parsed (python-multipart, callbacks that take the pieces
and drop them), a file key is sealed (HPKE to one recipient), and 16 KiB are sealed under a key that is there
(ChaCha20-Poly1305). What age needs besides, its header, keys and MAC, is not in it. `in memory` is what is
done for a form before it is stored: parsed, checked, built, sealed. `server` is all, with HTTP and the disk.
`make bench` takes all three in turn in one run.
"""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
from nacl.bindings import crypto_aead_chacha20poly1305_ietf_encrypt
from python_multipart.multipart import MultipartParser, parse_options_header

from analysis.identity import HybridIdentity
from intake import directory
from intake.crypto.derive import FILE_KEY, chunk_nonce
from intake.crypto.padding import SIZE_CLASSES, pad
from intake.crypto.receipt import Receipt
from intake.crypto.recipients import HYBRID_INFO, HYBRID_SUITE, HybridRecipient
from intake.crypto.seal import seal_bytes
from intake.forms import answers, report
from intake.forms.form import shipped
from intake.multipart import read_fields
from intake.serve import spare_the_collector
from tests.bench import process
from tests.bench.load import post_form
from tests.bench.table import show
from tests.cards import write_card
from tests.running import be_patient
from tests.serving import Server, canary_in_every_field

ROUNDS = 5
CONNECTIONS = 8
SECONDS = 3.0
BARE = 500


def run(seconds: float = SECONDS) -> None:
    """Prints the table."""
    spare_the_collector()  # as the server does
    recipient = HybridIdentity.generate().recipient
    with tempfile.TemporaryDirectory() as name:
        data = Path(name) / "intake"
        directory.make(data, [write_card(Path(name) / "desk.pub", recipient)], ("report",))
        be_patient(data)
        with Server(data) as server:
            form, content_type = _form(server)
            rounds = [_round(server, form, content_type, recipient, seconds) for _ in range(ROUNDS)]
    bare, memory, whole, rate = (statistics.median(column) for column in zip(*rounds, strict=True))
    ratios = [statistics.median(one[0] / one[part] for one in rounds) for part in (1, 2)]
    show(
        f"Form without script, {len(form):,} bytes, sealed, durable: milliseconds of a processor for a form;"
        f" median of {ROUNDS}",
        [
            "parsing, HPKE and ChaCha20, bare",
            "in memory",
            "server",
            "bare / in memory",
            "bare / server",
            "forms/s",
        ],
        [
            [
                *(f"{one:.3f}" for one in (bare, memory, whole)),
                *(f"{one:.2f}" for one in ratios),
                f"{rate:,.0f}",
            ]
        ],
    )


def _form(server: Server) -> tuple[bytes, str]:
    """A form with words in every field, as a browser would send it, and its type."""
    fields = {"_stamp": [server.stamp()], **canary_in_every_field()}
    parts = [(name, (None, value.encode())) for name, values in fields.items() for value in values]
    request = httpx.Request("POST", server.address, files=parts)
    return request.read(), request.headers["content-type"]


def _round(
    server: Server, form: bytes, content_type: str, recipient: HybridRecipient, seconds: float
) -> tuple[float, float, float, float]:
    """Bare, in memory and whole, in milliseconds of a processor, and forms a second."""
    bare = _cost(lambda: _do_bare(form, content_type, recipient))
    handling = _handle_many(form, content_type, recipient)
    memory = _cost(lambda: asyncio.run(handling), 1) / BARE
    before = process.seconds(server.process.pid)
    found = post_form(f"{server.address}/en/report/", form, content_type, CONNECTIONS, seconds)
    spent = process.seconds(server.process.pid) - before
    return bare, memory, 1000 * spent / found.count, found.rate


def _cost(job: Callable[[], None], times: int = BARE) -> float:
    start = time.process_time()
    for _ in range(times):
        job()
    return 1000 * (time.process_time() - start) / times


def _do_bare(form: bytes, content_type: str, recipient: HybridRecipient) -> None:
    # In turn, as for a form: a part that is repeated alone finds all it needs in the processor's caches.
    _parse(form, content_type)
    _seal(recipient)


def _parse(form: bytes, content_type: str) -> None:
    def take(data: bytes, start: int, end: int) -> None:
        data[start:end]

    _, options = parse_options_header(content_type)
    names = ("on_header_field", "on_header_value", "on_part_data")
    parser = MultipartParser(options[b"boundary"], dict.fromkeys(names, take))  # type: ignore[arg-type]
    parser.write(form)
    parser.finalize()


def _seal(recipient: HybridRecipient, padded: bytes = bytes(SIZE_CLASSES[0])) -> None:
    """What `tests.bench.desk` takes as bare, the other way."""
    key = os.urandom(FILE_KEY)
    HYBRID_SUITE.encrypt(key, recipient._key, HYBRID_INFO)
    crypto_aead_chacha20poly1305_ietf_encrypt(padded, None, chunk_nonce(0, last=True), 2 * key)


async def _handle_many(body: bytes, content_type: str, recipient: HybridRecipient) -> None:
    """What the intake does for a form, in the order in which it does it."""

    async def pieces() -> AsyncIterator[bytes]:
        yield body

    form = shipped("report")
    for _ in range(BARE):
        answered = answers.clean(form, await read_fields(content_type, pieces()))
        receipt = Receipt.draw()
        words = report.build(
            form, answered, lang="en", sealed_by="server", channel="web", receipt=receipt, attachments=()
        )
        seal_bytes(pad(words), [recipient])
