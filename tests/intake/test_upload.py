"""Attachments over real HTTP, by both ways: whole and durable, or nothing of them."""

import io
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from analysis.identity import HybridIdentity
from analysis.unseal import unseal, unseal_bytes
from intake.crypto.attachment import ATTACHMENT_CLASSES, MAX_ATTACHMENT, content
from intake.crypto.padding import unpad
from intake.crypto.receipt import Receipt
from intake.crypto.recipients import Recipient
from intake.crypto.seal import seal_bytes, sealed_length
from intake.forms import report
from tests.attaching import (
    FORM,
    PDF,
    AttachingServer,
    left_over,
    post_files,
    sealed_file,
    sealed_report,
    stored_files,
)
from tests.serving import ENOUGH, OCTETS, Server, configure, make_data, snapshot, stored

FILE = b"%PDF-1.7\n" + bytes(range(256)) * 2_000
CANARY = b"zebrafinch-9182"
MEGABYTE = 1024 * 1024


@pytest.fixture(scope="session")
def recipients(identity: HybridIdentity) -> Sequence[Recipient]:
    return [identity.recipient]


@pytest.fixture
def server(data: Path) -> Iterator[AttachingServer]:
    with AttachingServer(data) as running:
        yield running


def the_report(data: Path, identity: HybridIdentity) -> report.Report:
    [sealed] = stored(data).values()
    return report.parse(unpad(unseal_bytes(sealed, [identity])), {FORM.digest: FORM})


def opened_files(data: Path, identity: HybridIdentity) -> list[bytes]:
    """The files that the one stored report names, as the desk would open them."""
    sealed = stored_files(data)
    return [
        b"".join(content(unseal(io.BytesIO(sealed[one.id]), [identity]), one))
        for one in the_report(data, identity).attachments
    ]


def eventually(true: Callable[[], bool]) -> bool:
    """Whether it becomes true within a few seconds."""
    until = time.monotonic() + 5
    while not true() and time.monotonic() < until:
        time.sleep(0.05)
    return true()


def test_a_sealed_attachment_is_kept_byte_for_byte(
    server: Server, recipients: Sequence[Recipient], identity: HybridIdentity
) -> None:
    receipt = Receipt.draw()
    posted, named = sealed_file(recipients, receipt, FILE)
    assert server.post_sealed(posted).status_code == 201
    assert server.post_sealed(sealed_report(recipients, receipt, [named])).status_code == 201
    assert stored_files(server.data) == {posted[:16]: posted[16:]}
    assert opened_files(server.data, identity) == [FILE]


def test_files_of_a_form_without_script_are_sealed_as_the_script_would(
    server: Server, recipients: Sequence[Recipient], identity: HybridIdentity
) -> None:
    files = [("a.pdf", FILE, PDF), ("none", b"", "application/octet-stream"), ("b.pdf", b"%PDF", PDF)]
    assert post_files(server, *files).status_code == 303
    assert opened_files(server.data, identity) == [FILE, b"%PDF"]
    lengths = sorted(map(len, stored_files(server.data).values()))
    assert lengths == [sealed_length(size, recipients) for size in ATTACHMENT_CLASSES[:2]]
    assert the_report(server.data, identity).attachments[0].id == the_report(
        server.data, identity
    ).receipt.attachment_id(1)


def test_an_attachment_sent_again_is_kept_once(server: Server, recipients: Sequence[Recipient]) -> None:
    posted, _ = sealed_file(recipients, Receipt.draw(), bytes(3 * MEGABYTE))
    assert [server.post_sealed(posted).status_code for _ in range(3)] == [201, 201, 201]
    assert stored_files(server.data) == {posted[:16]: posted[16:]}
    assert eventually(lambda: left_over(server.data) == 0)


