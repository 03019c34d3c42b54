"""What the tests of several parts share: an organizers' key, and a running intake."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis.identity import HybridIdentity
from tests.serving import Server, make_data


@pytest.fixture(scope="session")
def identity() -> HybridIdentity:
    """The organizers' key."""
    return HybridIdentity.generate()


@pytest.fixture
def data(tmp_path: Path, identity: HybridIdentity) -> Path:
    """A new data directory of an intake."""
    return make_data(tmp_path / "data", identity)


@pytest.fixture
def server(data: Path) -> Iterator[Server]:
    """A running intake of its own."""
    with Server(data) as running:
        yield running


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory, identity: HybridIdentity) -> Iterator[Server]:
    """A running intake for tests that do not mind what others stored."""
    with Server(make_data(tmp_path_factory.mktemp("shared") / "data", identity)) as running:
        yield running
