"""Sealed files that came in no bundle: each taken once, whatever lies beside it and whatever it is called."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from analysis.attachments import ARRIVED, NO_REPORT, NOT_ARRIVED
from analysis.desk import Desk
from analysis.gathering import MOST_DEPTH
from analysis.identity import HybridIdentity
from analysis.threads.weeks import week_of
from intake.crypto.receipt import Receipt
from intake.crypto.shard import Member, index_shard
from tests import attaching
from tests.analysis.conftest import Run, unlock
from tests.analysis.making import CANARY, FORM, STORY, Server, member, message, of, pack, varied
from tests.analysis.tables import tables
from tests.analysis.test_attachments import files as attached
from tests.analysis.test_attachments import report as naming
from tests.analysis.test_attachments import states
from tests.analysis.test_courier import count

MAY_GO = "no intake waits for an answer about them: the copies of what is here now may be deleted"
KEEP = """witnessbox-analysis: error: not everything was taken
hint: the lines above say what and why; it stays where it lies, so keep it
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where sealed files lie."""
    path = tmp_path / "files"
    path.mkdir()
    return path


def lay(folder: Path, one: Member, name: str | None = None) -> Path:
    """A member as a file of its own."""
    path = folder / (name or f"{one.name.id.hex()}.age")
    path.write_bytes(one.sealed)
    return path


def lay_batch(folder: Path, members: list[Member]) -> Path:
    """Members as a batch."""
    data, _ = pack(members)
    path = folder / f"witnessbox-batch-{hashlib.sha256(data).hexdigest()[:16]}.tar"
    path.write_bytes(data)
    return path


def taken(run: Run, desk: Desk, *paths: Path) -> list[str]:
    """What an import says that takes everything."""
    done = run("import", "--desk", desk.path, *paths)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr + done.stdout
    return done.stdout.splitlines()


def faulty(run: Run, desk: Desk, *paths: Path) -> list[str]:
    """What an import says that takes all but something."""
    done = run("import", "--desk", desk.path, *paths)
    assert (done.returncode, done.stderr) == (1, KEEP)
    assert CANARY not in done.stdout
    return done.stdout.splitlines()


def archived(desk: Desk) -> dict[str, bytes]:
    """What lies in the archive's shards of files, by id."""
    found = {}
    for path in desk.archive.glob("file-*.tar"):
        with path.open("rb") as file:
            for entry in list(index_shard(file)):
                file.seek(entry.offset)
                found[entry.name.id.hex()] = file.read(entry.size)
    return found


def test_files_with_and_without_an_id_in_their_names_are_taken_once(
    run: Run, desk: Desk, folder: Path
) -> None:
    some = varied(desk.recipients, 5)
    lay(folder, some[0])
    lay(folder, some[1], some[1].name.id.hex().upper() + ".AGE")
    lay(folder, some[2], "report.age")
    lay(folder, some[3], f"{some[3].name.id.hex()} (1).age")
    (folder / "from the clinic").mkdir()
    lay(folder / "from the clinic", some[4], "report.age")
    assert taken(run, desk, folder) == ["files: 5 reports added", MAY_GO]
    before = tables(desk)
    assert archived(desk) == {one.name.id.hex(): one.sealed for one in some}
    assert taken(run, desk, folder) == ["files: 0 reports added, 5 known before", MAY_GO]
    assert tables(desk) == before
    rows = desk.database.conn.execute('SELECT DISTINCT "week", "bundle" FROM "reports"').fetchall()
    assert [tuple(row) for row in rows] == [(week_of(date.today()), 0)]


def test_copies_of_one_file_count_once(run: Run, desk: Desk, folder: Path) -> None:
    one = member(desk.recipients)
    for name in ("a.age", "b.age", "c.age"):
        lay(folder, one, name)
    lay_batch(folder, [one, member(desk.recipients)])
    assert taken(run, desk, folder) == ["files: 2 reports added, 3 known before", MAY_GO]
    assert len(archived(desk)) == count(desk) == 2


@pytest.mark.parametrize("first", ["bundle", "file"])
def test_a_report_by_bundle_and_by_file_counts_once(
    run: Run, desk: Desk, server: Server, stick: Path, folder: Path, first: str
) -> None:
    one, other = member(desk.recipients), member(desk.recipients)
    ways = {"bundle": server.bundle(stick, [one, other]), "file": lay(folder, one)}
    assert "known" not in "".join(taken(run, desk, ways[first]))
    second = taken(run, desk, ways["file" if first == "bundle" else "bundle"])
    assert ", 1 known before" in second[0]
    assert count(desk) == 2
    query = 'SELECT "name", "bundle", "week", "channel" FROM "reports" ORDER BY "name"'
    before = desk.database.conn.execute(query).fetchall()
    desk.close()
    assert run("rebuild", "--desk", desk.path).returncode == 0
    again = unlock(desk.path)
    assert again.database.conn.execute(query).fetchall() == before
    assert run("acknowledge", "--desk", desk.path, "--out", stick).returncode == 0
    again.close()


