"""An intake to print for, and its command."""

import subprocess
from pathlib import Path

import pytest

from analysis.desk import Desk
from analysis.identity import HybridIdentity, format_identity
from intake import directory
from tests.serving import COMMAND


@pytest.fixture(scope="package")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An intake's data directory."""
    folder = tmp_path_factory.mktemp("printing")
    Desk.create(folder / "desk", format_identity(HybridIdentity.generate()), None)
    directory.make(folder / "intake", [folder / "desk" / "desk.pub"], ("report",))
    return folder / "intake"


def command(*words: object) -> "subprocess.CompletedProcess[str]":
    """Runs `witnessbox-intake`."""
    return subprocess.run(
        [*COMMAND, *map(str, words)], capture_output=True, text=True, check=False, timeout=180
    )
