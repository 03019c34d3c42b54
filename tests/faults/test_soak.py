"""The soak of an hour (`make soak`), in half a minute: as much goes wrong, after events in place of times."""

from pathlib import Path

from tests.soak.run import Soak

SEED = 11
ACTS = ("week", "kill", "jump", "stop", "kill")
REPORTS_BETWEEN, PATIENCE = 6, 120


def test_everything_at_once_loses_and_doubles_nothing_and_leaves_nothing_behind(tmp_path: Path) -> None:
    soak = Soak(tmp_path, SEED, senders=6, rate=20, pause=3)
    soak.begin()
    for name in ACTS:
        assert soak.world.reports.wait_for(REPORTS_BETWEEN, PATIENCE), soak.world.surprises
        soak.do(name)
    while not all(sender.kept for sender in soak.senders):
        assert soak.world.reports.wait_for(1, PATIENCE), soak.world.surprises
    reports, additions, files = soak.close()
    print(reports, additions, files, dict(soak.world.counts), soak.courier.counts, sep="\n")
    assert soak.faults() == []
    assert reports.even, reports
    assert additions.even, additions
    assert files.even, files
    assert reports.acknowledged >= REPORTS_BETWEEN * len(ACTS)
    assert (soak.machine.kills >= 2, soak.machine.stops, soak.chain.clock.jumps) == (True, 2, 2)
    assert len(soak.chain.clock.weeks) > 1
    # Each process for itself, though the system may give two of them one number.
    assert {one.life for one in soak.machine.samples} == set(range(1, soak.machine.starts + 1))