def test_a_stick_of_bundles_files_and_batches_is_taken_by_one_command(
    run: Run, desk: Desk, server: Server, stick: Path
) -> None:
    some = varied(desk.recipients, 12)
    server.bundle(stick, some[:3])
    server.bundle(stick / "older", some[3:5])
    lay_batch(stick, some[5:9])
    lay(stick, some[9])
    lay(stick / "older", some[10], "one.age")
    (stick / ".Trashes").mkdir()
    lay(stick / ".Trashes", some[11])
    (stick / f"._{some[9].name.id.hex()}.age").write_bytes(b"\x00\x05\x16\x07")
    (stick / "acknowledgement-000001").write_text("not looked at")
    assert taken(run, desk, stick) == [
        "bundle 1: 3 reports added",
        "bundle 2: 2 reports added",
        "files: 6 reports added",
        MAY_GO,
        "2 other files left alone: no bundle, sealed file or batch by name",
    ]
    assert taken(run, desk, stick)[2] == "files: 0 reports added, 6 known before"


def test_follow_ups_and_withdrawals_come_as_files_too(run: Run, desk: Desk, folder: Path) -> None:
    mine, other = Receipt.draw(), Receipt.draw()
    lay(folder, of(desk.recipients, mine))
    lay(folder, of(desk.recipients, other))
    lay(folder, message(desk.recipients, other, "And one thing more."), "more.age")
    lines = ["files: 2 reports added", "1 follow-up added", MAY_GO]
    assert taken(run, desk, folder) == lines
    back = lay(folder, message(desk.recipients, mine, None), "back.age")
    assert taken(run, desk, back) == [
        "files: 0 reports added",
        "1 withdrawal came",
        "taken back by their senders and deleted here: 1 report, 0 follow-ups",
        "in the archive: 1 sealed file deleted",
        MAY_GO,
    ]
    assert mine.id.hex() not in archived(desk)
    # A copy that is brought later does not bring it back.
    assert taken(run, desk, folder) == ["files: 0 reports added, 4 known before", MAY_GO]
    assert count(desk) == 1
    assert mine.id.hex() not in archived(desk)


def test_a_withdrawal_beside_its_report_leaves_nothing_of_it(run: Run, desk: Desk, folder: Path) -> None:
    mine = Receipt.draw()
    lay(folder, of(desk.recipients, mine))
    lay(folder, message(desk.recipients, mine, None), "z.age")
    lay(folder, message(desk.recipients, mine, "More."), "y.age")
    taken(run, desk, folder)
    assert count(desk) == count(desk, "followups") == 0
    assert len(archived(desk)) == 1


@pytest.mark.parametrize("first", ["file", "report"])
def test_an_attachment_finds_its_report_in_either_order(
    run: Run, desk: Desk, server: Server, stick: Path, folder: Path, first: str
) -> None:
    server.form = attaching.FORM
    taken(run, desk, server.bundle(stick, [naming(desk, Receipt.draw(), [])]))
    receipt, (sealed,), named = attached(desk)
    ways = {"file": lay(folder, sealed, "picture.age"), "report": lay(folder, naming(desk, receipt, named))}
    lines = taken(run, desk, ways.pop(first))
    if first == "file":
        added = ["files: 0 reports added", "1 attachment added", f"1 attachment: {NO_REPORT}"]
    else:
        added = ["files: 1 report added"]
    assert lines == [*added, MAY_GO]
    assert states(desk) == [(NO_REPORT if first == "file" else NOT_ARRIVED, None if first == "file" else 2)]
    taken(run, desk, *ways.values())
    assert states(desk) == [(ARRIVED, 2)]
    assert taken(run, desk, folder)[:2] == [
        "files: 0 reports added, 1 known before",
        "0 attachments added, 1 known before",
    ]


