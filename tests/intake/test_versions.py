"""A data directory of an older program goes forward, whole or not at all; a newer one is refused."""

import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from intake import database
from intake.database import STEPS, VERSION, connect
from intake.directory import read
from tests.serving import COMMAND, Server, run, sealed_body, stored

REPORTS = {bytes([number]) * 16: bytes([number]) * 2_000 for number in range(5)}


def as_version_1_made_it(data: Path) -> Path:
    """The file of reports as the first program made it, with reports in it, one of them in a bundle."""
    path = data / "reports.db"
    for file in data.glob("reports.db*"):
        file.unlink()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        for statement in STEPS[0]:
            connection.execute(statement)
        rows = [(number, "2026-W46", sealed) for number, sealed in REPORTS.items()]
        connection.executemany("INSERT INTO reports VALUES (?, ?, ?)", rows)
        connection.execute("INSERT INTO bundled VALUES (?, 1)", (rows[0][0],))
        connection.execute("INSERT INTO bundles VALUES (1, 'digest')")
        connection.execute("PRAGMA user_version = 1")
    return path


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        (found,) = connection.execute("PRAGMA user_version").fetchone()
    return int(found)


def tables(path: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as connection:
        named = connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
        ).fetchall()
        return [(name, str(connection.execute(f"PRAGMA table_info({name})").fetchall())) for (name,) in named]


def test_an_older_file_is_brought_forward_with_every_report_in_it(data: Path) -> None:
    new = tables(data / "reports.db")
    path = as_version_1_made_it(data)
    with Server(data) as server:
        assert version(path) == VERSION
        assert server.post_sealed(sealed_body(read(data).recipients)).status_code == 201
    kept = stored(data)
    assert {number: kept.pop(number) for number in REPORTS} == REPORTS
    assert len(kept) == 1
    assert tables(path) == new
    assert "2026-W46          4            1\n" in run("status", "--data", data).stdout


def test_commands_at_the_same_time_bring_a_file_forward_once(data: Path) -> None:
    path = as_version_1_made_it(data)
    line = [*COMMAND, "status", "--data", str(data)]
    running = [subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)]
    told = [one.communicate(timeout=120) for one in running]
    assert [one.returncode for one in running] == [0] * 4, told
    assert version(path) == VERSION
    with closing(connect(path)) as connection:
        assert dict(connection.execute("SELECT id, sealed FROM reports")) == REPORTS


def test_a_step_that_fails_leaves_the_file_as_it_was(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = as_version_1_made_it(data)
    before = tables(path)
    monkeypatch.setattr(database, "STEPS", (STEPS[0], (*STEPS[1][:2], "CREATE NONSENSE")))
    with pytest.raises(database.DatabaseError):
        connect(path)
    assert version(path) == 1
    assert tables(path) == before
    monkeypatch.undo()
    with closing(connect(path)) as connection:
        assert dict(connection.execute("SELECT id, sealed FROM reports")) == REPORTS


def test_a_bundle_that_an_older_program_began_keeps_its_number_and_what_it_holds(
    data: Path, tmp_path: Path
) -> None:
    path = as_version_1_made_it(data)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE bundles SET digest = NULL")
    for number, reports in ((1, "1 report"), (2, "4 reports")):
        done = run("export", "--data", data, "--out", tmp_path)
        assert done.stdout == f"{tmp_path / f'witnessbox-{number:06d}'}: {reports}\n", done.stderr


@pytest.mark.parametrize("command", ["serve", "status", "export"])
def test_a_file_of_a_newer_program_is_refused_and_not_touched(
    command: str, data: Path, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(data / "reports.db")) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    before = (data / "reports.db").read_bytes()
    (tmp_path / "stick").mkdir()
    more = {"serve": ["--port", "0"], "export": ["--out", tmp_path / "stick"]}
    refused = run(command, "--data", data, *more.get(command, []))
    assert refused.returncode == 1
    assert f"of version {VERSION + 1}, and this program reads up to version {VERSION}" in refused.stderr
    assert "hint: use the newer program" in refused.stderr
    assert (data / "reports.db").read_bytes() == before
