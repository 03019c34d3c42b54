"""The desk's answer: it names what stands in the archive whole, and the intake deletes just that."""

import json
import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from analysis.desk import Desk
from analysis.identity import HybridIdentity
from analysis.signing import signing_key
from intake import desks as all_desks
from intake.crypto.acknowledgement import Acknowledgement, parse
from intake.crypto.receipt import Receipt
from intake.directory import read_key
from intake.shelf import SECONDS_BETWEEN_LOOKS
from tests.analysis.conftest import Run, unlock
from tests.analysis.dying import dying
from tests.analysis.making import Server as Bundles
from tests.analysis.making import member
from tests.attaching import AttachingServer, sealed_file, sealed_report, stored_files
from tests.cards import DESK
from tests.serving import PATIENT, Server, configure, sealed_body, stored
from tests.serving import run as intake


def read(desk: Desk, path: Path) -> Acknowledgement:
    return parse(path.read_bytes(), [signing_key(desk).verify_key])


def refused(run: Run, desk: Desk, stick: Path, *more: object) -> str:
    before = sorted(stick.iterdir())
    done = run("acknowledge", "--desk", desk.path, "--out", stick, *more)
    assert (done.returncode, done.stdout) == (1, "")
    assert sorted(stick.iterdir()) == before
    return done.stderr


def test_it_names_what_was_imported_and_is_the_same_until_something_is_new(
    run: Run, desk: Desk, server: Bundles, stick: Path
) -> None:
    run("import", "--desk", desk.path, server.bundle(stick, [member(desk.recipients)]))
    first = server.previous
    done = run("acknowledge", "--desk", desk.path, "--out", stick)
    path = stick / "acknowledgement-000001"
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == f"wrote {path}: bundle 1 accepted"
    assert read(desk, path).accepted == ((1, first),)
    assert read(desk, path).card == (desk.path / "desk.pub").read_text()
    before = path.read_bytes()
    path.unlink()
    run("acknowledge", "--desk", desk.path, "--out", stick)
    assert path.read_bytes() == before
    run("import", "--desk", desk.path, server.bundle(stick, [member(desk.recipients)]))
    run("acknowledge", "--desk", desk.path, "--out", stick)
    assert read(desk, stick / "acknowledgement-000002").accepted == ((1, first), (2, server.previous))


def test_reports_that_were_set_aside_are_acknowledged_too(
    run: Run, desk: Desk, server: Bundles, stick: Path
) -> None:
    stranger = [HybridIdentity.generate().recipient]
    bundle = server.bundle(stick, [member(stranger), member(desk.recipients)])
    assert "1 report set aside:" in run("import", "--desk", desk.path, bundle).stdout
    run("acknowledge", "--desk", desk.path, "--out", stick)
    assert [one for one, _ in read(desk, stick / "acknowledgement-000001").accepted] == [1]


def test_a_gap_and_an_import_that_was_cut_off_are_not_acknowledged(
    run: Run, desk: Desk, server: Bundles, stick: Path
) -> None:
    bundles = [server.bundle(stick, [member(desk.recipients)]) for _ in range(3)]
    for bundle in (bundles[0], bundles[2]):
        run("import", "--desk", desk.path, bundle)
    with desk.database.atomic():
        desk.database.conn.execute('UPDATE "bundles" SET "loaded" = 0 WHERE "sequence" = 3')
    done = run("acknowledge", "--desk", desk.path, "--out", stick)
    assert "bundle 3 not accepted: its import was cut off; import it again, to its end" in done.stdout
    assert [one for one, _ in read(desk, stick / "acknowledgement-000001").accepted] == [1]


@pytest.mark.parametrize("harm", ["one bit", "gone", "no manifest", "not listed"])
def test_what_does_not_stand_in_the_archive_whole_is_not_acknowledged(
    run: Run, desk: Desk, server: Bundles, stick: Path, harm: str
) -> None:
    bundle = server.bundle(stick, [member(desk.recipients)])
    run("import", "--desk", desk.path, bundle)
    (shard,) = desk.archive.glob("*.tar")
    match harm:
        case "one bit":
            data = bytearray(shard.read_bytes())
            data[900] ^= 1
            shard.write_bytes(data)
        case "gone":
            shard.unlink()
        case "no manifest":
            next(desk.archive.glob("papers/*.manifest.age")).unlink()
        case "not listed":
            with desk.database.atomic():
                desk.database.conn.execute('DELETE FROM "shards"')
    error = refused(run, desk, stick)
    assert "does not stand here whole; nothing was acknowledged\nhint: import witnessbox-000001" in error
    run("import", "--desk", desk.path, bundle)
    assert run("acknowledge", "--desk", desk.path, "--out", stick).returncode == 0


