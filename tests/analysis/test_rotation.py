"""New keys in the place of the old: what opens before, after, and when it is killed on the way."""

import itertools
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis import keymaking, keyring, rotation
from analysis.desk import Desk
from analysis.desk_errors import Busy, WrongPassphrase
from analysis.identity import HybridIdentity, format_identity
from analysis.keymaking import Choices
from analysis.signing import signing_key
from analysis.terminal import asking
from analysis.unseal import unseal_bytes
from intake import desks, directory
from intake.crypto.card import introduce
from intake.crypto.seal import seal_bytes
from tests.analysis.conftest import COMMAND, Run, unlock
from tests.analysis.holding import contents, hold, lines

PLAIN = Choices(passphrase=False, scheme=None, days=365, lang="en", folder=None, swaps=())
# What changes a folder, or waits for the disk. strace counts each of them for itself.
STEPS = ("rename", "unlink", "mkdir", "rmdir", "fsync", "fdatasync")
# How many of each a rotation makes at least: a file less would be a kill that was not tried.
LEAST = {"rename": 9, "unlink": 1, "mkdir": 1, "rmdir": 1, "fsync": 12, "fdatasync": 0}
strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


def opens(path: Path, message: bytes) -> int:
    """Opens the desk and what was sealed to its first key; the number of the desk's card."""
    desk = unlock(path)
    try:
        assert unseal_bytes(message, desk.identities) == b"old words"
        assert unseal_bytes(seal_bytes(b"new words", desk.recipients), desk.identities) == b"new words"
        assert signing_key(desk).verify_key == desk.card.desk
        assert desk.card == introduce((path / "desk.pub").read_bytes())
        assert len(desk.identities) == desk.card.sequence
        assert not (path / rotation.FOLDER).exists()
        return desk.card.sequence
    finally:
        desk.close()


@pytest.fixture
def old(desk_path: Path) -> bytes:
    """What was sealed to the desk's first key."""
    desk = unlock(desk_path)
    desk.close()
    return seal_bytes(b"old words", desk.recipients)


def test_old_keys_go_on_opening_old_reports_through_many_rotations(
    run: Run, desk_path: Path, old: bytes
) -> None:
    for number in (2, 3, 4):
        done = run("rotate", "--desk", desk_path, "--no-passphrase")
        assert (done.returncode, done.stderr) == (0, "")
        assert opens(desk_path, old) == number


