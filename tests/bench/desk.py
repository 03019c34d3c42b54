"""The desk: from a signed bundle on a stick to rows in the encrypted database.

The bare rate is what HPKE open and ChaCha20-Poly1305 alone cost for the same files, their parts
already cut out in memory, with the same number of processes in the same run.
"""

import itertools
import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from nacl.bindings import crypto_aead_chacha20poly1305_ietf_decrypt

from analysis import arrivals, courier
from analysis.desk import Desk
from analysis.identity import HybridIdentity, format_identity, parse_identities
from analysis.loading import add_forms, load
from analysis.patterns import making
from analysis.pinning import pin
from intake.crypto.derive import PAYLOAD_NONCE, chunk_nonce, payload_key
from intake.crypto.header import decode_base64, parse
from intake.crypto.padding import pad
from intake.crypto.receipt import Receipt
from intake.crypto.recipients import HYBRID_INFO, HYBRID_SUITE
from intake.crypto.seal import seal_bytes
from intake.crypto.shard import Member, ReportName
from intake.forms import answers, report
from intake.forms.form import shipped
from tests.analysis.making import Server, pack
from tests.bench import process
from tests.bench.stages import TIMES, stages
from tests.bench.table import show
from tests.synthetic import reports

FORM = shipped("report")
ROUNDS = 3
EVERYONE = len(os.sched_getaffinity(0))
SHARD = 3000
STAGED = 3000
# So many different ones, over and over.
CUT = 200


def make_bundle(identity: HybridIdentity, server: Server, count: int, folder: Path) -> Path:
    """A bundle with `count` different synthetic reports; one shard of it at a time is in memory."""
    drawn = itertools.islice(reports(FORM, count), count)
    lots = iter(lambda: list(itertools.islice(drawn, SHARD)), [])
    return server.pack(folder, (pack(_member(identity, lang, raw) for lang, raw in lot) for lot in lots))


def make_members(identity: HybridIdentity, count: int) -> list[Member]:
    """So many different synthetic reports, sealed."""
    return [_member(identity, lang, raw) for lang, raw in itertools.islice(reports(FORM, count), count)]


