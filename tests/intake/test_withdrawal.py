"""Who shows the token of a report takes it back, to its last byte, unless a bundle has it already."""

import os
import signal
import socket
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from analysis.identity import HybridIdentity
from intake.crypto.receipt import Receipt
from intake.evenly import SECONDS
from tests.acknowledging import write_acknowledgement
from tests.attaching import AttachingServer, sealed_file, stored_files
from tests.faults.chain import sealed_body
from tests.intake.test_acknowledge import taken
from tests.running import configure
from tests.serving import OCTETS, Server, make_data, run, snapshot, stored
from tests.sharing import both, connected
from tests.working import solve


def withdraw(server: Server, receipt: Receipt) -> int:
    return server.client.post("/withdraw", content=receipt.withdraw, headers=OCTETS).status_code


def send(server: Server, identity: HybridIdentity, receipt: Receipt, files: int = 0) -> list[bytes]:
    """A report with so many attachments; a part of each sealed body, to look for in files."""
    bodies = []
    for number in range(1, files + 1):
        content = os.urandom(300_000)
        bodies.append(sealed_file([identity.recipient], receipt, content, number)[0])
    bodies.append(sealed_body(receipt, [identity.recipient]))
    for body in bodies:
        assert server.post_sealed(body).status_code == 201
    # From the end, the middle and behind the header of each.
    return [body[place : place + 32] for body in bodies for place in (2_000, len(body) // 2, len(body) - 40)]


def traces(folder: Path, parts: list[bytes]) -> list[str]:
    """The files below a folder that hold any of these bytes."""
    return [name for name, content in snapshot(folder).items() if any(part in content for part in parts)]


def test_a_report_that_is_taken_back_is_in_no_byte_while_the_server_runs(
    server: Server, identity: HybridIdentity
) -> None:
    gone, kept = Receipt.draw(), Receipt.draw()
    parts, others = send(server, identity, gone), send(server, identity, kept)
    assert traces(server.data, parts)
    assert withdraw(server, gone) == 200
    assert stored(server.data).keys() == {kept.id}
    assert traces(server.data, parts) == []
    assert traces(server.data, others)


def test_its_attachments_go_with_it_and_those_of_others_stay(data: Path, identity: HybridIdentity) -> None:
    with AttachingServer(data) as server:
        gone, kept = Receipt.draw(), Receipt.draw()
        parts, others = send(server, identity, gone, 2), send(server, identity, kept, 1)
        assert withdraw(server, gone) == 200
        assert stored_files(data).keys() == {kept.attachment_id(1)}
        assert traces(data, parts) == []
        assert traces(data, others)


def test_the_same_request_again_finds_nothing(server: Server, identity: HybridIdentity) -> None:
    receipt = Receipt.draw()
    send(server, identity, receipt)
    assert [withdraw(server, receipt) for _ in range(3)] == [200, 404, 404]


def test_the_id_of_a_report_takes_nothing_back(server: Server, identity: HybridIdentity) -> None:
    receipt = Receipt.draw()
    send(server, identity, receipt)
    guesses = [receipt.id * 2, receipt.reply, receipt.box * 2, os.urandom(32)]
    for guess in guesses:
        assert server.client.post("/withdraw", content=guess, headers=OCTETS).status_code == 404
    assert stored(server.data).keys() == {receipt.id}


@both
def test_a_report_in_a_bundle_stays_and_the_bundle_is_written_again_to_the_same_bytes(
    data: Path, tmp_path: Path, identity: HybridIdentity
) -> None:
    receipt, sticks = Receipt.draw(), [tmp_path / "first", tmp_path / "second"]
    for stick in sticks:
        stick.mkdir()
    with AttachingServer(data) as server:
        send(server, identity, receipt, 1)
        assert run("export", "--data", data, "--out", sticks[0]).returncode == 0
        assert withdraw(server, receipt) == 404
        assert run("export", "--data", data, "--out", sticks[1], "--again", "1").returncode == 0
    assert snapshot(sticks[0]) == snapshot(sticks[1])
    assert stored(data).keys() == {receipt.id}


@both
def test_a_report_in_a_bundle_that_was_begun_and_cut_off_stays(
    data: Path, tmp_path: Path, identity: HybridIdentity
) -> None:
    receipt, later = Receipt.draw(), Receipt.draw()
    with Server(data) as server:
        send(server, identity, receipt)
        # The first step of an export, which settles what is in the bundle.
        with connected(data) as connection:
            connection.execute("INSERT INTO bundled SELECT id, 1 FROM reports")
            connection.execute("INSERT INTO bundles (sequence) VALUES (1)")
            connection.execute("INSERT INTO exports (place, bundle) VALUES (1, 1)")
        send(server, identity, later)
        assert (withdraw(server, receipt), withdraw(server, later)) == (404, 200)
        assert run("export", "--data", data, "--out", tmp_path).stdout.endswith(": 1 report\n")


@both
def test_an_attachment_that_left_before_its_report_stays_in_its_bundle(
    data: Path, tmp_path: Path, identity: HybridIdentity
) -> None:
    receipt, sticks = Receipt.draw(), [tmp_path / "first", tmp_path / "second"]
    for stick in sticks:
        stick.mkdir()
    with AttachingServer(data) as server:
        body, _ = sealed_file([identity.recipient], receipt, os.urandom(300_000))
        assert server.post_sealed(body).status_code == 201
        assert run("export", "--data", data, "--out", sticks[0]).returncode == 0
        second, _ = sealed_file([identity.recipient], receipt, os.urandom(300_000), 2)
        assert server.post_sealed(second).status_code == 201
        assert server.post_sealed(sealed_body(receipt, [identity.recipient])).status_code == 201
        assert withdraw(server, receipt) == 200
        assert run("export", "--data", data, "--out", sticks[1], "--again", "1").returncode == 0
    assert (stored(data), stored_files(data).keys()) == ({}, {receipt.attachment_id(1)})
    assert snapshot(sticks[0]) == snapshot(sticks[1])


@both
def test_an_acknowledged_report_is_not_here_to_delete(
    data: Path, tmp_path: Path, identity: HybridIdentity
) -> None:
    receipt = Receipt.draw()
    with Server(data) as server:
        send(server, identity, receipt)
        assert run("export", "--data", data, "--out", tmp_path).returncode == 0
        taken(data, write_acknowledgement(tmp_path, data, 1))
        assert withdraw(server, receipt) == 404


def test_a_withdrawn_report_leaves_room_for_another(tmp_path: Path, identity: HybridIdentity) -> None:
    with Server(make_data(tmp_path / "data", identity, max_reports=2)) as server:
        receipts = [Receipt.draw() for _ in range(3)]
        for receipt in receipts[:2]:
            send(server, identity, receipt)
        body = sealed_body(receipts[2], [identity.recipient])
        assert server.client.post("/sealed", content=body, headers=OCTETS).status_code != 201
        assert withdraw(server, receipts[0]) == 200
        assert server.post_sealed(body).status_code == 201


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        pytest.param(bytes(31), "application/octet-stream", 400, id="too short"),
        pytest.param(bytes(33), "application/octet-stream", 413, id="too long"),
        pytest.param(b"", "application/octet-stream", 400, id="nothing"),
        pytest.param(bytes(32), "text/plain", 415, id="what another site's form may send"),
    ],
)
def test_what_is_no_token_is_refused_in_one_line(
    content: bytes, kind: str, status: int, shared_server: Server
) -> None:
    answer = shared_server.client.post("/withdraw", content=content, headers={"content-type": kind})
    assert (answer.status_code, answer.text) == (status, "nothing was deleted\n")


