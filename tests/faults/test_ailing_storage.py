"""What the reports are kept in fails under a running server: it says so, loses nothing, and comes back.

`make soak` locks the file for longer than the server waits (WITNESSBOX_LOCKED=35), `make test` shorter.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from analysis.identity import HybridIdentity
from tests.cluster import Cluster
from tests.faults.chain import Ledger, Reporter
from tests.faults.test_full_disks import small_disk
from tests.serving import ENOUGH, Server, make_data, sealed_body, stored
from tests.working import post_sealed

LOCKED_SECONDS = float(os.environ.get("WITNESSBOX_LOCKED", "1"))
SECONDS = 120
NOT_NOW = "nothing was saved: try again later\n"
NOTHING_SAVED = "Nothing was saved"
_LOCK = """import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("BEGIN EXCLUSIVE")
print(1, flush=True)
sys.stdin.read()
"""

rootly = pytest.mark.skipif(os.getuid() != 0, reason="only root may make a file system or a file unwritable")


def wait_until(happened: Callable[[], bool]) -> None:
    """Looks again and again, for a bounded time."""
    end = time.monotonic() + SECONDS
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


class Reports:
    """Reports of one test: those that were taken, and how those that are not are answered."""

    def __init__(self, server: Server, identity: HybridIdentity) -> None:
        self._server, self._identity = server, identity
        self.taken: dict[bytes, bytes] = {}

    def send(self) -> httpx.Response:
        """Sends a new one as the script does."""
        body = sealed_body([self._identity.recipient])
        answer = self._server.post_sealed(body)
        if answer.status_code == 201:
            self.taken[body[:16]] = body[16:]
        return answer

    def are_refused_calmly(self) -> None:
        """By both ways, with words that are true, and what was typed is given back; pages are there."""
        answer = self.send()
        assert (answer.status_code, answer.text) == (503, NOT_NOW)
        assert int(answer.headers["retry-after"]) > 0
        page = self._server.post_form({**ENOUGH, "story": ["my words"]})
        assert page.status_code == 503
        assert NOTHING_SAVED in page.text
        assert "my words" in page.text
        assert self._server.client.get("/healthz").status_code == 503
        assert self._server.client.get("/en/").status_code == 200

    def are_taken(self) -> None:
        """Both ways, by the same process."""
        wait_until(lambda: self.send().status_code == 201)
        answer = self._server.post_form(ENOUGH)
        assert answer.status_code == 303
        # Who asks often is told the same for a few seconds.
        wait_until(lambda: self._server.client.get("/healthz").status_code == 200)

    def are_kept(self, typed: int) -> None:
        """Those that were acknowledged and no other, with their bytes."""
        found = stored(self._server.data)
        assert self.taken.items() <= found.items()
        assert len(found) == len(self.taken) + typed


@rootly
def test_a_disk_that_fills_up_and_has_room_again_is_used_by_the_same_server(
    tmp_path: Path, identity: HybridIdentity
) -> None:
    (tmp_path / "disk").mkdir()
    with small_disk(tmp_path / "disk", "8m") as disk:
        data = make_data(disk / "data", identity, min_free_bytes=1_000_000)
        with Server(data) as server:
            reports = Reports(server, identity)
            for _ in range(2):
                reports.are_taken()
                filler = disk / "somebody else's file"
                subprocess.run(
                    ["dd", "if=/dev/zero", f"of={filler}", "bs=4096"], capture_output=True, check=False
                )
                reports.are_refused_calmly()
                filler.unlink()
            reports.are_taken()
            reports.are_kept(typed=3)


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Another process has the file to itself until the block ends."""
    line = [sys.executable, "-c", _LOCK, str(file)]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdout.readline() == b"1\n"
        yield
        assert other.stdin
        other.stdin.close()
        assert other.wait(SECONDS) == 0