def _member(identity: HybridIdentity, lang: str, raw: dict[str, list[str]]) -> Member:
    receipt = Receipt.draw()
    body = report.build(
        FORM, answers.clean(FORM, raw), lang=lang, sealed_by="browser", channel="web", receipt=receipt
    )
    return Member(ReportName("2026-W47", receipt.id), seal_bytes(pad(body), [identity.recipient]))


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds by the clock, and of all processors together."""

    clock: float
    processors: float


def bare(key: str, count: int) -> Took:
    """What one process takes to open so many file keys and payloads, and nothing else."""
    (identity,) = parse_identities(key)
    assert isinstance(identity, HybridIdentity)
    parts = [_cut(identity, number) for number in range(CUT)]
    private = identity._key
    start, used = time.perf_counter(), time.process_time()
    for number in range(count):
        wrapped, nonce_key, chunk = parts[number % len(parts)]
        HYBRID_SUITE.decrypt(wrapped, private, HYBRID_INFO)
        crypto_aead_chacha20poly1305_ietf_decrypt(chunk, None, chunk_nonce(0, last=True), nonce_key)
    return Took(time.perf_counter() - start, time.process_time() - used)


def _cut(identity: HybridIdentity, number: int) -> tuple[bytes, bytes, bytes]:
    (lang, raw), *_ = itertools.islice(reports(FORM, number), 1)
    sealed = _member(identity, lang, raw).sealed
    header = parse(sealed)
    (stanza,) = header.stanzas
    file_key = identity.unwrap(stanza)
    assert file_key
    wrapped = decode_base64(stanza.arguments[1].encode()) + stanza.body
    start = header.length + PAYLOAD_NONCE
    return wrapped, payload_key(file_key, sealed[header.length : start]), sealed[start:]


def bare_cost(identity: HybridIdentity, processes: int, count: int) -> Took:
    """The bare cost of a report, in so many processes at once."""
    share = count // processes
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        list(pool.map(abs, range(processes)))
        found = list(pool.map(bare, [identity.reveal()] * processes, [share] * processes))
    # The slowest process decides, as it does in an import.
    clock = max(one.clock for one in found)
    return Took(clock / (share * processes), sum(one.processors for one in found) / (share * processes))


def load_cost(
    identity: HybridIdentity, server: Server, bundle: Path, count: int, processes: int, folder: Path
) -> tuple[Took, Took]:
    """What a report costs from the bundle to a new desk's archive, database, search index and bits;
    and with the summaries of all reports, which the pages of patterns read.
    """
    desk = _new_desk(identity, folder)
    pin(desk, server.public(folder))
    start = _now()
    with desk.changing():
        delivery = courier.receive(desk, bundle)
        with desk.database.atomic():
            add_forms(desk, delivery.forms)
            arrivals.begin(desk, delivery)
        result = load(desk, delivery.shards, bundle=delivery.manifest.sequence, processes=processes)
        queryable = _since(start, count)
        making.refresh(desk.database)
    assert result.added == count, result
    found = queryable, _since(start, count)
    desk.close()
    shutil.rmtree(desk.path.parent)
    return found


def _now() -> Took:
    return Took(time.perf_counter(), process.own_seconds())


def _since(start: Took, count: int) -> Took:
    now = _now()
    return Took((now.clock - start.clock) / count, (now.processors - start.processors) / count)


def _new_desk(identity: HybridIdentity, folder: Path) -> Desk:
    path = Path(tempfile.mkdtemp(dir=folder)) / "desk"
    Desk.create(path, format_identity(identity), None)
    return Desk.unlock(path, lambda: "")


def memory(count: int) -> None:
    """Loads so many reports and prints the peak memory of this process and its largest child, in MiB."""
    identity, server = HybridIdentity.generate(), Server()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        load_cost(identity, server, make_bundle(identity, server, count, folder), count, 2, folder)
    peaks = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(*(f"{peak / 1024:.0f}" for peak in peaks))


def run(count: int = 30_000) -> None:
    """Prints the desk's rates beside the bare ones, and where the time goes."""
    identity, server = HybridIdentity.generate(), Server()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bundle = make_bundle(identity, server, count, folder)
        rows = [
            _row(
                [
                    (
                        bare_cost(identity, processes, count),
                        *load_cost(identity, server, bundle, count, processes, folder),
                    )
                    for _ in range(ROUNDS)
                ],
                processes,
            )
            for processes in sorted({1, EVERYONE})
        ]
        show(
            f"Desk: {count:,} reports from a signed bundle to a database that is searched and counted;"
            f" median of {ROUNDS}",
            ["processes", "bare HPKE + ChaCha20 /s", "loaded /s", "ratio", "CPU ratio", "with patterns /s"],
            rows,
        )
        members = make_members(identity, STAGED)
        cost = min(bare(identity.reveal(), STAGED).processors for _ in range(TIMES))
        found = stages(identity, _new_desk(identity, folder), FORM, members, cost)
    whole = sum(took for _, took in found)
    show(
        f"Where a report's time goes at the desk, one process, {STAGED:,} reports of a checked bundle",
        ["stage", "us of a processor", "part"],
        [[stage, f"{took:.0f}", f"{took / whole:.0%}"] for stage, took in [*found, ("together", whole)]],
    )


def _row(rounds: Sequence[tuple[Took, Took, Took]], processes: int) -> list[str]:
    floor, loaded, patterns = (
        statistics.median(1 / took.clock for took in column) for column in zip(*rounds, strict=True)
    )
    ratio = statistics.median(least.clock / took.clock for least, took, _ in rounds)
    by_processors = statistics.median(least.processors / took.processors for least, took, _ in rounds)
    return [
        str(processes),
        f"{floor:,.0f}",
        f"{loaded:,.0f}",
        f"{ratio:.2f}",
        f"{by_processors:.2f}",
        f"{patterns:,.0f}",
    ]


if __name__ == "__main__":
    memory(int(sys.argv[1]))
