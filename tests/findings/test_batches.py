"""What batches count is kept for ever: through a lost database, and through forms that change."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from analysis.desk import Desk
from analysis.findings import past
from analysis.findings.batches import read_batches
from analysis.findings.errors import Changed
from analysis.findings.ledger.chain import next_line
from analysis.findings.site.minisign import sign
from analysis.releasekey import read_release_key
from intake.crypto.signing import SigningKey
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


def _lose(run: Run, desk: Desk) -> None:
    desk.close()
    (desk.path / "desk.db").unlink()
    assert run("rebuild", "--desk", desk.path).returncode == 0


def test_a_desk_that_lost_its_ledger_publishes_nothing_until_it_has_it_again(
    run: Run, desk: Desk, tmp_path: Path, published: Path
) -> None:
    _lose(run, desk)
    later = write_release_file(
        tmp_path / "later.toml", release="2026-2", period=("2026-01", "2026-12"), tables=["F02", "F04"]
    )
    refused = run("publish", "--desk", desk.path, later, "--out", tmp_path / "later")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "the ledger was lost when the desk was rebuilt" in refused.stderr
    assert run("publish", "--desk", desk.path, later, "--out", tmp_path / "x", "--dry-run").returncode == 1
    assert not (tmp_path / "later").exists()
    taken = run("restore-ledger", "--desk", desk.path, tmp_path / "first")
    assert (taken.returncode, taken.stderr) == (0, "")
    assert taken.stdout == (
        "took in 1 lines of the ledger; the last release is 2026-1\ncounted again: 2026-1\n"
    )
    done = run("publish", "--desk", desk.path, later, "--out", tmp_path / "later")
    assert (done.returncode, done.stderr) == (0, "")
    ledger = (tmp_path / "later" / "ledger.jsonl").read_text()
    assert ledger.startswith((tmp_path / "first" / "ledger.jsonl").read_text())
    assert '"batch=2026-1":60' in ledger
    assert '"batches":["2026-1"]' in ledger
    again = run("publish", "--desk", desk.path, published, "--out", tmp_path / "again")
    assert (again.returncode, again.stderr) == (0, "")
    assert _files(tmp_path / "again") == _files(tmp_path / "first")


def test_a_rebuild_of_what_was_rebuilt_still_does_not_know_its_past(
    run: Run, desk: Desk, stick: Path, tmp_path: Path, published: Path
) -> None:
    _lose(run, desk)
    assert run("backup", "--desk", desk.path, "--out", stick / "saved.age").returncode == 0
    assert run("rebuild", "--desk", desk.path).returncode == 0
    assert run("rebuild", "--desk", desk.path, "--backup", stick / "saved.age").returncode == 0
    refused = run("publish", "--desk", desk.path, published, "--out", tmp_path / "again")
    assert "the ledger was lost" in refused.stderr


def test_organizers_can_say_that_nothing_was_ever_published(
    run: Run, desk: Desk, stick: Path, server: Server, tmp_path: Path
) -> None:
    bundle = server.bundle(stick, varied(desk.recipients, 60))
    assert run("import", "--desk", desk.path, bundle).returncode == 0
    assert run("release-key", "--desk", desk.path).returncode == 0
    _lose(run, desk)
    asked = write_release_file(tmp_path / "release.toml", tables=["F02"])
    assert run("publish", "--desk", desk.path, asked, "--out", tmp_path / "first").returncode == 1
    said = run("restore-ledger", "--desk", desk.path, "--never-published")
    assert (said.returncode, said.stdout, said.stderr) == (0, "noted that nothing was ever published\n", "")
    assert run("publish", "--desk", desk.path, asked, "--out", tmp_path / "first").returncode == 0
    refused = run("restore-ledger", "--desk", desk.path, "--never-published")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "something was published" in refused.stderr


@pytest.mark.parametrize("change", ["a number", "the key", "the signature", "cut off"])
def test_a_ledger_that_the_desk_did_not_sign_is_not_taken_in(
    run: Run, desk: Desk, tmp_path: Path, published: Path, change: str
) -> None:
    key = read_release_key(desk.path, desk.identities)
    _lose(run, desk)
    folder = tmp_path / "first"
    ledger, sums = folder / "ledger.jsonl", folder / "SHA256SUMS"
    if change == "a number":
        ledger.write_bytes(ledger.read_bytes().replace(b'"batch=2026-1":60', b'"batch=2026-1":61'))
    elif change == "the key":
        (folder / "SHA256SUMS.minisig").write_bytes(sign(SigningKey(bytes(32)), sums.read_bytes(), "x"))
    elif change == "the signature":
        sums.write_bytes(sums.read_bytes() + b"\n")
    else:
        ledger.write_bytes(b"")
        _sign_again(folder, key)
    refused = run("restore-ledger", "--desk", desk.path, folder)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith(f"witnessbox-analysis: error: {folder}")
    assert run("publish", "--desk", desk.path, published, "--out", tmp_path / "again").returncode == 1


def _sign_again(folder: Path, key: SigningKey) -> None:
    digest = sha256((folder / "ledger.jsonl").read_bytes()).hexdigest()
    sums = f"{digest}  ledger.jsonl\n".encode()
    (folder / "SHA256SUMS").write_bytes(sums)
    (folder / "SHA256SUMS.minisig").write_bytes(sign(key, sums, "again"))


def test_a_ledger_whose_numbers_do_not_come_out_again_is_not_taken_in(
    run: Run, desk: Desk, tmp_path: Path, published: Path
) -> None:
    # Whoever was counted then and is not now, or the other way round, could be told by a difference.
    key = read_release_key(desk.path, desk.identities)
    _lose(run, desk)
    folder = tmp_path / "first"
    (line,) = (folder / "ledger.jsonl").read_text().splitlines()
    entry = {name: value for name, value in json.loads(line).items() if name not in ("prev", "this")}
    entry["printed"]["batch=2026-1"] = 59
    (folder / "ledger.jsonl").write_text(next_line([], entry) + "\n")
    _sign_again(folder, key)
    refused = run("restore-ledger", "--desk", desk.path, folder)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert 'the numbers of "2026-1" do not come out again' in refused.stderr
    assert "rebuild with the backup" in refused.stderr
    with Desk.unlocked(desk.path, lambda: "") as opened:
        assert past.read_lines(opened.database.conn) == ()
        assert read_batches(opened.database.conn) == ()


def test_a_backup_that_may_be_old_says_up_to_which_release_it_knows(
    run: Run, desk: Desk, stick: Path, published: Path
) -> None:
    assert run("backup", "--desk", desk.path, "--out", stick / "saved.age").returncode == 0
    desk.close()
    kept = run("rebuild", "--desk", desk.path, "--backup", stick / "saved.age")
    assert "knows of releases" not in kept.stdout
    (desk.path / "desk.db").unlink()
    rebuilt = run("rebuild", "--desk", desk.path, "--backup", stick / "saved.age")
    assert 'the backup knows of releases up to "2026-1"' in rebuilt.stdout


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