def test_of_several_servers_one_is_named(run: Run, desk: Desk, stick: Path) -> None:
    other = Bundles()
    run("pin", "--desk", desk.path, other.public(stick))
    key = other.key.verify_key.public.hex()
    assert "has pinned several servers\nhint: say which: --server" in refused(run, desk, stick)
    assert "has pinned no such server" in refused(run, desk, stick, "--server", "0" * 16)
    assert run("acknowledge", "--desk", desk.path, "--out", stick, "--server", key[:16]).returncode == 0
    assert read(desk, stick / "acknowledgement-000001").server == other.key.verify_key


def test_another_file_on_the_stick_is_not_touched(run: Run, desk: Desk, stick: Path) -> None:
    (stick / "acknowledgement-000001").write_text("another")
    assert "exists already and is another" in refused(run, desk, stick)
    assert "there is no such folder" in refused(run, desk, stick, "--out", stick / "none")


def test_a_desk_that_was_made_anew_goes_on_above_its_old_numbers(run: Run, desk: Desk, stick: Path) -> None:
    run("acknowledge", "--desk", desk.path, "--out", stick, "--after", "7")
    assert read(desk, stick / "acknowledgement-000008").sequence == 8
    run("acknowledge", "--desk", desk.path, "--out", stick)
    assert [path.name for path in stick.glob("ack*")] == ["acknowledgement-000008"]