def test_an_attachment_that_squats_on_an_id_gives_way_to_the_right_one(
    run: Run, desk: Desk, server: Server, stick: Path, folder: Path
) -> None:
    server.form = attaching.FORM
    taken(run, desk, server.bundle(stick, [naming(desk, Receipt.draw(), [])]))
    receipt, (sealed,), named = attached(desk)
    other = attaching.sealed_file(desk.recipients, receipt, b"%PDF another file")[0][16:]
    (folder / "other.age").write_bytes(other)
    taken(run, desk, folder)
    right = lay(folder, sealed, "right.age")
    # Nobody can tell yet which of the two it is.
    assert "  1 of the same id as another file, and not the same:" in faulty(run, desk, right)
    report = lay(folder, naming(desk, receipt, named))
    assert "1 attachment: not the file that the report names" in taken(run, desk, report)
    taken(run, desk, right)
    assert states(desk) == [(ARRIVED, 2)]


def stranger() -> Member:
    return member([HybridIdentity.generate().recipient])


FAULTS: dict[str, tuple[str, Callable[[Path, Member], object]]] = {
    "cut short": ("tampered", lambda path, one: path.write_bytes(one.sealed[:-40])),
    "changed": ("tampered", lambda path, one: path.write_bytes(one.sealed[:-9] + b"zebrafinc")),
    "a broken header": (
        "malformed",
        lambda path, one: path.write_bytes(one.sealed[:22] + b"x" + one.sealed[22:]),
    ),
    "for another key": ("not for this key", lambda path, _: path.write_bytes(stranger().sealed)),
    "plain words": ("not a sealed file", lambda path, _: path.write_text(STORY * 20)),
    "a few words": ("not a sealed file", lambda path, _: path.write_text(STORY)),
    "empty": ("not a sealed file", lambda path, _: path.write_bytes(b"")),
    "ten gigabytes": ("longer than such a file can be", lambda path, _: huge(path)),
    "a link": ("a link", lambda path, _: path.symlink_to("/etc/hostname")),
    "a link to a folder": ("a link", lambda path, _: path.symlink_to("/")),
    "a link in a ring": ("a link", lambda path, _: path.symlink_to(path)),
    "a pipe": ("not a plain file", lambda path, _: os.mkfifo(path)),
    "a link to a device": ("a link", lambda path, _: path.symlink_to("/dev/zero")),
}


def huge(path: Path) -> None:
    path.touch()
    os.truncate(path, 10 * 1024**3)


def test_what_cannot_be_taken_is_told_by_rule_and_all_else_is_taken(
    run: Run, desk: Desk, folder: Path
) -> None:
    for number, (_, make) in enumerate(FAULTS.values()):
        make(folder / f"{number:02d}-\x1b[31m\n\udcff.age", member(desk.recipients))
    good, renamed = member(desk.recipients), member(desk.recipients)
    lay(folder, renamed, f"{'ab' * 16} (1).age")
    lay(folder, good)
    lines = faulty(run, desk, folder)
    assert lines[:3] == ["files: 1 report added", MAY_GO, f"{len(FAULTS) + 1} files with a fault:"]
    rules = [rule for rule, _ in FAULTS.values()] + ["named by another id than it has"]
    told = [line for line in lines[3:] if not line.startswith("    ")]
    assert told == [f"  {rules.count(rule)} {rule}:" for rule in sorted(set(rules))]
    assert len(lines) == 3 + len(told) + len(FAULTS) + 1
    assert "00-⟨001B⟩[31m⟨000A⟩⟨DCFF⟩.age" in "".join(lines)
    assert list(archived(desk)) == [good.name.id.hex()]
    assert count(desk, "set_aside") == 0
    assert not list(desk.archive.glob("*.part"))


def test_paths_that_cannot_be_taken_are_told_of_when_they_are_named_themselves(
    run: Run, desk: Desk, folder: Path
) -> None:
    paths = []
    for number, (_, make) in enumerate(FAULTS.values()):
        paths.append(folder / f"{number:02d}.age")
        make(paths[-1], member(desk.recipients))
    # Whoever names a link to a folder means the folder.
    paths.remove(folder / f"{list(FAULTS).index('a link to a folder'):02d}.age")
    good = lay(folder, member(desk.recipients), "good.age")
    done = run("import", "--desk", desk.path, *paths, good, folder / "missing.age")
    assert (done.returncode, done.stdout.splitlines()[0]) == (1, "files: 1 report added")
    for path in paths:
        assert str(path) in done.stdout + done.stderr
    assert "missing.age: no such file" in done.stderr
    assert CANARY not in done.stdout + done.stderr
    assert count(desk) == 1


