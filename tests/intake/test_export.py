"""Bundles for the courier: whole or absent, the same bytes every time, each naming the one before."""

import asyncio
import os
import random
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from intake.attachments import Attachments
from intake.claim import take
from intake.crypto.manifest import FIRST_PREVIOUS, Manifest, bundle_name, digest, parse
from intake.crypto.shard import MAX_SHARD_BYTES, MAX_SHARD_REPORTS, ReportName, index_shard
from intake.crypto.signing import parse_public
from intake.directory import find_database, read_key
from intake.export import ExportError, export
from intake.files import alone
from intake.forms.form import shipped
from tests.chance import noise, tau
from tests.serving import COMMAND, ENOUGH, Server, order_on_disk, run, snapshot, stored
from tests.sharing import both, connected, cut_off

WEEKS = ("2026-W46", "2026-W47")


def fill(data: Path, reports: int, *, size: int = 2_000, seed: int = 1) -> set[ReportName]:
    """Puts that many reports, which are random bytes, straight into the file."""
    draw = random.Random(seed)
    names = {ReportName(draw.choice(WEEKS), draw.randbytes(16)) for _ in range(reports)}
    with connected(data) as connection, connection.transaction():
        connection.executemany(
            "INSERT INTO reports (id, week, sealed) VALUES (?, ?, ?)",
            [(name.id, name.week, draw.randbytes(size)) for name in names],
        )
        connection.changed(len(names), len(names) * size)
    return names


def manifest_of(data: Path, bundle: Path) -> Manifest:
    return parse((bundle / "manifest").read_bytes(), [parse_public((data / "server.pub").read_text())])


def names_in(data: Path, bundle: Path) -> list[ReportName]:
    names = []
    for shard in manifest_of(data, bundle).shards:
        with (bundle / shard.filename).open("rb") as file:
            names += [entry.name for entry in index_shard(file)]
    return names


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


@both
def test_a_bundle_holds_every_report_once_under_its_week_and_id(data: Path, stick: Path) -> None:
    names = fill(data, 30)
    done = run("export", "--data", data, "--out", stick)
    bundle = stick / bundle_name(1)
    assert (done.returncode, done.stdout) == (0, f"{bundle}: 30 reports\n")
    assert names_in(data, bundle) == sorted(names)
    assert manifest_of(data, bundle).previous == FIRST_PREVIOUS


def test_what_the_server_stored_is_in_the_bundle_byte_for_byte(server: Server, stick: Path) -> None:
    server.post_form(ENOUGH)
    assert run("export", "--data", server.data, "--out", stick).returncode == 0
    [(report_id, sealed)] = stored(server.data).items()
    bundle = stick / bundle_name(1)
    [shard] = manifest_of(server.data, bundle).shards
    with (bundle / shard.filename).open("rb") as file:
        [entry] = index_shard(file)
        file.seek(entry.offset)
        assert file.read(entry.size) == sealed
    assert entry.name.id == report_id


@both
def test_a_bundle_carries_the_forms_that_its_reports_name(data: Path, stick: Path) -> None:
    fill(data, 1)
    run("export", "--data", data, "--out", stick)
    form = shipped("report")
    assert manifest_of(data, stick / bundle_name(1)).forms == (form.digest,)
    assert (stick / bundle_name(1) / "forms" / f"{form.digest}.json").read_bytes() == form.json


@both
def test_the_next_bundle_names_the_one_before_and_holds_only_what_is_new(data: Path, stick: Path) -> None:
    fill(data, 3)
    run("export", "--data", data, "--out", stick)
    new = fill(data, 4, seed=2)
    run("export", "--data", data, "--out", stick)
    first, second = stick / bundle_name(1), stick / bundle_name(2)
    assert names_in(data, second) == sorted(new)
    assert manifest_of(data, second).sequence == 2
    assert manifest_of(data, second).previous == digest((first / "manifest").read_bytes())
    assert manifest_of(data, second).forms == manifest_of(data, first).forms


