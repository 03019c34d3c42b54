"""What every desk has is deleted, to its last byte; everything else stays."""

import asyncio
import random
import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from analysis.identity import HybridIdentity
from intake.attachments import Attachments
from intake.crypto.manifest import bundle_name
from intake.crypto.signing import SigningKey
from intake.directory import find_database, make
from intake.files import alone
from tests.acknowledging import write_acknowledgement
from tests.attaching import stored_files
from tests.cards import DESK, card_text, write_card
from tests.intake.test_export import WEEKS, fill, snapshot
from tests.serving import COMMAND, Server, run, sealed_body, stored
from tests.sharing import both, connected, cut_off, cut_off_before

OTHER = SigningKey(bytes(range(1, 33)))


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


@pytest.fixture
def shared(tmp_path: Path, identity: HybridIdentity) -> Path:
    """A data directory of two desks."""
    cards = [
        write_card(tmp_path / "one.pub", identity.recipient),
        write_card(tmp_path / "two.pub", HybridIdentity.generate().recipient, desk=OTHER),
    ]
    make(tmp_path / "shared", cards, ("report",))
    return tmp_path / "shared"


def export(data: Path, stick: Path) -> None:
    done = run("export", "--data", data, "--out", stick)
    assert done.returncode == 0, done.stderr


def taken(data: Path, file: Path) -> list[str]:
    """What the command says of an acknowledgement that it takes."""
    done = run("acknowledge", "--data", data, file)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def refused(data: Path, file: Path, *, now: bool = True) -> str:
    """What the command says of one that it refuses; nothing was changed."""
    before = (stored(data), state(data))
    done = run("acknowledge", "--data", data, file)
    assert (done.returncode, done.stdout) == (1, "")
    assert (stored(data), state(data)) == before
    return done.stderr


def state(data: Path) -> list[object]:
    """All that the database holds beside the reports."""
    tables = ("bundled", "bundles", "acknowledged", "acknowledgements")
    with connected(data) as connection:
        return [connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables]  # noqa: S608


def attach(data: Path, files: dict[bytes, bytes]) -> None:
    """Puts attachments into the file of attachments, as the server does."""

    async def upload() -> None:
        with closing(Attachments(find_database(data), min_free_bytes=1)) as attachments:
            attachments.start()
            for attachment_id, content in files.items():
                with attachments.upload() as one:
                    await one.write(content)
                    await one.finish(attachment_id, WEEKS[0])

    asyncio.run(upload())


def traces(data: Path, secrets: dict[bytes, bytes]) -> list[str]:
    """Files of the data directory that hold an id of these, or any 64 bytes of what was under it."""
    found = []
    for name, content in snapshot(data).items():
        for report_id, sealed in secrets.items():
            pieces = [sealed[at : at + 64] for at in range(0, len(sealed) - 64, 997)]
            found += [name for piece in (report_id, *pieces) if piece in content]
    return found


@both
def test_what_the_desk_has_is_deleted_and_what_came_later_stays(data: Path, stick: Path) -> None:
    fill(data, 30)
    export(data, stick)
    later = {name.id for name in fill(data, 4, seed=2)}
    lines = taken(data, write_acknowledgement(stick, data, 1))
    desk = DESK.verify_key.public.hex()[:16]
    assert lines == [
        f"acknowledgement 1 of desk {desk}: bundle 1 arrived",
        "deleted 30 reports, 0 attachments",
    ]
    assert stored(data).keys() == later


def test_no_byte_of_a_deleted_report_or_attachment_is_in_any_file(data: Path, stick: Path) -> None:
    fill(data, 40, size=18_043)
    files = {b"an attachment %02d" % n: random.Random(100 + n).randbytes(300_000) for n in range(3)}
    attach(data, files)
    export(data, stick)
    gone = stored(data) | files
    fill(data, 20, size=18_043, seed=2)
    kept = {b"an attachment 99": random.Random(199).randbytes(300_000)}
    attach(data, kept)
    assert traces(data, gone)
    assert "deleted 40 reports, 3 attachments" in taken(data, write_acknowledgement(stick, data, 1))
    assert traces(data, gone) == []
    assert len(stored(data)) == 20
    assert stored_files(data) == kept


def test_no_byte_is_left_while_the_server_runs_and_takes_reports(
    server: Server, stick: Path, identity: HybridIdentity
) -> None:
    for _ in range(20):
        assert server.post_sealed(sealed_body([identity.recipient])).status_code == 201
    export(server.data, stick)
    gone = stored(server.data)
    file = write_acknowledgement(stick, server.data, 1)
    running = subprocess.Popen([*COMMAND, "acknowledge", "--data", str(server.data), str(file)])
    later = set()
    while running.poll() is None or len(later) < 20:
        body = sealed_body([identity.recipient])
        assert server.post_sealed(body).status_code == 201
        later.add(body[:16])
    assert running.returncode == 0
    assert traces(server.data, gone) == []
    assert stored(server.data).keys() == later


