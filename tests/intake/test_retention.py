"""What nobody fetched goes after the days that the settings say, and no clock that jumps makes it go."""

import random
import sqlite3
import time
from collections.abc import Iterable
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

from intake.deletion import Deleted
from intake.directory import find_database
from intake.files import alone
from intake.retention import STEADY_DAYS, check, daily, read_clock, utc_today, week_end
from tests.acknowledging import write_acknowledgement
from tests.intake.test_acknowledge import attach, traces
from tests.serving import Server, run, stored
from tests.sharing import both, connected, cut_off

KEEP = 90
TODAY = date(2026, 11, 22)


def week_of(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def put(data: Path, *days: date, size: int = 2_000) -> list[bytes]:
    """Reports that came on these days; their ids."""
    ids = [random.randbytes(16) for _ in days]
    with connected(data) as connection:
        connection.executemany(
            "INSERT INTO reports (id, week, sealed) VALUES (?, ?, ?)",
            [(one, week_of(day), random.randbytes(size)) for one, day in zip(ids, days, strict=True)],
        )
    return ids


def look(data: Path, day: date) -> Deleted:
    found = check(find_database(data), KEEP, lambda: day)
    assert found is not None
    return found


def look_daily(data: Path, days: Iterable[int], start: date = TODAY) -> int:
    """Reports that went while the clock showed these days after `start`."""
    return sum(look(data, start + timedelta(day)).reports for day in days)


@both
def test_a_report_goes_when_its_week_ended_longer_ago_than_the_settings_say(data: Path) -> None:
    [kept, gone] = put(data, week_end("2026-W34"), week_end("2026-W33"))
    day = week_end("2026-W34") + timedelta(KEEP)
    assert look(data, day) == Deleted(reports=1)
    assert stored(data).keys() == {kept}
    assert look(data, day + timedelta(1)) == Deleted(reports=1)
    assert gone not in stored(data)


def test_nothing_of_what_went_is_in_any_file(data: Path) -> None:
    put(data, *[TODAY - timedelta(200)] * 20, size=18_043)
    attach(data, {b"an old attachment": random.randbytes(300_000)})
    with closing(sqlite3.connect(data / "attachments.db")) as connection, connection:
        connection.execute("UPDATE attachments SET week = '2026-W10'")
    gone = stored(data)
    assert traces(data, gone)
    assert look(data, TODAY) == Deleted(reports=20, attachments=1)
    assert traces(data, gone) == []


def test_what_somebody_read_in_that_moment_is_emptied_later(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intake.database.BUSY_MILLISECONDS", 50)
    put(data, *[TODAY - timedelta(200)] * 20, size=18_043)
    gone = stored(data)
    # A connection that stays, so that the journal is not removed with the last one.
    with closing(sqlite3.connect(data / "reports.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM reports").fetchone()
        with daily(find_database(data), KEEP, lambda: TODAY, 0.1):
            assert stored(data) == {}
            assert traces(data, gone)
            reader.execute("COMMIT")
            end = time.monotonic() + 60
            while traces(data, gone) and time.monotonic() < end:
                time.sleep(0.1)
            assert traces(data, gone) == []


@both
def test_a_bundle_goes_as_a_whole_when_its_newest_report_is_old(data: Path, tmp_path: Path) -> None:
    real = utc_today()
    old, newer = real - timedelta(KEEP - 20), real - timedelta(KEEP - 41)
    put(data, old, newer)
    assert run("export", "--data", data, "--out", tmp_path).returncode == 0
    assert look_daily(data, range(0, 40, 5), real) == 0
    assert len(stored(data)) == 2
    assert look_daily(data, range(40, 60, 5), real) == 2
    done = run("export", "--data", data, "--out", tmp_path, "--again", "1")
    assert "bundle 1 was kept as long as the settings say, and nobody acknowledged it" in done.stderr


@both
def test_a_late_acknowledgement_of_what_went_is_taken(data: Path, tmp_path: Path) -> None:
    put(data, utc_today() - timedelta(KEEP - 20))
    run("export", "--data", data, "--out", tmp_path)
    assert look_daily(data, range(0, 40, 5), utc_today()) == 1
    done = run("acknowledge", "--data", data, write_acknowledgement(tmp_path, data, 1))
    assert (done.returncode, done.stdout.count("\n")) == (0, 1)


@both
def test_a_bundle_that_was_cut_off_is_not_touched(data: Path, tmp_path: Path) -> None:
    put(data, utc_today() - timedelta(KEEP - 20))
    run("export", "--data", data, "--out", tmp_path)
    cut_off(data)
    assert look_daily(data, range(0, 60, 5), utc_today()) == 0


@both
@pytest.mark.parametrize("days", [366, 8, -366, -8, 36_500])
def test_a_clock_that_jumps_deletes_nothing(days: int, data: Path) -> None:
    put(data, TODAY - timedelta(KEEP - 10), TODAY)
    assert look(data, TODAY) == Deleted()
    # There, and after an hour back again; then a week of ordinary days.
    assert look_daily(data, [days, days, 0, 0, *range(1, 7)]) == 0
    assert len(stored(data)) == 2


@both
def test_after_a_jump_days_count_again_when_a_week_went_by(data: Path) -> None:
    put(data, TODAY)
    look(data, TODAY)
    far = 400
    assert look_daily(data, [far + day for day in range(STEADY_DAYS)]) == 0
    assert look_daily(data, [far + STEADY_DAYS]) == 1


@both
def test_a_clock_that_stands_still_or_goes_back_is_not_trusted_sooner(data: Path) -> None:
    put(data, TODAY)
    look(data, TODAY)
    assert look_daily(data, [400, 400, 401, 400, 401, 402, 401, 402]) == 0
    with connected(data) as connection:
        clock = read_clock(connection)
    assert clock
    assert not clock.trusted


@both
def test_a_server_that_was_off_for_a_season_keeps_what_it_has_for_a_week(data: Path) -> None:
    put(data, TODAY)
    look(data, TODAY)
    assert look_daily(data, range(120, 127)) == 0
    assert look_daily(data, [127]) == 1


@both
def test_it_waits_while_another_command_is_at_work(data: Path) -> None:
    put(data, TODAY - timedelta(200))
    with alone(data):
        assert check(find_database(data), KEEP, lambda: TODAY) is None
    assert len(stored(data)) == 1


@both
def test_a_new_day_is_noticed_while_it_runs(data: Path) -> None:
    put(data, TODAY - timedelta(KEEP - 3))
    days = iter(range(1_000))
    with daily(find_database(data), KEEP, lambda: TODAY + timedelta(next(days)), 0.01):
        end = time.monotonic() + 20
        while stored(data) and time.monotonic() < end:
            time.sleep(0.05)
    assert stored(data) == {}


@both
def test_a_server_deletes_what_is_old_when_it_starts(data: Path) -> None:
    [kept, _] = put(data, utc_today(), utc_today() - timedelta(KEEP + 8))
    with Server(data):
        assert stored(data).keys() == {kept}


@both
def test_an_export_leaves_out_what_is_too_old(data: Path, tmp_path: Path) -> None:
    put(data, utc_today() - timedelta(KEEP + 8))
    assert run("export", "--data", data, "--out", tmp_path).stdout == "nothing new to export\n"
    assert stored(data) == {}


@both
def test_the_number_of_days_is_the_organizers(data: Path, tmp_path: Path) -> None:
    settings = data / "intake.toml"
    settings.write_text(settings.read_text().replace("keep_days = 90", "keep_days = 400"))
    put(data, utc_today() - timedelta(KEEP + 8))
    assert run("export", "--data", data, "--out", tmp_path).stdout.endswith(": 1 report\n")


def test_a_week_that_no_year_has_is_never_old() -> None:
    assert week_end("2025-W53") == date.max