@both
def test_nothing_new_makes_no_bundle(data: Path, stick: Path) -> None:
    done = run("export", "--data", data, "--out", stick)
    assert (done.returncode, done.stdout) == (0, "nothing new to export\n")
    assert not list(stick.iterdir())


@both
def test_reports_part_into_shards_of_bounded_number(data: Path, stick: Path) -> None:
    fill(data, MAX_SHARD_REPORTS + 1, size=300)
    run("export", "--data", data, "--out", stick)
    shards = manifest_of(data, stick / bundle_name(1)).shards
    assert [shard.reports for shard in shards] == [MAX_SHARD_REPORTS, 1]


def test_reports_part_into_shards_of_bounded_length(data: Path, stick: Path) -> None:
    fill(data, 65, size=1_100_000)
    run("export", "--data", data, "--out", stick)
    shards = manifest_of(data, stick / bundle_name(1)).shards
    assert len(shards) == 2
    assert shards[0].bytes <= 64 * 1024 * 1024


@both
def test_a_lost_bundle_is_written_again_to_the_same_bytes(data: Path, stick: Path) -> None:
    for seed in (1, 2):
        fill(data, 5, seed=seed)
        run("export", "--data", data, "--out", stick)
    before = snapshot(stick)
    shutil.rmtree(stick / bundle_name(1))
    done = run("export", "--data", data, "--out", stick, "--again", "1")
    assert done.returncode == 0, done.stderr
    assert snapshot(stick) == before


@both
def test_a_bundle_that_never_was_cannot_be_written_again(data: Path, stick: Path) -> None:
    done = run("export", "--data", data, "--out", stick, "--again", "7")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("witnessbox-intake: error: there is no bundle 7\n")


@both
def test_an_export_that_is_killed_and_repeated_gives_the_whole_bundle(data: Path, stick: Path) -> None:
    names = fill(data, 4_000, size=4_000)
    with connected(data) as connection:
        assert take(connection) == -1
    for _ in range(4):
        command = [*COMMAND, "export", "--data", str(data), "--out", str(stick)]
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while running.poll() is None and not list(stick.iterdir()):
            time.sleep(0.001)
        time.sleep(random.uniform(0, 0.06))
        running.kill()
        running.wait()
        fill(data, 1, seed=os.getpid() + random.getrandbits(30))
    assert run("export", "--data", data, "--out", stick).returncode == 0
    expected = data.with_name("expected")
    expected.mkdir()
    assert run("export", "--data", data, "--out", expected, "--again", "1").returncode == 0
    bundle = bundle_name(1)
    assert snapshot(stick / bundle) == snapshot(expected / bundle)
    assert names_in(data, stick / bundle) == sorted(names)
    assert not list(stick.glob(".*"))


@both
def test_an_export_killed_after_the_last_rename_is_taken_for_done(data: Path, stick: Path) -> None:
    fill(data, 3)
    run("export", "--data", data, "--out", stick)
    before = snapshot(stick)
    cut_off(data)
    assert run("export", "--data", data, "--out", stick).returncode == 0
    fill(data, 1, seed=2)
    run("export", "--data", data, "--out", stick)
    after = snapshot(stick)
    assert {name: after[name] for name in before} == before
    assert manifest_of(data, stick / bundle_name(2)).previous == digest(before[f"{bundle_name(1)}/manifest"])


@both
def test_another_bundle_of_the_same_name_is_not_touched(data: Path, stick: Path) -> None:
    fill(data, 3)
    (stick / bundle_name(1)).mkdir()
    (stick / bundle_name(1) / "manifest").write_text("another")
    before = snapshot(stick)
    done = run("export", "--data", data, "--out", stick)
    assert done.returncode == 1
    assert "exists already and is another bundle" in done.stderr
    assert snapshot(stick) == before