def test_a_batch_that_was_changed_gives_what_is_whole(run: Run, desk: Desk, folder: Path) -> None:
    path = lay_batch(folder, varied(desk.recipients, 4))
    data = bytearray(path.read_bytes())
    data[1000] ^= 1
    path.write_bytes(data)
    lines = faulty(run, desk, path)
    assert lines[0] == "files: 3 reports added"
    assert "  1 changed since it was saved; what of it is whole was taken:" in lines
    assert count(desk) == 3


@pytest.mark.parametrize("left", [0.9, 0.5, 0.001])
def test_a_batch_that_was_cut_off_gives_what_is_whole(
    run: Run, desk: Desk, folder: Path, left: float
) -> None:
    path = lay_batch(folder, varied(desk.recipients, 4))
    data = path.read_bytes()
    path.write_bytes(data[: int(left * len(data))])
    lines = faulty(run, desk, path)
    whole = int(left * 4)
    assert lines[0] == f"files: {whole} report{'s' * (whole != 1)} added"
    assert count(desk) == whole


def test_a_batch_under_any_name_is_taken_and_hostile_tars_are_not(run: Run, desk: Desk, folder: Path) -> None:
    batch = lay_batch(folder, varied(desk.recipients, 2))
    batch = batch.rename(folder / f"{batch.stem} (1).tar")
    assert taken(run, desk, folder)[0] == "files: 2 reports added"
    other = batch.rename(folder / "thing.tar")
    assert taken(run, desk, other)[0] == "files: 0 reports added, 2 known before"
    data, _ = pack([member(desk.recipients)])
    other.write_bytes(data[:-1025] + b"!" + data[-1024:])
    lines = faulty(run, desk, other)
    assert "  1 holds something between its sealed files; what of it is whole was taken:" in lines
    assert count(desk) == 3
    week = bytes(data[:9])
    for bad in (b"../../../", b"/tmp/W46/", b"2026-W99/"):
        (folder / "witnessbox-batch-0000000000000000.tar").write_bytes(data.replace(week, bad, 1))
        lines = faulty(run, desk, folder)
        assert any("a member's" in line for line in lines)
    assert count(desk) == 3


def test_folders_are_looked_through_to_a_depth_and_a_number(run: Run, desk: Desk, folder: Path) -> None:
    deep = folder
    for _ in range(MOST_DEPTH + 1):
        deep = deep / "d"
    deep.mkdir(parents=True)
    lay(deep, member(desk.recipients))
    lay(deep.parent, member(desk.recipients))
    lines = faulty(run, desk, folder)
    assert lines[0] == "files: 1 report added"
    assert f"  1 more than {MOST_DEPTH} folders deep:" in lines


def test_a_folder_of_too_many_files_is_refused_and_the_next_path_taken(
    run: Run, desk: Desk, folder: Path, tmp_path: Path
) -> None:
    many = tmp_path / "many"
    many.mkdir()
    subprocess.run(["bash", "-c", "seq 100001 | xargs touch"], cwd=many, check=True)
    lay(folder, member(desk.recipients))
    done = run("import", "--desk", desk.path, many, folder)
    assert (done.returncode, done.stdout.splitlines()[0]) == (1, "files: 1 report added")
    assert done.stderr.splitlines() == [
        f"witnessbox-analysis: error: {many}: holds more than 100,000 files and folders",
        "hint: import its folders one by one",
    ]


def test_nothing_to_import_is_an_error(run: Run, desk: Desk, folder: Path) -> None:
    (folder / "notes.txt").write_text(STORY)
    done = run("import", "--desk", desk.path, folder)
    assert done.returncode == 1
    assert "nothing to import" in done.stderr
    missing = run("import", "--desk", desk.path, folder / "missing.age")
    assert "missing.age: no such file" in missing.stderr


def test_one_bundle_that_is_refused_keeps_nothing_else_out(
    run: Run, desk: Desk, server: Server, stick: Path
) -> None:
    Server().bundle(stick / "foreign", [member(desk.recipients)])
    server.bundle(stick, [member(desk.recipients)])
    lay(stick, member(desk.recipients))
    done = run("import", "--desk", desk.path, stick)
    assert done.returncode == 1
    assert done.stdout.splitlines()[:2] == ["bundle 1: 1 report added", "files: 1 report added"]
    assert "not signed by a server that this desk has pinned" in done.stderr
    assert count(desk) == 2


def test_the_desks_own_folder_is_not_imported(run: Run, desk: Desk, tmp_path: Path) -> None:
    lay(tmp_path, member(desk.recipients))
    assert taken(run, desk, tmp_path)[0] == "files: 1 report added"


