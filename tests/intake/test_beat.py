"""P3: what the file system notes of when files were written tells of the last beat, never of a report."""

import os
import re
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from analysis.identity import HybridIdentity
from intake.app import STATIC
from intake.beat import beating, touch
from intake.crypto import code
from intake.crypto.receipt import Receipt
from intake.crypto.recipients import Recipient
from templates import TEMPLATES
from tests.attaching import AttachingServer, sealed_file
from tests.serving import ENOUGH, Server, sealed_body

WORDS = Path(code.__file__).parent / "words"
BEAT = 2.5
# The clock of a file system is the last tick of the kernel's.
TICK = 0.02


class BeatingServer(AttachingServer):
    """A running intake that takes attachments, and whose beat is quicker, for a shorter test."""

    command = (  # type: ignore[assignment]
        *(sys.executable, "-c"),
        "from intake.beat import beating; "
        f"beating.__wrapped__.__defaults__ = ({BEAT},); "
        "import tests.attaching; tests.attaching.main()",
    )


@pytest.fixture
def recipients(identity: HybridIdentity) -> Sequence[Recipient]:
    return [identity.recipient]


def times(data: Path) -> dict[str, list[float]]:
    """All times that the file system tells of the databases, their journals and the directory."""
    paths = [*data.glob("*.db*"), data]
    return {
        path.name: [path.stat().st_mtime, path.stat().st_ctime, path.stat().st_atime]
        for path in paths
        if path.exists()
    }


def send(server: Server, recipients: Sequence[Recipient]) -> tuple[float, float]:
    """A report by each way, and an attachment; when that began and ended."""
    start = time.time()
    receipt = Receipt.draw()
    assert server.post_sealed(sealed_file(recipients, receipt, b"%PDF" * 100_000)[0]).status_code == 201
    assert server.post_sealed(sealed_body(recipients)).status_code == 201
    assert server.post_form(ENOUGH).status_code == 303
    return start - TICK, time.time() + TICK


def within(data: Path, start: float, end: float) -> list[str]:
    """The files of which a time lies between two times."""
    return [name for name, told in times(data).items() if any(start <= one <= end for one in told)]


def test_after_a_beat_no_time_of_any_file_tells_when_a_report_came(
    data: Path, recipients: Sequence[Recipient]
) -> None:
    with BeatingServer(data) as server:
        start, end = send(server, recipients)
        assert within(data, start, end), "this test sees the time of a report where there is one"
        # The file is put in order two seconds after the last report, which is a time of its own.
        quiet = end + 4
        while time.time() < quiet + BEAT:
            time.sleep(0.1)
        told = times(data)
        assert {
            "reports.db",
            "reports.db-wal",
            "attachments.db",
            "attachments.db-wal",
            data.name,
        } <= told.keys()
        assert all(one > quiet for name, one_file in told.items() for one in one_file[:2]), told
        # All were touched together, and not when something was written.
        written = [one for one_file in told.values() for one in one_file[:2]]
        assert max(written) - min(written) < 0.2


def test_a_server_that_stops_leaves_the_time_at_which_it_stopped(
    data: Path, recipients: Sequence[Recipient]
) -> None:
    with AttachingServer(data) as server:
        start, end = send(server, recipients)
        time.sleep(0.1)
        server.stop(signal.SIGTERM)
    assert within(data, start, end) == []


def test_a_start_covers_the_times_that_a_killed_server_left(
    data: Path, recipients: Sequence[Recipient]
) -> None:
    with AttachingServer(data) as server:
        start, end = send(server, recipients)
        time.sleep(0.1)
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait(10)
    assert within(data, start, end)
    with AttachingServer(data):
        assert within(data, start, end) == []


def opened_since(log: Path, start: int) -> set[str]:
    """The files that a server under strace opened since its log had so many letters."""
    lines = log.read_text().replace(" <unfinished ...>", ") = 1")[start:].splitlines()
    return {found[1] for line in lines if "ENOENT" not in line and (found := re.search(r'"(.+?)"', line))}


def test_no_file_that_is_read_for_a_visitor_tells_when_they_came(data: Path, tmp_path: Path) -> None:
    log = tmp_path / "opened.txt"
    strace = ["strace", "-f", "-qq", "-e", "trace=open,openat", "-o", str(log)]
    with AttachingServer(data, prefix=strace) as server:
        start = len(log.read_text())
        for path in (
            "/en/",
            "/es/start",
            "/en/who",
            "/es/report/",
            "/en/code",
            "/es/code",
            "/es/upload",
            "/no",
        ):
            page = server.client.get(path).text
            for address in re.findall(r'(?:src|href)="(/(?:static|code|forms|upload)/[^"]+)"', page):
                assert server.client.get(address).status_code == 200
        assert server.post_form(ENOUGH).status_code == 303
        assert server.client.get("/en/sent?sealed_by=browser").status_code == 200
    ours = (str(STATIC), str(TEMPLATES), str(WORDS))
    assert any(path.startswith(ours) for path in opened_since(log, 0)), "this test sees what is opened"
    assert not [path for path in opened_since(log, start) if path.startswith(ours)]


def test_a_beat_covers_when_the_cards_of_desks_were_looked_at(data: Path) -> None:
    os.utime(data / "desks", (0, 0))
    touch(data)
    assert (data / "desks").stat().st_atime > 0


def test_other_files_keep_their_times(data: Path) -> None:
    before = (data / "intake.toml").stat().st_mtime_ns
    touch(data)
    assert (data / "intake.toml").stat().st_mtime_ns == before


@pytest.fixture
def gone(tmp_path: Path) -> Path:
    """A directory that is gone."""
    return tmp_path / "gone"


def test_a_beat_that_cannot_touch_anything_goes_on(gone: Path) -> None:
    with beating(gone, seconds=0.01):
        time.sleep(0.05)
        gone.mkdir()
        (gone / "reports.db").touch()
        os.utime(gone / "reports.db", (0, 0))
        time.sleep(0.05)
        assert (gone / "reports.db").stat().st_mtime > 0