def test_a_passphrase_takes_the_place_of_another(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "new"
    assert run("keygen", "--desk", path, typed="the first passphrase\n").returncode == 0
    done = run("rotate", "--desk", path, typed="the first passphrase\nthe second passphrase\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert run("rehearse", "--desk", path, typed="the second passphrase\n").returncode == 0
    assert "does not open it" in run("rehearse", "--desk", path, typed="the first passphrase\n").stderr


def test_a_wrong_passphrase_changes_nothing(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "new"
    assert run("keygen", "--desk", path, typed="the first passphrase\n").returncode == 0
    before = contents(path)
    assert run("rotate", "--desk", path, typed="another one\nthe second passphrase\n").returncode == 1
    assert run("rotate", "--desk", path, typed="the first passphrase\n").returncode == 1
    assert contents(path) == before


def test_a_desk_goes_from_a_passphrase_to_shares_and_to_others(
    run: Run, tmp_path: Path, environment: dict[str, str]
) -> None:
    path = tmp_path / "new"
    assert run("keygen", "--desk", path, typed="the first passphrase\n").returncode == 0
    first = hold(
        *("rotate", "--desk", path, "--new-shares", "2/2"),
        environment=environment,
        typed="the first passphrase\n",
    )
    assert (first.status, first.errors) == (0, "")
    assert not (path / "identity.age").exists(), "the passphrase would still open what it sealed"
    second = hold(
        *("rotate", "--desk", path, "--shares", "--new-shares", "2/3"),
        environment=environment,
        typed=lines(*first.shares),
    )
    assert (second.status, len(second.shares)) == (0, 3)
    assert run("rehearse", "--desk", path, typed=lines(*second.shares[1:])).returncode == 0
    old = run("rehearse", "--desk", path, typed=lines(*first.shares))
    assert "they are not of this desk's newest key" in old.stderr


def test_an_intake_takes_the_card_of_a_rotated_desk(run: Run, desk_path: Path, tmp_path: Path) -> None:
    directory.make(tmp_path / "data", [desk_path / "desk.pub"], ("report",))
    first = (desk_path / "desk.pub").read_bytes()
    assert run("rotate", "--desk", desk_path, "--no-passphrase").returncode == 0
    assert desks.take(tmp_path / "data", (desk_path / "desk.pub").read_bytes()) is True
    desk = unlock(desk_path)
    desk.close()
    assert desks.read(tmp_path / "data").recipients == desk.recipients
    with pytest.raises(desks.OldCard, match="number 1, and number 2"):
        desks.take(tmp_path / "data", first)


def test_two_rotations_at_once_make_one(desk_path: Path, old: bytes) -> None:
    one, other = unlock(desk_path), unlock(desk_path)
    keymaking.rotate(one, asking(), PLAIN)
    before = {path: data for path, data in contents(desk_path).items() if path.name != "desk.db"}
    with pytest.raises(Busy, match="another command made new keys"):
        keymaking.rotate(other, asking(), PLAIN)
    assert {path: data for path, data in contents(desk_path).items() if path.name != "desk.db"} == before
    one.close()
    other.close()
    assert opens(desk_path, old) == 2


def killed(command: list[str], step: str, when: int, environment: dict[str, str]) -> bool:
    """Runs a command that SIGKILL ends at its `when`-th call of that name; False when it made fewer."""
    inject = f"inject={step}:signal=SIGKILL:when={when}"
    watched = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={step}", "-e", inject]
    done = subprocess.run([*watched, *command], env=environment, capture_output=True, timeout=60, check=False)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode != 0


@strace
@pytest.mark.parametrize("step", STEPS)
def test_a_rotation_that_is_killed_at_any_step_leaves_the_old_keys_or_the_new(
    step: str, desk_path: Path, old: bytes, tmp_path: Path, environment: dict[str, str]
) -> None:
    numbers = []
    for when in itertools.count(1):
        path = tmp_path / f"killed-{when}"
        shutil.copytree(desk_path, path)
        if not killed([*COMMAND, "rotate", "--desk", str(path), "--no-passphrase"], step, when, environment):
            break
        numbers.append(opens(path, old))
    assert opens(path, old) == 2
    # All kills before one moment left the old keys, and all after it the new ones.
    assert numbers == sorted(numbers)
    assert len(numbers) >= LEAST[step]


@pytest.fixture
def decided(desk_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A desk whose rotation was decided, and not one file of it moved."""
    desk = unlock(desk_path)
    with monkeypatch.context() as patched:
        patched.setattr(rotation, "finish", lambda _: None)
        keymaking.rotate(desk, asking(), PLAIN)
    desk.close()
    assert (desk_path / rotation.FOLDER / rotation.REMOVED).exists()
    return desk_path


@strace
@pytest.mark.parametrize("step", ["rename", "unlink", "rmdir", "fsync"])
def test_whoever_finishes_a_rotation_may_be_killed_too(
    step: str, old: bytes, decided: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    for when in itertools.count(1):
        path = tmp_path / f"finishing-{when}"
        shutil.copytree(decided, path)
        if not killed([*COMMAND, "rehearse", "--desk", str(path)], step, when, environment):
            break
        assert opens(path, old) == 2
    assert when > (7 if step == "rename" else 1)


def test_what_a_killed_rotation_left_aside_is_swept_by_the_next(
    run: Run, desk_path: Path, old: bytes
) -> None:
    left = desk_path / f".{rotation.FOLDER}.00112233.part"
    left.mkdir()
    (left / "identity.txt").write_text(format_identity(HybridIdentity.generate()))
    assert opens(desk_path, old) == 1
    assert run("rotate", "--desk", desk_path, "--no-passphrase").returncode == 0
    assert not left.exists()
    assert opens(desk_path, old) == 2


def test_a_rotation_folder_cannot_reach_out_of_the_desk(desk_path: Path, tmp_path: Path) -> None:
    staged = desk_path / rotation.FOLDER
    staged.mkdir()
    (tmp_path / "precious").write_text("precious")
    (staged / rotation.REMOVED).write_text("../precious\n")
    rotation.finish(desk_path)
    assert (tmp_path / "precious").exists()


def test_a_desk_without_its_passphrase_is_not_opened_by_earlier_keys(tmp_path: Path) -> None:
    path = tmp_path / "new"
    Desk.create(path, format_identity(HybridIdentity.generate()), "a passphrase")
    with pytest.raises(WrongPassphrase, match=r"identity\.age"):
        keyring.unlock(path, lambda: "another")
