"""Two machines and one database are one intake."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from analysis.identity import HybridIdentity
from intake.crypto.receipt import Receipt
from intake.directory import find_database
from tests.acknowledging import write_acknowledgement
from tests.attaching import AttachingServer, sealed_file, sealed_report
from tests.boxing import box_for
from tests.cards import card_text
from tests.cluster import Cluster
from tests.faults.chain import Ledger, Reporter
from tests.serving import ENOUGH, OCTETS, Server, configure, make_data, run, sealed_body, stored
from tests.sharing import connected, held_files, other_machine
from tests.working import solve

SECONDS = 60


@pytest.fixture
def data(tmp_path: Path, identity: HybridIdentity, cluster: Cluster) -> Path:
    """The data directory of the first machine."""
    return make_data(tmp_path / "one", identity, database=cluster.url(cluster.new_database(), tcp=True))


@pytest.fixture
def machines(data: Path) -> Iterator[tuple[Server, Server]]:
    """Both machines, running."""
    with Server(data) as one, Server(other_machine(data, "two")) as two:
        yield one, two


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    (tmp_path / "stick").mkdir()
    return tmp_path / "stick"


def wait_until(found: object) -> None:
    """Waits for what another machine will have fetched in a few seconds."""
    end = time.monotonic() + SECONDS
    while not found():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.1)


def test_what_either_machine_takes_is_in_the_one_database(
    machines: tuple[Server, Server], identity: HybridIdentity
) -> None:
    bodies = [sealed_body([identity.recipient]) for _ in range(4)]
    for number, body in enumerate(bodies):
        assert machines[number % 2].post_sealed(body).status_code == 201
        # The same once more, to the other one: it is known there.
        assert machines[1 - number % 2].post_sealed(body).status_code == 201
    for machine in machines:
        assert machine.post_form(ENOUGH).status_code == 303
    kept = stored(machines[0].data)
    assert len(kept) == 6
    assert {body[:16] for body in bodies} <= kept.keys()
    assert (
        machines[1].client.post("/sealed", content=bodies[0][:-1] + b"?", headers=OCTETS).status_code == 409
    )


def test_a_form_of_one_machine_may_be_sent_to_the_other(machines: tuple[Server, Server]) -> None:
    one, two = machines
    parts = [(name, (None, value)) for name, values in ENOUGH.items() for value in values]
    parts.append(("_stamp", (None, one.stamp())))
    assert two.client.post("/en/report/", files=parts).status_code == 303


def test_work_is_done_once_and_pays_once_on_both_machines(data: Path, identity: HybridIdentity) -> None:
    configure(data, free_per_minute=1)
    with Server(data) as one, Server(other_machine(data, "two")) as two:
        for _ in range(2):
            one.post_sealed(sealed_body([identity.recipient]))
        body, other = sealed_body([identity.recipient]), sealed_body([identity.recipient])
        wait_until(lambda: two.client.post("/sealed", content=body, headers=OCTETS).status_code == 428)
        asked = two.client.post("/sealed", content=body, headers=OCTETS)
        work = {**OCTETS, "witnessbox-work": solve(asked.headers["witnessbox-challenge"], body)}
        assert one.client.post("/sealed", content=body, headers=work).status_code == 201
        for machine in (two, one):
            again = machine.client.post("/sealed", content=body, headers=work)
            assert (again.status_code, "used before" in again.text) == (428, True)
        assert one.client.post("/sealed", content=other, headers=work).status_code == 428
    assert len(stored(data)) == 3


def test_what_is_typed_without_script_has_one_budget_for_both(data: Path) -> None:
    configure(data, scriptless_per_minute=3)
    with Server(data) as one, Server(other_machine(data, "two")) as two:
        statuses = [machine.post_form(ENOUGH).status_code for _ in range(8) for machine in (one, two)]
    # Six at first, and perhaps one more while the test runs.
    assert statuses[:6] == [303] * 6
    assert 6 <= statuses.count(303) <= 8
    assert statuses.count(429) == len(statuses) - statuses.count(303)


def test_no_more_reports_are_taken_by_both_than_the_settings_allow(
    data: Path, identity: HybridIdentity
) -> None:
    configure(data, max_reports=10)
    with Server(data) as one, Server(other_machine(data, "two")) as two:
        bodies = [sealed_body([identity.recipient]) for _ in range(24)]
        statuses: list[int] = []

        def send(machine: Server, share: list[bytes]) -> None:
            # Work takes longer than the server waits for the next request on a connection.
            limits = httpx.Limits(max_keepalive_connections=0)
            with httpx.Client(base_url=machine.address, timeout=60, limits=limits) as client:
                statuses.extend(_post(client, body) for body in share)

        threads = [
            threading.Thread(target=send, args=(machine, bodies[start::4]))
            for start, machine in enumerate((one, two, one, two))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert statuses.count(201) == 10
    assert len(stored(data)) == 10


def _post(client: httpx.Client, body: bytes) -> int:
    answer = client.post("/sealed", content=body, headers=OCTETS)
    if answer.status_code == 428:
        work = solve(answer.headers["witnessbox-challenge"], body)
        answer = client.post("/sealed", content=body, headers={**OCTETS, "witnessbox-work": work})
    return answer.status_code


def test_a_report_is_taken_back_at_the_machine_that_did_not_take_it(
    data: Path, identity: HybridIdentity
) -> None:
    receipt = Receipt.draw()
    with AttachingServer(data) as one, AttachingServer(other_machine(data, "two")) as two:
        body, named = sealed_file([identity.recipient], receipt, bytes(300_000))
        assert one.post_sealed(body).status_code == 201
        assert one.post_sealed(sealed_report([identity.recipient], receipt, [named])).status_code == 201
        assert held_files(find_database(data)).keys() == {body[:16]}
        assert two.client.post("/withdraw", content=receipt.withdraw, headers=OCTETS).status_code == 200
        assert one.client.post("/withdraw", content=receipt.withdraw, headers=OCTETS).status_code == 404
    assert (stored(data), held_files(find_database(data))) == ({}, {})


def test_what_a_desk_says_comes_to_both_machines(
    machines: tuple[Server, Server], stick: Path, identity: HybridIdentity
) -> None:
    one, two = machines
    key = HybridIdentity.generate().recipient
    card = card_text(key, sequence=2)
    box = box_for(one.data)
    file = write_acknowledgement(stick, one.data, box=box, card=card)
    done = run("acknowledge", "--data", one.data, file)
    assert done.returncode == 0, done.stderr
    headers = one.client.get("/box").content
    assert headers != b"[]"
    wait_until(lambda: two.client.get("/box").content == headers)
    (name,) = (path.name for path in (one.data / "boxes").glob("*.box"))
    assert (two.data / "boxes" / name).read_bytes() == box
    (name,) = (path.name for path in (one.data / "desks").glob("*.pub"))
    assert (two.data / "desks" / name).read_bytes() == (one.data / "desks" / name).read_bytes() == card
    # A box that takes the place of this one, and then none.
    run("acknowledge", "--data", one.data, write_acknowledgement(stick, one.data, sequence=2))
    wait_until(lambda: two.client.get("/box").content == b"[]")
    with connected(one.data) as connection:
        assert connection.execute("SELECT count(*) FROM boxes").fetchone() == (0,)


def test_a_machine_that_was_off_hears_what_was_said_meanwhile(data: Path, stick: Path) -> None:
    second = other_machine(data, "two")
    run("acknowledge", "--data", data, write_acknowledgement(stick, data, box=box_for(data)))
    with Server(second) as two:
        assert two.client.get("/box").content != b"[]"
        assert two.errors() == ""


def test_what_somebody_wrote_into_the_database_is_not_taken_for_a_desk_s_word(
    data: Path, stick: Path
) -> None:
    file = write_acknowledgement(stick, data, box=box_for(data))
    run("acknowledge", "--data", data, file)
    second = other_machine(data, "two")
    with connected(data) as connection:
        connection.execute("UPDATE news SET said = ?", (file.read_bytes().replace(b"1", b"2", 1),))
    with Server(second) as two:
        assert "what a desk said was not taken" in two.errors()


def fill(data: Path, reports: int) -> set[bytes]:
    ids = {number.to_bytes(16, "big") for number in range(1, reports + 1)}
    with connected(data) as connection, connection.transaction():
        rows = [(one, "2026-W47", one * 1_000) for one in sorted(ids)]
        connection.executemany("INSERT INTO reports (id, week, sealed) VALUES (?, ?, ?)", rows)
        connection.changed(len(rows), sum(len(row[2]) for row in rows))
    return ids


def test_what_a_desk_acknowledged_is_deleted_and_is_in_no_file_of_the_database(
    tmp_path: Path, identity: HybridIdentity, stick: Path
) -> None:
    with Cluster() as cluster:
        data = make_data(tmp_path / "data", identity, database=cluster.url(cluster.new_database()))
        fill(data, 30)
        sealed = [number.to_bytes(16, "big") * 50 for number in range(1, 31)]
        run("export", "--data", data, "--out", stick)
        assert any(sealed[0] in content for content in cluster.everything().values())
        done = run("acknowledge", "--data", data, write_acknowledgement(stick, data, 1))
        assert done.stdout.splitlines()[-1] == "deleted 30 reports, 0 attachments"
        assert "bundle 1: acknowledged, and deleted here" in run("status", "--data", data).stdout
        left = {name for name, content in cluster.everything().items() for one in sealed if one in content}
        assert left == set()


def test_what_reporters_were_told_is_kept_outlives_the_end_of_machines_and_database(
    tmp_path: Path, identity: HybridIdentity
) -> None:
    with Cluster() as cluster, ExitStack() as ending:
        data = make_data(tmp_path / "data", identity, database=cluster.url(cluster.new_database()))
        one, two = Server(data), Server(other_machine(data, "two"))
        for machine in (one, two):
            machine.__enter__()
            ending.callback(machine.__exit__, None, None, None)
        ledger = Ledger()
        reporters = [
            Reporter(machine.address, [identity.recipient], ledger, 0.01) for machine in (one, two, one, two)
        ]
        for reporter in reporters:
            reporter.start()
        wait_until(lambda: len(ledger.acknowledged) > 40)
        two.process.kill()
        wait_until(lambda: len(ledger.acknowledged) > 60)
        cluster.kill()
        time.sleep(0.5)
        one.process.kill()
        for reporter in reporters:
            reporter.join(SECONDS)
        cluster.start()
        kept = stored(data).keys()
        print(f"{len(ledger.tried)} tried, {len(ledger.acknowledged)} acknowledged, {len(kept)} kept")
        assert ledger.acknowledged <= kept <= ledger.tried
        with Server(data) as again:
            assert again.post_sealed(sealed_body([identity.recipient])).status_code == 201
