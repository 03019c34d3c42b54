"""The desk: from sealed reports in a shard to rows in the encrypted database.

The bare rate is what HPKE open and ChaCha20-Poly1305 alone cost for the same files, their parts
already cut out in memory, with the same number of processes in the same run.
"""

import hashlib
import itertools
import os
import resource
import statistics
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from nacl.bindings import crypto_aead_chacha20poly1305_ietf_decrypt

from analysis.archive import ArchivedShard
from analysis.desk import Desk
from analysis.identity import HybridIdentity, format_identity, parse_identities
from analysis.loading import add_forms, load
from analysis.patterns import making
from intake.crypto.derive import PAYLOAD_NONCE, chunk_nonce, payload_key
from intake.crypto.header import decode_base64, parse
from intake.crypto.padding import pad
from intake.crypto.receipt import Receipt
from intake.crypto.recipients import HYBRID_INFO, HYBRID_SUITE
from intake.crypto.seal import seal_bytes
from intake.crypto.shard import Member, ReportName, write_shard
from intake.forms import answers, report
from intake.forms.form import shipped
from tests.bench.table import show
from tests.synthetic import reports

FORM = shipped("report")
ROUNDS = 3
SHARD = 3000


def make_shards(identity: HybridIdentity, count: int, folder: Path) -> list[ArchivedShard]:
    """Shards with `count` different synthetic reports."""
    made = []
    drawn = itertools.islice(reports(FORM, count), count)
    while batch := list(itertools.islice(drawn, SHARD)):
        path = folder / f"{count}-{len(made)}.tar"
        members = sorted(
            (_member(identity, lang, raw) for lang, raw in batch), key=lambda member: member.name
        )
        with path.open("wb") as out:
            write_shard(members, out)
        made.append(ArchivedShard(path, len(members), hashlib.sha256(path.read_bytes()).hexdigest()))
    return made


def make_members(identity: HybridIdentity, count: int) -> list[Member]:
    """So many different synthetic reports, sealed."""
    return [_member(identity, lang, raw) for lang, raw in itertools.islice(reports(FORM, count), count)]


def _member(identity: HybridIdentity, lang: str, raw: dict[str, list[str]]) -> Member:
    receipt = Receipt.draw()
    body = report.build(
        FORM, answers.clean(FORM, raw), lang=lang, sealed_by="browser", channel="web", receipt=receipt
    )
    return Member(ReportName("2026-W47", receipt.id), seal_bytes(pad(body), [identity.recipient]))


def bare(key: str, count: int) -> float:
    """Seconds that one process takes to open so many file keys and payloads, and nothing else."""
    (identity,) = parse_identities(key)
    assert isinstance(identity, HybridIdentity)
    parts = [_cut(identity, number) for number in range(200)]
    private = identity._key
    start = time.perf_counter()
    for number in range(count):
        wrapped, nonce_key, chunk = parts[number % len(parts)]
        HYBRID_SUITE.decrypt(wrapped, private, HYBRID_INFO)
        crypto_aead_chacha20poly1305_ietf_decrypt(chunk, None, chunk_nonce(0, last=True), nonce_key)
    return time.perf_counter() - start


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


def bare_rate(identity: HybridIdentity, processes: int, count: int) -> float:
    """Reports a second of the bare cost, in so many processes at once."""
    if processes == 1:
        return count / bare(identity.reveal(), count)
    share = count // processes
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        list(pool.map(abs, range(processes)))
        # The slowest process decides, as it does in an import.
        return share * processes / max(pool.map(bare, [identity.reveal()] * processes, [share] * processes))


def load_rate(identity: HybridIdentity, shards: list[ArchivedShard], processes: int, folder: Path) -> float:
    """Reports a second from the shards into a new desk's database, search index, bits, summaries and all."""
    desk = _new_desk(identity, folder)
    count = sum(shard.reports for shard in shards)
    start = time.perf_counter()
    with desk.changing():
        with desk.database.atomic():
            add_forms(desk, [FORM])
        result = load(desk, shards, bundle=1, processes=processes)
        making.refresh(desk.database)
    seconds = time.perf_counter() - start
    assert result.added == count, result
    return count / seconds


def _new_desk(identity: HybridIdentity, folder: Path) -> Desk:
    path = Path(tempfile.mkdtemp(dir=folder)) / "desk"
    Desk.create(path, format_identity(identity), None)
    return Desk.unlock(path, lambda: "")


def memory(count: int) -> None:
    """Loads so many reports and prints the peak memory of this process and its largest child, in MiB."""
    identity = HybridIdentity.generate()
    with tempfile.TemporaryDirectory() as name:
        load_rate(identity, make_shards(identity, count, Path(name)), 2, Path(name))
    peaks = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(*(f"{peak / 1024:.0f}" for peak in peaks))


def run(count: int = 12_000) -> None:
    """Prints the desk's rates beside the bare ones, with one process and with all."""
    identity = HybridIdentity.generate()
    everyone = len(os.sched_getaffinity(0))
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shards = make_shards(identity, count, folder)
        for processes in sorted({1, everyone}):
            pairs = [
                (bare_rate(identity, processes, count), load_rate(identity, shards, processes, folder))
                for _ in range(ROUNDS)
            ]
            floor, loaded = (statistics.median(column) for column in zip(*pairs, strict=True))
            ratio = statistics.median(b / a for a, b in pairs)
            rows.append([str(processes), f"{floor:,.0f}", f"{loaded:,.0f}", f"{ratio:.2f}"])
    show(
        f"Desk: {count:,} reports, opened, validated, loaded and indexed; median of {ROUNDS}",
        ["processes", "bare HPKE + ChaCha20 /s", "loaded /s", "ratio"],
        rows,
    )


if __name__ == "__main__":
    memory(int(sys.argv[1]))