def test_only_a_post_takes_back(shared_server: Server) -> None:
    answer = shared_server.client.get("/withdraw")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@both
def test_a_busy_server_asks_for_work_before_it_takes_back(data: Path, identity: HybridIdentity) -> None:
    configure(data, free_per_minute=1)
    with Server(data) as server:
        receipt = Receipt.draw()
        send(server, identity, receipt)
        for _ in range(4):
            answer = server.client.post("/withdraw", content=receipt.withdraw, headers=OCTETS)
            if answer.status_code != 428:
                break
            work = solve(answer.headers["witnessbox-challenge"], receipt.withdraw)
            headers = {**OCTETS, "witnessbox-work": work}
            answer = server.client.post("/withdraw", content=receipt.withdraw, headers=headers)
        assert answer.status_code == 200
        flood = [
            server.client.post("/withdraw", content=os.urandom(32), headers=OCTETS).status_code
            for _ in range(4)
        ]
    assert 428 in flood


def raw_answer(server: Server, receipt: Receipt) -> tuple[bytes, float]:
    """Every byte of the answer as it comes, and the seconds until its last."""
    port = int(server.address.rsplit(":", 1)[1])
    head = (
        "POST /withdraw HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        "Content-Type: application/octet-stream\r\nContent-Length: 32\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port)) as connection:
        start = time.perf_counter()
        connection.sendall(head.encode() + receipt.withdraw)
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
        return answer, time.perf_counter() - start


