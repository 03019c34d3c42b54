"""What batches count is kept for ever: through a lost database, and through forms that change."""

from pathlib import Path

import pytest

from analysis.desk import Desk
from analysis.findings.errors import Changed
from tests.analysis.conftest import Run, desk, desk_path, environment, run, scratch, server, stick
from tests.analysis.making import Server, varied
from tests.findings.releasing import Publisher, write_release_file
from tests.findings.small_desk import settings_form

__all__ = ["desk", "desk_path", "environment", "run", "scratch", "server", "stick"]


@pytest.fixture
def published(run: Run, desk: Desk, server: Server, stick: Path, tmp_path: Path) -> Path:
    """A desk with sixty reports in its archive, of which a release was made; its release file."""
    bundle = server.bundle(stick, varied(desk.recipients, 60))
    assert run("import", "--desk", desk.path, bundle).returncode == 0
    assert run("release-key", "--desk", desk.path).returncode == 0
    asked = write_release_file(tmp_path / "release.toml", tables=["F02", "F04"])
    done = run("publish", "--desk", desk.path, asked, "--out", tmp_path / "first")
    assert (done.returncode, done.stderr) == (0, "")
    return asked


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_rebuilt_desk_with_its_backup_makes_the_same_release(
    run: Run, desk: Desk, stick: Path, tmp_path: Path, published: Path
) -> None:
    assert run("backup", "--desk", desk.path, "--out", stick / "saved.age").returncode == 0
    desk.close()
    (desk.path / "desk.db").unlink()
    rebuilt = run("rebuild", "--desk", desk.path, "--backup", stick / "saved.age")
    assert (rebuilt.returncode, rebuilt.stderr) == (0, "")
    done = run("publish", "--desk", desk.path, published, "--out", tmp_path / "second")
    assert (done.returncode, done.stderr) == (0, "")
    assert _files(tmp_path / "first") == _files(tmp_path / "second")


def test_what_was_counted_is_not_counted_again_after_a_rebuild(
    run: Run, desk: Desk, tmp_path: Path, published: Path
) -> None:
    desk.close()
    rebuilt = run("rebuild", "--desk", desk.path)
    assert (rebuilt.returncode, rebuilt.stderr) == (0, "")
    later = write_release_file(
        tmp_path / "later.toml", release="2026-2", period=("2026-01", "2026-12"), tables=["F02", "F04"]
    )
    done = run("publish", "--desk", desk.path, later, "--out", tmp_path / "later")
    assert (done.returncode, done.stderr) == (0, "")
    ledger = (tmp_path / "later" / "ledger.jsonl").read_text()
    assert '"batch=2026-1":60' in ledger
    assert '"batches":["2026-1"]' in ledger


def test_a_rebuild_without_the_ledger_warns_before_anything_is_published(
    run: Run, desk: Desk, published: Path
) -> None:
    desk.close()
    (desk.path / "desk.db").unlink()
    done = run("rebuild", "--desk", desk.path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "no ledger of releases came back" in done.stdout
    assert "publish nothing before you rebuild with the last backup" in done.stdout


def test_a_rehearsal_by_the_command_leaves_no_folder_and_no_batch(
    run: Run, desk: Desk, tmp_path: Path, published: Path
) -> None:
    other = write_release_file(tmp_path / "other.toml", release="x", tables=["F02"])
    done = run("publish", "--desk", desk.path, other, "--out", tmp_path / "x", "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    assert "withheld" in done.stdout
    assert not (tmp_path / "x").exists()


def test_a_refused_release_says_what_to_do_in_two_lines(run: Run, desk: Desk, tmp_path: Path) -> None:
    asked = write_release_file(tmp_path / "release.toml", k=4)
    done = run("publish", "--desk", desk.path, asked, "--out", tmp_path / "out")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"witnessbox-analysis: error: {asked}: refusing a threshold of 4: no cell under 5 reports is ever"
        " published\nhint: k = 10\n"
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("when", ["2026-03", None], ids=["another month", "no month"])
def test_a_campaign_named_later_divides_batches_of_one_side_alone(tmp_path: Path, when: str | None) -> None:
    desk = Publisher(tmp_path, settings_form("police"))
    desk.reports.add(40, ["shout"], setting="police", when="2026-01")
    desk.publish("first", release="first", period=("2026-01", "2026-02"))
    desk.reports.add(35, ["shout"], setting="police", when="2026-03")
    later = {"campaign": "2026-03", "tables": ["F17"]}
    desk.publish("second", release="second", period=("2026-01", "2026-03"), **later)
    assert desk.cell("F17-2026-03", "acts.shout", "before").reports == 40
    assert desk.cell("F17-2026-03", "acts.shout", "since").reports == 35
    desk.reports.add(20, ["push"], setting="police", when=when)
    desk.reports.add(20, ["push"], setting="police", when="2026-05")
    desk.publish("third", release="third", period=("2026-01", "2026-05"))
    with pytest.raises(Changed, match='"third" was counted before the campaign of 2026-05 was named'):
        desk.publish(
            "fourth", release="fourth", period=("2026-01", "2026-05"), campaign="2026-05", tables=["F17"]
        )
