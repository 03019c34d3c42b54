"""An intake moves from its own files to PostgreSQL: whole or not at all, whenever it is killed."""

import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from analysis.identity import HybridIdentity
from intake import database, directory, status
from intake.acknowledge import acknowledge
from intake.crypto.manifest import bundle_name
from intake.directory import find_database, read, read_key
from intake.errors import IntakeError
from intake.export import export
from intake.keeping import DatabaseError
from intake.postgres import schema
from intake.retention import utc_today
from tests.acknowledging import write_acknowledgement
from tests.cluster import Cluster
from tests.intake.test_acknowledge import attach
from tests.intake.test_export import fill, names_in
from tests.serving import Server, make_data, run, sealed_body, snapshot, stored
from tests.sharing import connected, held_files, new_postgres

SECONDS = 60
# The command, which says when it comes to a function, and waits there.
STOPPING = """
import sys
from intake.postgres import moving
from intake import main
def stop(*_):
    print("here", flush=True)
    sys.stdin.read()
name = sys.argv.pop(1)
setattr(moving.schema if hasattr(moving.schema, name) else moving, name, stop)
main.main()
"""


# The command, with a database that gives back something else.
SPOILING = """
from intake.postgres import moving
from intake import main
copy = moving._copy
def spoilt(source, raw, owner):
    copy(source, raw, owner)
    raw.execute("UPDATE reports SET week = '2026-W01'")
moving._copy = spoilt
main.main()
"""


@pytest.fixture
def url(cluster: Cluster) -> str:
    return cluster.url(cluster.new_database())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, identity: HybridIdentity) -> Path:
    """A data directory with reports and attachments, three bundles of them, one acknowledged."""
    folder = tmp_path_factory.mktemp("made")
    data = make_data(folder / "data", identity)
    (folder / "stick").mkdir()
    for seed in range(3):
        fill(data, 40, seed=seed)
        assert export(find_database(data), folder / "stick", read_key(data))
    file = write_acknowledgement(folder / "stick", data, 1)
    acknowledge(find_database(data), file, read_key(data).verify_key)
    attach(data, {bytes([number]) * 16: bytes([number]) * 300_000 for number in range(3)})
    fill(data, 20, seed=9)
    return data


@pytest.fixture
def full(made: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(made, tmp_path / "full"))


def move(data: Path, url: str) -> "subprocess.CompletedProcess[str]":
    return run("move", "--data", data, "--database", url)


def begin(data: Path, url: str, place: str) -> "subprocess.Popen[bytes]":
    """A move that has come to a function, and waits there."""
    line = [sys.executable, "-c", STOPPING, place, "move", "--data", data, "--database", url]
    moving = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert moving.stdout
    assert moving.stdout.readline() == b"here\n"
    return moving


def stop(moving: "subprocess.Popen[bytes]") -> None:
    """Gives it no time to clear up."""
    moving.kill()
    moving.communicate()


def everything(data: Path) -> tuple[dict[bytes, bytes], dict[bytes, bytes], list[str]]:
    """Reports and attachments, and what status says of bundles and desks."""
    lines = status.describe(status.read(read(data), utc_today()))
    said = [line for line in lines if not line.startswith("room:") and ".moved keeps" not in line]
    return stored(data), held_files(find_database(data)), said


def test_a_move_takes_everything_along_and_the_intake_goes_on(
    full: Path, made: Path, url: str, tmp_path: Path, identity: HybridIdentity
) -> None:
    before = everything(full)
    files = snapshot(full)
    done = move(full, url)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].endswith(" holds 100 reports, 3 attachments, 3 bundles")
    assert everything(full) == before
    assert [len(one) for one in before[:2]] == [100, 3]
    assert (full / "reports.db.moved").read_bytes() == files["reports.db"]
    assert not list(full.glob("reports.db*-*"))
    with connected(full) as connection:
        rows = connection.execute("SELECT sum(reports)::BIGINT, sum(bytes)::BIGINT FROM counters").fetchone()
    assert rows == (100, sum(len(one) for held in before[:2] for one in held.values()))
    with Server(full) as server:
        assert server.post_sealed(sealed_body([identity.recipient])).status_code == 201
    again = tmp_path / "again"
    again.mkdir()
    assert export(find_database(full), again, read_key(full), again=2)
    assert snapshot(again / bundle_name(2)) == snapshot(made.with_name("stick") / bundle_name(2))
    assert export(find_database(full), again, read_key(full))
    assert len(names_in(full, again / bundle_name(4))) == 24


def test_status_warns_of_the_old_files_until_they_are_deleted(full: Path, url: str) -> None:
    directory.move(full, url)
    for name in ("attachments.db", "reports.db"):
        said = run("status", "--data", full, "--alarms").stdout
        assert (
            f"warning: {full / name}.moved keeps reports as they were before the move, also those that"
            in said
        )
        assert said.count("delete it once the server has run with the database") == said.count("\n")
        (full / f"{name}.moved").unlink()
    done = run("status", "--data", full, "--alarms")
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("place", ["_compare", "_switch", "make_whole", "_copy_table"])
def test_a_move_that_is_killed_is_done_again_or_finished(place: str, full: Path, url: str) -> None:
    before, files = everything(full), snapshot(full)
    stop(begin(full, url, place))
    moved = place == "make_whole"
    now = snapshot(full)
    assert now["reports.db.moved" if moved else "reports.db"] == files["reports.db"]
    if "database.toml" in now:
        # Neither is used before the move is finished.
        with pytest.raises(IntakeError, match="is filled by a move" if moved else "has both"):
            find_database(full).keep_forms([])
    else:
        assert everything(full) == before
    done = move(full, url)
    assert done.returncode == 0, done.stderr
    assert everything(full) == before
    # Once more is no harm.
    assert directory.move(full, url).rows["reports"] == 100


