"""P5: what a reporter was told is kept reaches the desk, once, whatever is killed on the way.

`make soak KILLS=1000` kills the intake a thousand times (WITNESSBOX_KILLS=1000); `make test` a few.
"""

import os
import random
import shutil
import time
from pathlib import Path

from tests.faults.chain import DESK, INTAKE, Chain, Intake, Ledger, Reporter

KILLS = int(os.environ.get("WITNESSBOX_KILLS", "24"))
# The courier comes after so many kills, and is killed on the way as well.
KILLS_A_TRIP = 8
REPORTERS = 4
PAUSE = 0.02
SEED = 5


def kill_under_load(chain: Chain, ledger: Ledger, draw: random.Random) -> None:
    """Starts the intake, and kills it while it starts or while reporters send."""
    intake = Intake(chain)
    if draw.random() < 0.2:
        time.sleep(draw.uniform(0, 0.6))
        intake.end()
        return
    recipients = chain.recipients
    reporters = [Reporter(intake.wait(), recipients, ledger, PAUSE) for _ in range(REPORTERS)]
    for reporter in reporters:
        reporter.start()
    # Not after a time alone: a slow machine would then be killed before it took anything.
    wanted, end = len(ledger.acknowledged) + draw.randint(1, 15), time.monotonic() + 10
    while len(ledger.acknowledged) < wanted and time.monotonic() < end:
        time.sleep(0.001)
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


def test_no_acknowledged_report_is_lost_or_doubled_over_many_kills(tmp_path: Path) -> None:
    chain, ledger, draw = Chain(tmp_path), Ledger(), random.Random(SEED)
    chain.make()
    for kill in range(1, KILLS + 1):
        kill_under_load(chain, ledger, draw)
        if kill % KILLS_A_TRIP == 0:
            trip(chain, draw)
            assert ledger.acknowledged <= set(chain.at_desk())
            assert chain.waiting() == set()
    trip(chain)
    found = chain.at_desk()
    print(
        f"\n{KILLS} kills: {len(ledger.tried)} reports tried, {len(ledger.acknowledged)} acknowledged, "
        f"{len(found)} at the desk, {len(ledger.acknowledged - set(found))} lost, "
        f"{len(found) - len(set(found))} doubled"
    )
    assert len(ledger.acknowledged) > KILLS
    assert ledger.acknowledged <= set(found) <= ledger.tried
    assert len(found) == len(set(found))
    assert chain.waiting() == set()
    assert chain.query('SELECT * FROM "set_aside"') == []
