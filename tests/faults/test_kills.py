"""P5: what a reporter was told is kept reaches the desk, once, whatever is killed on the way.

`make soak` kills the intake a thousand times (WITNESSBOX_KILLS=1000); `make test` a few.
"""

import os
import random
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
    time.sleep(draw.uniform(0.02, 0.4))
    intake.end()
    for reporter in reporters:
        reporter.join(30)


def killed_trip(chain: Chain, draw: random.Random) -> None:
    """A courier's trip on which each command is killed once and then repeated to its end."""
    chain.kill(INTAKE, *chain.export(), after=draw.uniform(0.1, 0.6))
    trip(chain, draw)


def trip(chain: Chain, draw: random.Random | None = None) -> None:
    """What waits goes to the desk."""
    chain.run(INTAKE, *chain.export())
    for bundle in chain.bundles():
        if draw:
            chain.kill(DESK, *chain.imported(bundle), after=draw.uniform(0.2, 0.9))
        chain.run(DESK, *chain.imported(bundle))


def test_no_acknowledged_report_is_lost_or_doubled_over_many_kills(tmp_path: Path) -> None:
    chain, ledger, draw = Chain(tmp_path), Ledger(), random.Random(SEED)
    chain.make()
    for kill in range(1, KILLS + 1):
        kill_under_load(chain, ledger, draw)
        if kill % KILLS_A_TRIP == 0:
            killed_trip(chain, draw)
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
    assert chain.query('SELECT * FROM "set_aside"') == []
