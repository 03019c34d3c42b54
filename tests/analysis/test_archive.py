"""The archive and its list in the database: what a killed command leaves is finished or cleared away."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from analysis import archive
from analysis.desk import Desk
from tests.analysis.conftest import COMMAND, Run, unlock
from tests.analysis.making import CANARY, FORM, Server, member, varied
from tests.analysis.test_courier import count
from tests.analysis.test_spreadsheet import HEADER, MAP, ROWS


def shards(desk: Desk) -> list[tuple[object, ...]]:
    """The list of the archive."""
    columns = '"name", "server", "bundle", "original", "sha256", "bytes", "reports"'
    return desk.database.conn.execute(f'SELECT {columns} FROM "shards" ORDER BY "name"').fetchall()  # noqa: S608


def test_every_shard_is_listed_with_what_it_is(run: Run, desk: Desk, server: Server, stick: Path) -> None:
    bundle = server.bundle(stick, [member(desk.recipients), member(desk.recipients)])
    run("import", "--desk", desk.path, bundle)
    (shard,) = bundle.glob("*.tar")
    key, size = server.key.verify_key.public.hex(), shard.stat().st_size
    [(name, of, number, original, sha256, length, reports)] = shards(desk)
    assert (name, of, number, length, reports) == (f"000001-{shard.name}", key, 1, size, 2)
    assert str(sha256)[:32] == original == shard.stem


def test_what_came_with_a_bundle_is_kept_sealed(run: Run, desk: Desk, server: Server, stick: Path) -> None:
    bundle = server.bundle(stick, [member(desk.recipients)])
    run("import", "--desk", desk.path, bundle)
    [(_, manifest)] = archive.papers(desk, archive.MANIFEST)
    [(path, form)] = archive.papers(desk, archive.FORM)
    assert manifest == (bundle / "manifest").read_bytes()
    assert (form, path.name) == (FORM.json, f"{FORM.digest}.form.age")
    for paper in (desk.archive / "papers").iterdir():
        assert paper.read_bytes().startswith(b"age-encryption.org/v1")
        assert paper.stat().st_mode & 0o077 == 0


def test_a_shard_that_was_damaged_here_is_brought_again(
    run: Run, desk: Desk, server: Server, stick: Path
) -> None:
    bundle = server.bundle(stick, [member(desk.recipients)])
    run("import", "--desk", desk.path, bundle)
    (kept,) = desk.archive.glob("*.tar")
    whole = kept.read_bytes()
    kept.write_bytes(whole[:-1])
    assert run("import", "--desk", desk.path, bundle).returncode == 0
    assert kept.read_bytes() == whole


def test_a_sealed_file_that_nobody_lists_is_never_removed(
    run: Run, desk: Desk, server: Server, stick: Path
) -> None:
    bundle = server.bundle(stick, [member(desk.recipients)])
    older = stick / "older.db"
    shutil.copy(desk.path / "desk.db", older)
    run("import", "--desk", desk.path, bundle)
    kept = list(desk.archive.glob("*.tar"))
    desk.close()
    # Somebody brings back last week's database: the archive is all that has the reports now.
    shutil.copy(older, desk.path / "desk.db")
    again = unlock(desk.path)
    archive.sweep(again)
    assert list(again.archive.glob("*.tar")) == kept
    again.close()


def test_a_killed_spreadsheet_leaves_all_of_its_rows_or_none_and_no_file(
    run: Run, desk: Desk, tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "map.toml").write_text(MAP)
    rows = tmp_path / "rows.csv"
    rows.write_text(HEADER + ROWS)
    command = [*COMMAND, "import-csv", "--desk", str(desk.path), str(tmp_path / "map.toml"), str(rows)]
    ended = []
    for kill in range(12):
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        while not list(desk.archive.glob("csv-*")) and process.poll() is None:
            time.sleep(0.001)
        time.sleep(kill * 0.004)
        process.kill()
        ended.append(process.wait())
        archive.sweep(desk)
        listed, files = count(desk, "shards"), len(list(desk.archive.glob("csv-*")))
        assert (listed > 0) == (count(desk) > 0)
        assert listed == files
        if count(desk):
            break
    assert -signal.SIGKILL in ended
    assert run("import-csv", *command[2:]).returncode == 0
    names = {name for (name,) in desk.database.conn.execute('SELECT "name" FROM "shards"')}
    assert names == {path.name for path in desk.archive.glob("*.tar*")}
    assert all(CANARY.encode() not in path.read_bytes() for path in desk.archive.rglob("*") if path.is_file())


@pytest.mark.parametrize("committed", [True, False])
def test_a_file_without_its_name_gets_it_when_its_rows_are_there(
    run: Run, desk: Desk, server: Server, stick: Path, committed: bool
) -> None:
    run("import", "--desk", desk.path, server.bundle(stick, varied(desk.recipients, 3)))
    (kept,) = desk.archive.glob("*.tar")
    part = kept.with_name(kept.name + ".part")
    os.replace(kept, part)
    if not committed:
        with desk.database.atomic():
            desk.database.conn.execute('DELETE FROM "shards"')
    archive.sweep(desk)
    assert (kept.exists(), part.exists()) == (committed, False)
