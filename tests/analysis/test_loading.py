"""Loading reports: damaged ones, killed imports, several processes."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from analysis import loading
from analysis.archive import ArchivedShard
from analysis.desk import Desk
from analysis.identity import HybridIdentity
from intake.crypto.padding import pad
from intake.crypto.receipt import Receipt
from intake.crypto.seal import seal_bytes
from intake.crypto.shard import Member, ReportName
from tests.analysis.conftest import COMMAND, Run
from tests.analysis.making import FORM, WEEK, Server, body, member, varied
from tests.analysis.sitting import Seat


def rows(desk: Desk, query: str) -> list[tuple[object, ...]]:
    """What a query finds."""
    return [tuple(row) for row in desk.database.conn.execute(query).fetchall()]


def sealed(desk: Desk, plaintext: bytes, receipt: Receipt | None = None) -> Member:
    """Any plaintext, sealed to the desk under a name."""
    name = (receipt or Receipt.draw()).id
    return Member(ReportName(WEEK, name), seal_bytes(plaintext, desk.recipients))


def damaged(desk: Desk) -> dict[str, Member]:
    """Reports that cannot be taken, by what the desk must say of them."""
    good, receipt = member(desk.recipients), Receipt.draw()
    stranger = [HybridIdentity.generate().recipient]
    text = body(receipt)
    return {
        "tampered": Member(
            ReportName(WEEK, Receipt.draw().id), good.sealed[:-1] + bytes([good.sealed[-1] ^ 1])
        ),
        "truncated": Member(ReportName(WEEK, Receipt.draw().id), good.sealed[: -16384 - 8]),
        "malformed": Member(ReportName(WEEK, Receipt.draw().id), b"x" * 500),
        "not for this key": Member(ReportName(WEEK, Receipt.draw().id), seal_bytes(pad(text), stranger)),
        "bad padding": sealed(desk, text + b" " * 7),
        "not UTF-8": sealed(desk, pad(b'{"story":\xff}')),
        "the form is not known here": sealed(desk, pad(text.replace(FORM.digest.encode(), b"0" * 64))),
        "the answers break a rule of the form: area: not_canonical": sealed(
            desk, pad(text.replace(b'"downtown"', b'"atlantis"'))
        ),
        "stored under another name than it says": sealed(desk, pad(text)),
    }


def test_damaged_reports_are_set_aside_and_counted_and_the_rest_goes_on(
    run: Run, desk: Desk, server: Server, stick: Path
) -> None:
    bad = damaged(desk)
    bundle = server.bundle(stick, [*bad.values(), *(member(desk.recipients) for _ in range(3))])
    result = run("import", "--desk", desk.path, bundle)
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[:2] == ["bundle 1: 3 reports added", f"{len(bad)} reports set aside:"]
    assert sorted(lines[2:]) == sorted(f"  1 {reason}" for reason in bad)
    names = {member.name.id.hex(): reason for reason, member in bad.items()}
    assert set(rows(desk, 'SELECT "name", "reason" FROM "set_aside"')) == set(names.items())
    again = run("import", "--desk", desk.path, bundle)
    assert "0 reports added, 3 known before" in again.stdout
    assert len(rows(desk, 'SELECT * FROM "set_aside"')) == len(bad)


def test_an_id_that_stands_twice_is_set_aside_and_the_rest_goes_on(
    run: Run, desk: Desk, server: Server, stick: Path
) -> None:
    first = member(desk.recipients)
    twin = Member(ReportName("2026-W47", first.name.id), first.sealed)
    bundle = server.bundle(stick, [first, twin, *(member(desk.recipients) for _ in range(3))])
    result = run("import", "--desk", desk.path, bundle)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "bundle 1: 4 reports added",
        "1 report set aside:",
        "  1 under an id that stands twice in the bundle",
    ]
    assert rows(desk, 'SELECT "name" FROM "set_aside"') == [(first.name.id.hex(),)]
    assert rows(desk, 'SELECT "week" FROM "reports" GROUP BY "week"') == [(WEEK,)]


def test_answers_are_loaded_as_they_were_given(run: Run, desk: Desk, server: Server, stick: Path) -> None:
    bundle = server.bundle(stick, [member(desk.recipients, acts=["insult", "strip"], area=["harbor"])])
    run("import", "--desk", desk.path, bundle)
    query = """SELECT "week", "lang", "sealed_by", "channel", "when", "choices"."code", "label_es"
        FROM "reports" JOIN "choices" ON "choices"."id" = "reports"."area" """
    assert rows(desk, query) == [(WEEK, "en", "browser", "web", "2026-05", "harbor", "El Puerto")]
    assert rows(desk, 'SELECT "question", "group", "answer" FROM "ticks" ORDER BY "answer"') == [
        ("acts", "speech", "Insulted me"),
        ("acts", "search", "Made me take clothes off"),
    ]


def test_words_are_found_by_their_stem_after_every_import(
    run: Run, desk: Desk, server: Server, stick: Path
) -> None:
    for story in ("They searched the tent.", "A search, again."):
        run("import", "--desk", desk.path, server.bundle(stick, [member(desk.recipients, story=[story])]))
    found = rows(desk, """SELECT "rowid" FROM "texts_fts" WHERE "texts_fts" MATCH 'searching'""")
    assert len(found) == 2


def test_several_processes_load_what_one_does(run: Run, desk: Desk, server: Server, stick: Path) -> None:
    members = varied(desk.recipients, 150)
    bundle = server.bundle(stick, members[:80], members[80:])
    result = run("import", "--desk", desk.path, bundle, "--processes", "2")
    assert result.stdout == "bundle 1: 150 reports added\n"
    assert {name for (name,) in rows(desk, 'SELECT "name" FROM "reports"')} == {
        member.name.id.hex() for member in members
    }


def test_somebody_at_a_terminal_sees_how_far_each_step_is(
    desk: Desk, server: Server, stick: Path, environment: dict[str, str]
) -> None:
    bundle = server.bundle(stick, varied(desk.recipients, 40))
    with Seat("import", "--desk", desk.path, bundle, environment=environment) as seat:
        for step in ("Copying", "Opening", "Finding patterns"):
            seat.until(step)
            seat.until("100%")
        seat.until("bundle 1: 40 reports added")
        assert seat.end() == 0


@pytest.mark.parametrize(
    ("sign", "delay"),
    [
        pytest.param("*.part", 0.0, id="while copying"),
        pytest.param("*.tar", 0.0, id="before loading"),
        pytest.param("*.tar", 0.06, id="while loading"),
        pytest.param("*.tar", 0.15, id="later"),
    ],
)
def test_a_killed_import_is_finished_by_the_next_one(
    run: Run, desk: Desk, server: Server, stick: Path, environment: dict[str, str], sign: str, delay: float
) -> None:
    members = varied(desk.recipients, 900)
    bundle = server.bundle(stick, *(members[start : start + 100] for start in range(0, 900, 100)))
    command = [*COMMAND, "import", "--desk", str(desk.path), str(bundle), "--processes", "1"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    while not list(desk.archive.glob(sign)) and process.poll() is None:
        time.sleep(0.002)
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it ended before it could be killed"
    assert run("import", "--desk", desk.path, bundle).returncode == 0
    for table in ("reports", "texts", "receipts", "texts_fts_docsize"):
        assert rows(desk, f'SELECT count(*) FROM "{table}"') == [(900,)], table  # noqa: S608
    assert len(list(desk.archive.glob("*.tar*"))) == 9
    assert rows(desk, "PRAGMA foreign_key_check") == []


def test_the_more_is_here_the_more_shards_share_a_transaction() -> None:
    shards = [ArchivedShard(Path("shard.tar"), 3000, "")] * 60
    assert [len(lot) for lot in loading._lots(shards[:3], 0)] == [1, 1, 1]
    assert [len(lot) for lot in loading._lots(shards, 1_000_000)] == [17, 17, 17, 9]
    growing = [len(lot) for lot in loading._lots(shards, 0)]
    assert sum(growing) == 60
    assert growing[:-1] == sorted(growing[:-1])
    assert growing[-2] > 5


def workers(process: "subprocess.Popen[str]") -> list[int]:
    """The processes that open reports for a command."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def is_running(pid: int) -> bool:
    """Whether a process is there, and not only its exit status."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def wait_until(condition: Callable[[], object], seconds: float = 20) -> None:
    """Waits for something that must happen soon."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.002)


