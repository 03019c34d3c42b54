"""The running server: how it starts, stops and meets a full disk."""

import os
import re
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from analysis.identity import HybridIdentity
from intake.crypto.receipt import Receipt
from tests.attaching import AttachingServer, left_over, sealed_file, stored_files
from tests.cards import DESK
from tests.serving import ENOUGH, Server, configure, make_data, run, sealed_body, stored

NOTHING_SAVED = "Nothing was saved."
CARD = f"desks/{DESK.verify_key.public.hex()[:16]}.pub"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server_cleanly(number: signal.Signals, data: Path) -> None:
    with Server(data) as server:
        assert server.post_form(ENOUGH).status_code == 303
        assert server.stop(number) == 0
    assert server.errors() == ""
    assert len(stored(data)) == 1


def test_a_port_in_use_is_said_in_two_lines(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("serve", "--data", data, "--port", str(port))
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        f"witnessbox-intake: error: cannot listen on 127.0.0.1 port {port}: address already in use",
        "hint: choose another with --port or --host",
    ]


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        pytest.param("intake.toml", None, "intake.toml: No such file or directory", id="no settings"),
        pytest.param("intake.toml", "forms = []", '"exit_url" is missing', id="short settings"),
        pytest.param(CARD, "age1pq1nonsense\n", ": the desk's card is not one of", id="broken card"),
        pytest.param(CARD, None, "no desk is known in ", id="no card"),
        pytest.param("reports.db", None, "there is no ", id="no database"),
        pytest.param("reports.db", "words", "is not a file of reports", id="broken database"),
    ],
)
def test_a_file_that_cannot_be_used_stops_the_start(
    file: str, content: str | None, message: str, data: Path
) -> None:
    for left in data.glob(f"{file}*"):
        left.unlink()
    if content is not None:
        (data / file).write_text(content)
    done = run("serve", "--data", data, "--port", "0")
    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr.splitlines()[0]
    assert len(done.stderr.splitlines()) <= 2


@pytest.mark.parametrize("table", ["places", "bodies"])
def test_a_damaged_file_of_reports_ends_the_start_in_two_lines(data: Path, table: str) -> None:
    with closing(sqlite3.connect(data / "reports.db")) as connection:
        query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        (page,) = connection.execute(query, (table,)).fetchone()
    assert page > 1
    content = bytearray((data / "reports.db").read_bytes())
    content[(page - 1) * 4096 : page * 4096] = b"\xff" * 4096
    (data / "reports.db").write_bytes(content)
    done = run("serve", "--data", data, "--port", "0")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        f"witnessbox-intake: error: {data / 'reports.db'} is damaged",
        "hint: copy the whole data directory before anything else is tried",
    ]


def test_a_start_without_room_on_the_disk_says_so(small_disk: Path, identity: HybridIdentity) -> None:
    data = make_data(small_disk / "data", identity)
    with closing(sqlite3.connect(data / "reports.db")) as connection, connection:
        connection.execute("DELETE FROM forms")
    with suppress(OSError), (small_disk / "filler").open("wb") as filler:
        while True:
            filler.write(bytes(4096))
            filler.flush()
    done = run("serve", "--data", data, "--port", "0")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.match("witnessbox-intake: error: .*(no room|failed, or is full)", done.stderr)
    assert len(done.stderr.splitlines()) <= 2


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of 4 MB."""
    folder = Path(tempfile.mkdtemp())
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], check=False, capture_output=True
    )
    if mounted.returncode:
        shutil.rmtree(folder)
        pytest.skip("only root may mount a small file system; the file size limit stands in for it")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)
    shutil.rmtree(folder)


def test_a_disk_that_fills_up_in_the_middle_of_an_upload_keeps_nothing_of_it(
    small_disk: Path, identity: HybridIdentity
) -> None:
    subprocess.run(["mount", "-o", "remount,size=120m", small_disk], check=True)
    # Attachments stop at four times this; what was begun must still fit twice, to be wiped away.
    data = make_data(small_disk / "data", identity, min_free_bytes=12_000_000)
    body = sealed_file([identity.recipient], Receipt.draw(), bytes(20_000_000))[0]
    acknowledged = set()
    with AttachingServer(data) as server:
        statuses = []
        while 503 not in statuses and len(statuses) < 6:
            name = os.urandom(16)
            statuses.append(server.post_sealed(name + body[16:]).status_code)
            if statuses[-1] == 201:
                acknowledged.add(name)
        assert statuses == [201] * (len(statuses) - 1) + [503]
        assert server.post_sealed(sealed_body([identity.recipient])).status_code == 201
        until = time.monotonic() + 10
        while left_over(data) and time.monotonic() < until:
            time.sleep(0.1)
        assert left_over(data) == 0
    assert acknowledged
    assert stored_files(data).keys() == acknowledged
    assert len(stored(data)) == 1


def check_full(server: Server, identity: HybridIdentity) -> None:
    """Posts until nothing more is taken; then what was acknowledged is there and nothing else."""
    acknowledged = set()
    refused = 0
    # One may be refused and the next still fit: how many pages a row takes depends on its neighbours.
    while refused < 5:
        body = sealed_body([identity.recipient])
        answer = server.post_sealed(body)
        assert answer.status_code == (201 if answer.is_success else 503)
        refused = 0 if answer.is_success else refused + 1
        if answer.is_success:
            acknowledged.add(body[:16])
            assert len(acknowledged) < 500
    assert answer.text == "nothing was saved: try again later\n"
    assert server.client.get("/healthz").status_code == 503
    page = server.post_form({**ENOUGH, "story": ["my words"]})
    assert page.status_code == 503
    assert int(page.headers["retry-after"]) > 0
    assert int(answer.headers["retry-after"]) > 0
    assert NOTHING_SAVED in page.text
    assert "my words" in page.text
    assert acknowledged
    assert server.client.get("/en/").status_code == 200
    server.stop(signal.SIGTERM)
    assert stored(server.data).keys() == acknowledged
    assert "my words" not in server.errors()


def test_a_full_disk_leaves_no_part_of_a_report_behind(small_disk: Path, identity: HybridIdentity) -> None:
    data = make_data(small_disk / "data", identity, min_free_bytes=1)
    with Server(data) as server:
        check_full(server, identity)


def test_the_room_that_is_to_stay_free_stays_free(small_disk: Path, identity: HybridIdentity) -> None:
    data = make_data(small_disk / "data", identity, min_free_bytes=2_000_000)
    with Server(data) as server:
        check_full(server, identity)
        assert shutil.disk_usage(small_disk).free > 1_500_000


def test_a_file_that_may_not_grow_leaves_no_part_of_a_report_behind(
    data: Path, identity: HybridIdentity
) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    with Server(data, preexec_fn=limit) as server:
        check_full(server, identity)


def test_a_full_intake_takes_reports_again_once_there_is_room(data: Path, identity: HybridIdentity) -> None:
    configure(data, max_reports=1)
    with Server(data) as server:
        check_full(server, identity)
    configure(data, max_reports=2)
    with Server(data) as server:
        assert server.post_form(ENOUGH).status_code == 303
