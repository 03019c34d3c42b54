"""The database made anew from the archive says what it said before."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from analysis.backup import TABLES
from analysis.desk import Desk
from analysis.identity import HybridIdentity
from analysis.workbench import saved
from tests import attaching
from tests.analysis.conftest import COMMAND, Run, unlock
from tests.analysis.making import CANARY, Server, member, varied
from tests.analysis.tables import found_by, tables
from tests.analysis.test_attachments import files, report
from tests.analysis.test_bitmaps import assert_true
from tests.analysis.test_spreadsheet import HEADER, MAP, ROWS


@pytest.fixture
def full(run: Run, desk: Desk, server: Server, stick: Path, tmp_path: Path) -> Desk:
    """A desk with bundles, attachments, set-aside reports, a spreadsheet, an acknowledgement."""
    stranger = [HybridIdentity.generate().recipient]
    shards = [varied(desk.recipients, 20), [member(desk.recipients), member(stranger)]]
    assert run("import", "--desk", desk.path, server.bundle(stick, *shards)).returncode == 0
    server.form = attaching.FORM
    receipt, sealed, named = files(desk, 2)
    bundle = server.bundle(stick, sealed, [report(desk, receipt, named)])
    assert run("import", "--desk", desk.path, bundle).returncode == 0
    (tmp_path / "map.toml").write_text(MAP)
    (tmp_path / "rows.csv").write_text(HEADER + ROWS)
    done = run("import-csv", "--desk", desk.path, tmp_path / "map.toml", tmp_path / "rows.csv")
    assert done.returncode == 0, done.stderr
    assert run("acknowledge", "--desk", desk.path, "--out", stick).returncode == 0
    saved.save(desk, "Police, downtown", "setting=police&area=downtown&q=bag")
    return desk


def rebuilt(run: Run, path: Path, *more: object) -> Desk:
    done = run("rebuild", "--desk", path, *more)
    assert (done.returncode, done.stderr) == (0, "")
    assert "made the database anew" in done.stdout
    return unlock(path)


def is_damaged(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[100:5000] = os.urandom(4900)
    path.write_bytes(data)


def test_a_rebuilt_database_says_what_the_old_one_said(run: Run, full: Desk) -> None:
    before, found = tables(full), found_by(full, "clinic")
    full.close()
    again = rebuilt(run, full.path)
    assert tables(again) == before
    assert found_by(again, "clinic") == found
    assert again.database.conn.execute("PRAGMA foreign_key_check").fetchall() == []
    assert all(before[name] for name in ("reports", "attachments", "set_aside", "shards", "receipts"))
    again.close()


@pytest.mark.parametrize("harm", ["gone", "damaged", "empty"])
def test_with_a_backup_a_lost_database_comes_back_whole(run: Run, full: Desk, stick: Path, harm: str) -> None:
    assert run("backup", "--desk", full.path, "--out", stick / "saved.age").returncode == 0
    before = tables(full)
    full.close()
    database = full.path / "desk.db"
    match harm:
        case "gone":
            database.unlink()
        case "damaged":
            is_damaged(database)
        case "empty":
            database.write_bytes(b"")
    again = rebuilt(run, full.path, "--backup", stick / "saved.age")
    assert tables(again) == before
    again.close()


def test_from_the_archive_alone_all_comes_back_but_what_only_the_backup_holds(run: Run, full: Desk) -> None:
    without = ("acknowledgements", "boxes", "identities", "saved_questions")
    before = tables(full, *without)
    full.close()
    (full.path / "desk.db").unlink()
    done = run("rebuild", "--desk", full.path)
    assert "which only the archive vouches for: compare its digits" in done.stdout
    again = unlock(full.path)
    assert tables(again, *without) == before
    again.close()


def test_a_deleted_question_does_not_come_back_from_an_older_backup(
    run: Run, full: Desk, stick: Path
) -> None:
    assert run("backup", "--desk", full.path, "--out", stick / "saved.age").returncode == 0
    (one,) = saved.read(full.database.conn)
    saved.forget(full, one.id)
    full.close()
    again = rebuilt(run, full.path, "--backup", stick / "saved.age")
    assert saved.read(again.database.conn) == []
    assert_true(again)
    again.close()


def test_a_lost_database_key_is_made_anew(run: Run, full: Desk) -> None:
    before = tables(full, "acknowledgements", "boxes", "identities", "saved_questions")
    full.close()
    for name in ("desk.db", "database.key.age"):
        (full.path / name).unlink()
    again = rebuilt(run, full.path)
    assert tables(again, "acknowledgements", "boxes", "identities", "saved_questions") == before
    again.close()


@pytest.mark.parametrize("harm", ["gone", "one bit"])
def test_a_bundle_that_the_archive_lost_is_named_and_can_be_brought_again(
    run: Run, full: Desk, stick: Path, harm: str
) -> None:
    before = tables(full)
    full.close()
    shard = sorted(full.archive.glob("000001-*.tar"))[0]
    data = bytearray(shard.read_bytes())
    data[-3000] ^= 1
    shard.unlink() if harm == "gone" else shard.write_bytes(data)
    done = run("rebuild", "--desk", full.path)
    assert "bundle 1 does not stand in the archive whole: import it again" in done.stdout
    assert run("import", "--desk", full.path, stick / "witnessbox-000001").returncode == 0
    again = unlock(full.path)
    names = [{row[1] for row in one["reports"]} for one in (before, tables(again))]
    assert names[0] == names[1]
    assert tables(again)["bundles"] == before["bundles"]
    again.close()


def test_the_next_acknowledgement_after_a_rebuild_has_a_higher_number(
    run: Run, full: Desk, server: Server, stick: Path
) -> None:
    run("backup", "--desk", full.path, "--out", stick / "saved.age")
    recipients = full.recipients
    full.close()
    (full.path / "desk.db").unlink()
    rebuilt(run, full.path, "--backup", stick / "saved.age").close()
    run("import", "--desk", full.path, server.bundle(stick, [member(recipients)]))
    run("acknowledge", "--desk", full.path, "--out", stick)
    assert sorted(path.name for path in stick.glob("ack*")) == [
        "acknowledgement-000001",
        "acknowledgement-000002",
    ]


def test_an_older_backup_does_not_bring_an_acknowledgement_s_number_back(
    run: Run, full: Desk, server: Server, stick: Path
) -> None:
    run("backup", "--desk", full.path, "--out", stick / "saved.age")
    run("import", "--desk", full.path, server.bundle(stick, [member(full.recipients)]))
    run("acknowledge", "--desk", full.path, "--out", stick)
    before = tables(full)
    full.close()
    again = rebuilt(run, full.path, "--backup", stick / "saved.age")
    assert tables(again)["acknowledgements"] == before["acknowledgements"]
    again.close()


def test_a_backup_is_sealed_and_leaves_nothing_else_behind(run: Run, full: Desk, stick: Path) -> None:
    out = stick / "saved.age"
    out.write_text("an older one")
    assert run("backup", "--desk", full.path, "--out", out).returncode == 0
    data = out.read_bytes()
    assert data.startswith(b"age-encryption.org/v1")
    assert out.stat().st_mode & 0o077 == 0
    assert not list(stick.glob(".*"))
    assert not [name for name in (*TABLES, CANARY, "server") if name.encode() in data]


@pytest.mark.parametrize("text", ["", "age-encryption.org/v1\n", "another"])
def test_what_is_no_backup_is_refused_before_anything_changes(
    run: Run, full: Desk, stick: Path, text: str
) -> None:
    (stick / "saved.age").write_text(text)
    before = (full.path / "desk.db").read_bytes()
    done = run("rebuild", "--desk", full.path, "--backup", stick / "saved.age")
    assert (done.returncode, done.stdout) == (1, "")
    assert str(stick / "saved.age") in done.stderr
    assert (full.path / "desk.db").read_bytes() == before
    assert not list(full.path.glob(".*"))


def test_a_killed_rebuild_has_changed_nothing_or_all(
    full: Desk, run: Run, environment: dict[str, str], stick: Path, tmp_path: Path
) -> None:
    before = tables(full)
    full.close()
    command = [*COMMAND, "rebuild", "--desk", str(full.path)]
    killed = 0
    for delay in (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4):
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        while not list(full.path.glob(".desk.db*")) and process.poll() is None:
            time.sleep(0.002)
        time.sleep(delay)
        process.kill()
        killed += process.wait() == -signal.SIGKILL
        again = unlock(full.path)
        assert tables(again) == before
        again.close()
    assert killed >= 3
    rebuilt(run, full.path).close()
    assert not list(full.path.glob(".*"))


def test_a_journal_of_the_old_database_is_not_played_into_the_new_one(run: Run, full: Desk) -> None:
    before = tables(full)
    full.close()
    hot = full.path / "desk.db-journal"
    database = full.path / "desk.db"
    copy = database.read_bytes()
    connection = unlock(full.path)
    connection.database.conn.execute("PRAGMA cache_size = 5")
    connection.database.conn.execute("BEGIN")
    connection.database.conn.execute('UPDATE "texts" SET "text" = "text" || hex(randomblob(20000))')
    shutil.copy(hot, hot.with_name("kept"))
    connection.database.conn.rollback()
    connection.close()
    database.write_bytes(copy)
    is_damaged(database)
    os.rename(hot.with_name("kept"), hot)
    again = rebuilt(run, full.path)
    assert len(tables(again)["reports"]) == len(before["reports"])
    assert not hot.exists()
    again.close()


def test_two_commands_do_not_rebuild_at_once(run: Run, full: Desk) -> None:
    with full.changing():
        done = run("rebuild", "--desk", full.path)
    assert "another command is changing this desk" in done.stderr
    assert not list(full.path.glob(".*"))
