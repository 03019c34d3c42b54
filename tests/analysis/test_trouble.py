"""A disk that is full, a database that is damaged, a desk in use: told in two lines."""

import os
from pathlib import Path

import pytest

from analysis import cipher
from analysis.desk import Desk
from analysis.desk_errors import Busy
from analysis.trouble import told
from tests.analysis.conftest import Run
from tests.analysis.making import Server, member, pack, varied
from tests.analysis.test_courier import refused
from tests.findings.releasing import write_release_file

PUBLIC = "witnessbox-server-key/1 " + "ab" * 32 + "\n"
PAGE = 16384


@pytest.fixture
def loaded(run: Run, desk: Desk, server: Server, stick: Path) -> Desk:
    """A desk with a hundred reports."""
    bundle = server.bundle(stick, varied(desk.recipients, 100))
    assert run("import", "--desk", desk.path, bundle).returncode == 0
    return desk


@pytest.mark.parametrize("command", ["import", "publish", "open", "pin"])
def test_a_damaged_database_is_named(
    run: Run, loaded: Desk, server: Server, stick: Path, tmp_path: Path, command: str
) -> None:
    bundle = server.bundle(stick, [member(loaded.recipients)])
    loaded.close()
    assert run("release-key", "--desk", loaded.path).returncode == 0
    path = loaded.path / "desk.db"
    data = bytearray(path.read_bytes())
    # Every page but the first, which the key is tried on.
    for page in range(PAGE, len(data), PAGE):
        data[page + 100 : page + 140] = bytes(40)
    path.write_bytes(data)
    arguments: dict[str, tuple[object, ...]] = {
        "import": (bundle,),
        "publish": (write_release_file(tmp_path / "release.toml"), "--out", tmp_path / "site"),
        "open": ("--port", 0),
        "pin": (server.public(stick),),
    }
    result = run(command, "--desk", loaded.path, *arguments[command])
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        f"witnessbox-analysis: error: {path}: the database is damaged, or another desk's\n"
        "hint: bring back a copy of the desk's folder\n"
    )


def test_an_empty_database_is_not_taken_for_another_version(run: Run, desk: Desk, stick: Path) -> None:
    desk.close()
    (desk.path / "desk.db").write_bytes(b"")
    result = run("open", "--desk", desk.path, "--port", 0)
    assert result.returncode == 1
    assert result.stderr.startswith(
        f"witnessbox-analysis: error: {desk.path}/desk.db: the database is empty\nhint: "
    )


def test_a_new_desk_on_a_full_disk_is_refused_and_leaves_nothing(run: Run, tmp_path: Path) -> None:
    result = run("keygen", "--desk", tmp_path / "new", "--no-passphrase", prefix=("prlimit", "--fsize=20000"))
    assert result.returncode == 1
    assert result.stderr.startswith(
        f"witnessbox-analysis: error: {tmp_path}/new/desk.db: the disk is full, "
        "or refuses to be written\nhint: "
    )
    assert sorted(os.listdir(tmp_path)) == ["scratch"]


def test_a_server_is_not_pinned_on_a_full_disk(run: Run, desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "other.pub").write_text(PUBLIC)
    arguments = ("pin", "--desk", desk.path, tmp_path / "other.pub")
    result = run(*arguments, prefix=("prlimit", "--fsize=4096"))
    assert (result.returncode, result.stdout) == (1, "")
    assert f"{desk.path}/desk.db: the disk is full, or refuses to be written\nhint: " in result.stderr
    assert run(*arguments).returncode == 0


def test_a_server_is_not_pinned_while_another_command_changes_the_desk(
    run: Run, desk: Desk, tmp_path: Path
) -> None:
    (tmp_path / "other.pub").write_text(PUBLIC)
    with desk.changing():
        result = run("pin", "--desk", desk.path, tmp_path / "other.pub")
    assert result.returncode == 1
    assert result.stderr == (
        f"witnessbox-analysis: error: {desk.path}: another command is changing this desk\n"
        "hint: wait for it to end\n"
    )


def test_a_database_that_another_program_keeps_is_said_to_be_in_use(desk: Desk) -> None:
    with desk.database.atomic():
        desk.database.conn.execute("INSERT INTO servers VALUES ('x')")
        other = cipher.connect(desk.path / "desk.db", desk.database_key, timeout=0)
        with pytest.raises(Busy, match="another program keeps"), told(desk.path / "desk.db"):
            other.execute("INSERT INTO servers VALUES ('y')")
        other.close()


def test_a_fault_of_this_program_is_not_blamed_on_the_database(desk: Desk) -> None:
    with pytest.raises(cipher.DatabaseError, match="no such table"), told(desk.path / "desk.db"):
        desk.database.conn.execute("SELECT 1 FROM absent")


def test_a_shard_that_is_listed_twice_is_refused(run: Run, desk: Desk, server: Server, stick: Path) -> None:
    shard = pack([member(desk.recipients)])
    bundle = server.pack(stick, [shard, shard])
    assert f"{bundle / 'manifest'}: the manifest is not in the one allowed form" in refused(run, desk, bundle)
