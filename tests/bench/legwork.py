"""One leg of a report's life, in a process of its own, so that its peak of memory is its own.

    python -m tests.bench.legwork LEG DIR N

Prints JSON: the seconds of the leg's work by the clock and of the processors (the latter not for the first
page, which counts from the passphrase), those before it (Python, its libraries, unlocking the desk),
and the peak memory of this process and of its largest child, in MiB. `tests.bench.legs` runs them in order.
"""

import asyncio
import itertools
import json
import os
import re
import resource
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from multiprocessing import get_context
from pathlib import Path
from random import Random

from analysis import archive, arrivals, attachments, courier, keyring, loading
from analysis.archive import ArchivedShard
from analysis.courier import Delivery
from analysis.desk import DATABASE, Desk
from analysis.identity import HybridIdentity, format_identity, parse_identities
from analysis.keyring import OPEN_IDENTITY
from analysis.patterns import making
from analysis.pinning import pin
from analysis.threads import leaving
from intake import directory, export
from intake.crypto import manifest as manifests
from intake.crypto.manifest import bundle_name
from intake.crypto.padding import pad
from intake.crypto.receipt import Receipt
from intake.crypto.seal import seal_bytes
from intake.crypto.shard import Member, ReportName, index_shard, write_shard
from intake.forms import answers, report
from intake.forms.form import Form
from intake.store import MOST_WAITING, Store
from tests.bench import process
from tests.bench.patterns import RETOLD, draw_marks, draw_station
from tests.bench.release import RELEASE, command
from tests.bench.workbench import FORM, IN_A_STORY, PASSPHRASE, WEEKS, Running, draw_pieces
from tests.cards import write_card
from tests.synthetic import reports

LOT = 1000
SEALED, INTAKE, STICK, DESK, KEY = "sealed", "intake", "stick", "desk", "identity.txt"


@contextmanager
def timed(told: dict[str, float]) -> Iterator[None]:
    """The work of a leg: its seconds by the clock and of the processors, and those that were before it."""
    told.setdefault("before", _age())
    begin, used = time.perf_counter(), process.own_seconds()
    yield
    told["seconds"] = told.get("seconds", 0.0) + time.perf_counter() - begin
    told["processor"] = told.get("processor", 0.0) + process.own_seconds() - used


def _age() -> float:
    # The clock of the system, and not of this process: what Python needs to begin counts as a beginning.
    return time.clock_gettime(time.CLOCK_BOOTTIME) - process.born(os.getpid())


