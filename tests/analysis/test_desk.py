"""Making a desk and unlocking it."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from analysis.desk import Desk
from analysis.desk_errors import Busy, DamagedDesk
from tests.analysis.conftest import COMMAND, Run, unlock


def test_a_new_desk_opens_with_its_passphrase_and_with_no_other(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "new"
    made = run("keygen", "--desk", path, typed="four random words here\n")
    assert (made.returncode, made.stderr) == (0, "")
    assert not (path / "identity.txt").exists()
    public = tmp_path / "server.pub"
    public.write_text("witnessbox-server-key/1 " + "ab" * 32 + "\n")
    assert run("pin", "--desk", path, public, typed="four random words here\n").returncode == 0
    wrong = run("pin", "--desk", path, public, typed="another passphrase\n")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert wrong.stderr == (
        f"witnessbox-analysis: error: {path / 'identity.age'}: the passphrase does not open it\n"
    )


def test_nobody_but_the_owner_may_read_a_desk(desk_path: Path) -> None:
    for path in (desk_path, *desk_path.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_a_desk_is_not_made_over_another(run: Run, desk_path: Path) -> None:
    before = (desk_path / "identity.txt").read_bytes()
    result = run("keygen", "--desk", desk_path, "--no-passphrase")
    assert result.returncode == 1
    assert "already exists" in result.stderr
    assert (desk_path / "identity.txt").read_bytes() == before


def test_a_desk_that_cannot_be_made_leaves_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    result = run("keygen", "--desk", tmp_path / "file" / "desk", "--no-passphrase")
    assert result.returncode == 1
    assert result.stderr.count("\n") <= 2
    assert "Traceback" not in result.stderr
    assert sorted(os.listdir(tmp_path)) == ["file", "scratch"]


def test_a_new_desk_without_words_on_its_input_is_refused(run: Run, tmp_path: Path) -> None:
    result = run("keygen", "--desk", tmp_path / "desk")
    assert result.returncode == 1
    assert "the new passphrase is empty" in result.stderr
    assert not (tmp_path / "desk").exists()


@pytest.mark.parametrize("locale", ["C.UTF-8", "C"])
def test_a_passphrase_that_is_no_text_is_refused_in_words(
    tmp_path: Path, environment: dict[str, str], locale: str
) -> None:
    done = subprocess.run(
        [*COMMAND, "keygen", "--desk", str(tmp_path / "desk")],
        input=b"four \xff words\n",
        env=environment | {"LC_ALL": locale},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"witnessbox-analysis: error: the passphrase is not text in UTF-8\nhint: ")


def test_a_desk_is_made_in_the_folder_where_one_stands(tmp_path: Path, environment: dict[str, str]) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    command = [*COMMAND, "keygen", "--desk", ".", "--no-passphrase"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    unlock(folder).close()


def test_a_killed_keygen_s_key_is_removed_by_the_next_one(
    run: Run, tmp_path: Path, environment: dict[str, str]
) -> None:
    command = [*COMMAND, "keygen", "--desk", str(tmp_path / "new"), "--no-passphrase"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    while not list(tmp_path.glob(".new.*.part/identity.txt")):
        assert process.poll() is None, "it ended before it could be killed"
    process.kill()
    process.wait()
    (tmp_path / ".newer.00112233.part").mkdir()
    assert list(tmp_path.glob(".new.*.part"))
    assert run("keygen", "--desk", tmp_path / "new", "--no-passphrase").returncode == 0
    assert sorted(os.listdir(tmp_path)) == [".newer.00112233.part", "new", "scratch"]


def test_a_folder_that_is_no_desk_is_said_to_be_none(run: Run, tmp_path: Path) -> None:
    result = run("open", "--desk", tmp_path)
    assert result.returncode == 1
    assert result.stderr.startswith(f"witnessbox-analysis: error: {tmp_path}: not a desk\nhint: ")


@pytest.mark.parametrize(
    "name", ["desk.db", "database.key.age", "recipients.txt", "desk.pub", "identity.txt"]
)
def test_a_damaged_file_of_the_desk_is_named(desk_path: Path, name: str) -> None:
    data = bytearray((desk_path / name).read_bytes())
    data[100:140] = data[-60:-20] = bytes(40)
    (desk_path / name).write_bytes(data)
    with pytest.raises(DamagedDesk, match=name):
        unlock(desk_path)


def test_two_commands_do_not_change_a_desk_at_once(desk: Desk) -> None:
    with desk.changing(), pytest.raises(Busy, match="another command is changing"), desk.changing():
        pass


@pytest.mark.parametrize("command", ["keygen", "pin", "import", "import-csv", "open", "publish"])
def test_every_command_explains_itself(run: Run, command: str) -> None:
    result = run(command, "--help")
    assert result.returncode == 0
    assert "--desk DIR" in result.stdout
    assert result.stderr == ""