@both
def test_a_running_server_has_the_room_of_what_was_deleted(
    tmp_path: Path, data: Path, stick: Path, identity: HybridIdentity
) -> None:
    fill(data, 5)
    settings = data / "intake.toml"
    settings.write_text(settings.read_text().replace("max_reports = 1_000_000", "max_reports = 5"))
    with Server(data) as server:
        assert server.post_sealed(sealed_body([identity.recipient])).status_code == 503
        export(data, stick)
        taken(data, write_acknowledgement(stick, data, 1))
        assert server.post_sealed(sealed_body([identity.recipient])).status_code == 201
    assert len(stored(data)) == 1


def test_the_next_bundle_still_names_the_one_that_is_gone(data: Path, stick: Path) -> None:
    twin = data.with_name("twin")
    fill(data, 3)
    export(data, stick)
    shutil.copytree(data, twin)
    taken(data, write_acknowledgement(stick, data, 1))
    for one in (data, twin):
        fill(one, 4, seed=2)
        (stick / one.name).mkdir()
        export(one, stick / one.name)
    assert snapshot(stick / "data") == snapshot(stick / "twin")


@both
def test_a_bundle_that_arrived_is_not_written_again(data: Path, stick: Path) -> None:
    fill(data, 3)
    export(data, stick)
    taken(data, write_acknowledgement(stick, data, 1))
    before = snapshot(stick)
    done = run("export", "--data", data, "--out", stick, "--again", "1")
    assert (done.returncode, done.stdout) == (1, "")
    assert "bundle 1 was acknowledged by every desk; its reports are no longer here" in done.stderr
    assert snapshot(stick) == before
    assert run("export", "--data", data, "--out", stick).stdout == "nothing new to export\n"


@both
def test_a_second_bundle_may_leave_before_the_first_is_acknowledged(data: Path, stick: Path) -> None:
    fill(data, 3)
    export(data, stick)
    first = stored(data)
    fill(data, 4, seed=2)
    export(data, stick)
    assert "deleted 4 reports, 0 attachments" in taken(data, write_acknowledgement(stick, data, 2))
    assert stored(data) == first
    lines = taken(data, write_acknowledgement(stick, data, 1, 2, sequence=2))
    assert "bundle 1 arrived" in lines[0]
    assert stored(data) == {}


def test_nothing_is_deleted_until_every_desk_has_it(shared: Path, stick: Path) -> None:
    fill(shared, 6)
    export(shared, stick)
    before = stored(shared)
    assert taken(shared, write_acknowledgement(stick, shared, 1))[1:] == [
        "bundle 1 not deleted: another desk has still to acknowledge"
    ]
    assert stored(shared) == before
    done = run("export", "--data", shared, "--out", stick, "--again", "1")
    assert done.returncode == 0
    lines = taken(shared, write_acknowledgement(stick, shared, 1, desk=OTHER))
    assert lines[1:] == ["deleted 6 reports, 0 attachments"]


@both
def test_the_same_acknowledgement_again_is_said_to_be_known(data: Path, stick: Path) -> None:
    fill(data, 3)
    export(data, stick)
    file = write_acknowledgement(stick, data, 1)
    taken(data, file)
    [line] = taken(data, file)
    assert line.endswith(" was taken before")


@both
def test_an_older_acknowledgement_is_refused(data: Path, stick: Path) -> None:
    fill(data, 3)
    export(data, stick)
    older = write_acknowledgement(stick, data, sequence=1)
    taken(data, write_acknowledgement(stick, data, sequence=2))
    error = refused(data, older)
    assert "is number 1 of this desk, and number 2 was taken before\nhint: nothing was deleted" in error


@both
def test_another_one_of_the_same_number_is_refused(data: Path, stick: Path) -> None:
    fill(data, 3)
    export(data, stick)
    taken(data, write_acknowledgement(stick, data))
    said = refused(data, write_acknowledgement(stick, data, 1))
    assert "another acknowledgement 1 of this desk" in said
    # What a desk that came back from a copy has to give.
    assert "nothing was deleted" in said
    assert "--after 1" in said


@both
def test_what_is_not_for_this_intake_from_its_desk_is_refused(data: Path, stick: Path) -> None:
    fill(data, 3)
    export(data, stick)
    foreign = write_acknowledgement(stick, data, 1, desk=OTHER)
    assert "not signed by a desk that is known here" in refused(data, foreign)
    elsewhere = write_acknowledgement(stick, data, 1, server=OTHER)
    assert "is for another intake" in refused(data, elsewhere)
    forked = write_acknowledgement(stick, data, 1, digests={1: "a" * 64})
    assert "names another bundle 1 than this intake wrote" in refused(data, forked)
    unknown = write_acknowledgement(stick, data, 2, digests={2: "a" * 64})
    assert "names bundle 2, which this intake never wrote" in refused(data, unknown)
    changed = write_acknowledgement(stick, data, 1)
    changed.write_bytes(changed.read_bytes().replace(b'"sequence":1', b'"sequence":9'))
    assert "not signed" in refused(data, changed)
    assert "cannot read" in refused(data, stick / "none")
    # What was refused does not count as seen.
    assert "deleted 3 reports, 0 attachments" in taken(data, write_acknowledgement(stick, data, 1))


