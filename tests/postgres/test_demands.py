"""A PostgreSQL that could lose a report, or that notes when one came, is not trusted with any."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from intake.keeping import DatabaseError
from intake.postgres import demands
from intake.postgres.database import Postgres
from tests.cluster import Cluster
from tests.sharing import SERVER, new_postgres

# These belong to the whole server; the others can be set for one database.
OF_THE_SERVER = ("fsync", "full_page_writes", "track_commit_timestamp", "log_checkpoints", "archive_mode")
WRONG = {
    "synchronous_commit": "local",
    "log_statement": "'all'",
    "log_min_duration_statement": "0",
    "log_min_duration_sample": "100",
    "log_transaction_sample_rate": "0.5",
    "log_parameter_max_length_on_error": "-1",
}
OF_A_DATABASE = [name for name in demands.DEMANDS if name not in OF_THE_SERVER]


@pytest.mark.parametrize("name", OF_A_DATABASE)
def test_a_server_that_is_set_wrongly_is_refused_by_the_name_of_the_setting(
    name: str, cluster: Cluster, tmp_path: Path
) -> None:
    value = WRONG.get(name, "off" if "on" in demands.DEMANDS[name][0] else "on")
    with closing(new_postgres(cluster, tmp_path)) as database:
        database.connect().close()
        dbname = str(conninfo_to_dict(database.url)["dbname"])
        with closing(cluster.connect("postgres")) as owner:
            owner.execute(f"ALTER DATABASE {dbname} SET {name} = {value}".encode())
        with pytest.raises(DatabaseError, match=f"the database is set to {name} = ") as refused:
            database.connect()
        assert refused.value.hint is not None


@pytest.fixture(params=OF_THE_SERVER)
def careless(request: pytest.FixtureRequest) -> Iterator[tuple[str, Cluster]]:
    """A server on which one of its own settings is wrong."""
    name = request.param
    with Cluster(f"{name} = {'off' if 'on' in demands.DEMANDS[name][0] else 'on'}") as running:
        yield name, running


def test_a_setting_of_the_whole_server_counts_too(careless: tuple[str, Cluster], tmp_path: Path) -> None:
    name, running = careless
    with pytest.raises(DatabaseError, match=f"the database is set to {name} = "):
        Postgres.make(tmp_path, running.url(running.new_database()), SERVER.verify_key)


def test_what_the_log_keeps_for_too_long_is_said_at_the_start(cluster: Cluster, tmp_path: Path) -> None:
    with closing(new_postgres(cluster, tmp_path)) as database:
        assert database.warnings() == []
    with closing(cluster.connect("postgres")) as owner:
        owner.execute("DROP ROLE IF EXISTS plain")
        owner.execute("CREATE ROLE plain LOGIN")
        name = cluster.new_database()
        owner.execute(f"ALTER DATABASE {name} OWNER TO plain".encode())
    (tmp_path / "other").mkdir()
    url = cluster.url(name).replace("user=witnessbox", "user=plain")
    database = Postgres.make(tmp_path / "other", url, SERVER.verify_key)
    assert [line.split(": ")[1] for line in database.warnings()] == [
        "this user may not call CHECKPOINT and pg_switch_wal(); deploy/SCALE.md has all settings"
    ]
    with closing(cluster.connect(name)) as owner:
        owner.execute("GRANT pg_checkpoint TO plain")
        owner.execute("GRANT EXECUTE ON FUNCTION pg_switch_wal() TO plain")
        assert database.warnings() == []
        owner.execute("ALTER ROLE plain SET log_min_messages = error")
    assert [line.split(": ")[1] for line in database.warnings()] == [
        "log_min_messages = error; deploy/SCALE.md has all settings"
    ]