def seal(folder: Path, count: int, told: dict[str, float]) -> None:
    """A new desk and a new intake; as many different reports, sealed by a process for each processor.

    The time is that of building, padding and sealing, without that of drawing what they say.
    """
    identity = HybridIdentity.generate()
    (folder / KEY).write_text(format_identity(identity))
    Desk.create(folder / DESK, format_identity(identity), None)
    directory.make(folder / INTAKE, [write_card(folder / "desk.pub", identity.recipient)], ("report",))
    # The intake is removed once its bundle stands on the stick.
    shutil.copy(folder / INTAKE / directory.PUBLIC, folder)
    with _desk(folder) as desk:
        pin(desk, folder / directory.PUBLIC)
    # As it was before the first report, for a leg that has to begin again.
    shutil.copy(folder / DESK / DATABASE, folder)
    (folder / SEALED).mkdir()
    told["before"] = _age()
    everyone = len(os.sched_getaffinity(0))
    lots = [(folder, lot, min(LOT, count - lot * LOT)) for lot in range(-(-count // LOT))]
    with ProcessPoolExecutor(everyone, mp_context=get_context("spawn")) as pool:
        took = list(pool.map(_seal_lot, *zip(*lots, strict=True)))
    told["seconds"] = sum(clock for clock, _ in took) / everyone
    told["processor"] = sum(processor for _, processor in took)


def _seal_lot(folder: Path, lot: int, count: int) -> tuple[float, float]:
    (identity,) = parse_identities((folder / KEY).read_text())
    recipients, members = [identity.recipient], []
    took: dict[str, float] = {}
    for week, raw, lang in _draw(lot, count):
        given = answers.clean(FORM, raw)
        with timed(took):
            receipt = Receipt.draw()
            body = report.build(FORM, given, lang=lang, sealed_by="browser", channel="web", receipt=receipt)
            members.append(Member(ReportName(week, receipt.id), seal_bytes(pad(body), recipients)))
    with (folder / SEALED / f"{lot:06d}.tar").open("wb") as out:
        write_shard(sorted(members, key=lambda one: one.name), out)
    return took["seconds"], took["processor"]


# The pieces of stories, drawn once in each process.
_words: list[str] = []


def _draw(lot: int, count: int) -> Iterator[tuple[str, dict[str, list[str]], str]]:
    """Reports whose stories, stations and officers come again as often as at `tests.bench.workbench`."""
    if not _words:
        _words.extend(draw_pieces(Random(11)))
    draw, story = Random(lot), ""
    for lang, raw in itertools.islice(reports(FORM, lot), count):
        if not story or draw.random() >= RETOLD:
            story = " ".join(draw.choices(_words, k=IN_A_STORY))
        else:
            story = story.replace(" a", " b", 2)
        # Only what the form asks of this person is kept, as a browser keeps it.
        raw |= {"story": [story], "station": [draw_station(draw)], "marks": [draw_marks(draw)]}
        yield draw.choice(WEEKS), raw, lang


def intake(folder: Path, count: int, told: dict[str, float]) -> None:
    """Everything sealed goes through the intake's own store, as many at once as it lets wait.

    Without HTTP, which `tests.bench intake` measures. Each file is removed once its reports are durable.
    """
    asyncio.run(_store(folder, count, told))
    with closing(directory.find_database(folder / INTAKE).connect()) as connection:
        assert connection.execute("SELECT count(*) FROM reports").fetchone() == (count,)


async def _store(folder: Path, count: int, told: dict[str, float]) -> None:
    store = Store(directory.find_database(folder / INTAKE), max_reports=2 * count, min_free_bytes=0)
    store.start()
    for path in sorted((folder / SEALED).iterdir()):
        with path.open("rb") as file:
            members = [(one.name, os.pread(file.fileno(), one.size, one.offset)) for one in index_shard(file)]
        for first in range(0, len(members), MOST_WAITING):
            lot = members[first : first + MOST_WAITING]
            with timed(told):
                await asyncio.gather(*(store.put(name.id, name.week, sealed) for name, sealed in lot))
        path.unlink()
    with timed(told):
        store.close()


def exported(folder: Path, count: int, told: dict[str, float]) -> None:
    """The signed bundle on the stick, each file synced."""
    shutil.rmtree(folder / STICK, ignore_errors=True)
    (folder / STICK).mkdir()
    key = directory.read_key(folder / INTAKE)
    with timed(told):
        bundle = export.export(directory.find_database(folder / INTAKE), folder / STICK, key)
    assert bundle
    assert bundle.reports == count


def checked(folder: Path, count: int, told: dict[str, float]) -> None:
    """Signature, chain, digests and every header of the bundle; its copy in the archive, synced."""
    with _desk(folder) as desk:
        archive.sweep(desk)
        with timed(told):
            delivery = courier.receive(desk, folder / STICK / bundle_name(1))
    assert delivery.manifest.reports == count


def opened(folder: Path, count: int, told: dict[str, float]) -> None:
    """From the archive to rows: HPKE, ChaCha20, padding, every rule of the form; not yet the index."""
    shutil.copy(folder / DATABASE, folder / DESK)
    # This leg ends where `index` begins, which is the next.
    loading.index = lambda desk: None
    with _desk(folder) as desk:
        delivery = _delivery(desk, folder)
        with timed(told), desk.changing():
            with desk.database.atomic():
                loading.add_forms(desk, delivery.forms)
                arrivals.begin(desk, delivery)
            result = loading.load(desk, delivery.shards, bundle=1)
    assert result.added == count, result


def _delivery(desk: Desk, folder: Path) -> Delivery:
    bundle = folder / STICK / bundle_name(1)
    pinned = directory.read_public(folder)
    manifest, data = courier.read_manifest(bundle, [pinned])
    forms = tuple(Form.from_json(path.read_bytes()) for path in sorted((bundle / "forms").iterdir()))
    shards = tuple(
        ArchivedShard(desk.archive / f"000001-{one.filename}", one.reports, one.sha256, pinned.public.hex())
        for one in manifest.shards
    )
    return Delivery(manifest, manifests.digest(data), forms, shards, (), ())


def indexed(folder: Path, count: int, told: dict[str, float]) -> None:
    """What is searched and counted: the words of all texts, and the bits; and the bundle counts as loaded."""
    with _desk(folder) as desk:
        delivery = _delivery(desk, folder)
        with timed(told), desk.changing():
            with desk.database.atomic():
                loading.index(desk)
            attachments.check(desk)
            leaving.settle(desk)
            arrivals.finish(desk, delivery)


def patterns(folder: Path, count: int, told: dict[str, float]) -> None:
    """What the pages of patterns read, made for the first time."""
    with _desk(folder) as desk, timed(told), desk.changing():
        making.refresh(desk.database)


def workbench(folder: Path, count: int, told: dict[str, float]) -> None:
    """The command `open`, from the passphrase to the first page; its peak after the page was answered."""
    _lock(folder)
    running = Running.start(folder / DESK)
    status = Path(f"/proc/{running.process.pid}/status").read_text()
    running.stop()
    peak = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert peak
    told |= {"before": 0.0, "seconds": running.seconds, "largest": int(peak[1]) / 1024}


def _lock(folder: Path) -> None:
    """Puts the desk under a passphrase, which the commands ask for; 256 MB of what they need are for that."""
    identity = (folder / KEY).read_text()
    (folder / DESK / OPEN_IDENTITY).unlink(missing_ok=True)
    for name, data in keyring.files(identity, PASSPHRASE, by_shares=False).items():
        (folder / DESK / name).write_bytes(data)


def publish(folder: Path, count: int, told: dict[str, float]) -> None:
    """The command `publish`: F1 to F17 in both languages."""
    (folder / "release.toml").write_text(RELEASE)
    # A release stays in a desk for ever, and the next attempt wants its first again.
    shutil.rmtree(folder / "again", ignore_errors=True)
    shutil.copytree(folder / DESK, folder / "again", ignore=shutil.ignore_patterns("*.tar"))
    command(folder, "release-key", "--desk", "again")
    with timed(told):
        command(folder, "publish", "--desk", "again", "release.toml", "--out", "findings")
    for made in ("again", "findings"):
        shutil.rmtree(folder / made)


def _desk(folder: Path) -> AbstractContextManager[Desk]:
    return Desk.unlocked(folder / DESK, lambda: "")


LEGS: dict[str, Callable[[Path, int, dict[str, float]], None]] = {
    "seal": seal,
    "intake": intake,
    "export": exported,
    "courier check": checked,
    "open": opened,
    "search index": indexed,
    "patterns": patterns,
    "workbench": workbench,
    "publish": publish,
}


def main(leg: str, folder: str, count: str) -> None:
    """Does one leg and prints what it took."""
    told: dict[str, float] = {}
    LEGS[leg](Path(folder), int(count), told)
    own, children = (
        resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    print(json.dumps({"peak": own, "largest": children, **told}))


if __name__ == "__main__":
    main(*sys.argv[1:])
