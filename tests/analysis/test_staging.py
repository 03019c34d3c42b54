"""What is read off a stick: it stood still meanwhile, and whatever it is takes little memory."""

import os
import threading
from pathlib import Path

import pytest

from analysis import staging
from analysis.desk import Desk
from analysis.desk_errors import UnreadableFile
from analysis.opening import NAMELESS
from tests.analysis.conftest import Run
from tests.analysis.making import member
from tests.analysis.test_loose import KEEP, lay

MOST_MEMORY = 250 * 1024 * 1024
MANY = 20_000_000


def test_a_file_that_changes_while_it_is_read_is_not_taken(tmp_path: Path) -> None:
    path, done = tmp_path / "one.age", threading.Event()
    path.write_bytes(bytes(MANY))

    def change() -> None:
        with path.open("r+b") as file:
            while not done.is_set():
                file.seek(0)
                file.write(os.urandom(8))
                file.flush()

    def read_often() -> None:
        for _ in range(100):
            staging.read_still(path, MANY)

    writer = threading.Thread(target=change)
    writer.start()
    try:
        with pytest.raises(UnreadableFile, match=r"one\.age: changed while it was read"):
            read_often()
    finally:
        done.set()
        writer.join(30)
    assert staging.read_still(path, MANY)


def test_lots_are_bounded_in_bytes_and_in_number(desk: Desk, tmp_path: Path) -> None:
    one = member(desk.recipients)
    paths = [
        lay(tmp_path, one, f"{number}.age") for number in range(staging.LOT_BYTES // len(one.sealed) + 5)
    ]
    stage = tmp_path / "stage"
    sizes = []
    for lot in staging.lots(stage, "2026-W47", paths, lambda _: None):
        sizes.append(stage.stat().st_size)
        assert len(lot.items) <= staging.LOT_MEMBERS
        assert {item.stated for item in lot.items} == {NAMELESS}
    assert sum(sizes) == len(paths) * len(one.sealed)
    assert len(sizes) == 2
    assert max(sizes) <= staging.LOT_BYTES


def test_the_largest_trash_that_is_read_takes_little_memory(run: Run, desk: Desk, tmp_path: Path) -> None:
    stick = tmp_path / "trash"
    stick.mkdir()
    head = member(desk.recipients).sealed
    for number in range(3):
        (stick / f"{number}.age").write_bytes(head + bytes(staging.MAX_SEALED - len(head)))
        (stick / f"witnessbox-batch-000000000000000{number}.tar").write_bytes(bytes(64 * 1024 * 1024))
    lay(stick, member(desk.recipients))
    limit = ("prlimit", f"--data={MOST_MEMORY}")
    done = run("import", "--desk", desk.path, stick, prefix=limit)
    assert (done.returncode, done.stderr) == (1, KEEP)
    assert done.stdout.startswith("files: 1 report added\n")
    assert "6 files with a fault:" in done.stdout