TRIES = 15
# Seconds. A deletion is synced to the disk, and finding nothing is not: without even moments they differ
# by as much.
TOLERANCE = 0.02


def test_deleting_and_finding_nothing_have_one_length_and_one_time(
    server: Server, identity: HybridIdentity
) -> None:
    receipts = [Receipt.draw() for _ in range(TRIES)]
    for receipt in receipts:
        send(server, identity, receipt)
    times: dict[bytes, list[float]] = {b"200": [], b"404": []}
    lengths = set()
    for receipt in receipts:
        for one in (receipt, Receipt.draw()):
            answer, seconds = raw_answer(server, one)
            lengths.add(len(answer))
            times[answer[9:12]].append(seconds)
    more = statistics.median(one - other for one, other in zip(*times.values(), strict=True))
    print(f"a deletion takes {1000 * more:+.1f} ms more, of {1000 * min(times[b'404']):.1f} ms")
    assert [len(found) for found in times.values()] == [TRIES, TRIES]
    assert len(lengths) == 1
    assert abs(more) < TOLERANCE
    assert min(min(found) for found in times.values()) >= SECONDS


@both
@pytest.mark.parametrize("kill", range(4))
def test_a_server_that_is_killed_keeps_a_report_whole_or_not_at_all(
    kill: int, data: Path, identity: HybridIdentity
) -> None:
    receipts = [Receipt.draw() for _ in range(12)]
    parts: dict[Receipt, list[bytes]] = {}
    acknowledged: set[Receipt] = set()
    with AttachingServer(data) as server:
        for receipt in receipts:
            parts[receipt] = send(server, identity, receipt, 1)

        def take_back(receipt: Receipt) -> None:
            try:
                answer = httpx.post(f"{server.address}/withdraw", content=receipt.withdraw, headers=OCTETS)
            except httpx.HTTPError:
                return
            if answer.status_code == 200:
                acknowledged.add(receipt)

        killer = threading.Timer(0.1 + 0.15 * kill, server.process.send_signal, [signal.SIGKILL])
        killer.start()
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(take_back, receipts))
        server.process.wait(10)
    with AttachingServer(data):
        held, files = stored(data), stored_files(data)
        gone = [receipt for receipt in receipts if receipt.id not in held]
        assert acknowledged <= set(gone)
        for receipt in gone:
            assert receipt.attachment_id(1) not in files
        assert traces(data, [part for receipt in gone for part in parts[receipt]]) == []
    assert len(held) == len(receipts) - len(gone)


@both
def test_an_export_and_a_withdrawal_at_once_never_disagree(
    data: Path, tmp_path: Path, identity: HybridIdentity
) -> None:
    with Server(data) as server:
        receipts = [Receipt.draw() for _ in range(40)]
        for receipt in receipts:
            send(server, identity, receipt)
        with ThreadPoolExecutor(3) as pool:
            exported = pool.submit(run, "export", "--data", data, "--out", tmp_path)
            answers = list(pool.map(lambda receipt: withdraw(server, receipt), receipts))
            done = exported.result()
    assert done.returncode == 0, done.stderr
    travelling = {receipt for receipt, status in zip(receipts, answers, strict=True) if status == 404}
    assert stored(data).keys() == {receipt.id for receipt in travelling}
    [bundle] = tmp_path.glob("witnessbox-*")
    names = b"".join(path.read_bytes() for path in bundle.glob("*.tar"))
    for receipt in receipts:
        assert (receipt.id.hex().encode() in names) == (receipt in travelling)
