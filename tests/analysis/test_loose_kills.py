"""An import of loose files is killed at every step, and the next one ends what it began, once."""

import os
import random
import shutil
import signal
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from analysis import archive, console, importing
from analysis.desk import Desk
from intake.crypto.receipt import Receipt
from intake.crypto.shard import index_shard
from tests import attaching
from tests.analysis.conftest import COMMAND, unlock
from tests.analysis.dying import dying
from tests.analysis.making import Server, message, of, varied
from tests.analysis.tables import found_by, tables
from tests.analysis.test_attachments import files as attached
from tests.analysis.test_attachments import report as naming
from tests.analysis.test_courier import count
from tests.analysis.test_loose import archived, lay, lay_batch

WORD = "heronfeather"
# The journal is not among them: SQLite's own steps are killed in tests/faults.
STEPS = [("fsync", 13), ("replace", 6), ("unlink", 8)]


def take(desk: Desk, *paths: Path) -> list[str]:
    """An import to its end, in this process."""
    with desk.changing():
        archive.sweep(desk)
        said = list(importing.take(desk, importing.Wanted(paths, processes=1), console.bars))
    assert all(isinstance(line, str) for line in said), said
    return [str(line) for line in said]


def state(path: Path) -> tuple[object, ...]:
    """All that a desk says, what its archive holds, and what lies there that should not."""
    with closing(unlock(path)) as desk:
        held = []
        for shard in desk.archive.glob("*.tar"):
            with shard.open("rb") as file:
                held += [entry.name.id.hex() for entry in index_shard(file)]
        left = [file.name for file in (*desk.archive.glob("*.part"), *path.glob(".*"))]
        return tables(desk, "highest"), found_by(desk, WORD), sorted(held), left


def brought(desk: Desk, server: Server, stick: Path) -> None:
    """A stick on which everything is that can come as a file, one report of a bundle among it."""
    mine, to = Receipt.draw(), desk.recipients
    server.form = attaching.FORM
    receipt, sealed, named = attached(desk)
    take(desk, server.bundle(stick, [naming(desk, Receipt.draw(), [])]))
    take(desk, lay(stick, of(to, mine, story=[WORD])))
    server.form = attaching.FORM
    server.bundle(stick, [naming(desk, receipt, named)])
    lay(stick, sealed[0], "picture.age")
    lay(stick, message(to, mine, None), "back.age")
    lay(stick, message(to, Receipt.draw(), "More."), "more.age")
    lay_batch(stick, varied(to, 5))


@pytest.mark.parametrize(("step", "most"), STEPS, ids=[step for step, _ in STEPS])
def test_an_import_of_files_that_is_killed_anywhere_is_done_by_the_next(
    desk: Desk, server: Server, stick: Path, tmp_path: Path, step: str, most: int
) -> None:
    brought(desk, server, stick)
    desk.close()
    path, before = desk.path, tmp_path / "before"
    shutil.copytree(path, before)
    with closing(unlock(path)) as opened:
        take(opened, stick)
    wanted = state(path)
    assert wanted[1:] == (0, wanted[2], [])
    held = wanted[2]
    assert isinstance(held, list)
    assert len(held) == len(set(held)) == 10
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    line = ("import", "--desk", str(path), str(stick), "--processes", "1")
    killed = 0
    for number in range(1, 60, 1 if step == "replace" else 3):
        shutil.rmtree(path)
        shutil.copytree(before, path)
        if dying(environment, step, number, *line).returncode != -signal.SIGKILL:
            break
        killed += 1
        with closing(unlock(path)) as opened:
            take(opened, stick)
        assert state(path) == wanted, f"{step} {number}"
    assert killed * (1 if step == "replace" else 3) >= most


def test_files_that_several_processes_open_are_there_once_after_random_kills(
    desk: Desk, stick: Path, tmp_path: Path
) -> None:
    some = varied(desk.recipients, 300)
    for one in some[:200]:
        lay(stick, one)
    lay_batch(stick, some[200:])
    path, before, draw = desk.path, tmp_path / "before", random.Random(3)
    desk.close()
    shutil.copytree(path, before)
    line = [*COMMAND, "import", "--desk", str(path), str(stick), "--processes", "2"]
    start = time.monotonic()
    assert subprocess.run(line, capture_output=True, check=False, timeout=120).returncode == 0
    whole = time.monotonic() - start
    for _ in range(4):
        shutil.rmtree(path)
        shutil.copytree(before, path)
        process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(draw.uniform(0.3, 1) * whole)
        process.kill()
        process.wait(30)
        with closing(unlock(path)) as opened:
            # All of it is one transaction.
            assert count(opened) in (0, len(some))
            take(opened, stick)
            assert count(opened) == count(opened, "receipts") == len(archived(opened)) == len(some)
            assert not list(opened.archive.glob("*.part"))
