"""An import that takes a report away is killed at every step, and the next one ends what it began."""

import os
import shutil
import signal
from pathlib import Path

import pytest

from analysis.desk import Desk
from intake.crypto.receipt import Receipt
from tests.analysis.dying import dying
from tests.analysis.making import member, message, of
from tests.analysis.tables import found_by, tables
from tests.threads.conftest import Round

WORD = "heronfeather"
# The journal is not among them: SQLite's own steps are killed in tests/faults.
STEPS = [("fsync", 24), ("replace", 8), ("unlink", 14)]


def state(path: Path, receipt: Receipt) -> tuple[object, ...]:
    desk = Desk.unlock(path, lambda: "")
    try:
        there = [
            file.name for file in desk.archive.glob("*.tar") if receipt.id.hex().encode() in file.read_bytes()
        ]
        left = [file.name for file in (*desk.archive.glob("*.part"), *path.glob(".*"))]
        return tables(desk, "highest"), found_by(desk, WORD), there, left
    finally:
        desk.close()


@pytest.mark.parametrize(("step", "most"), STEPS, ids=[step for step, _ in STEPS])
def test_a_withdrawal_that_is_killed_anywhere_is_done_by_the_next_import(
    round_trip: Round, tmp_path: Path, step: str, most: int
) -> None:
    mine, to = Receipt.draw(), round_trip.desk.recipients
    round_trip.bring(of(to, mine, story=[WORD]), member(to))
    bundle = round_trip.bundle(message(to, mine, "More."), message(to, mine, None), member(to))
    path, before = round_trip.desk.path, tmp_path / "before"
    round_trip.desk.close()
    shutil.copytree(path, before)
    round_trip.reopen()
    round_trip.take(bundle)
    wanted = state(path, mine)
    assert wanted[1:] == (0, [], [])
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    line = ("import", "--desk", str(path), str(bundle), "--processes", "1")
    killed = 0
    for number in range(1, most + 1, 3):
        shutil.rmtree(path)
        shutil.copytree(before, path)
        if dying(environment, step, number, *line).returncode == -signal.SIGKILL:
            killed += 1
        round_trip.reopen()
        round_trip.take(bundle)
        assert state(path, mine) == wanted, f"{step} {number}"
    assert killed