def test_a_whole_trip_there_and_back_with_the_real_commands(
    run: Run, desk: Desk, stick: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    assert intake("init", "--data", data, "--desk", desk.path / "desk.pub").returncode == 0
    configure(data, **PATIENT)
    run("pin", "--desk", desk.path, data / "server.pub")
    with AttachingServer(data) as server:
        receipt = Receipt.draw()
        body, named = sealed_file(desk.recipients, receipt, b"%PDF-1.7 a letter")
        assert server.post_sealed(body).status_code == 201
        assert server.post_sealed(sealed_report(desk.recipients, receipt, [named])).status_code == 201
        for _ in range(3):
            assert server.post_sealed(sealed_body(desk.recipients)).status_code == 201
        assert intake("export", "--data", data, "--out", stick).returncode == 0
        late = sealed_body(desk.recipients)
        assert server.post_sealed(late).status_code == 201
        said = run("import", "--desk", desk.path, stick / "witnessbox-000001").stdout.splitlines()
        assert said[:2] == ["bundle 1: 4 reports added", "1 attachment added"]
        key = read_key(data).verify_key.public.hex()
        assert run("acknowledge", "--desk", desk.path, "--out", stick, "--server", key).returncode == 0
        shutil.rmtree(stick / "witnessbox-000001")
        done = intake("acknowledge", "--data", data, stick / "acknowledgement-000001")
        assert done.stdout.splitlines()[1:] == [
            "what the desk says to reporters was taken over",
            "deleted 4 reports, 1 attachment",
        ]
        assert stored(data).keys() == {late[:16]}
        assert stored_files(data) == {}
    assert run("import", "--desk", desk.path, stick / "witnessbox-000001").returncode == 1
    intake("export", "--data", data, "--out", stick)
    assert "1 report added" in run("import", "--desk", desk.path, stick / "witnessbox-000002").stdout


def test_a_desk_that_the_intake_did_not_pin_deletes_nothing(
    run: Run, desk: Desk, stick: Path, data: Path
) -> None:
    assert signing_key(desk).verify_key != DESK.verify_key
    run("pin", "--desk", desk.path, data / "server.pub")
    key = read_key(data).verify_key.public.hex()
    run("acknowledge", "--desk", desk.path, "--out", stick, "--server", key)
    done = intake("acknowledge", "--data", data, stick / "acknowledgement-000001")
    assert "not signed by a desk that is known here" in done.stderr
    with closing(sqlite3.connect(data / "reports.db")) as connection:
        assert connection.execute("SELECT count(*) FROM acknowledgements").fetchone() == (0,)


def desk_key(card: Path) -> str:
    """The key that signs a desk's card, in hexadecimal."""
    found = json.loads(card.read_text().splitlines()[1])
    return str(found["desk"])


def trip(run: Run, desk: Path, data: Path, stick: Path) -> list[str]:
    """The bundle of an intake to a desk, and the answer back; what the intake says."""
    intake("export", "--data", data, "--out", stick)
    for bundle in sorted(stick.glob("witnessbox-*")):
        assert run("import", "--desk", desk, bundle).returncode == 0
    for old in (*stick.glob("acknowledgement-*"), *stick.glob("box-*")):
        old.unlink()
    assert run("acknowledge", "--desk", desk, "--out", stick).returncode == 0
    [answer] = stick.glob("acknowledgement-*")
    done = intake("acknowledge", "--data", data, answer)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()[1:]


def test_two_unions_share_one_intake_and_each_opens_all_of_it(run: Run, tmp_path: Path, stick: Path) -> None:
    desks, data = [tmp_path / "tenants", tmp_path / "patients"], tmp_path / "data"
    for path in desks:
        assert run("keygen", "--desk", path, "--no-passphrase").returncode == 0
    cards = [word for path in desks for word in ("--desk", path / "desk.pub")]
    assert intake("init", "--data", data, *cards).returncode == 0
    for path in desks:
        run("pin", "--desk", path, data / "server.pub")
    configure(data, **PATIENT)
    with Server(data) as server:
        for _ in range(3):
            assert server.post_sealed(sealed_body(all_desks.read(data).recipients)).status_code == 201
        assert trip(run, desks[0], data, stick) == [
            "what the desk says to reporters was taken over",
            "bundle 1 not deleted: another desk has still to acknowledge",
        ]
        assert len(stored(data)) == 3
        assert trip(run, desks[1], data, stick) == [
            "what the desk says to reporters was taken over",
            "deleted 3 reports, 0 attachments",
        ]
        time.sleep(SECONDS_BETWEEN_LOOKS + 0.5)
        # Each has a box of its own, which the other's does not replace.
        assert {one["desk"] for one in server.client.get("/box").json()} == {
            desk_key(path / "desk.pub") for path in desks
        }
    assert stored(data) == {}
    for path in desks:
        desk = unlock(path)
        assert desk.database.conn.execute('SELECT count(*) FROM "reports"').fetchone() == (3,)
        desk.close()


def test_a_desk_s_new_keys_reach_the_intake_with_the_next_answer(
    run: Run, tmp_path: Path, stick: Path
) -> None:
    desk, data = tmp_path / "desk", tmp_path / "data"
    run("keygen", "--desk", desk, "--no-passphrase")
    intake("init", "--data", data, "--desk", desk / "desk.pub")
    run("pin", "--desk", desk, data / "server.pub")
    assert trip(run, desk, data, stick) == ["what the desk says to reporters was taken over"]
    before = all_desks.read(data).recipients
    assert run("rotate", "--desk", desk, "--no-passphrase").returncode == 0
    said = trip(run, desk, data, stick)
    assert said == ["the desk has new keys; from now on reports are sealed to them"]
    after = unlock(desk)
    assert all_desks.read(data).recipients == tuple(after.recipients) != before
    after.close()


def test_nothing_is_said_while_an_import_goes_on(run: Run, desk: Desk, stick: Path) -> None:
    with desk.changing():
        assert "another command is changing this desk" in refused(run, desk, stick)


# The first file that `acknowledge` syncs is the archive's folder, which it looks through before.
@pytest.mark.parametrize(
    ("command", "step", "number", "written"),
    [
        pytest.param("acknowledge", "fsync", 1, False, id="before the answer"),
        pytest.param("acknowledge", "fsync", 2, False, id="while the box is written"),
        pytest.param("acknowledge", "replace", 1, False, id="before the box has its name"),
        pytest.param("acknowledge", "fsync", 4, False, id="while the answer is written"),
        pytest.param("acknowledge", "replace", 2, False, id="before the answer has its name"),
        pytest.param("acknowledge", "fsync", 5, True, id="after the answer has its name"),
        pytest.param("backup", "fsync", 1, False, id="while the backup is written"),
        pytest.param("backup", "replace", 1, False, id="before the backup has its name"),
        pytest.param("backup", "fsync", 2, True, id="after the backup has its name"),
    ],
)
def test_a_command_that_dies_while_it_writes_is_repeated(
    command: str,
    step: str,
    number: int,
    written: bool,
    run: Run,
    desk: Desk,
    server: Bundles,
    stick: Path,
    tmp_path: Path,
    environment: dict[str, str],
) -> None:
    run("import", "--desk", desk.path, server.bundle(stick, [member(desk.recipients)]))
    empty = tmp_path / "empty"
    empty.mkdir()
    path = empty / ("acknowledgement-000001" if command == "acknowledge" else "saved.age")
    line = [command, "--desk", str(desk.path), "--out", str(empty if command == "acknowledge" else path)]
    assert dying(environment, step, number, *line).returncode == -signal.SIGKILL
    assert path.exists() == written
    before = path.read_bytes() if written else b""
    assert run(*line).returncode == 0
    box = [empty / "box-000001"] if command == "acknowledge" else []
    assert sorted(empty.iterdir()) == [path, *box]
    if command == "acknowledge":
        assert path.read_bytes().startswith(before)


def test_a_stick_that_cannot_be_written_is_read_all_the_same(
    run: Run, desk: Desk, server: Bundles, tmp_path: Path
) -> None:
    folder = tmp_path / "locked"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a file system")
    try:
        bundle = server.bundle(folder, [member(desk.recipients)])
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        assert run("import", "--desk", desk.path, bundle).stdout == "bundle 1: 1 report added\n"
        assert "read-only file system" in refused(run, desk, folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