@pytest.mark.parametrize("finished", [True, False], ids=["asked for again", "not noted as finished"])
@pytest.mark.parametrize("kind", ["*.tar", "forms/*.json"])
@pytest.mark.parametrize("harm", ["one bit", "gone"])
def test_a_damaged_bundle_is_not_taken_for_the_one_that_was_written(
    harm: str, kind: str, finished: bool, data: Path, stick: Path
) -> None:
    fill(data, 3)
    run("export", "--data", data, "--out", stick)
    if not finished:
        cut_off(data)
    [file] = (stick / bundle_name(1)).glob(kind)
    if harm == "gone":
        file.unlink()
    else:
        content = bytearray(file.read_bytes())
        content[1_000] ^= 1
        file.write_bytes(content)
    done = run("export", "--data", data, "--out", stick, *(["--again", "1"] if finished else []))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-2:] == [
        f"witnessbox-intake: error: {stick / bundle_name(1)} exists already"
        f" and {file.name} in it is damaged or gone",
        "hint: remove it, or export to another directory",
    ]


@both
def test_a_whole_bundle_that_is_asked_for_again_is_left_as_it_is(data: Path, stick: Path) -> None:
    fill(data, 3)
    run("export", "--data", data, "--out", stick)
    before = snapshot(stick)
    done = run("export", "--data", data, "--out", stick, "--again", "1")
    assert (done.returncode, done.stdout) == (0, f"{stick / bundle_name(1)}: 3 reports\n")
    assert snapshot(stick) == before


@both
def test_an_export_waits_for_another_command_for_as_long_as_it_is_told(data: Path, stick: Path) -> None:
    fill(data, 3)
    with alone(data):
        done = run("export", "--data", data, "--out", stick, "--wait", "0.5")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-3:] == [
        f"waiting: another command is at work in {find_database(data)}",
        f"witnessbox-intake: error: another command is at work in {find_database(data)}",
        "hint: wait until it is done, and export again; --wait SECONDS waits for longer",
    ]
    assert not list(stick.iterdir())
    assert run("export", "--data", data, "--out", stick).returncode == 0


@both
def test_an_export_goes_on_when_the_other_command_is_done(data: Path, stick: Path) -> None:
    fill(data, 3)
    with ExitStack() as other:
        other.enter_context(alone(data))
        database = find_database(data)
        bundle = export(database, stick, read_key(data), waiting=other.close)
    assert bundle is not None
    assert len(names_in(data, bundle.path)) == 3


@both
def test_no_command_that_deletes_is_at_work_beside_an_export(data: Path, stick: Path) -> None:
    fill(data, 3)

    def begin(reports: int) -> None:
        with pytest.raises(BlockingIOError), find_database(data).alone():
            pass

    bundle = export(find_database(data), stick, read_key(data), begin=begin)
    assert bundle is not None
    assert names_in(data, bundle.path)


def test_one_machine_exports_once_at_a_time(data: Path, stick: Path) -> None:
    fill(data, 3)

    def begin(reports: int) -> None:
        with pytest.raises(ExportError, match="another command is at work"):
            export(find_database(data), stick, read_key(data), patience=0)

    assert export(find_database(data), stick, read_key(data), begin=begin)


def test_an_export_leaves_no_order_of_arrival_in_the_file(data: Path, stick: Path) -> None:
    ids = [b"r%015d" % number for number in range(40, 0, -1)]
    with connected(data) as connection:
        for report_id in ids:
            # So long that all but its front stands in pages of its own.
            row = (report_id, WEEKS[0], report_id * 1_035)
            connection.execute("INSERT INTO reports (id, week, sealed) VALUES (?, ?, ?)", row)
    assert order_on_disk(data / "reports.db", ids) == ids
    assert run("export", "--data", data, "--out", stick).returncode == 0
    after = order_on_disk(data / "reports.db", ids)
    assert sorted(after) == sorted(ids)
    assert abs(tau([ids.index(one) for one in after])) < noise(len(ids))


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_the_disk_has_every_file_of_a_bundle_before_the_bundle_has_its_name(
    data: Path, stick: Path, tmp_path: Path
) -> None:
    fill(data, 3)
    trace = tmp_path / "trace"
    prefix = ["strace", "-f", "-y", "-s", "1000", "-e", "trace=fsync,rename", "-o", trace]
    line = [*prefix, *COMMAND, "export", "--data", data, "--out", stick]
    subprocess.run(line, check=True, capture_output=True)
    bundle = bundle_name(1)
    before, renamed, after = trace.read_text().partition(f'"{stick / bundle}") = 0')
    synced = re.findall(rf"fsync\(\d+<{stick}/\.witnessbox-export-1\.partial(.*?)>\) += 0", before)
    [form] = (stick / bundle / "forms").iterdir()
    assert renamed
    assert sorted(synced) == sorted(["", "/forms", f"/forms/{form.name}", "/manifest", "/shard"])
    assert re.search(rf"fsync\(\d+<{stick}>\)", after)


