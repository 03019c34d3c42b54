"""A desk in a temporary folder, a server it has pinned, and the real command."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from analysis.desk import Desk
from analysis.identity import HybridIdentity, format_identity
from analysis.pinning import pin
from tests.analysis.making import Server

COMMAND = [str(Path(sys.executable).with_name("witnessbox-analysis"))]

Run: TypeAlias = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """What the command is given as TMPDIR."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


@pytest.fixture
def environment(scratch: Path) -> dict[str, str]:
    """The environment that commands run in."""
    return os.environ | {"TMPDIR": str(scratch), "SQLITE_TMPDIR": str(scratch), "PYTHONWARNINGS": "error"}


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    """Runs `witnessbox-analysis` as people do, with `typed` on its standard input."""

    def runner(
        *arguments: object, typed: str = "", prefix: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        words = [*prefix, *COMMAND, *map(str, arguments)]
        return subprocess.run(
            words, input=typed, capture_output=True, text=True, env=environment, timeout=60, check=False
        )

    return runner


@pytest.fixture
def server() -> Server:
    """An intake."""
    return Server()


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    """Where bundles are laid."""
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


@pytest.fixture
def desk_path(tmp_path: Path, server: Server, stick: Path) -> Path:
    """A desk without a passphrase that has pinned the server."""
    path = tmp_path / "desk"
    Desk.create(path, format_identity(HybridIdentity.generate()), None)
    desk = unlock(path)
    pin(desk, server.public(stick))
    desk.close()
    return path


@pytest.fixture
def desk(desk_path: Path) -> Iterator[Desk]:
    """The same desk, unlocked."""
    opened = unlock(desk_path)
    yield opened
    opened.close()


def unlock(path: Path) -> Desk:
    """A desk that has no passphrase."""
    return Desk.unlock(path, lambda: "")