def test_other_bytes_under_a_known_id_are_a_conflict(server: Server, recipients: Sequence[Recipient]) -> None:
    receipt = Receipt.draw()
    first, second = (sealed_file(recipients, receipt, bytes([one]) * 3 * MEGABYTE)[0] for one in (1, 2))
    assert server.post_sealed(first).status_code == 201
    assert server.post_sealed(second).status_code == 409
    assert stored_files(server.data) == {first[:16]: first[16:]}
    assert eventually(lambda: left_over(server.data) == 0)


def wrongly_sealed(recipients: Sequence[Recipient]) -> dict[str, bytes]:
    posted, _ = sealed_file(recipients, Receipt.draw(), b"%PDF")
    foreign = HybridIdentity.generate().recipient
    more = seal_bytes(bytes(ATTACHMENT_CLASSES[0]), [*recipients, foreign])
    return {
        "not age": posted[:16] + bytes(len(posted) - 16),
        "another stanza": posted.replace(b"mlkem768x25519", b"mlkem768x25510", 1),
        "a recipient too many": (posted[:16] + more)[: len(posted)],
        "another length": posted[:-1],
        "the length of no class": posted[:16] + seal_bytes(bytes(300_000), recipients),
    }


@pytest.mark.parametrize("flaw", wrongly_sealed([HybridIdentity.generate().recipient]))
def test_what_is_no_attachment_of_ours_is_refused(
    flaw: str, server: Server, recipients: Sequence[Recipient]
) -> None:
    answer = server.post_sealed(wrongly_sealed(recipients)[flaw])
    assert answer.status_code in (400, 413)
    assert answer.text.startswith("nothing was saved")
    assert stored_files(server.data) == {}
    assert eventually(lambda: left_over(server.data) == 0)


def test_an_intake_whose_forms_take_no_files_takes_no_attachment(
    shared_server: Server, recipients: Sequence[Recipient]
) -> None:
    posted, _ = sealed_file(recipients, Receipt.draw(), b"%PDF")
    assert shared_server.post_sealed(posted).status_code == 413
    assert not (shared_server.data / "attachments.db").exists()


@pytest.mark.parametrize(
    ("files", "words"),
    [
        pytest.param([("a.jpg", FILE, "image/jpeg")], "cannot take a file of this kind", id="a picture"),
        pytest.param([("a.pdf", b"\xff\xd8\xff" + FILE, PDF)], "of this kind", id="a renamed photo"),
        pytest.param([("a.pdf", b"\0\0\0\x18ftypheic", PDF)], "of this kind", id="a short one"),
        pytest.param([("a.exe", FILE, "application/x-msdownload")], "of this kind", id="another type"),
        pytest.param([("a.pdf", b"%PDF", PDF)] * 6, "5 files at most", id="six files"),
        pytest.param([("a.pdf", bytes(MAX_ATTACHMENT + 1), PDF)], "25 MB at most", id="too large"),
    ],
)
def test_a_file_that_cannot_be_taken_keeps_what_was_typed_and_stores_nothing(
    files: list[tuple[str, bytes, str]], words: str, server: Server
) -> None:
    typed: dict[str, Sequence[str]] = {**ENOUGH, "story": ["They took my bag."]}
    answer = post_files(server, *files, fields=typed)
    assert answer.status_code == 422
    assert words in answer.text
    assert "They took my bag." in answer.text
    assert stored(server.data) == {}
    assert stored_files(server.data) == {}
    assert eventually(lambda: left_over(server.data) == 0)


def test_a_problem_in_the_answers_stores_no_file(server: Server) -> None:
    answer = post_files(server, ("a.pdf", FILE, PDF), fields={"setting": ["police"]})
    assert answer.status_code == 422
    assert stored_files(server.data) == {}
    assert eventually(lambda: left_over(server.data) == 0)


