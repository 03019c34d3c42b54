"""What a killed import may not let through, and what findings are read from."""

import signal
import subprocess
from pathlib import Path

import pytest

from analysis import courier, loading
from analysis.arrivals import standing_still
from analysis.desk import Desk
from analysis.desk_errors import Busy
from tests.analysis.conftest import COMMAND, Run, unlock
from tests.analysis.making import Server, member, varied
from tests.analysis.test_loading import rows, wait_until
from tests.findings.releasing import write_release_file


@pytest.fixture
def cut_off(desk: Desk, server: Server, stick: Path, environment: dict[str, str]) -> Path:
    """A bundle whose import was killed half-way."""
    members = varied(desk.recipients, 1500)
    bundle = server.bundle(stick, *(members[start : start + 50] for start in range(0, 1500, 50)))
    command = [*COMMAND, "import", "--desk", str(desk.path), str(bundle), "--processes", "1"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    wait_until(lambda: process.poll() is not None or rows(desk, 'SELECT 1 FROM "reports" LIMIT 1'))
    process.kill()
    assert process.wait() == -signal.SIGKILL, "it ended before it could be killed"
    return bundle


def test_after_a_killed_import_a_fork_is_refused_and_the_bundle_goes_on(
    run: Run, desk: Desk, server: Server, tmp_path: Path, cut_off: Path
) -> None:
    fork = Server(server.key).bundle(tmp_path / "fork", [member(desk.recipients)])
    refused = run("import", "--desk", desk.path, fork)
    assert refused.returncode == 1
    assert "another bundle 1 of this server came before" in refused.stderr
    assert run("import", "--desk", desk.path, cut_off).returncode == 0
    assert rows(desk, 'SELECT count(*) FROM "reports"') == [(1500,)]


def test_nothing_is_published_while_an_import_is_unfinished(
    run: Run, desk: Desk, tmp_path: Path, cut_off: Path
) -> None:
    assert run("release-key", "--desk", desk.path).returncode == 0
    asked = write_release_file(tmp_path / "release.toml", tables=["F02"])
    refused = run("publish", "--desk", desk.path, asked, "--out", tmp_path / "site")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == (
        f"witnessbox-analysis: error: {desk.path}: the import of {cut_off.name} was cut off\n"
        f"hint: import {cut_off.name} again first, to its end\n"
    )
    assert not (tmp_path / "site").exists()
    assert run("import", "--desk", desk.path, cut_off).returncode == 0
    done = run("publish", "--desk", desk.path, asked, "--out", tmp_path / "site")
    assert (done.returncode, done.stderr) == (0, "")


def test_nothing_is_published_while_an_import_goes_on(run: Run, desk: Desk, tmp_path: Path) -> None:
    assert run("release-key", "--desk", desk.path).returncode == 0
    with desk.changing():
        asked = write_release_file(tmp_path / "release.toml")
        refused = run("publish", "--desk", desk.path, asked, "--out", tmp_path / "site")
    assert refused.returncode == 1
    assert "another command is changing this desk" in refused.stderr


def test_what_is_published_is_read_from_one_state(desk: Desk, server: Server, stick: Path) -> None:
    bundles = [server.bundle(stick, [member(desk.recipients)]) for _ in range(2)]
    loading.load_delivery(desk, courier.receive(desk, bundles[0]))
    other = unlock(desk.path)
    with standing_still(desk):
        assert rows(desk, 'SELECT count(*) FROM "reports"') == [(1,)]
        assert desk.database.conn.in_transaction
        with pytest.raises(Busy, match="another command"), other.changing():
            pass
    assert not desk.database.conn.in_transaction
    other.close()
