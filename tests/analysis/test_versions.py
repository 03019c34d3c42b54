"""What a newer program wrote at the desk is refused by this one, and not touched."""

import json
from pathlib import Path

import pytest

from analysis import backup, migration, schema
from analysis.desk import Desk
from analysis.findings.ledger import entries, stranger
from analysis.findings.ledger.errors import BadRelease, BrokenLedger
from analysis.review import marking
from analysis.review.people import Reviewer
from intake.crypto.seal import seal_bytes
from tests.analysis.conftest import Run
from tests.analysis.making import Server, member
from tests.serving import snapshot


@pytest.fixture
def stored(run: Run, desk: Desk, server: Server, stick: Path) -> Desk:
    """A desk with two reports, and a note that stands in its database and nowhere else."""
    bundle = server.bundle(stick, [member(desk.recipients), member(desk.recipients)])
    assert run("import", "--desk", desk.path, bundle).returncode == 0
    marking.note(desk, 1, "a note", Reviewer.named("Ana"))
    assert run("backup", "--desk", desk.path, "--out", stick / "saved.age").returncode == 0
    return desk


def make(desk: Desk, version: int) -> None:
    """The database says that it is of this version."""
    desk.database.conn.execute(f"PRAGMA user_version = {version}")
    desk.close()


@pytest.mark.parametrize(
    ("version", "commands"),
    [
        pytest.param(schema.VERSION + 1, ("import", "open", "rebuild"), id="newer"),
        pytest.param(min(migration.STEPS) - 1, ("open", "rebuild"), id="too old"),
    ],
)
def test_a_database_of_another_version_is_refused_and_not_touched(
    run: Run, stored: Desk, stick: Path, version: int, commands: tuple[str, ...]
) -> None:
    make(stored, version)
    before = snapshot(stored.path)
    more: dict[str, tuple[object, ...]] = {"import": (stick / "witnessbox-000001",), "open": ("--port", 0)}
    for command in commands:
        refused = run(command, "--desk", stored.path, *more.get(command, ()))
        assert (refused.returncode, refused.stdout) == (1, "")
        assert (
            f"desk.db: the database is of version {version}, and this program reads versions "
            in refused.stderr
        )
        assert "hint: use the program that wrote it" in refused.stderr
        assert snapshot(stored.path) == before


def test_a_backup_from_before_leads_back_from_a_newer_database(run: Run, stored: Desk, stick: Path) -> None:
    make(stored, schema.VERSION + 1)
    done = run("rebuild", "--desk", stored.path, "--backup", stick / "saved.age")
    assert (done.returncode, done.stderr) == (0, "")
    assert "made the database anew: 2 reports loaded" in done.stdout
    desk = Desk.unlock(stored.path, lambda: "")
    try:
        assert schema.version(desk.database) == schema.VERSION
        assert [one.remark for one in marking.notes(desk.database.conn, 1)] == ["a note"]
    finally:
        desk.close()


def test_a_backup_of_a_newer_program_is_refused_and_nothing_changes(
    run: Run, stored: Desk, stick: Path
) -> None:
    stored.close()
    head = json.dumps({**backup.HEAD, "v": backup.HEAD["v"] + 1}).encode()
    (stick / "saved.age").write_bytes(seal_bytes(head + b"\n", stored.recipients))
    before = snapshot(stored.path)
    refused = run("rebuild", "--desk", stored.path, "--backup", stick / "saved.age")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "not a backup of a desk, or of a newer version" in refused.stderr
    assert snapshot(stored.path) == before


def test_a_file_of_the_archive_that_only_a_newer_program_names_is_told(run: Run, stored: Desk) -> None:
    stored.close()
    (stored.archive / f"voice-{'0' * 32}.tar").write_bytes(b"of a newer program")
    done = run("rebuild", "--desk", stored.path)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"voice-{'0' * 32}.tar: of no name that this version knows" in done.stdout
    assert (stored.archive / f"voice-{'0' * 32}.tar").read_bytes() == b"of a newer program"


def test_a_ledger_and_a_codebook_of_a_newer_program_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokenLedger, match="as this version knows them"):
        entries.gather([{"kind": "drawing", "printed": {}}])
    with pytest.raises(BadRelease, match="is no codebook as this version knows it"):
        stranger._read_codebook(tmp_path / "codebook.json", b'{"cells": "another way"}')