@both
def test_what_an_older_program_cut_off_is_finished_before_it_is_acknowledged(data: Path, stick: Path) -> None:
    fill(data, 3)
    export(data, stick)
    file = write_acknowledgement(stick, data, 1)
    cut_off_before(data)
    assert "names bundle 1, whose export was cut off here" in refused(data, file)
    export(data, stick)
    assert "deleted 3 reports, 0 attachments" in taken(data, file)


@both
def test_a_bundle_that_was_carried_is_acknowledged_though_its_export_was_cut_off(
    data: Path, stick: Path
) -> None:
    fill(data, 3)
    export(data, stick)
    cut_off(data)
    assert "deleted 3 reports, 0 attachments" in taken(data, write_acknowledgement(stick, data, 1))
    fill(data, 2, seed=2)
    done = run("export", "--data", data, "--out", stick)
    assert done.stdout == f"{stick / bundle_name(2)}: 2 reports\n"
    assert "cut off" not in run("status", "--data", data).stdout


@both
def test_new_keys_come_with_it_and_old_ones_do_not(data: Path, stick: Path) -> None:
    new, old = HybridIdentity.generate().recipient, HybridIdentity.generate().recipient
    [card] = (data / "desks").iterdir()
    lines = taken(data, write_acknowledgement(stick, data, card=card_text(new, sequence=4)))
    assert "the desk has new keys; from now on reports are sealed to them" in lines
    assert card.read_bytes() == card_text(new, sequence=4)
    late = write_acknowledgement(stick, data, card=card_text(old, sequence=3), sequence=2)
    assert "number 4 was taken before" in refused(data, late)
    foreign = write_acknowledgement(stick, data, card=card_text(old, desk=OTHER), sequence=2)
    assert "not signed by a desk" in refused(data, foreign)
    assert card.read_bytes() == card_text(new, sequence=4)


@both
def test_it_waits_for_no_other_command_and_says_so(data: Path, stick: Path) -> None:
    fill(data, 3)
    export(data, stick)
    file = write_acknowledgement(stick, data, 1)
    with alone(data):
        assert "another command is at work" in refused(data, file)


@both
def test_of_two_at_once_each_report_is_deleted_once(data: Path, stick: Path) -> None:
    fill(data, 500, size=4_000)
    export(data, stick)
    file = write_acknowledgement(stick, data, 1)
    line = [*COMMAND, "acknowledge", "--data", str(data), str(file)]
    both = [subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    said = b"".join(one.communicate(timeout=60)[0] for one in both)
    assert {one.returncode for one in both} <= {0, 1}
    assert said.count(b"deleted 500 reports") == 1
    assert stored(data) == {}


def steps(database: Path) -> int:
    """How far a deletion is: rows that are left."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM bundled").fetchone()
        return int(count)


@pytest.mark.parametrize("when", ["at the start", "in the middle", "near the end", "while wiping"])
def test_a_killed_acknowledgement_is_finished_by_the_next(when: str, data: Path, stick: Path) -> None:
    fill(data, 3_000, size=9_000)
    files = {b"an attachment %02d" % n: random.Random(100 + n).randbytes(300_000) for n in range(9)}
    attach(data, files)
    export(data, stick)
    gone = stored(data) | files
    later = {name.id for name in fill(data, 50, seed=2)}
    file = write_acknowledgement(stick, data, 1)
    process = subprocess.Popen(
        [*COMMAND, "acknowledge", "--data", str(data), str(file)], stdout=subprocess.DEVNULL
    )
    left = {"at the start": 3_008, "in the middle": 1_800, "near the end": 400, "while wiping": 0}[when]
    while steps(data / "reports.db") > left and process.poll() is None:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    assert process.returncode == -signal.SIGKILL, "it ended before it could be killed"
    done = run("export", "--data", data, "--out", stick, "--again", "1")
    assert "bundle 1 was acknowledged" in done.stderr
    taken(data, file)
    assert stored(data).keys() == later
    assert stored_files(data) == {}
    sample = random.Random(1).sample(sorted(gone), 200)
    assert traces(data, {one: gone[one] for one in sample}) == []
    assert not [name for name in snapshot(data) if "partial" in name or "etilqs" in name]


@both
def test_an_acknowledgement_while_a_bundle_is_written_is_told_to_wait(data: Path, stick: Path) -> None:
    fill(data, 3_000, size=9_000)
    export(data, stick)
    file = write_acknowledgement(stick, data, 1)
    fill(data, 3_000, size=9_000, seed=2)
    line = [*COMMAND, "export", "--data", str(data), "--out", str(stick)]
    running = subprocess.Popen(line, stdout=subprocess.DEVNULL)
    while not list(stick.glob(".*")) and running.poll() is None:
        time.sleep(0.002)
    # Held where it is: on a quick disk it would be done before the other command had started.
    running.send_signal(signal.SIGSTOP)
    try:
        done = run("acknowledge", "--data", data, file)
    finally:
        running.send_signal(signal.SIGCONT)
    assert (running.wait(60), done.returncode) == (0, 1)
    assert "another command is at work" in done.stderr
    assert "deleted 3000 reports, 0 attachments" in taken(data, file)
    assert len(stored(data)) == 3_000