def test_a_database_that_another_process_holds_is_waited_for_or_it_is_said(
    data: Path, identity: HybridIdentity
) -> None:
    with Server(data) as server:
        reports, answers = Reports(server, identity), []
        reports.are_taken()
        bodies = [sealed_body([identity.recipient]) for _ in range(8)]

        def send(body: bytes) -> None:
            with httpx.Client(base_url=server.address, timeout=SECONDS) as client:
                answer = post_sealed(client, body)
            answers.append(answer)
            if answer.status_code == 201:
                reports.taken[body[:16]] = body[16:]

        senders = [threading.Thread(target=send, args=(body,)) for body in bodies]
        with locked(data / "reports.db"):
            for sender in senders:
                sender.start()
            # Whoever only reads waits for nobody.
            assert server.client.get("/en/report/").status_code == 200
            for sender in senders:
                sender.join(LOCKED_SECONDS / len(senders))
        for sender in senders:
            sender.join(SECONDS)
        # The server waits for half a minute before it gives up.
        told = {201} if LOCKED_SECONDS < 20 else {201, 503}
        assert {answer.status_code for answer in answers} <= told
        assert len(answers) == len(bodies)
        assert all(answer.text == NOT_NOW for answer in answers if answer.status_code == 503)
        print("answers to who waited:", sorted(answer.status_code for answer in answers))
        reports.are_taken()
        reports.are_kept(typed=2)


def _run(*line: str | Path) -> str:
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def ext4(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, of the kind that servers have; it becomes read-only when it meets an error."""
    image, place = tmp_path / "image", tmp_path / "disk"
    place.mkdir()
    with image.open("wb") as file:
        file.truncate(64 * 1024**2)
    _run("mkfs.ext4", "-q", image)
    try:
        device = _run("losetup", "--find", "--show", image)
    except AssertionError as error:
        pytest.skip(f"a container has no loop devices; a disk that is full stands in for it: {error}")
    with ExitStack() as stack:
        stack.callback(_run, "losetup", "--detach", device)
        _run("mount", "-o", "errors=remount-ro", device, place)
        stack.callback(_run, "umount", place)
        yield place


def _unwritable(files: Sequence[Path], sign: str) -> None:
    _run("chattr", f"{sign}i", *files)


@rootly
def test_files_that_may_not_be_written_for_a_while_are_written_again_afterwards(
    ext4: Path, identity: HybridIdentity
) -> None:
    data = make_data(ext4 / "data", identity, min_free_bytes=1_000_000)
    with Server(data) as server:
        reports = Reports(server, identity)
        reports.are_taken()
        files = list(data.glob("reports.db*"))
        _unwritable(files, "+")
        try:
            reports.are_refused_calmly()
        finally:
            _unwritable(files, "-")
        reports.are_taken()
        reports.are_kept(typed=2)


@rootly
def test_a_disk_that_becomes_read_only_loses_nothing_and_stops_nobody_from_reading(
    ext4: Path, identity: HybridIdentity
) -> None:
    data = make_data(ext4 / "data", identity, min_free_bytes=1_000_000)
    device = _run("findmnt", "--noheadings", "--output", "SOURCE", ext4)
    with Server(data) as server:
        reports = Reports(server, identity)
        for _ in range(5):
            reports.are_taken()
        # As the kernel does when the device fails it.
        Path(f"/sys/fs/ext4/{Path(device).name}/trigger_fs_error").write_text("a test")
        reports.are_refused_calmly()
        assert "Traceback" not in server.errors()
    # What an organizer does: the disk is looked over, and everything started again.
    _run("umount", ext4)
    assert subprocess.run(["fsck.ext4", "-p", "-f", device], capture_output=True, check=False).returncode < 4
    _run("mount", "-o", "errors=remount-ro", device, ext4)
    with Server(data) as server:
        reports._server = server
        reports.are_taken()
        reports.are_kept(typed=6)


def test_a_postgresql_that_is_restarted_under_load_is_found_again_and_has_everything(
    tmp_path: Path, identity: HybridIdentity
) -> None:
    with Cluster() as cluster:
        data = make_data(tmp_path / "data", identity, database=cluster.url(cluster.new_database()))
        ledger = Ledger()
        with Server(data) as server:
            senders = [Reporter(server.address, [identity.recipient], ledger, 0.02) for _ in range(4)]
            for sender in senders:
                sender.start()
            # In order, and as when the power fails.
            for end in (cluster.stop, cluster.kill, None):
                wanted = len(ledger.acknowledged) + 5
                wait_until(lambda wanted=wanted: len(ledger.acknowledged) > wanted)  # type: ignore[misc]
                if end:
                    end()
                    answer = Reports(server, identity).send()
                    assert (answer.status_code, answer.text) == (503, NOT_NOW)
                    assert server.client.get("/en/report/").status_code == 200
                    cluster.start()
            server.process.kill()
            for sender in senders:
                sender.join(SECONDS)
        found = stored(data)
        print(f"{len(ledger.tried)} tried, {len(ledger.acknowledged)} acknowledged, {len(found)} kept")
        assert ledger.acknowledged <= found.keys() <= ledger.tried
