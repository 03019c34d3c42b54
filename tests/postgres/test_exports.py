"""Exports at once: each report leaves in one bundle, and the bundles are one chain, whoever is killed."""

import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from analysis.identity import HybridIdentity
from intake import status
from intake.claim import take
from intake.crypto.manifest import FIRST_PREVIOUS, bundle_name, digest
from intake.directory import find_database, read, read_key
from intake.export import Bundle, ExportError, export
from intake.postgres import schema
from intake.retention import utc_today
from tests.acknowledging import write_acknowledgement
from tests.cluster import Cluster
from tests.intake.test_export import fill, manifest_of, names_in
from tests.serving import COMMAND, OCTETS, Server, make_data, run, sealed_body, snapshot, stored
from tests.sharing import connected, cut_off_before

SECONDS = 60
AT_ONCE = 4
# An export that says so, and waits, when it has written so many reports.
SLOW = """
import sys
from pathlib import Path
from intake.directory import find_database, read, read_key
from intake.export import export
data, out, number = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
def advance(reports):
    global number
    number -= reports
    if not number:
        print("under way", flush=True)
        sys.stdin.read()
export(find_database(data), out, read_key(data), advance=advance)
"""


@pytest.fixture
def data(tmp_path: Path, identity: HybridIdentity, cluster: Cluster) -> Path:
    """The data directory of the first machine."""
    return make_data(tmp_path / "one", identity, database=cluster.url(cluster.new_database(), tcp=True))


@pytest.fixture
def machines(data: Path) -> list[Path]:
    """The data directories of machines that may export: each has the key."""
    return [data, *(Path(shutil.copytree(data, data.with_name(f"machine{n}"))) for n in range(1, AT_ONCE))]


@pytest.fixture
def sticks(tmp_path: Path) -> list[Path]:
    folders = [tmp_path / f"stick{number}" for number in range(AT_ONCE)]
    for folder in folders:
        folder.mkdir()
    return folders


def begin(data: Path, stick: Path) -> "subprocess.Popen[str]":
    line = [*COMMAND, "export", "--data", str(data), "--out", str(stick)]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def chain(data: Path, sticks: list[Path]) -> list[bytes]:
    """The ids in all bundles on these sticks, which are one chain without a gap."""
    bundles = sorted((path for stick in sticks for path in stick.iterdir()), key=lambda path: path.name)
    assert [path.name for path in bundles] == [bundle_name(n) for n in range(1, len(bundles) + 1)]
    previous = FIRST_PREVIOUS
    for bundle in bundles:
        assert manifest_of(data, bundle).previous == previous
        previous = digest((bundle / "manifest").read_bytes())
    return [name.id for bundle in bundles for name in names_in(data, bundle)]


@contextmanager
def posting(server: Server, body: bytes) -> Iterator[set[bytes]]:
    """Reports that keep coming; the ids of those that were kept."""
    kept: set[bytes] = set()
    end = threading.Event()

    def post() -> None:
        draw = random.Random()
        with httpx.Client(base_url=server.address, timeout=SECONDS) as client:
            while not end.is_set():
                one = draw.randbytes(16) + body[16:]
                if client.post("/sealed", content=one, headers=OCTETS).status_code == 201:
                    kept.add(one[:16])

    threads = [threading.Thread(target=post) for _ in range(2)]
    for thread in threads:
        thread.start()
    yield kept
    end.set()
    for thread in threads:
        thread.join(SECONDS)


def test_four_machines_export_at_once_while_reports_come(
    machines: list[Path], sticks: list[Path], identity: HybridIdentity
) -> None:
    data = machines[0]
    fill(data, 200)
    with Server(data) as server, posting(server, sealed_body([identity.recipient])) as kept:
        for _ in range(2):
            before = len(kept)
            while len(kept) < before + 10:
                time.sleep(0.01)
            running = [begin(folder, stick) for folder, stick in zip(machines, sticks, strict=True)]
            told = [(one.communicate(timeout=SECONDS), one.returncode) for one in running]
            assert [status for _, status in told] == [0] * AT_ONCE, told
            assert all(said == "nothing new to export\n" or " report" in said for (said, _), _ in told)
    out(data, sticks[0])
    found = chain(data, sticks)
    print(f"{len(found)} reports in {sum(len(list(stick.iterdir())) for stick in sticks)} bundles")
    assert sorted(found) == sorted(stored(data))
    assert kept <= set(found)


def test_exports_within_each_other_take_a_share_each_and_are_one_chain(
    machines: list[Path], sticks: list[Path]
) -> None:
    done: list[Bundle | None] = []

    def one(left: int) -> Callable[[int], None]:
        def go_on(reports: int) -> None:
            assert reports == 10
            if left:
                nested(left - 1)

        return go_on

    def nested(number: int) -> None:
        fill(machines[number], 10, seed=number)
        database = find_database(machines[number])
        done.append(export(database, sticks[number], read_key(machines[number]), begin=one(number)))

    nested(AT_ONCE - 1)
    # The first to finish has the first number.
    assert [bundle and bundle.path for bundle in done] == [
        stick / bundle_name(number) for number, stick in enumerate(sticks, 1)
    ]
    assert sorted(chain(machines[0], sticks)) == sorted(stored(machines[0]))