def test_reports_keep_coming_while_a_bundle_is_written(server: Server, stick: Path) -> None:
    fill(server.data, 2_000)
    command = [*COMMAND, "export", "--data", str(server.data), "--out", str(stick)]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    answers = [server.post_form(ENOUGH).status_code for _ in range(20)]
    assert running.wait(60) == 0
    assert answers == [303] * 20
    run("export", "--data", server.data, "--out", stick)
    bundles = [names_in(server.data, path) for path in sorted(stick.iterdir())]
    assert sorted(name.id for names in bundles for name in names) == sorted(stored(server.data))


@both
def test_progress_counts_every_report(data: Path, stick: Path) -> None:
    fill(data, 25)
    begun: list[int] = []
    steps: list[int] = []
    export(find_database(data), stick, read_key(data), begin=begun.append, advance=steps.append)
    assert (begun, sum(steps)) == ([25], 25)


@pytest.fixture
def small_stick() -> Iterator[Path]:
    """A stick of 1 MB."""
    folder = Path(tempfile.mkdtemp())
    line = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.run(line, check=False, capture_output=True).returncode:
        shutil.rmtree(folder)
        pytest.skip("only root may mount a small file system")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)
    shutil.rmtree(folder)


def test_a_full_stick_is_left_empty_and_the_bundle_goes_to_a_larger_one(
    data: Path, stick: Path, small_stick: Path
) -> None:
    names = fill(data, 1_000)
    done = run("export", "--data", data, "--out", small_stick)
    assert (done.returncode, done.stdout) == (1, "")
    [error, hint] = done.stderr.splitlines()[-2:]
    assert error == f"witnessbox-intake: error: cannot write to {small_stick}: No space left on device"
    assert hint.startswith("hint: nothing half-written was left")
    assert not list(small_stick.iterdir())
    assert run("export", "--data", data, "--out", stick).returncode == 0
    assert names_in(data, stick / bundle_name(1)) == sorted(names)


@both
def test_large_attachments_part_into_shards_and_come_out_the_same_again(data: Path, stick: Path) -> None:
    draw = random.Random(3)
    sealed = {draw.randbytes(16): draw.randbytes(25_000_000) for _ in range(3)}
    names = fill(data, 2)

    async def upload() -> None:
        with closing(Attachments(find_database(data), min_free_bytes=1)) as attachments:
            attachments.start()
            for attachment_id, content in sealed.items():
                with attachments.upload() as one:
                    await one.write(content)
                    await one.finish(attachment_id, WEEKS[0])

    asyncio.run(upload())
    bundle = stick / bundle_name(1)
    done = run("export", "--data", data, "--out", stick)
    assert done.stdout == f"{bundle}: 2 reports, 3 attachments\n"
    assert {name.id for name in names_in(data, bundle)} == {name.id for name in names} | sealed.keys()
    assert all(path.stat().st_size <= MAX_SHARD_BYTES for path in bundle.glob("*.tar"))
    found = {}
    for path in bundle.glob("*.tar"):
        with path.open("rb") as file:
            for entry in list(index_shard(file)):
                file.seek(entry.offset)
                found[entry.name.id] = file.read(entry.size)
    assert sealed.items() <= found.items()
    before = snapshot(bundle)
    shutil.rmtree(bundle)
    assert run("export", "--data", data, "--out", stick, "--again", "1").returncode == 0
    assert snapshot(bundle) == before
    assert run("export", "--data", data, "--out", stick).stdout == "nothing new to export\n"
