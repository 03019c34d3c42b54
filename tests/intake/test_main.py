"""The command, run for real."""

from pathlib import Path

import pytest

from analysis.identity import HybridIdentity
from tests.serving import run, snapshot


@pytest.fixture
def recipients(tmp_path: Path, identity: HybridIdentity) -> Path:
    file = tmp_path / "recipients.txt"
    file.write_text(f"{identity.recipient}\n")
    return file


def test_init_makes_a_directory_that_can_be_served(tmp_path: Path, recipients: Path) -> None:
    data = tmp_path / "below" / "data"
    done = run("init", "--data", data, "--recipients", recipients)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"take {data / 'server.pub'} to the desk" in done.stdout
    made = {path.name for path in data.iterdir()}
    assert made == {"intake.toml", "recipients.txt", "server.key", "server.pub", "reports.db", "lists"}


def test_each_new_directory_has_a_key_of_its_own(tmp_path: Path, recipients: Path) -> None:
    for name in ("one", "two"):
        run("init", "--data", tmp_path / name, "--recipients", recipients)
    assert (tmp_path / "one/server.pub").read_text() != (tmp_path / "two/server.pub").read_text()


def test_an_existing_data_directory_is_not_touched(tmp_path: Path, recipients: Path) -> None:
    data = tmp_path / "data"
    run("init", "--data", data, "--recipients", recipients)
    before = snapshot(tmp_path)
    done = run("init", "--data", data, "--recipients", recipients)
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
        pytest.param("", "{}: no recipient: a report must be sealed to somebody", id="empty"),
        pytest.param("# a key\nage1pq1xyz\n", "{}: line 2: ", id="broken"),
        pytest.param("AGE-SECRET-KEY-PQ-1ABC\n", "{}: line 1: ", id="a secret key"),
        pytest.param("caf\udce9", "{} is not a text file", id="not text"),
    ],
)
def test_recipients_that_cannot_be_used_leave_nothing_behind(
    text: str | None, message: str, tmp_path: Path
) -> None:
    file = tmp_path / "recipients.txt"
    if text is not None:
        file.write_bytes(text.encode("utf-8", "surrogateescape"))
    done = run("init", "--data", tmp_path / "data", "--recipients", file)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"witnessbox-intake: error: {message.format(file)}")
    assert "SECRET" not in done.stderr
    assert len(done.stderr.splitlines()) <= 2
    assert {path.name for path in tmp_path.iterdir()} <= {"recipients.txt"}


@pytest.mark.parametrize("form", ["nowhere", "../report", "report.json", ""])
def test_a_form_that_does_not_exist_is_named(form: str, tmp_path: Path, recipients: Path) -> None:
    done = run("init", "--data", tmp_path / "data", "--recipients", recipients, "--form", form)
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
