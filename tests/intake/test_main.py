"""The command, run for real."""

from pathlib import Path

import pytest

from analysis.identity import HybridIdentity, X25519Identity
from intake.crypto.card import introduce
from intake.crypto.fingerprint import fingerprint
from intake.crypto.signing import SigningKey
from tests.cards import DESK, write_card
from tests.serving import run, snapshot


@pytest.fixture
def card(tmp_path: Path, identity: HybridIdentity) -> Path:
    return write_card(tmp_path / "desk.pub", identity.recipient)


def test_init_makes_a_directory_that_can_be_served(tmp_path: Path, card: Path) -> None:
    data = tmp_path / "below" / "data"
    done = run("init", "--data", data, "--desk", card)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"take {data / 'server.pub'} to the desk" in done.stdout
    made = {path.name for path in data.iterdir()}
    files = {"intake.toml", "server.key", "server.pub", "reports.db"}
    assert made == files | {"desks", "lists"}
    assert f"edit the lists in {data / 'lists'}" in done.stdout
    assert [path.name for path in (data / "desks").iterdir()] == [f"{DESK.verify_key.public.hex()[:16]}.pub"]


def test_init_shows_the_words_of_each_desk_s_keys(tmp_path: Path, card: Path) -> None:
    other = HybridIdentity.generate().recipient
    second = write_card(tmp_path / "other.pub", other, desk=SigningKey.generate())
    done = run("init", "--data", tmp_path / "data", "--desk", card, "--desk", second)
    assert (done.returncode, done.stderr) == (0, "")
    shown = {line.strip() for line in done.stdout.splitlines()}
    assert {" ".join(fingerprint(introduce(one.read_bytes()).recipients)) for one in (card, second)} <= shown


def test_the_same_desk_twice_is_refused(tmp_path: Path, card: Path) -> None:
    done = run("init", "--data", tmp_path / "data", "--desk", card, "--desk", card)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("witnessbox-intake: error: the same desk was given twice\nhint: ")
    assert not (tmp_path / "data").exists()


def test_desks_with_keys_of_two_kinds_are_refused(tmp_path: Path, card: Path) -> None:
    classic = X25519Identity(bytes(range(1, 33))).recipient
    second = write_card(tmp_path / "other.pub", classic, desk=SigningKey.generate())
    done = run("init", "--data", tmp_path / "data", "--desk", card, "--desk", second)
    assert done.returncode == 1
    assert "post-quantum and other keys cannot be mixed" in done.stderr
    assert not (tmp_path / "data").exists()


def test_each_new_directory_has_a_key_of_its_own(tmp_path: Path, card: Path) -> None:
    for name in ("one", "two"):
        run("init", "--data", tmp_path / name, "--desk", card)
    assert (tmp_path / "one/server.pub").read_text() != (tmp_path / "two/server.pub").read_text()


def test_an_existing_data_directory_is_not_touched(tmp_path: Path, card: Path) -> None:
    data = tmp_path / "data"
    run("init", "--data", data, "--desk", card)
    before = snapshot(tmp_path)
    done = run("init", "--data", data, "--desk", card)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        f"witnessbox-intake: error: {data} exists already",
        "hint: choose a new directory; nothing was changed",
    ]
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(None, "cannot read {}: No such file or directory", id="missing"),
        pytest.param("", "{}: the desk's card is not one of Witnessbox", id="empty"),
        pytest.param("age1pq1xyz\n", "{}: the desk's card is not one of Witnessbox", id="a recipient"),
        pytest.param("AGE-SECRET-KEY-PQ-1ABC\n", "{}: the desk's card is not one of", id="a secret key"),
        pytest.param("witnessbox-desk/1\n{}\n\n", "{}: the desk's card is broken", id="broken"),
        pytest.param("caf\udce9", "{}: the desk's card is not one of Witnessbox", id="not text"),
        pytest.param("a" * 65_537, "{} is longer than a desk's card can be", id="too long"),
    ],
)
def test_a_card_that_cannot_be_used_leaves_nothing_behind(
    text: str | None, message: str, tmp_path: Path
) -> None:
    file = tmp_path / "desk.pub"
    if text is not None:
        file.write_bytes(text.encode("utf-8", "surrogateescape"))
    done = run("init", "--data", tmp_path / "data", "--desk", file)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"witnessbox-intake: error: {message.format(file)}")
    assert "SECRET" not in done.stderr
    assert len(done.stderr.splitlines()) <= 2
    assert {path.name for path in tmp_path.iterdir()} <= {"desk.pub"}


@pytest.mark.parametrize("form", ["nowhere", "../report", "report.json", ""])
def test_a_form_that_does_not_exist_is_named(form: str, tmp_path: Path, card: Path) -> None:
    done = run("init", "--data", tmp_path / "data", "--desk", card, "--form", form)
    assert done.returncode == 1
    assert done.stderr.startswith(f'witnessbox-intake: error: there is no form "{form}"')
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("command", ["serve", "export"])
def test_a_missing_data_directory_is_said_with_a_hint(command: str, tmp_path: Path) -> None:
    more: list[str | Path] = ["--out", tmp_path] if command == "export" else []
    done = run(command, "--data", tmp_path / "none", *more)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        f"witnessbox-intake: error: there is no directory {tmp_path / 'none'}",
        "hint: witnessbox-intake init makes one",
    ]


def test_a_missing_stick_is_said(data: Path, tmp_path: Path) -> None:
    done = run("export", "--data", data, "--out", tmp_path / "none")
    assert done.returncode == 1
    assert done.stderr.endswith(f"witnessbox-intake: error: there is no directory {tmp_path / 'none'}\n")


def test_a_server_key_that_cannot_be_read_is_said_and_not_shown(data: Path, tmp_path: Path) -> None:
    (data / "server.key").write_text("witnessbox-server-seed/1 abcdef")
    done = run("export", "--data", data, "--out", tmp_path)
    assert done.returncode == 1
    assert done.stderr == f"witnessbox-intake: error: {data / 'server.key'} is not a server key\n"


@pytest.mark.parametrize("command", [[], ["init"], ["serve"], ["export"]])
def test_every_command_explains_itself(command: list[str]) -> None:
    done = run(*command, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: {' '.join(['witnessbox-intake', *command])}")
    assert done.stderr == ""


def test_a_command_that_does_not_exist_is_refused() -> None:
    assert run("steal").returncode == 2
