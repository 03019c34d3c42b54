"""The tables of an older program are brought forward; those of a newer one, or of others, are refused."""

from contextlib import closing
from pathlib import Path

import pytest

from analysis.identity import HybridIdentity
from intake.crypto.signing import SigningKey
from intake.keeping import DatabaseError
from intake.postgres import address, schema
from intake.postgres.database import Postgres
from tests.cards import write_card
from tests.cluster import Cluster
from tests.serving import Server, run, sealed_body
from tests.sharing import SERVER, connected, held, new_postgres

shared = pytest.mark.parametrize("data", ["postgres"], indirect=True)


@pytest.mark.parametrize("version", range(1, schema.VERSION))
def test_the_tables_of_an_older_program_are_brought_forward_with_what_is_in_them(
    version: int, cluster: Cluster, tmp_path: Path
) -> None:
    where = address.write(tmp_path / "database.toml", cluster.url(cluster.new_database()))
    with closing(Postgres(tmp_path, where, SERVER.verify_key)) as database:
        with closing(database.open()) as raw:
            schema.make(raw, SERVER.verify_key.public.hex(), version)
            raw.execute("INSERT INTO reports VALUES ('one', '2026-W47', 'sealed')")
        with pytest.raises(DatabaseError, match=f"is of version {version}, and this program"):
            database.connect()
        database.keep_forms([("digest", b"{}")])
        assert held(database) == {b"one": b"sealed"}
        database.tally().close()


@shared
def test_the_tables_of_a_newer_program_are_refused_by_every_command(data: Path) -> None:
    with connected(data) as connection:
        connection.execute("UPDATE intake SET version = 99")
    for command in (["status"], ["serve", "--port", "0"], ["export", "--out", data], ["acknowledge", data]):
        done = run(command[0], "--data", data, *command[1:])
        assert (done.returncode, done.stdout) == (1, "")
        if command[0] != "acknowledge":
            assert "the database is of version 99, and this program reads up to version" in done.stderr


@shared
def test_a_database_serves_one_intake_alone(data: Path, tmp_path: Path, identity: HybridIdentity) -> None:
    url = address.read(data / "database.toml").url
    card = write_card(tmp_path / "desk.pub", identity.recipient)
    done = run("init", "--data", tmp_path / "second", "--desk", card, "--database", url)
    assert (done.returncode, done.stdout) == (1, "")
    assert "the database holds the tables of an intake already" in done.stderr
    assert not (tmp_path / "second").exists()
    assert run("init", "--data", tmp_path / "third", "--desk", card).returncode == 0
    (tmp_path / "third" / "reports.db").unlink()
    (data / "database.toml").rename(tmp_path / "third" / "database.toml")
    done = run("serve", "--data", tmp_path / "third", "--port", "0")
    assert "the database is of another intake" in done.stderr


def test_an_empty_database_is_not_taken_for_a_new_intake(cluster: Cluster, tmp_path: Path) -> None:
    where = address.write(tmp_path / "database.toml", cluster.url(cluster.new_database()))
    database = Postgres(tmp_path, where, SigningKey.generate().verify_key)
    for use in (database.connect, lambda: database.keep_forms([])):
        with pytest.raises(DatabaseError, match="holds no tables of an intake"):
            use()


@shared
def test_a_start_brings_a_stopped_intake_back(data: Path, identity: HybridIdentity) -> None:
    with Server(data) as server:
        assert server.post_sealed(sealed_body([identity.recipient])).status_code == 201
    with Server(data) as server:
        assert server.post_sealed(sealed_body([identity.recipient])).status_code == 201
        assert server.errors() == ""


def test_nothing_but_id_week_and_sealed_bytes_is_kept_of_a_report(cluster: Cluster, tmp_path: Path) -> None:
    with closing(new_postgres(cluster, tmp_path)) as database, closing(database.connect()) as connection:
        rows = connection.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'reports'"
            " ORDER BY ordinal_position"
        )
        assert [name for (name,) in rows] == ["id", "week", "sealed"]
