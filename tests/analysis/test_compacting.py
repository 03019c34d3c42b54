"""The database's file written anew: the same tables, and nothing of what was deleted from them."""

import os
import stat
from pathlib import Path

import pytest

from analysis import cipher, courier, loading, schema
from analysis.archive import PART
from analysis.compacting import compact
from analysis.desk import DATABASE, Desk
from analysis.desk_errors import Busy
from tests.analysis.conftest import Run
from tests.analysis.making import CANARY, Server, varied
from tests.analysis.tables import found_by, tables
from tests.review.pages import decrypted

SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"


@pytest.fixture
def loaded(desk: Desk, server: Server, stick: Path) -> Desk:
    """A desk whose file holds a word in freed places."""
    loading.load_delivery(desk, courier.receive(desk, server.bundle(stick, varied(desk.recipients, 60))))
    desk.database.conn.execute("PRAGMA secure_delete = OFF")
    with desk.database.atomic():
        desk.database.conn.execute('DELETE FROM "texts" WHERE "report" > 5')
        desk.database.conn.execute("""INSERT INTO "texts_fts" ("texts_fts") VALUES ('rebuild')""")
    return desk


def made(desk: Desk) -> list[str]:
    return sorted(os.listdir(desk.path))


def test_it_says_what_it_said_and_nothing_deleted_stays(loaded: Desk) -> None:
    assert decrypted(loaded.path / DATABASE, loaded.database_key).count(CANARY.encode()) > 10
    before, listed = tables(loaded), loaded.database.conn.execute(SCHEMA).fetchall()
    names = made(loaded)
    compact(loaded)
    assert decrypted(loaded.path / DATABASE, loaded.database_key).count(CANARY.encode()) < 10
    assert (tables(loaded), loaded.database.conn.execute(SCHEMA).fetchall()) == (before, listed)
    assert found_by(loaded, CANARY) == 5
    assert schema.version(loaded.database) == schema.VERSION
    assert loaded.database.conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert made(loaded) == names


def test_whoever_reads_meanwhile_sees_the_same_file_change(loaded: Desk) -> None:
    reader = cipher.connect(loaded.path / DATABASE, loaded.database_key, readonly=True)
    count = 'SELECT count(*) FROM "texts"'
    rows = reader.execute(count).fetchone()
    file = (loaded.path / DATABASE).stat().st_ino
    compact(loaded)
    with loaded.database.atomic():
        loaded.database.conn.execute('DELETE FROM "texts" WHERE "report" = 1')
    assert (loaded.path / DATABASE).stat().st_ino == file
    assert reader.execute(count).fetchone() < rows
    reader.close()


def test_a_reader_that_does_not_end_leaves_all_as_it_was(loaded: Desk) -> None:
    reader = cipher.connect(loaded.path / DATABASE, loaded.database_key, readonly=True)
    reading = reader.execute('SELECT * FROM "reports"')
    reading.fetchone()
    loaded.database.conn.execute("PRAGMA busy_timeout = 10")
    before, data = made(loaded), (loaded.path / DATABASE).read_bytes()
    with pytest.raises(Busy, match="keeps the database to itself"):
        compact(loaded, patience=2)
    assert (made(loaded), (loaded.path / DATABASE).read_bytes()) == (before, data)
    reader.close()
    compact(loaded)


def test_the_copy_beside_it_is_encrypted_and_only_its_owner_s(
    loaded: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    real = cipher.copy_into

    def looking(connection: object, path: Path, key: bytes) -> None:
        real(connection, path, key)
        seen.append((path.read_bytes(), stat.S_IMODE(path.stat().st_mode), path.parent))

    monkeypatch.setattr(cipher, "copy_into", looking)
    compact(loaded)
    ((data, mode, folder),) = seen
    assert (mode, folder) == (0o600, loaded.path)
    assert b"SQLite format" not in data
    assert CANARY.encode() not in data
    assert len(data) > 100_000


def test_what_a_killed_command_left_beside_the_database_is_removed(loaded: Desk) -> None:
    names = made(loaded)
    (loaded.path / f".{DATABASE}.0011aabb.part").write_bytes(b"left")
    (loaded.path / f".{DATABASE}.0011aabb.part-journal").write_bytes(b"left")
    compact(loaded)
    assert made(loaded) == names


def test_a_full_disk_ends_a_purge_with_the_reason_and_the_next_finishes_it(run: Run, loaded: Desk) -> None:
    size = (loaded.path / DATABASE).stat().st_size
    done = run("purge", "--desk", loaded.path, "--counted", prefix=("prlimit", f"--fsize={size // 3}"))
    assert done.returncode == 1
    assert done.stderr.startswith(f"witnessbox-analysis: error: {loaded.path / DATABASE}: the disk is full")
    assert not [name for name in made(loaded) if name.endswith(PART)]
    assert run("purge", "--desk", loaded.path, "--counted").returncode == 0
    assert CANARY.encode() not in decrypted(loaded.path / DATABASE, loaded.database_key)