def test_files_go_with_the_report_that_could_not_be_kept(data: Path) -> None:
    configure(data, max_reports=1)
    with AttachingServer(data) as server:
        assert post_files(server, ("a.pdf", FILE, PDF)).status_code == 303
        kept = stored_files(data)
        answer = post_files(server, ("b.pdf", FILE, PDF), ("c.pdf", FILE, PDF))
        assert answer.status_code == 503
        assert "Nothing was saved." in answer.text
        assert stored_files(data) == kept
        assert eventually(lambda: left_over(data) == 0)


def test_pictures_without_script_are_taken_where_organizers_allow_them(
    data: Path, identity: HybridIdentity
) -> None:
    file = data / "intake.toml"
    file.write_text(file.read_text().replace("photos_without_script = false", "photos_without_script = true"))
    with AttachingServer(data) as server:
        assert post_files(server, ("a.jpg", FILE, "image/jpeg")).status_code == 303
        assert opened_files(data, identity) == [FILE]


def test_text_beside_files_is_still_bounded(server: Server) -> None:
    fields: dict[str, Sequence[str]] = {**ENOUGH, "story": ["x" * 1_000_000]}
    assert post_files(server, ("a.pdf", FILE, PDF), fields=fields).status_code == 413
    assert stored_files(server.data) == {}


def test_an_upload_that_breaks_off_leaves_nothing(server: Server, recipients: Sequence[Recipient]) -> None:
    posted, _ = sealed_file(recipients, Receipt.draw(), bytes(3 * MEGABYTE))
    lines = ["POST /sealed HTTP/1.1", "Host: x", "Content-Type: application/octet-stream"]
    head = "\r\n".join([*lines, f"Content-Length: {len(posted)}", "", ""])
    with socket.create_connection(("127.0.0.1", int(server.address.rsplit(":", 1)[1]))) as raw:
        raw.sendall(head.encode() + posted[: 2 * MEGABYTE])
        assert eventually(lambda: left_over(server.data) > 0)
    assert eventually(lambda: left_over(server.data) == 0)
    assert stored_files(server.data) == {}


def test_an_upload_that_sends_nothing_more_gains_no_time_by_what_it_announces(
    data: Path, recipients: Sequence[Recipient]
) -> None:
    configure(data, max_seconds=1)
    posted, _ = sealed_file(recipients, Receipt.draw(), bytes(MAX_ATTACHMENT))
    lines = ["POST /sealed HTTP/1.1", "Host: x", "Content-Type: application/octet-stream"]
    head = "\r\n".join([*lines, f"Content-Length: {len(posted)}", "", ""]).encode()
    with AttachingServer(data) as server, ExitStack() as stack:
        port = int(server.address.rsplit(":", 1)[1])
        start = time.monotonic()
        silent = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(40)]
        for one in silent:
            one.settimeout(10)
            one.sendall(head + posted[:5_000])
        answers = sorted(one.recv(65_536)[:13] for one in silent)
        assert time.monotonic() - start < 8
        assert answers == [b"HTTP/1.1 408 "] * 32 + [b"HTTP/1.1 428 "] * 8, (
            "whoever finds no place works for one"
        )
        assert server.post_sealed(sealed_file(recipients, Receipt.draw(), FILE)[0]).status_code == 201
        assert eventually(lambda: left_over(data) == 0)


def test_large_files_count_for_as_many_reports_as_they_take_the_room_of(
    data: Path, recipients: Sequence[Recipient]
) -> None:
    # Six are free, and half of those without any work.
    configure(data, free_per_minute=3)
    posted, _ = sealed_file(recipients, Receipt.draw(), bytes(MAX_ATTACHMENT))
    with AttachingServer(data) as server:
        assert server.client.get("/challenge").text.startswith("1.0.")
        assert server.post_sealed(posted).status_code == 201
        assert server.client.get("/challenge").text.startswith("1.13.")


