"""The box that comes with an acknowledgement is put in force as a whole, or not at all."""

import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.identity import HybridIdentity
from intake.crypto.signing import SigningKey
from intake.directory import make, read_key
from intake.files import alone
from tests.acknowledging import write_acknowledgement
from tests.boxing import Said, box_for, make_box, own
from tests.cards import DESK, write_card
from tests.intake.test_acknowledge import OTHER, export, refused, steps, taken
from tests.intake.test_export import fill
from tests.serving import COMMAND, Server, run, snapshot, stored

FOREIGN = SigningKey(bytes(range(2, 34)))
REPORTS = 3_000


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


def in_force(data: Path) -> dict[str, bytes]:
    """The boxes of a data directory, by their names."""
    return {path.name: path.read_bytes() for path in (data / "boxes").glob("*")}


def test_a_box_comes_in_force_with_its_acknowledgement(data: Path, stick: Path) -> None:
    box = box_for(data, {bytes(12): Said()})
    said = taken(data, write_acknowledgement(stick, data, box=box))
    assert "what the desk says to reporters was taken over" in said
    assert in_force(data) == {own(): box}
    assert (data / "boxes").stat().st_mode & 0o777 == 0o700
    assert (data / "boxes" / own()).stat().st_mode & 0o777 == 0o600


def test_a_box_takes_the_place_of_the_one_before(data: Path, stick: Path) -> None:
    for sequence in (1, 2):
        box = box_for(data)
        taken(data, write_acknowledgement(stick, data, sequence=sequence, box=box))
        assert in_force(data) == {own(): box}


def test_an_acknowledgement_without_a_box_ends_the_one_before(data: Path, stick: Path) -> None:
    taken(data, write_acknowledgement(stick, data, box=box_for(data)))
    taken(data, write_acknowledgement(stick, data, sequence=2))
    assert in_force(data) == {}


def test_an_acknowledgement_taken_again_needs_no_box(data: Path, stick: Path) -> None:
    box = box_for(data)
    file = write_acknowledgement(stick, data, box=box)
    taken(data, file)
    (stick / "box-000001").unlink()
    assert taken(data, file) == [
        f"acknowledgement 1 of desk {DESK.verify_key.public.hex()[:16]} was taken before"
    ]
    assert in_force(data) == {own(): box}


def test_a_box_that_is_not_there_keeps_everything(data: Path, stick: Path) -> None:
    fill(data, 3)
    export(data, stick)
    file = write_acknowledgement(stick, data, 1, box=box_for(data))
    (stick / "box-000001").unlink()
    said = refused(data, file)
    assert said.startswith(f"witnessbox-intake: error: there is no {stick / 'box-000001'}\n")
    assert "hint: nothing was deleted; the desk's box travels beside its acknowledgement" in said
    assert in_force(data) == {}


@pytest.mark.parametrize(
    ("flaw", "rule"),
    [
        pytest.param("another box", "another box than the acknowledgement names", id="another box"),
        pytest.param("another desk", "of another desk", id="another desk"),
        pytest.param("another intake", "for another intake", id="another intake"),
        pytest.param("cut", "broke off", id="cut"),
        pytest.param("longer", "follows the end", id="longer"),
        pytest.param("no box", "not one of Witnessbox", id="no box"),
        pytest.param("nothing", "not one of Witnessbox", id="nothing"),
    ],
)
def test_a_box_that_is_not_the_one_meant_is_refused(flaw: str, rule: str, data: Path, stick: Path) -> None:
    before = box_for(data)
    taken(data, write_acknowledgement(stick, data, box=before))
    fill(data, 3)
    export(data, stick)
    right = box_for(data)
    wrong = {
        "another box": box_for(data),
        "another desk": make_box(read_key(data), desk=OTHER),
        "another intake": make_box(FOREIGN),
        "cut": right[:-1],
        "longer": right + b"\n",
        "no box": random.Random(1).randbytes(len(right)),
        "nothing": b"",
    }
    file = write_acknowledgement(stick, data, 1, sequence=2, box=right)
    (stick / "box-000002").write_bytes(wrong[flaw])
    said = refused(data, file)
    assert rule in said
    assert "hint: nothing was deleted; bring the box" in said
    assert in_force(data) == {own(): before}
    (stick / "box-000002").write_bytes(right)
    assert "deleted 3 reports, 0 attachments" in taken(data, file)
    assert in_force(data) == {own(): right}


def test_a_signed_box_that_names_another_intake_is_refused(data: Path, stick: Path) -> None:
    file = write_acknowledgement(stick, data, box=make_box(FOREIGN))
    assert "is for another intake" in refused(data, file)
    assert in_force(data) == {}


def test_an_old_box_cannot_come_back_with_its_acknowledgement(data: Path, stick: Path) -> None:
    first = write_acknowledgement(stick, data, box=box_for(data))
    box = box_for(data)
    taken(data, write_acknowledgement(stick, data, sequence=2, box=box))
    assert "number 2 was taken before" in refused(data, first)
    assert in_force(data) == {own(): box}


