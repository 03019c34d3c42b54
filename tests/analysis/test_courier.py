"""Taking bundles: what is verified, what is refused, what a repeat and a gap do."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from analysis.desk import Desk
from intake.crypto.signing import SigningKey
from intake.forms.form import Form, canonical
from tests.analysis.conftest import Run
from tests.analysis.making import FORM, Server, member, pack


def count(desk: Desk, table: str = "reports") -> int:
    """Rows of a table."""
    return int(desk.database.conn.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0])  # noqa: S608


def is_untouched(desk: Desk) -> bool:
    """Whether a refused bundle left nothing behind."""
    return not os.listdir(desk.archive) and not count(desk) and not count(desk, "bundles")


def refused(run: Run, desk: Desk, bundle: Path) -> str:
    """Imports a bundle that must be refused; the error's text."""
    result = run("import", "--desk", desk.path, bundle)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("witnessbox-analysis: error: ")
    assert result.stderr.count("\n") <= 2
    assert is_untouched(desk)
    return result.stderr


def test_a_bundle_is_taken_and_taking_it_again_adds_nothing(
    run: Run, desk: Desk, server: Server, stick: Path
) -> None:
    bundle = server.bundle(stick, [member(desk.recipients) for _ in range(5)])
    first = run("import", "--desk", desk.path, bundle)
    assert (first.returncode, first.stdout, first.stderr) == (0, "bundle 1: 5 reports added\n", "")
    kept = sorted(os.listdir(desk.archive))
    again = run("import", "--desk", desk.path, bundle)
    assert again.stdout == "bundle 1: 0 reports added, 5 known before\n"
    assert count(desk) == count(desk, "texts") == count(desk, "receipts") == 5
    assert sorted(os.listdir(desk.archive)) == kept


def test_sealed_reports_are_kept_as_they_came(run: Run, desk: Desk, server: Server, stick: Path) -> None:
    bundle = server.bundle(stick, [member(desk.recipients)])
    run("import", "--desk", desk.path, bundle)
    (shard,) = bundle.glob("*.tar")
    (kept,) = desk.archive.glob("*.tar")
    assert kept.name == f"000001-{shard.name}"
    assert kept.read_bytes() == shard.read_bytes()


def test_a_desk_that_pinned_no_server_takes_nothing(
    run: Run, desk: Desk, server: Server, stick: Path
) -> None:
    desk.database.conn.execute('DELETE FROM "servers"')
    desk.database.conn.commit()
    bundle = server.bundle(stick, [member(desk.recipients)])
    assert "has pinned no server" in refused(run, desk, bundle)


def test_a_bundle_of_another_server_is_refused(run: Run, desk: Desk, stick: Path) -> None:
    foreign = Server(SigningKey.generate()).bundle(stick, [member(desk.recipients)])
    assert "not signed by a server that this desk has pinned" in refused(run, desk, foreign)


@pytest.mark.parametrize("place", [3, 60, 200, -5])
def test_one_changed_byte_in_the_manifest_is_refused(
    run: Run, desk: Desk, server: Server, stick: Path, place: int
) -> None:
    bundle = server.bundle(stick, [member(desk.recipients)])
    data = bytearray((bundle / "manifest").read_bytes())
    data[place] ^= 1
    (bundle / "manifest").write_bytes(data)
    assert str(bundle / "manifest") in refused(run, desk, bundle)


@pytest.mark.parametrize("place", [10, 700, -600, -1])
def test_one_changed_byte_in_a_shard_is_refused_with_the_whole_bundle(
    run: Run, desk: Desk, server: Server, stick: Path, place: int
) -> None:
    bundle = server.bundle(stick, [member(desk.recipients)], [member(desk.recipients)])
    shard = sorted(bundle.glob("*.tar"))[1]
    data = bytearray(shard.read_bytes())
    data[place] ^= 1
    shard.write_bytes(data)
    assert f"{shard}: was changed since the server signed it" in refused(run, desk, bundle)


