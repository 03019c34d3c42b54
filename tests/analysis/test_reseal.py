"""The archive sealed anew: the newest key opens all of it, older ones nothing, and no row changes."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from analysis import archive
from analysis.desk import Desk
from analysis.identity import HybridIdentity, Identity
from analysis.unseal import NotForThisKey, unseal_bytes
from intake.crypto.shard import index_shard
from tests import attaching
from tests.analysis.conftest import COMMAND, Run, unlock
from tests.analysis.dying import dying
from tests.analysis.making import Server, member, varied
from tests.analysis.tables import tables
from tests.analysis.test_attachments import files, report
from tests.analysis.test_bitmaps import assert_true

CHANGED = ("shards", "attachments", "reports", "identities")


@pytest.fixture
def rotated(run: Run, desk: Desk, server: Server, stick: Path) -> Path:
    """A desk with bundles and attachments of its first key, and one of its second; the folder."""
    desk.close()
    before = unlock(desk.path)
    stranger = [HybridIdentity.generate().recipient]
    server.form = attaching.FORM
    receipt, sealed, named = files(before, 2)
    old = [varied(before.recipients, 30), [*sealed, report(before, receipt, named), member(stranger)]]
    before.close()
    assert run("import", "--desk", desk.path, server.bundle(stick, *old)).returncode == 0
    assert run("rotate", "--desk", desk.path, "--no-passphrase").returncode == 0
    after = unlock(desk.path)
    new = server.bundle(stick, [member(after.recipients)])
    after.close()
    assert run("import", "--desk", desk.path, new).returncode == 0
    return desk.path


def opened_by(desk: Desk, identity: Identity) -> int:
    """How many sealed files of the archive a key opens."""
    count = 0
    sealed = [path.read_bytes() for path in (desk.archive / archive.PAPERS).iterdir()]
    for path in desk.archive.glob("*.tar"):
        with path.open("rb") as file:
            for entry in list(index_shard(file)):
                file.seek(entry.offset)
                sealed.append(file.read(entry.size))
    for one in sealed:
        try:
            unseal_bytes(one, [identity])
            count += 1
        except NotForThisKey:
            pass
    return count


def said(desk: Desk) -> object:
    """The rows that must stay, and those columns of the others that must."""
    rows = tables(desk)
    reports = desk.database.conn.execute('SELECT * FROM "reports" ORDER BY "id"')
    place = [one[0] for one in reports.description].index("identity")
    kept = [row[:place] + row[place + 1 :] for row in reports.fetchall()]
    columns = '"name", "report", "number", "type", "bytes", "sha256", "bundle", "week", "state"'
    attached = desk.database.conn.execute(f'SELECT {columns} FROM "attachments" ORDER BY 1').fetchall()  # noqa: S608
    listed = desk.database.conn.execute(
        'SELECT "server", "bundle", "original", "reports" FROM "shards" ORDER BY "original"'
    ).fetchall()
    return [{name: rows[name] for name in rows if name not in CHANGED}, kept, attached, listed]


def test_older_keys_open_nothing_afterwards_and_the_rows_stay(run: Run, rotated: Path) -> None:
    desk = unlock(rotated)
    newest, older = desk.identities
    before = said(desk)
    assert opened_by(desk, older) > 30
    done = run("reseal", "--desk", rotated)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "sealed anew: 33 reports and attachments",
        "1 that do not open stay as they came",
    ]
    assert opened_by(desk, older) == 0
    # 34 members but for the stranger's, two manifests, one form.
    assert opened_by(desk, newest) == 34 + 3
    assert said(desk) == before
    used = desk.database.conn.execute('SELECT DISTINCT "identity" FROM "reports"').fetchall()
    assert len(used) == 1
    assert_true(desk)
    assert len(list(desk.archive.glob("*.tar*"))) == 3
    desk.close()
    assert run("reseal", "--desk", rotated).stdout == "sealed anew: 0 reports and attachments\n"


def test_attachments_are_found_where_they_stand_now(run: Run, rotated: Path) -> None:
    run("reseal", "--desk", rotated)
    desk = unlock(rotated)
    rows = desk.database.conn.execute('SELECT "name", "shard", "place", "size" FROM "attachments"').fetchall()
    assert len(rows) == 2
    for name, shard, place, size in rows:
        sealed = (desk.archive / shard).read_bytes()[place : place + size]
        assert unseal_bytes(sealed, desk.identities[:1]).startswith(f'{{"id":"{name}"'.encode())
    desk.close()


def test_a_resealed_archive_is_rebuilt_acknowledged_and_not_undone(
    run: Run, rotated: Path, stick: Path
) -> None:
    run("reseal", "--desk", rotated)
    desk = unlock(rotated)
    before, kept = tables(desk), sorted(path.name for path in desk.archive.iterdir())
    desk.close()
    assert run("acknowledge", "--desk", rotated, "--out", stick).returncode == 0
    assert run("rebuild", "--desk", rotated).returncode == 0
    # The bundle on the stick is sealed to the old key still.
    assert run("import", "--desk", rotated, stick / "witnessbox-000001").returncode == 0
    desk = unlock(rotated)
    assert sorted(path.name for path in desk.archive.iterdir()) == kept
    # What was said to the server stands here once it was said.
    without = ("acknowledgements", "boxes")
    assert tables(desk, *without) == {name: rows for name, rows in before.items() if name not in without}
    desk.close()


def test_a_resealed_shard_that_was_damaged_is_brought_again(run: Run, rotated: Path, stick: Path) -> None:
    desk = unlock(rotated)
    before = said(desk)
    desk.close()
    run("reseal", "--desk", rotated)
    for shard in (rotated / "archive").glob("000001-*.tar"):
        shard.write_bytes(b"damaged")
    assert run("import", "--desk", rotated, stick / "witnessbox-000001").returncode == 0
    assert run("acknowledge", "--desk", rotated, "--out", stick).returncode == 0
    assert run("reseal", "--desk", rotated).returncode == 0
    desk = unlock(rotated)
    assert said(desk)[1:] == before[1:]  # type: ignore[index]
    assert opened_by(desk, desk.identities[1]) == 0
    desk.close()


@pytest.mark.parametrize("moment", range(3))
def test_a_killed_reseal_is_finished_by_the_next(
    moment: int, run: Run, rotated: Path, environment: dict[str, str]
) -> None:
    desk = unlock(rotated)
    before, older = said(desk), desk.identities[1]
    names = {path.name for path in desk.archive.glob("*")}
    command = [*COMMAND, "reseal", "--desk", str(rotated)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    while {path.name for path in desk.archive.glob("*")} == names and process.poll() is None:
        time.sleep(0.0005)
    time.sleep(moment * 0.012)
    process.kill()
    assert process.wait() in (-signal.SIGKILL, 0)
    archive.sweep(desk)
    assert said(desk) == before
    for name, sha256 in desk.database.conn.execute('SELECT "name", "sha256" FROM "shards"').fetchall():
        assert archive.is_whole(archive.ArchivedShard(desk.archive / name, 0, sha256))
    assert run("reseal", "--desk", rotated).returncode == 0
    assert (said(desk), opened_by(desk, older)) == (before, 0)
    assert len(list(desk.archive.glob("*.tar*"))) == 3
    assert not list(desk.archive.glob("*.part"))
    desk.close()


@pytest.mark.parametrize("step", ["replace", "unlink", "fsync"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_reseal_that_dies_at_any_call_to_the_disk_loses_nothing(
    step: str, count: int, rotated: Path, run: Run, environment: dict[str, str]
) -> None:
    desk = unlock(rotated)
    before, older = said(desk), desk.identities[1]
    done = dying(environment, step, count, "reseal", "--desk", str(rotated))
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert said(desk) == before
    assert run("reseal", "--desk", rotated).returncode == 0
    assert (said(desk), opened_by(desk, older)) == (before, 0)
    assert len(list(desk.archive.glob("*.tar*"))) == 3
    assert not [path for path in desk.archive.rglob("*") if path.name.endswith(".part")]
    desk.close()


def test_a_full_disk_ends_it_with_the_reason_and_nothing_lost(
    rotated: Path, run: Run, environment: dict[str, str]
) -> None:
    desk = unlock(rotated)
    before = said(desk)
    names = sorted(os.listdir(desk.archive))
    done = run("reseal", "--desk", rotated, prefix=("prlimit", "--fsize=200000"))
    assert done.returncode == 1
    assert done.stderr.startswith(f"witnessbox-analysis: error: {desk.archive}: file too large")
    assert (said(desk), sorted(os.listdir(desk.archive))) == (before, names)
    desk.close()
