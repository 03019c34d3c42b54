"""What `status` tells: counts, the oldest, the room, the keys; for people and for programs."""

import json
import random
import shutil
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from analysis.identity import HybridIdentity
from intake.crypto.signing import SigningKey
from intake.directory import make
from intake.largefile import open_file
from intake.retention import utc_today, week_end
from intake.status import CUT_OFF
from tests.acknowledging import write_acknowledgement
from tests.cards import DESK, write_card
from tests.intake.test_acknowledge import attach, state
from tests.intake.test_retention import put, week_of
from tests.serving import Server, configure, run, snapshot
from tests.sharing import both, connected, cut_off

TODAY = utc_today()


def lines(data: Path) -> list[str]:
    done = run("status", "--data", data)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def told(data: Path) -> dict[str, object]:
    done = run("status", "--data", data, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


@both
def test_reports_are_counted_by_week_and_by_where_they_are(data: Path, tmp_path: Path) -> None:
    earlier = TODAY - timedelta(14)
    put(data, earlier, earlier, TODAY)
    run("export", "--data", data, "--out", tmp_path)
    put(data, TODAY, TODAY)
    said = lines(data)
    assert said[:3] == [
        "week        waiting  in a bundle",
        f"{week_of(earlier)}          0            2",
        f"{week_of(TODAY)}          2            1",
    ]
    assert "to export: 2 reports" in said
    assert "bundle 1: 3 files, acknowledged by 0 of 1 desk" in said
    assert told(data)["weeks"] == [
        {"week": week_of(earlier), "waiting": 0, "bundled": 2},
        {"week": week_of(TODAY), "waiting": 2, "bundled": 1},
    ]


@both
def test_an_empty_intake_says_so_without_warnings(data: Path) -> None:
    said = lines(data)
    assert said[0] == "to export: 0 reports"
    assert not [line for line in said if "warning" in line or "oldest" in line]


@both
def test_what_was_acknowledged_is_said_to_be_gone(data: Path, tmp_path: Path) -> None:
    for _ in range(2):
        put(data, TODAY)
        run("export", "--data", data, "--out", tmp_path)
    run("acknowledge", "--data", data, write_acknowledgement(tmp_path, data, 1, 2))
    assert "bundles 1 to 2: acknowledged, and deleted here" in lines(data)
    assert told(data)["acknowledged"] == [1, 2]


@pytest.mark.parametrize(("days", "warned"), [(40, False), (52, True)])
def test_from_half_of_the_time_on_somebody_should_fetch_the_oldest(
    days: int, warned: bool, data: Path
) -> None:
    day = week_end(week_of(TODAY - timedelta(days)))
    put(data, day)
    ago = (TODAY - day).days
    assert (
        f"oldest: {week_of(day)}, {ago} days ago; deleted after 90 days when nobody acknowledges it"
        in lines(data)
    )
    assert told(data)["fetch_soon"] is warned
    assert any(line.startswith("warning: fetch the oldest soon") for line in lines(data)) == warned


@both
def test_a_clock_that_jumped_is_told(data: Path) -> None:
    run("export", "--data", data, "--out", data.parent)
    with connected(data) as connection:
        connection.execute("UPDATE clock SET day = '2025-01-01'")
    run("export", "--data", data, "--out", data.parent)
    [warning] = [line for line in lines(data) if "clock" in line]
    assert warning.endswith("nothing is deleted for its age until it has gone on for 7 more days")
    assert told(data)["clock_trusted"] is False


def test_keys_that_expire_are_told_in_time(tmp_path: Path, identity: HybridIdentity) -> None:
    days = {DESK: 400, SigningKey.generate(): 20, SigningKey.generate(): -3}
    cards = [
        write_card(tmp_path / f"{number}.pub", identity.recipient, desk=desk, expires=TODAY + timedelta(left))
        for number, (desk, left) in enumerate(days.items())
    ]
    make(tmp_path / "data", cards, ("report",))
    said = "\n".join(lines(tmp_path / "data"))
    first, second, third = (desk.verify_key.public.hex()[:16] for desk in days)
    assert f"\nthe keys of desk {first} expire on {TODAY + timedelta(400)}, in 400 days" in said
    assert f"warning: the keys of desk {second} expire on {TODAY + timedelta(20)}, in 20 days" in said
    assert f"warning: the keys of desk {third} expired on {TODAY - timedelta(3)}" in said


def test_no_room_is_a_warning(data: Path) -> None:
    settings = data / "intake.toml"
    settings.write_text(settings.read_text().replace("max_reports = 1_000_000", "max_reports = 1"))
    put(data, TODAY)
    assert "warning: there is no room: reports are not taken" in lines(data)
    free = told(data)["free_bytes"]
    assert isinstance(free, int)
    assert abs(free - shutil.disk_usage(data).free) < 10**9


def test_attachments_and_uploads_that_were_not_finished_are_counted(data: Path, tmp_path: Path) -> None:
    attach(data, {random.randbytes(16): random.randbytes(300_000) for _ in range(2)})
    with closing(open_file(data / "attachments.db")) as connection:
        connection.execute("INSERT INTO pieces VALUES (?, 0, ?)", (b"u" * 16, b"begun"))
    assert "to export: 0 reports, 2 attachments" in lines(data)
    assert "1 upload not finished; cleared away at the next start" in lines(data)
    assert told(data)["attachments"] == 2


@both
def test_an_export_that_was_cut_off_is_a_warning(data: Path, tmp_path: Path) -> None:
    put(data, TODAY)
    run("export", "--data", data, "--out", tmp_path)
    cut_off(data)
    assert f"warning: bundle 1: its export {CUT_OFF}" in lines(data)


def test_it_changes_nothing_and_works_beside_a_running_server(server: Server) -> None:
    put(server.data, TODAY)
    before, files = state(server.data), snapshot(server.data).keys()
    assert "to export: 1 report" in lines(server.data)
    assert (state(server.data), snapshot(server.data).keys()) == (before, files)


@both
def test_it_tells_no_id(data: Path) -> None:
    [report_id] = put(data, TODAY)
    assert report_id.hex() not in run("status", "--data", data, "--json").stdout


def alarms(data: Path, status: int) -> list[str]:
    done = run("status", "--data", data, "--alarms")
    assert (done.returncode, done.stderr) == (status, "")
    return done.stdout.splitlines()


def test_without_an_alarm_nothing_is_said_and_all_is_well(data: Path) -> None:
    put(data, TODAY)
    assert alarms(data, 0) == []


def test_an_alarm_is_a_line_and_an_exit_status_of_its_own(data: Path) -> None:
    put(data, week_end(week_of(TODAY - timedelta(60))))
    assert alarms(data, 3) == [
        "witnessbox-intake: warning: fetch the oldest soon: export, carry it to the desk,"
        " and bring the answer back"
    ]


@pytest.mark.parametrize(
    ("setting", "value", "line"),
    [
        pytest.param("max_reports", 10, "room for 1 report is left", id="nearly all reports"),
        pytest.param("max_reports", 9, "there is no room", id="all reports"),
        pytest.param("min_free_bytes", 0.6, "the disk is nearly full", id="nearly all of the disk"),
        pytest.param("min_free_bytes", 2, "there is no room", id="all of the disk"),
    ],
)
def test_room_that_grows_short_is_an_alarm(setting: str, value: float, line: str, data: Path) -> None:
    put(data, *[TODAY] * 9)
    free = shutil.disk_usage(data).free if setting == "min_free_bytes" else 1
    configure(data, **{setting: int(value * free)})
    [said] = alarms(data, 3)
    assert said.startswith(f"witnessbox-intake: warning: {line}")


def test_an_alarm_of_a_group_names_its_address(data: Path, tmp_path: Path, identity: HybridIdentity) -> None:
    group = data / "groups" / "tenants"
    assert (
        run("init", "--data", group, "--desk", write_card(tmp_path / "g.pub", identity.recipient)).returncode
        == 0
    )
    put(group, week_end(week_of(TODAY - timedelta(60))))
    [said] = alarms(data, 3)
    assert said.startswith("witnessbox-intake: /g/tenants: warning: fetch the oldest soon")
