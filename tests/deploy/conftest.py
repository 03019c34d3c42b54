"""The machines that the tests of deploy/ are made on."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis.identity import HybridIdentity
from tests.cards import write_card
from tests.deploy.tree import PROJECT, Machine, copy_project, make

SUITE = os.environ.get("SUITE", "bookworm")


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory, identity: HybridIdentity) -> Iterator[Machine]:
    """A fresh server, with the unpacked project and a desk's card on it."""
    folder = tmp_path_factory.mktemp("deploy")
    kept = os.environ.get("TREES")
    try:
        made = Machine(make(Path(kept) if kept else folder / "trees", SUITE), folder)
        copy_project(made.tree / PROJECT.lstrip("/"))
        write_card(made.tree / "root/desk.pub", identity.recipient)
        with made:
            yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)