def test_reports_that_came_after_a_move_was_killed_are_moved_too(
    full: Path, url: str, identity: HybridIdentity
) -> None:
    stop(begin(full, url, "_compare"))
    with Server(full) as server:
        assert server.post_sealed(sealed_body([identity.recipient])).status_code == 201
    before = everything(full)
    directory.move(full, url)
    assert everything(full) == before
    assert len(before[0]) == 101


def test_a_move_is_refused_while_a_server_runs(data: Path, url: str, identity: HybridIdentity) -> None:
    with Server(data) as server:
        done = move(data, url)
        assert (done.returncode, done.stdout) == (1, "")
        assert f"error: a server uses {data}\n" in done.stderr
        assert server.post_sealed(sealed_body([identity.recipient])).status_code == 201
    assert not (data / "database.toml").exists()
    directory.move(data, url)
    assert len(stored(data)) == 1


def test_nobody_opens_the_files_while_a_move_is_under_way(
    full: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    moving = begin(full, url, "_compare")
    # Else it would be waited for.
    monkeypatch.setattr(database, "BUSY_MILLISECONDS", 100)
    with pytest.raises(DatabaseError, match="is in use by another program"):
        find_database(full).connect()
    stop(moving)


def test_a_database_that_is_in_use_is_not_moved_into(
    data: Path, cluster: Cluster, tmp_path: Path, identity: HybridIdentity
) -> None:
    url = cluster.url(cluster.new_database())
    other = make_data(tmp_path / "other", identity, database=url)
    fill(other, 3)
    done = move(data, url)
    assert (done.returncode, done.stdout) == (1, "")
    assert "the database holds the tables of an intake already" in done.stderr
    assert len(stored(other)) == 3
    assert not (data / "database.toml").exists()
    done = move(other, cluster.url(cluster.new_database()))
    assert f"the reports of {other} are in postgresql://" in done.stderr


def test_a_database_with_a_table_of_somebody_else_is_refused_and_the_table_stays(
    full: Path, cluster: Cluster
) -> None:
    name = cluster.new_database()
    before = everything(full)
    with closing(cluster.connect(name)) as other:
        other.execute("CREATE TABLE members AS SELECT 'Ana' AS name")
        for _ in range(2):
            done = move(full, cluster.url(name))
            assert (done.returncode, done.stdout) == (1, "")
            assert 'error: the database holds a table "members", which is not of an intake\n' in done.stderr
            assert other.execute("SELECT name FROM members").fetchall() == [("Ana",)]
        # Nor is it taken away with what a move left that was killed.
        other.execute("DROP TABLE members")
        stop(begin(full, cluster.url(name), "_compare"))
        other.execute("CREATE TABLE members AS SELECT 'Ana' AS name")
        assert 'holds a table "members"' in move(full, cluster.url(name)).stderr
        assert other.execute("SELECT name FROM members").fetchall() == [("Ana",)]
        assert everything(full) == before
        other.execute("DROP TABLE members")
    directory.move(full, cluster.url(name))
    assert everything(full) == before


def test_the_tables_of_an_intake_are_known_by_name(cluster: Cluster, tmp_path: Path) -> None:
    with closing(new_postgres(cluster, tmp_path)) as database, closing(database.connect()) as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert sorted(name for (name,) in rows) == sorted(schema.OURS)


def test_rows_that_come_out_otherwise_stop_the_move(full: Path, url: str) -> None:
    before = everything(full)
    line = [sys.executable, "-c", SPOILING, "move", "--data", full, "--database", url]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=SECONDS)
    assert done.returncode == 1
    assert "reports did not come out of the database as it went in" in done.stderr
    assert everything(full) == before
    directory.move(full, url)
    assert everything(full) == before


def test_init_on_a_directory_that_holds_reports_says_how_they_move(
    data: Path, url: str, tmp_path: Path
) -> None:
    done = run("init", "--data", data, "--desk", tmp_path / "data-desk.pub", "--database", url)
    assert done.returncode == 1
    assert done.stderr.endswith("witnessbox-intake move --database takes its reports there\n")


def test_an_upload_that_was_cut_off_is_left_behind(data: Path, url: str) -> None:
    attach(data, {b"1" * 16: bytes(300_000)})
    with connected(data) as connection:
        connection.execute("INSERT INTO pieces VALUES (?, 0, ?)", (b"cut off", b"piece"))
    directory.move(data, url)
    with closing(find_database(data).connect()) as connection:
        query = "SELECT count(*) FROM pieces WHERE upload NOT IN (SELECT upload FROM attachments)"
        assert connection.execute(query).fetchone() == (0,)
    assert held_files(find_database(data)) == {b"1" * 16: bytes(300_000)}
