"""What the tests of several parts share: an organizers' key, and a running intake."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from analysis.identity import HybridIdentity
from intake.database import create
from intake.keeping import Database
from intake.sqlite import Sqlite
from tests.cluster import Cluster
from tests.serving import Server, make_data
from tests.sharing import new_postgres

# The same examples in every run, and no clock: a busy machine is no fault. `make fuzz` looks for new ones,
# as does any run with WITNESSBOX_EXAMPLES=new.
settings.register_profile(
    "settled",
    deadline=None,
    derandomize=os.environ.get("WITNESSBOX_EXAMPLES") != "new",
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile("settled")


@pytest.fixture(scope="session")
def identity() -> HybridIdentity:
    """The organizers' key."""
    return HybridIdentity.generate()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL that runs."""
    with Cluster() as running:
        yield running


@pytest.fixture
def data(request: pytest.FixtureRequest, tmp_path: Path, identity: HybridIdentity) -> Path:
    """A new data directory of an intake, with files of its own unless a test asks for `both`."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return make_data(tmp_path / "data", identity)
    cluster: Cluster = request.getfixturevalue("cluster")
    return make_data(tmp_path / "data", identity, database=cluster.url(cluster.new_database()))


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Where reports are kept, of both kinds, with nothing in it yet."""
    if request.param == "sqlite":
        create(tmp_path / "reports.db")
        yield Sqlite(tmp_path / "reports.db")
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    with closing(new_postgres(cluster, tmp_path)) as made:
        yield made


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
