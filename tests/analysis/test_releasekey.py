from pathlib import Path

import pytest

from analysis.desk import Desk
from analysis.desk_errors import DamagedDesk, NoReleaseKey
from analysis.findings.site.minisign import key_line
from analysis.releasekey import RELEASE_KEY, make_release_key, read_release_key
from tests.analysis.conftest import Run, unlock
from tests.analysis.holding import contents


def _line(output: str) -> str:
    (line,) = [line for line in output.splitlines() if line.startswith("public key: ")]
    return line.removeprefix("public key: ")


def test_the_command_makes_the_key_once_and_shows_it_again(run: Run, desk_path: Path) -> None:
    first, second = (run("release-key", "--desk", desk_path) for _ in range(2))
    assert (first.returncode, first.stderr, second.returncode) == (0, "", 0)
    assert first.stdout.startswith("made the key that signs releases\n")
    assert second.stdout.startswith("the key that signs releases is there\n")
    assert _line(first.stdout) == _line(second.stdout)
    desk = unlock(desk_path)
    assert _line(first.stdout) == key_line(read_release_key(desk.path, desk.identities).verify_key)
    desk.close()


def test_a_release_key_stands_in_no_file_of_the_desk(desk: Desk) -> None:
    seed = make_release_key(desk.path, desk.recipients).seed
    for data in contents(desk.path).values():
        assert seed not in data
        assert seed.hex().encode() not in data


def test_the_release_key_stays_the_same_when_the_keys_are_rotated(run: Run, desk_path: Path) -> None:
    before = _line(run("release-key", "--desk", desk_path).stdout)
    sealed = (desk_path / RELEASE_KEY).read_bytes()
    assert run("rotate", "--desk", desk_path, "--no-passphrase").returncode == 0
    assert (desk_path / RELEASE_KEY).read_bytes() != sealed
    assert _line(run("release-key", "--desk", desk_path).stdout) == before
    # Sealed anew, so the newest identity alone opens it.
    assert run("rehearse", "--desk", desk_path).returncode == 0


def test_without_a_release_key_the_way_out_is_told(desk: Desk) -> None:
    with pytest.raises(NoReleaseKey, match=r"release\.key\.age: not there") as refused:
        read_release_key(desk.path, desk.identities)
    assert str(refused.value.hint).endswith(f"witnessbox-analysis release-key --desk {desk.path}")


def test_a_release_key_that_was_changed_is_refused(run: Run, desk: Desk) -> None:
    make_release_key(desk.path, desk.recipients)
    path = desk.path / RELEASE_KEY
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(DamagedDesk, match=r"release\.key\.age"):
        read_release_key(desk.path, desk.identities)
    assert "release.key.age: the file was changed" in run("rehearse", "--desk", desk.path).stderr