def test_a_report_of_a_form_that_no_bundle_brought_waits_for_the_form(
    run: Run, desk: Desk, folder: Path, tmp_path: Path
) -> None:
    receipt, _, _ = attached(desk)
    lay(folder, naming(desk, receipt, []))
    lay(folder, member(desk.recipients))
    lines = faulty(run, desk, folder)
    assert lines[0] == "files: 1 report added"
    assert "  1 the form is not known here:" in lines
    form = tmp_path / "ours.json"
    form.write_bytes(attaching.FORM.json)
    done = run("import", "--desk", desk.path, "--form", form, folder)
    assert done.returncode == 0, done.stderr
    assert "files: 1 report added, 1 known before" in done.stdout.splitlines()
    desk.close()
    (desk.path / "desk.db").unlink()
    assert "2 reports loaded" in run("rebuild", "--desk", desk.path).stdout


def test_whoever_sealed_a_file_may_have_its_code_and_be_answered(
    run: Run, desk: Desk, folder: Path, tmp_path: Path
) -> None:
    taken(run, desk, lay(folder, member(desk.recipients)))
    text = tmp_path / "reply.txt"
    text.write_text("Thank you. We read it.")
    done = run("reply", "--desk", desk.path, 1, "--text", text, "--by", "Ana")
    assert done.returncode == 0, done.stderr


def test_a_rebuilt_database_says_of_files_what_it_said_before(
    run: Run, desk: Desk, server: Server, stick: Path, folder: Path
) -> None:
    server.form = attaching.FORM
    receipt, sealed, named = attached(desk, 2)
    for number, one in enumerate(sealed):
        lay(folder, one, f"{number}.age")
    shutil.copytree(server.bundle(stick, []) / "forms", folder / "forms")
    form = folder / "forms" / f"{attaching.FORM.digest}.json"
    lay(folder, naming(desk, receipt, named))
    lay(folder, message(desk.recipients, receipt, "More."))
    lay_batch(folder, varied(desk.recipients, 6))
    done = run("import", "--desk", desk.path, "--form", form, folder)
    assert done.returncode == 0, done.stderr
    without = ("identities", "askings", "asked", "choices", "forms", "bitmaps", "summaries", "servers")
    before = tables(desk, *without)
    assert len(before["attachments"]) == 2
    assert len(before["followups"]) == 1
    desk.close()
    (desk.path / "desk.db").unlink()
    assert run("rebuild", "--desk", desk.path).returncode == 0
    again = unlock(desk.path)
    assert len(tables(again)["reports"]) == 7
    assert tables(again, *without)["attachments"] == before["attachments"]
    assert tables(again, *without)["receipts"] == before["receipts"]
    assert tables(again, *without)["shards"] == before["shards"]
    again.close()


def test_a_rebuild_tells_that_a_shard_of_files_is_damaged(run: Run, desk: Desk, folder: Path) -> None:
    path = lay(folder, member(desk.recipients))
    taken(run, desk, path)
    taken(run, desk, lay(folder, member(desk.recipients)))
    shard = sorted(desk.archive.glob("file-*.tar"))[0]
    data = bytearray(shard.read_bytes())
    data[2000] ^= 1
    shard.write_bytes(data)
    desk.close()
    done = run("rebuild", "--desk", desk.path)
    assert done.stdout.splitlines()[0] == "made the database anew: 1 report loaded"
    assert f"{shard}: damaged, and not in the database" in done.stdout
    assert taken(run, desk, folder)[0] == "files: 1 report added, 1 known before"


def test_files_are_sealed_anew_with_the_rest_of_the_archive(run: Run, desk: Desk, folder: Path) -> None:
    taken(run, desk, lay(folder, member(desk.recipients)))
    assert run("rotate", "--desk", desk.path, "--no-passphrase").returncode == 0
    done = run("reseal", "--desk", desk.path)
    assert "sealed anew: 1 report or attachment" in done.stdout
    assert run("rebuild", "--desk", desk.path).returncode == 0
    assert taken(run, desk, folder)[0] == "files: 0 reports added, 1 known before"


def test_a_desk_that_has_seen_no_form_takes_reports_of_the_one_that_ships(
    run: Run, desk: Desk, folder: Path
) -> None:
    lay(folder, member(desk.recipients))
    taken(run, desk, folder)
    rows = desk.database.conn.execute('SELECT "digest" FROM "forms"').fetchall()
    assert [row[0] for row in rows] == [FORM.digest]
