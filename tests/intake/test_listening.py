"""Where the server listens: a Unix socket of its own, or the sockets that systemd hands over."""

import os
import shlex
import signal
import socket
import stat
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.serving import COMMAND, run


@contextmanager
def started(line: Sequence[str], **options: object) -> Iterator[str]:
    """The server that a line starts, until it is stopped; what it says when it is ready."""
    process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True, **options)  # type: ignore[call-overload]
    assert process.stdout
    try:
        yield process.stdout.readline().strip()
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        process.stdout.close()


def ask(path: Path, address: str = "/en/") -> httpx.Response:
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(path)), base_url="http://site") as client:
        return client.get(address)


def serving(data: Path, *options: str) -> list[str]:
    return [*COMMAND, "serve", "--data", str(data), *options]


def test_a_unix_socket_answers_as_an_address_does(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with started(serving(data, "--socket", str(path))) as said:
        assert said == f"taking reports at unix:{path}"
        assert ask(path).status_code == 200
        assert ask(path).headers["cache-control"] == "no-store"


def test_a_socket_is_for_its_owner_and_its_group_alone(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with started(serving(data, "--socket", str(path))):
        assert stat.S_IMODE(path.stat().st_mode) == 0o660


def test_a_socket_that_a_killed_server_left_is_used_again(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with closing(socket.socket(socket.AF_UNIX)) as left:
        left.bind(str(path))
    with started(serving(data, "--socket", str(path))):
        assert ask(path).status_code == 200


def test_a_socket_that_somebody_listens_on_is_left_to_them(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with closing(socket.socket(socket.AF_UNIX)) as other:
        other.bind(str(path))
        other.listen()
        done = run("serve", "--data", data, "--socket", path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        f"witnessbox-intake: error: cannot listen on {path}: address already in use",
        "hint: choose another with --socket",
    ]


def test_a_file_of_that_name_is_not_removed(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    path.write_text("words")
    assert run("serve", "--data", data, "--socket", path).returncode == 1
    assert path.read_text() == "words"


def handing_over(sockets: Sequence[socket.socket], line: Sequence[str]) -> list[str]:
    """The line, run as systemd runs it: the sockets from descriptor 3 on, and for this process alone."""
    given = "".join(f" {3 + number}<&{one.fileno()}" for number, one in enumerate(sockets))
    program = f"export LISTEN_PID=$$ LISTEN_FDS={len(sockets)}; exec {shlex.join(line)}{given}"
    return ["bash", "-c", program]


def test_all_sockets_that_systemd_hands_over_answer(data: Path, tmp_path: Path) -> None:
    paths = [tmp_path / "web.sock", tmp_path / "onion.sock"]
    with ExitStack() as stack:
        sockets = [stack.enter_context(closing(socket.socket(socket.AF_UNIX))) for _ in paths]
        for one, path in zip(sockets, paths, strict=True):
            one.bind(str(path))
            one.listen()
        line = handing_over(sockets, serving(data, "--systemd"))
        with started(line, pass_fds=[one.fileno() for one in sockets]) as said:
            assert said == f"taking reports at unix:{paths[0]} unix:{paths[1]}"
            assert [ask(path, "/healthz").text for path in paths] == ["ok\n", "ok\n"]


@pytest.mark.parametrize(
    "environment",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"LISTEN_FDS": "1", "LISTEN_PID": "1"}, id="for another process"),
    ],
)
def test_sockets_that_were_not_handed_over_are_said_to_be_missing(
    environment: dict[str, str], data: Path
) -> None:
    done = run("serve", "--data", data, "--systemd", env={**os.environ, **environment})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "witnessbox-intake: error: systemd handed over no socket",
        "hint: start its socket unit, or use --socket PATH",
    ]