def test_a_disk_that_takes_a_part_of_a_write_is_full(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(os.urandom(100_000))
    # The kernel takes the first 65,536 bytes of the one write, as a disk does that becomes full.
    code = (
        "import os, sys; from pathlib import Path; from analysis.courier import archive_file\n"
        "archive_file(os.open(sys.argv[1], os.O_RDONLY), Path(sys.argv[2]), lambda _: None)"
    )
    command = ["prlimit", "--fsize=65536", sys.executable, "-c", code, str(source), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr.endswith(f"Unwritable: {target}: file too large\n")


def test_a_truncated_bundle_is_refused(run: Run, desk: Desk, server: Server, stick: Path) -> None:
    bundle = server.bundle(stick, [member(desk.recipients)])
    (shard,) = bundle.glob("*.tar")
    shard.write_bytes(shard.read_bytes()[:-512])
    assert "has another length than the server signed" in refused(run, desk, bundle)


@pytest.mark.parametrize("name", ["manifest", "shard", "form", "all"])
def test_a_bundle_with_a_missing_file_is_refused(
    run: Run, desk: Desk, server: Server, stick: Path, name: str
) -> None:
    bundle = server.bundle(stick, [member(desk.recipients)])
    (shard,) = bundle.glob("*.tar")
    (form,) = (bundle / "forms").iterdir()
    if name == "all":
        shutil.rmtree(bundle)
        assert "not a bundle" in refused(run, desk, bundle)
    else:
        path = {"manifest": bundle / "manifest", "shard": shard, "form": form}[name]
        path.unlink()
        assert f"{path}: no such file" in refused(run, desk, bundle)


def test_a_link_on_the_stick_is_not_followed(run: Run, desk: Desk, server: Server, stick: Path) -> None:
    bundle = server.bundle(stick, [member(desk.recipients)])
    (shard,) = bundle.glob("*.tar")
    shard.rename(stick / "elsewhere")
    shard.symlink_to(stick / "elsewhere")
    assert str(shard) in refused(run, desk, bundle)


def test_a_pipe_on_the_stick_does_not_stop_the_desk(
    run: Run, desk: Desk, server: Server, stick: Path
) -> None:
    bundle = server.bundle(stick, [member(desk.recipients)])
    (bundle / "manifest").unlink()
    os.mkfifo(bundle / "manifest")
    assert "not a plain file" in refused(run, desk, bundle)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b"2026-W46/", b"../../x6/", id="path out of the folder"),
        pytest.param(b"2026-W46/", b"/tmp/W46/", id="absolute path"),
        pytest.param(b"2026-W46/", b"2026-W99/", id="no such week"),
        pytest.param(b".age\0", b".agE\0", id="another ending"),
    ],
)
def test_a_hostile_member_name_is_refused_even_when_it_is_signed(
    run: Run, desk: Desk, server: Server, stick: Path, old: bytes, new: bytes
) -> None:
    data, reports = pack([member(desk.recipients)])
    bundle = server.pack(stick, [(data.replace(old, new), reports)])
    assert "a member's" in refused(run, desk, bundle)


def test_a_shard_that_holds_more_than_was_signed_is_refused(
    run: Run, desk: Desk, server: Server, stick: Path
) -> None:
    data, _ = pack([member(desk.recipients), member(desk.recipients)])
    bundle = server.pack(stick, [(data, 1)])
    assert "another number of reports" in refused(run, desk, bundle)


def test_a_bundle_whose_form_does_not_fit_leaves_nothing_that_a_rebuild_would_find(
    run: Run, desk: Desk, server: Server, stick: Path
) -> None:
    run("import", "--desk", desk.path, server.bundle(stick, [member(desk.recipients)]))
    kept = sorted(path.name for path in desk.archive.rglob("*"))
    value = json.loads(FORM.json)
    story = next(one for one in value["questions"] if one["id"] == "story")
    story |= {"kind": "text", "max_length": 120}
    server.form = Form.from_json(canonical(value) + b"\n")
    refusal = run("import", "--desk", desk.path, server.bundle(stick, [member(desk.recipients)]))
    assert refusal.returncode == 1
    assert 'question "story" was of another kind in an earlier form' in refusal.stderr
    assert sorted(path.name for path in desk.archive.rglob("*")) == kept
    rebuilt = run("rebuild", "--desk", desk.path)
    assert (rebuilt.returncode, rebuilt.stderr) == (0, "")


def test_a_gap_is_told_and_what_came_is_taken(run: Run, desk: Desk, server: Server, stick: Path) -> None:
    bundles = [server.bundle(stick, [member(desk.recipients)]) for _ in range(5)]
    assert "never" not in run("import", "--desk", desk.path, bundles[0]).stdout
    assert run("import", "--desk", desk.path, bundles[2]).stdout == (
        "bundle 3: 1 report added\nbundle 2 never arrived\n"
    )
    late = run("import", "--desk", desk.path, bundles[4]).stdout
    assert late.splitlines()[1:] == ["bundle 2 never arrived", "bundle 4 never arrived"]
    assert run("import", "--desk", desk.path, bundles[1]).stdout == "bundle 2: 1 report added\n"
    assert count(desk) == 4


def test_a_second_bundle_of_the_same_number_is_refused(
    run: Run, desk: Desk, server: Server, stick: Path
) -> None:
    run("import", "--desk", desk.path, server.bundle(stick, [member(desk.recipients)]))
    fork = Server(server.key).bundle(stick / "fork", [member(desk.recipients)])
    result = run("import", "--desk", desk.path, fork)
    assert result.returncode == 1
    assert "another bundle 1 of this server came before" in result.stderr
    assert count(desk) == 1


def test_a_bundle_that_follows_another_story_is_refused(
    run: Run, desk: Desk, server: Server, stick: Path
) -> None:
    run("import", "--desk", desk.path, server.bundle(stick, [member(desk.recipients)]))
    fork = Server(server.key, sequence=1, previous="ab" * 32).bundle(stick, [member(desk.recipients)])
    result = run("import", "--desk", desk.path, fork)
    assert result.returncode == 1
    assert "does not fit the bundle before or after it" in result.stderr
    assert count(desk) == 1
