"""Tables are put in order soon after a report: the server's log says nothing of it, whoever is in the way."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from intake.postgres import tidying
from intake.postgres.connection import Connection
from intake.postgres.database import Postgres
from tests.cluster import Cluster
from tests.sharing import new_postgres

SECONDS = 120
# As it is where nobody set it. The other is for a short wait.
TALKATIVE = ("log_min_messages = warning", "deadlock_timeout = 600ms")
# The server looks after its tables at once and takes long.
VACUUMING = (
    "autovacuum_naptime = 1s",
    "autovacuum_vacuum_insert_threshold = 1",
    "autovacuum_vacuum_cost_delay = 100ms",
    "autovacuum_vacuum_cost_limit = 1",
)
VACUUM = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'autovacuum: VACUUM%public.reports%'"


@pytest.fixture(scope="module")
def talkative() -> Iterator[Cluster]:
    with Cluster(*TALKATIVE) as running:
        yield running


@pytest.fixture
def database(talkative: Cluster, tmp_path: Path) -> Iterator[Postgres]:
    with closing(new_postgres(talkative, tmp_path)) as made:
        yield made


def fill(connection: Connection, count: int) -> None:
    """So many reports, the last id first."""
    rows = [(b"%09d" % number, "2026-W47", b"x" * 1_000) for number in reversed(range(count))]
    connection.executemany("INSERT INTO reports VALUES (?, ?, ?)", rows)
    connection.changed(count, 1_000 * count)


def in_order(connection: Connection) -> bool:
    rows = connection.execute("SELECT id FROM reports ORDER BY ctid").fetchall()
    return rows == sorted(rows)


@pytest.mark.parametrize(
    ("statement", "done"),
    [
        pytest.param("SELECT count(*) FROM reports", False, id="a reader"),
        pytest.param("INSERT INTO reports VALUES ('new', '2026-W47', 'sealed')", False, id="a writer"),
        pytest.param("SELECT count(*) FROM pieces", False, id="a reader of attachments"),
        pytest.param(f"DO $$ BEGIN {tidying._ALONE}; END $$", False, id="another machine that does it"),
        pytest.param("UPDATE counters SET untidy = 9 WHERE slot = 3", True, id="one who counts"),
    ],
)
def test_whoever_is_in_the_way_the_log_of_the_server_says_nothing(
    statement: str, done: bool, database: Postgres, talkative: Cluster
) -> None:
    with closing(database.connect()) as connection, closing(database.connect()) as other:
        fill(connection, 3)
        before = talkative.log.read_text()
        with other.raw.transaction(force_rollback=True):
            other.execute(statement)
            assert tidying.tidy(connection.raw) is done
        assert talkative.log.read_text() == before
        assert in_order(connection) is done
        assert tidying.tidy(connection.raw)
        assert in_order(connection)
        with other.raw.transaction(force_rollback=True):
            other.execute("LOCK TABLE reports")
            connection.execute("SET lock_timeout = 50")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                connection.execute("SELECT count(*) FROM reports")
        assert "due to lock timeout" in talkative.log.read_text(), "this test sees what is said"


def test_the_server_s_own_cleaning_of_a_table_is_not_cut_off_and_not_told_of(tmp_path: Path) -> None:
    with (
        Cluster(*TALKATIVE, *VACUUMING) as cluster,
        closing(new_postgres(cluster, tmp_path)) as database,
        closing(database.connect()) as connection,
    ):
        fill(connection, 5_000)
        end = time.monotonic() + SECONDS
        while connection.execute(VACUUM).fetchone() == (0,):
            assert time.monotonic() < end, "the server does not look after its tables"
            time.sleep(0.1)
        before = cluster.log.read_text()
        assert not tidying.tidy(connection.raw)
        assert connection.execute(VACUUM).fetchone() != (0,)
        assert cluster.log.read_text() == before
