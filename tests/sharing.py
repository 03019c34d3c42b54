"""What tests need of an intake whose reports may be in either database."""

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from intake.crypto.signing import SigningKey
from intake.directory import find_database
from intake.keeping import Connection, Database
from intake.postgres.database import Postgres
from intake.sqlite import Sqlite
from tests.cluster import Cluster

SERVER = SigningKey(bytes(range(2, 34)))
# For a test that holds whichever database the data directory names.
both = pytest.mark.parametrize("data", ["sqlite", "postgres"], indirect=True)


def new_postgres(cluster: Cluster, data: Path) -> Postgres:
    """A database with the tables of an intake, and nothing in them."""
    return Postgres.make(data, cluster.url(cluster.new_database()), SERVER.verify_key)


def held(database: Database) -> dict[bytes, bytes]:
    """The sealed reports, by their ids."""
    with closing(database.connect()) as connection:
        return dict(connection.execute("SELECT id, sealed FROM reports ORDER BY id").fetchall())


def held_files(database: Database) -> dict[bytes, bytes]:
    """The sealed attachments, by their ids."""
    with closing(database.connect()) as connection:
        rows = connection.execute("SELECT id, upload FROM attachments").fetchall()
        return {name: _whole(connection, upload) for name, upload in rows}


def _whole(connection: Connection, upload: bytes) -> bytes:
    rows = connection.execute("SELECT bytes FROM pieces WHERE upload = ? ORDER BY number", (upload,))
    return b"".join(row[0] for row in rows)


def left_over(database: Database) -> int:
    """How many pieces belong to no attachment."""
    with closing(database.connect()) as connection:
        query = "SELECT count(*) FROM pieces WHERE upload NOT IN (SELECT upload FROM attachments)"
        return int(connection.execute(query).fetchone()[0])


@contextmanager
def connected(data: Path) -> Iterator[Connection]:
    """A connection to the reports of a data directory."""
    with closing(find_database(data).connect()) as connection:
        yield connection


def cut_off(data: Path) -> None:
    """As if the export of bundle 1 had been killed when it had its name, and before that was noted."""
    with connected(data) as connection:
        connection.execute("INSERT INTO exports VALUES (1, 1)")


def cut_off_before(data: Path) -> None:
    """As if an older program had been killed then, which noted the digest last."""
    cut_off(data)
    with connected(data) as connection:
        connection.execute("UPDATE bundles SET digest = NULL")


@contextmanager
def blocked(database: Database) -> Iterator[None]:
    """Nobody else can write a report before the block ends."""
    with closing(database.connect()) as other:
        other.execute("BEGIN IMMEDIATE" if isinstance(database, Sqlite) else "BEGIN")
        if not isinstance(database, Sqlite):
            other.execute("LOCK TABLE reports IN ACCESS EXCLUSIVE MODE")
        yield
        other.execute("ROLLBACK")


def other_machine(data: Path, name: str) -> Path:
    """The data directory as it is copied to a machine that only takes reports: without the signing key."""
    return Path(shutil.copytree(data, data.with_name(name), ignore=shutil.ignore_patterns("server.key")))