def test_two_exports_of_one_machine_are_no_bar_to_each_other(data: Path, sticks: list[Path]) -> None:
    fill(data, 5)

    def second(reports: int) -> None:
        fill(data, 7, seed=2)
        assert out(data, sticks[0]) == (bundle_name(1), 7)

    assert export(find_database(data), sticks[0], read_key(data), begin=second)
    assert sorted(chain(data, sticks)) == sorted(stored(data))


def test_an_export_that_is_killed_beside_others_is_taken_up_by_the_next(
    machines: list[Path], sticks: list[Path]
) -> None:
    names = fill(machines[0], 300)
    killed = subprocess.Popen(
        [sys.executable, "-c", SLOW, machines[0], sticks[0], "200"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert killed.stdout
    assert killed.stdout.readline() == b"under way\n"
    # While it writes, another takes what is new.
    new = fill(machines[0], 20, seed=2)
    assert out(machines[1], sticks[1]) == (bundle_name(1), 20)
    killed.kill()
    killed.communicate()
    assert list(sticks[0].glob(".*/shard"))
    assert "the export of 300 files is under way, or was cut off" in said(machines[0])
    done = run("export", "--data", machines[0], "--out", sticks[0])
    assert done.stdout == f"{sticks[0] / bundle_name(2)}: 300 reports\n"
    assert sorted(chain(machines[0], sticks)) == sorted(name.id for name in names | new)
    assert not list(sticks[0].glob(".*"))
    assert "cut off" not in said(machines[0])


def said(data: Path) -> str:
    return "\n".join(status.describe(status.read(read(data), utc_today())))


def out(data: Path, stick: Path, again: int | None = None) -> tuple[str, int] | None:
    """What an export wrote: the name of the bundle, and how many reports are in it."""
    bundle = export(find_database(data), stick, read_key(data), again=again)
    return (bundle.path.name, bundle.reports) if bundle else None


@pytest.mark.parametrize("elsewhere", [True, False])
def test_a_bundle_that_has_its_number_keeps_it_when_its_export_is_killed(
    elsewhere: bool, data: Path, sticks: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(data, 10)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("intake.export._write_rest", killed)
    with pytest.raises(KeyboardInterrupt):
        export(find_database(data), sticks[0], read_key(data))
    monkeypatch.undo()
    assert "warning: bundle 1: its export is under way" in said(data)
    fill(data, 5, seed=2)
    with ExitStack() as other:
        # Somebody has that place, so this one takes what is new.
        other.enter_context(find_database(data).exporting())
        assert out(data, sticks[1]) == (bundle_name(2), 5)
    assert out(data, sticks[2 if elsewhere else 0]) == (bundle_name(1), 10)
    assert sorted(chain(data, sticks)) == sorted(stored(data))
    before = snapshot(sticks[1])
    shutil.rmtree(sticks[1] / bundle_name(2))
    assert out(data, sticks[1], again=2) == (bundle_name(2), 5)
    assert snapshot(sticks[1]) == before


def test_no_more_export_at_once_than_there_are_places(data: Path, sticks: list[Path]) -> None:
    database = find_database(data)
    with ExitStack() as others:
        places = [others.enter_context(database.exporting()) for _ in range(schema.PLACES)]
        assert sorted(places) == list(range(1, schema.PLACES + 1))
        with pytest.raises(ExportError, match="another command is at work"):
            export(database, sticks[0], read_key(data), patience=0)


def test_an_export_keeps_a_desk_s_word_waiting_on_another_machine(
    machines: list[Path], sticks: list[Path]
) -> None:
    fill(machines[0], 3)
    with find_database(machines[0]).exporting():
        done = run("acknowledge", "--data", machines[1], write_acknowledgement(sticks[1], machines[1]))
        assert (done.returncode, done.stdout) == (1, "")
        assert "another command is at work in postgresql://" in done.stderr
    with find_database(machines[0]).alone():
        done = run("export", "--data", machines[1], "--out", sticks[1], "--wait", "0")
        assert "another command is at work in postgresql://" in done.stderr
    assert out(machines[1], sticks[0]) == (bundle_name(1), 3)


def test_what_an_older_program_began_is_finished_before_others_go_on(data: Path, sticks: list[Path]) -> None:
    fill(data, 3)
    out(data, sticks[0])
    cut_off_before(data)
    fill(data, 2, seed=2)
    refused = pytest.raises(ExportError, match="bundle 1, which an older program began, is not finished")
    with find_database(data).exporting(), refused:
        out(data, sticks[0])
    assert [out(data, sticks[0]) for _ in range(2)] == [(bundle_name(1), 3), (bundle_name(2), 2)]
    assert sorted(chain(data, sticks)) == sorted(stored(data))


def test_what_was_taken_from_one_place_is_not_taken_from_another(data: Path) -> None:
    fill(data, 4)
    with connected(data) as connection:
        assert [take(connection, place) for place in (3, 5, 3)] == [-3, None, -3]