def two_desks(tmp_path: Path, identity: HybridIdentity) -> Path:
    cards = [
        write_card(tmp_path / "one.pub", identity.recipient),
        write_card(tmp_path / "two.pub", HybridIdentity.generate().recipient, desk=OTHER),
    ]
    make(tmp_path / "two", cards, ("report",))
    return tmp_path / "two"


def test_each_desk_has_a_box_of_its_own(tmp_path: Path, identity: HybridIdentity) -> None:
    data = two_desks(tmp_path, identity)
    expected = {}
    for desk in (DESK, OTHER):
        folder = tmp_path / f"stick of {own(desk)}"
        folder.mkdir()
        expected[own(desk)] = make_box(read_key(data), desk=desk)
        taken(data, write_acknowledgement(folder, data, desk=desk, box=expected[own(desk)]))
    assert in_force(data) == expected


@pytest.mark.parametrize("when", ["an acknowledgement", "a start"])
def test_the_box_of_a_desk_that_is_unpinned_goes(
    when: str, tmp_path: Path, stick: Path, identity: HybridIdentity
) -> None:
    data = two_desks(tmp_path, identity)
    box = make_box(read_key(data), desk=OTHER)
    taken(data, write_acknowledgement(stick, data, desk=OTHER, box=box))
    (data / "desks" / own(OTHER).replace(".box", ".pub")).unlink()
    if when == "a start":
        with Server(data):
            assert in_force(data) == {}
    else:
        taken(data, write_acknowledgement(stick, data))
        assert in_force(data) == {}


def test_what_a_killed_command_left_is_swept_away(data: Path, stick: Path) -> None:
    box = box_for(data)
    taken(data, write_acknowledgement(stick, data, box=box))
    (data / "boxes" / f".{own()}.partial").write_bytes(b"half of a box")
    with Server(data):
        assert in_force(data) == {own(): box}


def test_a_server_that_starts_leaves_a_box_that_is_being_copied(data: Path) -> None:
    (data / "boxes").mkdir()
    partial = data / "boxes" / f".{own()}.partial"
    partial.write_bytes(b"half of a box")
    with alone(data), Server(data):
        assert partial.exists()


def copying(data: Path, inode: int) -> bool:
    return any(path.name.endswith(".partial") for path in (data / "boxes").iterdir())


def put_in_force(data: Path, inode: int) -> bool:
    return (data / "boxes" / own()).stat().st_ino != inode


def deleting(data: Path, inode: int) -> bool:
    return steps(data / "reports.db") < REPORTS


@pytest.mark.parametrize("stage", [copying, put_in_force, deleting])
def test_a_killed_acknowledgement_leaves_the_old_box_or_the_new_one(
    stage: Callable[[Path, int], bool], data: Path, stick: Path
) -> None:
    old, new = box_for(data), box_for(data, bits=10)
    taken(data, write_acknowledgement(stick, data, box=old))
    inode = (data / "boxes" / own()).stat().st_ino
    fill(data, REPORTS, size=9_000)
    export(data, stick)
    file = write_acknowledgement(stick, data, 1, sequence=2, box=new)
    line = [*COMMAND, "acknowledge", "--data", str(data), str(file)]
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL)
    while not stage(data, inode) and process.poll() is None:
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    assert process.returncode == -signal.SIGKILL, "it ended before it could be killed"
    found = (data / "boxes" / own()).read_bytes()
    assert found in (old, new)
    # Nothing goes before the box is there: who was answered can read it.
    assert found == new or len(stored(data)) == REPORTS
    assert found == new or stage is copying
    taken(data, file)
    assert in_force(data) == {own(): new}
    assert stored(data) == {}


def test_a_full_disk_keeps_the_box_before_and_everything_else(data: Path, stick: Path) -> None:
    fill(data, 3)
    export(data, stick)
    old = box_for(data)
    taken(data, write_acknowledgement(stick, data, box=old))
    file = write_acknowledgement(stick, data, 1, sequence=2, box=box_for(data, bits=9))
    # No file may grow beyond this: the box is larger, and the system says so as a full disk would.
    line = ["prlimit", "--fsize=1000000", *COMMAND, "acknowledge", "--data", str(data), str(file)]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"cannot copy {stick / 'box-000002'}" in done.stderr
    assert in_force(data) == {own(): old}
    assert len(stored(data)) == 3


def test_another_command_at_work_keeps_a_box_out(data: Path, stick: Path) -> None:
    file = write_acknowledgement(stick, data, box=box_for(data))
    with alone(data):
        done = run("acknowledge", "--data", data, file)
    assert (done.returncode, in_force(data)) == (1, {})
    assert "another command is at work" in done.stderr


def test_no_other_file_of_the_intake_changes_for_a_box(data: Path, stick: Path) -> None:
    before = snapshot(data)
    taken(data, write_acknowledgement(stick, data, box=box_for(data)))
    after = snapshot(data)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert {name for name in changed if not name.startswith(("reports.db", "attachments.db"))} == {
        f"boxes/{own()}"
    }
