"""P5: what a reporter was told is kept reaches the desk, once and as it was said, whatever is killed.

`make soak KILLS=1000` kills the intake a thousand times (WITNESSBOX_KILLS=1000); `make test` a few.
"""

import os
import random
import shutil
import time
from pathlib import Path

import httpx
import pytest

from tests.faults.chain import DESK, FILES, INTAKE, REPORTS, SECONDS, Chain, Intake
from tests.faults.insisting import Books, Insistent, Typed

KILLS = int(os.environ.get("WITNESSBOX_KILLS", "24"))
# The courier comes after so many kills, and is killed on the way as well.
KILLS_A_TRIP = 8
REPORTERS = 4
PAUSE = 0.02
SEED = 5


def kill_under_load(chain: Chain, books: Books, draw: random.Random) -> None:
    """Starts the intake, and kills it while it starts or while reporters send."""
    intake = Intake(chain)
    if draw.random() < 0.2:
        time.sleep(draw.uniform(0, 0.6))
        intake.end()
        return
    address = intake.wait()
    reporters = [Insistent(address, books, PAUSE, draw.getrandbits(32)) for _ in range(REPORTERS)]
    for reporter in reporters:
        reporter.start()
    # Not after a time alone: a slow machine would then be killed before it took anything.
    books.reports.wait_for(draw.randint(1, 15), 10)
    time.sleep(draw.uniform(0, 0.03))
    intake.end()
    for reporter in reporters:
        reporter.join(30)


def trip(chain: Chain, draw: random.Random | None = None) -> None:
    """What waits goes to the desk, and the answer back; each command is killed once when `draw` is given."""

    def step(name: str, command: tuple[str, ...]) -> None:
        if draw:
            chain.kill(name, *command, after=draw.uniform(0.1, 0.8))
        chain.run(name, *command)

    step(INTAKE, chain.export())
    for bundle in chain.bundles():
        step(DESK, chain.imported(bundle))
        shutil.rmtree(bundle)
    step(DESK, chain.answer())
    step(INTAKE, chain.acknowledged())


def test_no_acknowledged_report_is_lost_doubled_or_changed_over_many_kills(tmp_path: Path) -> None:
    chain, draw = Chain(tmp_path), random.Random(SEED)
    chain.make()
    chain.take_files()
    books = Books(chain.recipients)
    for kill in range(1, KILLS + 1):
        kill_under_load(chain, books, draw)
        if kill % KILLS_A_TRIP == 0:
            trip(chain, draw)
            assert books.reports.kept <= set(chain.at_desk())
            assert chain.waiting() == set()
    trip(chain)
    reports, files = books.reports.close(chain.said(REPORTS)), books.files.close(chain.said(FILES))
    print(f"\n{KILLS} kills, {len(books.unanswered)} without an answer at the end", reports, files, sep="\n")
    assert reports.acknowledged > KILLS
    assert files.acknowledged
    assert reports.even, reports
    assert files.even, files
    assert chain.waiting() == set()
    assert chain.query('SELECT * FROM "set_aside"') == []


def send(chain: Chain, thing: Typed) -> None:
    """To a server that is killed as soon as it has answered."""
    intake = Intake(chain)
    with httpx.Client(base_url=intake.wait(), timeout=SECONDS) as client:
        thing.send(client)
    intake.end()


@pytest.mark.parametrize("carried", [False, True], ids=["still at the intake", "at the desk already"])
def test_a_form_with_a_file_whose_answer_nobody_heard_is_one_report(carried: bool, tmp_path: Path) -> None:
    chain = Chain(tmp_path)
    chain.make()
    chain.take_files()
    books = Books(chain.recipients)
    thing = Typed(books, b"%PDF-1.7")
    send(chain, thing)
    if carried:
        trip(chain)
    # Its page is from another server now, and comes back.
    send(chain, thing)
    trip(chain)
    reports, files = books.reports.close(chain.said(REPORTS)), books.files.close(chain.said(FILES))
    assert (reports.received, files.received) == (1, 1)
    assert reports.even, reports
    assert files.even, files
    assert chain.waiting() == set()
    assert chain.query('SELECT * FROM "set_aside"') == []
