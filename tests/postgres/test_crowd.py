"""Four intakes, and eight, on one database: what is allowed is allowed once, however many there are."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest

from analysis.identity import HybridIdentity
from tests.cluster import Cluster
from tests.serving import ENOUGH, OCTETS, Server, make_data, sealed_body, stored
from tests.sharing import other_machine
from tests.working import post_sealed, solve

MOST_REPORTS = 30
SCRIPTLESS = 3
SECONDS = 120
TRIES = 5


@pytest.fixture(scope="module", params=[4, 8])
def crowd(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    cluster: Cluster,
    identity: HybridIdentity,
) -> Iterator[list[Server]]:
    """So many intakes, running, with one small room and small budgets."""
    folder = tmp_path_factory.mktemp("crowd")
    settings = {"max_reports": MOST_REPORTS, "free_per_minute": 1, "scriptless_per_minute": SCRIPTLESS}
    data = make_data(folder / "0", identity, database=cluster.url(cluster.new_database()), **settings)
    with ExitStack() as stack:
        folders = [data, *(other_machine(data, str(number)) for number in range(1, request.param))]
        yield [stack.enter_context(Server(one)) for one in folders]


def all_at_once(crowd: list[Server], send: Callable[[Server], int]) -> list[int]:
    """What `send` returned for each machine, each in a thread of its own, all let go together."""
    answers: list[int] = []
    together = threading.Barrier(len(crowd))

    def go(machine: Server) -> None:
        together.wait(SECONDS)
        answers.append(send(machine))

    threads = [threading.Thread(target=go, args=(machine,)) for machine in crowd]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert len(answers) == len(crowd)
    return answers


def test_work_that_is_sent_to_all_of_them_at_once_pays_once(
    crowd: list[Server], identity: HybridIdentity
) -> None:
    for _ in range(TRIES):
        body, challenge = asked_to_work(crowd[0], identity)
        work = {**OCTETS, "witnessbox-work": solve(challenge, body)}

        def send(machine: Server, body: bytes = body, work: dict[str, str] = work) -> int:
            return machine.client.post("/sealed", content=body, headers=work).status_code

        answers = all_at_once(crowd, send)
        # All refuse it when more work is asked by then.
        if set(answers) != {428}:
            break
    assert sorted(answers) == [201] + [428] * (len(crowd) - 1)


def asked_to_work(machine: Server, identity: HybridIdentity) -> tuple[bytes, str]:
    """A report that was not taken as it is, and what is asked for it."""
    while True:
        body = sealed_body([identity.recipient])
        answer = machine.client.post("/sealed", content=body, headers=OCTETS)
        if answer.status_code == 428:
            return body, answer.headers["witnessbox-challenge"]
        assert answer.status_code == 201


def test_what_is_typed_without_script_has_one_budget_for_all(crowd: list[Server]) -> None:
    def send(machine: Server) -> int:
        return [machine.post_form(ENOUGH).status_code for _ in range(3)].count(303)

    start = time.monotonic()
    taken = sum(all_at_once(crowd, send))
    more = SCRIPTLESS * (time.monotonic() - start) / 60
    # Twice a minute's share at first, and what comes in the meantime.
    assert 2 * SCRIPTLESS <= taken <= 2 * SCRIPTLESS + more


def test_no_more_reports_are_held_than_the_room_for_all_of_them(
    crowd: list[Server], identity: HybridIdentity
) -> None:
    sealed = sealed_body([identity.recipient])[16:]
    before = len(stored(crowd[0].data))
    assert before < MOST_REPORTS

    def send(machine: Server) -> int:
        # Work takes longer than the server waits for the next request on a connection.
        limits = httpx.Limits(max_keepalive_connections=0)
        with httpx.Client(base_url=machine.address, timeout=SECONDS, limits=limits) as client:
            return [post_sealed(client, os.urandom(16) + sealed).status_code for _ in range(8)].count(201)

    assert sum(all_at_once(crowd, send)) == MOST_REPORTS - before
    assert len(stored(crowd[0].data)) == MOST_REPORTS
    assert [machine.client.get("/healthz").status_code for machine in crowd] == [503] * len(crowd)