def test_every_acknowledged_attachment_is_there_after_the_server_is_killed(
    data: Path, recipients: Sequence[Recipient]
) -> None:
    bodies = [sealed_file(recipients, Receipt.draw(), os.urandom(2 * MEGABYTE))[0] for _ in range(12)]
    acknowledged: set[bytes] = set()
    with AttachingServer(data) as server:

        def post(body: bytes) -> None:
            try:
                if httpx.post(f"{server.address}/sealed", content=body, headers=OCTETS).status_code == 201:
                    acknowledged.add(body[:16])
            except httpx.HTTPError:
                return
            if len(acknowledged) == 4:
                os.kill(server.process.pid, signal.SIGKILL)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(post, bodies))
        server.process.wait(10)
    assert 4 <= len(acknowledged) < 12
    sealed = stored_files(data)
    assert acknowledged <= sealed.keys()
    assert all(sealed[body[:16]] == body[16:] for body in bodies if body[:16] in sealed)
    with AttachingServer(data):
        assert left_over(data) == 0
    assert acknowledged <= stored_files(data).keys()


def test_attachments_leave_the_last_of_the_disk_to_reports(
    tmp_path: Path, identity: HybridIdentity, recipients: Sequence[Recipient]
) -> None:
    data = make_data(tmp_path / "data", identity)
    disk = os.statvfs(tmp_path)
    configure(data, min_free_bytes=disk.f_bavail * disk.f_frsize // 2)
    receipt = Receipt.draw()
    with AttachingServer(data) as server:
        assert server.post_sealed(sealed_file(recipients, receipt, FILE)[0]).status_code == 503
        answer = post_files(server, ("a.pdf", FILE, PDF), fields={**ENOUGH, "story": ["They took my bag."]})
        assert answer.status_code == 503
        assert "Nothing was saved. What you wrote is still on this page." in answer.text
        assert "They took my bag." in answer.text
        assert stored(data) == {}
        assert server.post_sealed(sealed_report(recipients, receipt, [])).status_code == 201
    assert stored_files(data) == {}


def test_no_word_of_an_uploaded_file_is_in_any_file(tmp_path: Path, identity: HybridIdentity) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    data = make_data(tmp_path / "data", identity)
    environment = {"TMPDIR": str(temporary), "PATH": "/usr/bin:/bin", "PYTHONPATH": os.getcwd()}
    file = (f"{CANARY.decode()}.pdf", CANARY * 200_000, PDF)
    with AttachingServer(data, env=environment, cwd=temporary) as server:
        assert post_files(server, file).status_code == 303
        assert post_files(server, file, fields={"setting": ["police"]}).status_code == 422
        assert post_files(server, (file[0], file[1], "image/jpeg")).status_code == 422
        while_running = snapshot(tmp_path)
    files = {**while_running, **{f"after {name}": text for name, text in snapshot(tmp_path).items()}}
    assert any(name.endswith("attachments.db-wal") for name in while_running)
    assert not [name for name, text in files.items() if CANARY in text]
    assert not list(temporary.iterdir())


@pytest.mark.parametrize("way", ["sealed", "form"])
def test_ten_of_the_largest_files_at_once_take_little_memory(
    way: str, server: Server, recipients: Sequence[Recipient]
) -> None:
    if way == "sealed":
        posted, _ = sealed_file(recipients, Receipt.draw(), bytes(MAX_ATTACHMENT))

    def send(number: int) -> int:
        if way == "sealed":
            body = number.to_bytes(16, "big") + posted[16:]
            return httpx.post(
                f"{server.address}/sealed", content=body, headers=OCTETS, timeout=120
            ).status_code
        return post_files(server, ("a.pdf", bytes(MAX_ATTACHMENT), PDF)).status_code

    server.client.timeout = httpx.Timeout(120)
    with ThreadPoolExecutor(10) as pool:
        statuses = list(pool.map(send, range(10)))
    assert statuses == [201 if way == "sealed" else 303] * 10
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    [peak] = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")]
    print(f"peak memory, {way}: {peak // 1024} MiB")
    assert peak < 150 * 1024, f"{peak // 1024} MiB"