@contextmanager
def two_workers(
    desk: Desk, bundle: Path, environment: dict[str, str], wanted: int = 2
) -> Iterator[tuple["subprocess.Popen[str]", list[int]]]:
    """An import that opens in two processes, caught when that many have begun; and their ids."""
    command = [*COMMAND, "import", "--desk", str(desk.path), str(bundle), "--processes", "2"]
    process = subprocess.Popen(
        command,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        wait_until(lambda: len(workers(process)) >= wanted)
        yield process, workers(process)
    finally:
        process.kill()
        process.communicate(timeout=20)


@pytest.mark.parametrize("delay", [0.0, 0.1, 0.5])
def test_no_worker_outlives_an_import_that_is_killed(
    desk: Desk, server: Server, stick: Path, environment: dict[str, str], delay: float
) -> None:
    bundle = server.bundle(stick, varied(desk.recipients, 600))
    with two_workers(desk, bundle, environment) as (process, pids):
        time.sleep(delay)
        process.kill()
        process.wait()
        wait_until(lambda: not any(is_running(pid) for pid in pids), 5)


@pytest.mark.parametrize(("wanted", "delay"), [(1, 0.0), (2, 0.1), (2, 0.2)])
def test_ctrl_c_while_workers_start_ends_an_import_quietly(
    run: Run, desk: Desk, server: Server, stick: Path, environment: dict[str, str], wanted: int, delay: float
) -> None:
    bundle = server.bundle(stick, varied(desk.recipients, 1500))
    with two_workers(desk, bundle, environment, wanted) as (process, _):
        time.sleep(delay)
        os.killpg(process.pid, signal.SIGINT)
        output, errors = process.communicate(timeout=20)
        assert (process.returncode, output, errors.strip()) == (130, "", "")
    assert run("import", "--desk", desk.path, bundle).returncode == 0
    assert rows(desk, 'SELECT count(*) FROM "reports"') == [(1500,)]


@pytest.mark.parametrize("victim", [0, 1])
def test_a_worker_that_is_killed_is_said_to_be_lost(
    run: Run, desk: Desk, server: Server, stick: Path, environment: dict[str, str], victim: int
) -> None:
    bundle = server.bundle(stick, varied(desk.recipients, 1500))
    # From before it has read its keys to the middle of its work.
    for delay in (0.0, 0.01, 0.03, 0.06, 0.1, 0.15, 0.2, 0.25):
        with two_workers(desk, bundle, environment) as (process, pids):
            time.sleep(delay)
            os.kill(pids[victim], signal.SIGKILL)
            output, errors = process.communicate(timeout=20)
        assert (process.returncode, output) == (1, ""), delay
        assert "a process that opened reports was ended from outside\nhint: " in errors
        assert errors.count("\n") == 2
    assert run("import", "--desk", desk.path, bundle).stdout == "bundle 1: 1500 reports added\n"


def test_a_full_disk_ends_an_import_with_its_reason(
    run: Run, desk: Desk, server: Server, stick: Path
) -> None:
    bundle = server.bundle(stick, varied(desk.recipients, 60))
    limit = ("prlimit", "--fsize=900000")
    result = run("import", "--desk", desk.path, bundle, prefix=limit)
    assert result.returncode == 1
    assert result.stderr.count("\n") <= 2
    assert "Traceback" not in result.stderr
    assert [path.suffix for path in desk.archive.iterdir()] == []
    assert run("import", "--desk", desk.path, bundle).stdout == "bundle 1: 60 reports added\n"
