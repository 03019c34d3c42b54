from pathlib import Path
from typing import Any

import pytest

from analysis.desk import DATABASE, Desk
from analysis.review import exclusions, marking, names, quotes
from analysis.review.log import history, undo
from tests.analysis.conftest import Run, unlock
from tests.analysis.making import Server, member
from tests.review.conftest import ANA, BEN, counted, number, take

GIVEN = {"quote": ["yes_after_check"], "station": ["Fourth house"]}


def said(desk: Desk) -> dict[str, Any]:
    """What was decided, with the reports by their ids."""
    found = {
        table: desk.database.conn.execute(
            f'SELECT "reports"."name", "{table}".* FROM "{table}" JOIN "reports" ON "reports"."id" = "report"'  # noqa: S608
        ).fetchall()
        for table in ("decided", "exclusions", "labels", "assignments", "quotes", "purges")
    }
    without_numbers = {
        table: sorted((row[0], *(value for value in row[1:] if not isinstance(value, int))) for row in rows)
        for table, rows in found.items()
    }
    return without_numbers | {"log": history(desk.database.conn)}


@pytest.mark.parametrize("saved", [True, False], ids=["backup", "salvage"])
def test_decisions_come_back_to_the_same_reports_under_other_numbers(
    run: Run, desk: Desk, server: Server, stick: Path, tmp_path: Path, saved: bool
) -> None:
    first = [member(desk.recipients, **GIVEN) for _ in range(4)]
    second = [member(desk.recipients, **GIVEN) for _ in range(4)]
    bundles = [server.bundle(stick, first), server.bundle(stick, second)]
    for bundle in reversed(bundles):
        take(desk, bundle)
    one, two, three = (number(desk, each) for each in (first[0], first[1], second[0]))
    exclusions.exclude(desk, [one, three], "duplicate", ANA, remark="twins")
    undo(desk, exclusions.exclude(desk, [two], "junk", ANA), BEN)
    marking.label(desk, [two], "medicine", ANA)
    marking.assign(desk, [three], BEN, ANA)
    names.accept(desk, "station", ["Fourth house"], "District 4", ANA)
    quotes.check(desk, quotes.propose(desk, two, "story", "Two officers", ANA), BEN)
    before, reports = said(desk), len(counted(desk))
    assert run("backup", "--desk", desk.path, "--out", tmp_path / "saved.age").returncode == 0
    desk.close()
    options = []
    if saved:
        (desk.path / DATABASE).unlink()
        options = ["--backup", tmp_path / "saved.age"]
    done = run("rebuild", "--desk", desk.path, *options)
    assert done.returncode == 0, done.stderr
    again = unlock(desk.path)
    assert number(again, first[0]) != one, "the reports have other numbers now"
    assert said(again) == before
    assert (len(counted(again)), len(quotes.read_waiting(again.database.conn))) == (reports, 1)
    (group,) = names.read_groups(again.database.conn)
    assert len(names.reports_of(again.database.conn, group.id)) == 8
    again.close()
