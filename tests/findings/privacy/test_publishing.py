"""Releases with noise: drawn once, spent for once, kept apart from exact ones, and checked by anybody."""

import json
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from analysis.findings import recounting
from analysis.findings.errors import BadReleaseFile, Changed, LostLedger, UnknownTable
from analysis.findings.ledger import chain
from analysis.findings.ledger.errors import BadRelease, BrokenLedger
from analysis.findings.ledger.stranger import read_releases
from analysis.findings.privacy import account
from analysis.findings.privacy.asking import MODE
from analysis.findings.privacy.checking import check
from analysis.findings.privacy.errors import BudgetSpent, Exclusive
from analysis.findings.publish import rehearse
from analysis.findings.released import Cell, Status
from analysis.findings.releasefile import read_release_file
from analysis.review import exclusions
from analysis.review.people import Reviewer
from intake.forms.form import Form, canonical
from tests.findings.privacy.desks import LATER, asked, numbers, two_settings
from tests.findings.releasing import KEY, Publisher, write_release_file
from tests.findings.small_desk import choice, form, question

ANA = Reviewer.named("Ana")
SECOND: dict[str, Any] = {"release": "other", "period": ("2026-07", "2026-12"), "date": "2027-01-15"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Publisher]:
    made = Publisher(tmp_path, two_settings())
    made.reports.add(400, ["shout"], setting="police", gender="f")
    made.reports.add(7, ["push"], setting="police", gender="m")
    made.reports.add(60, ["health_acts.refused"], setting="health")
    yield made
    made.desk.close()


def rows(desk: Publisher, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in desk.desk.database.conn.execute(query).fetchall()]


def files_of(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def run(*arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "analysis.main", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


# What is drawn


def test_numbers_lie_near_what_was_counted_and_are_not_withheld(desk: Publisher) -> None:
    desk.publish(**asked(9.0, ("F02", "F13")))
    assert desk.last
    assert 340 < (desk.cell("F02", "acts.shout", "police").reports or 0) < 460
    cells = [cell for table in desk.last.tables for cell in table.cells.values()]
    assert all(cell.status is not Status.WITHHELD for cell in cells)
    assert desk.cell("F02", "acts.shout", "health") == Cell(Status.NOT_ASKED)


def test_a_category_that_nobody_gave_has_a_number_with_noise(desk: Publisher) -> None:
    drawn = set()
    for number in range(6):
        made = desk.publish(f"out{number}", **asked(0.1, release=f"r{number}"))
        drawn.add(numbers(made.path)[f"r{number}"]["F02"]["acts.never=yes"])
    assert len(drawn) > 1


def test_a_number_below_zero_is_shown_as_none(desk: Publisher) -> None:
    desk.publish(**asked(0.05, ("F02", "F13", "F14")))
    assert desk.last
    cells = [cell for table in desk.last.tables for cell in table.cells.values()]
    shown = [cell.reports for cell in cells if cell.reports is not None]
    assert min(shown) == 0
    raw = numbers(desk.folder / "out")["2026-1"]
    assert min(number for table in raw.values() for number in table.values()) < 0
    assert all(cell.percent is None or cell.percent <= 100 for cell in cells)
    assert all(cell.percent is None or (cell.base or 0) >= 20 for cell in cells)


def test_every_number_is_the_sum_that_the_codebook_says(desk: Publisher) -> None:
    desk.publish(**asked(2.0, ("F02", "F03", "F14")))
    desk.reports.add(90, ["grab"], setting="police", when="2026-09", gender="f")
    made = desk.publish("later", **asked(2.0, ("F02", "F03", "F14"), **LATER))
    assert desk.last
    drawn = {**numbers(made.path, 0), **numbers(made.path, 1)}
    codebook = json.loads((made.path / "codebook.json").read_bytes())
    assert list(drawn) == codebook["batches"] == ["2026-1", "2026-2"]
    compared = 0
    for table in codebook["tables"]:
        for codes, named in table["cells"].items():
            cell = desk.table(table["id"]).cells[tuple(codes.split("|"))]
            if named is None:
                assert cell.status is Status.NOT_ASKED
                continue
            keys = codebook["sums"][table["id"]][named]
            total = sum(tables[table["id"]].get(key, 0) for tables in drawn.values() for key in keys)
            assert cell.reports == max(0, total), codes
            compared += 1
    assert compared > 40


def test_the_same_file_makes_the_same_bytes_whatever_came_since(desk: Publisher) -> None:
    settings = asked(1.0, ("F02", "F14"))
    first = desk.publish(**settings)
    desk.reports.add(50, ["push"], setting="police")
    exclusions.exclude(desk.desk, range(1, 40), "junk", ANA)
    desk.publish("later", **asked(1.0, **LATER))
    again = desk.publish("again", **settings)
    assert files_of(first.path) == files_of(again.path)


def test_a_later_release_uses_the_noise_of_the_first(desk: Publisher) -> None:
    desk.publish(**asked(0.2))
    first = desk.cell("F02", "acts.shout", "police").reports
    desk.reports.add(100, ["push"], setting="police", when="2026-09")
    made = desk.publish("later", **asked(5.0, **LATER))
    drawn = numbers(made.path)
    assert list(drawn) == ["2026-2"], "nothing more is spent on the first batch"
    key = "acts.shout=yes"
    assert desk.cell("F02", "acts.shout", "police").reports == max(
        0, numbers(made.path, 0)["2026-1"]["F02"][key] + drawn["2026-2"]["F02"][key]
    )
    assert first == max(0, numbers(made.path, 0)["2026-1"]["F02"][key])


def test_what_a_newer_form_asks_is_none_in_an_earlier_batch_without_noise(desk: Publisher) -> None:
    desk.publish(**asked())
    desk.reports.add_form(_newer(two_settings(("shout", "push", "grab", "never", "spit"))))
    desk.reports.add(80, ["spit"], setting="police", when="2026-09")
    made = desk.publish("later", **asked(**LATER))
    key = "acts.spit=yes"
    assert key not in numbers(made.path, 0)["2026-1"]["F02"]
    assert desk.cell("F02", "acts.spit", "police").reports == max(0, numbers(made.path)["2026-2"]["F02"][key])


def _newer(one: Form) -> Form:
    return Form.from_json(canonical({**json.loads(one.json), "version": "2"}) + b"\n")


def test_the_desk_keeps_no_count_of_a_batch_with_noise(desk: Publisher) -> None:
    desk.publish(**asked())
    assert rows(desk, "SELECT * FROM batch_cells") == []
    assert rows(desk, "SELECT count(*) FROM counted_in") == [(467,)]


def test_a_batch_may_be_empty_so_that_a_release_tells_of_nobody(tmp_path: Path) -> None:
    made = Publisher(tmp_path, two_settings())
    released = made.publish(**asked(tables=("F02", "F03", "F14")))
    assert numbers(released.path)["2026-1"]["F02"]
    made.desk.close()


def test_a_rehearsal_draws_no_noise_and_says_what_would_be_spent(desk: Publisher) -> None:
    desk.desk.database.conn.commit()
    file = desk.file(**asked(0.9, ("F02", "F13")))
    said = list(rehearse(desk.desk, file, desk.folder / "x"))
    assert said == list(rehearse(desk.desk, file, desk.folder / "x"))
    assert 'epsilon 0.9 for each report of "2026-1": 0.9 of its budget of 0.9 spent' in said
    assert any(line.startswith("  F02: 10 numbers, a report is in") for line in said)
    assert rows(desk, "SELECT * FROM ledger") == rows(desk, "SELECT * FROM batches") == []


def test_what_a_batch_left_out_stays_out_of_later_ones(desk: Publisher) -> None:
    exclusions.exclude(desk.desk, range(1, 301), "junk", ANA)
    desk.publish(**asked(9.0))
    assert desk.last
    assert 280 < (desk.last.excluded.reports or 0) < 320
    exclusions.restore(desk.desk, range(1, 301), ANA)
    made = desk.publish("later", **asked(9.0, **LATER))
    drawn = numbers(made.path)["2026-2"]["F01"]
    assert -15 < drawn["flow=counted"] < 15, "they spent their budget where they were left out"
    assert rows(desk, "SELECT count(*) FROM counted_in WHERE batch = '2026-2'") == [(0,)]


# What is spent


def test_a_table_more_about_a_batch_is_spent_for_within_its_budget(desk: Publisher) -> None:
    desk.publish(**asked(1.0, budget=2.5))
    made = desk.publish("later", **asked(1.5, ("F02", "F05", "F13"), **LATER))
    drawn = numbers(made.path)
    assert set(drawn["2026-1"]) == {"F13-gender"}
    assert set(drawn["2026-2"]) == {"F01", "F02", "F13-gender"}
    balances = account.read_desk(desk.desk.database.conn)
    found = account.balances(balances)
    assert (found["2026-1"].epsilon, found["2026-1"].budget) == (Fraction("2.5"), Fraction("2.5"))
    assert found["2026-2"].epsilon == Fraction("1.5")


def test_more_than_the_budget_of_a_batch_is_refused(desk: Publisher) -> None:
    desk.publish(**asked(1.0, budget=1.4))
    with pytest.raises(BudgetSpent, match=r'"2026-1" has spent 1 of its budget of 1\.4, and F13') as refusal:
        # What a later file says of the budget raises nothing.
        desk.publish("later", **asked(0.5, ("F02", "F13"), budget=9.0, **LATER))
    assert "a budget is never raised" in str(refusal.value.hint)
    assert len(rows(desk, "SELECT * FROM ledger")) == 1
    assert not (desk.folder / "later").exists()
    desk.publish("cheaper", **asked(0.4, ("F02", "F13"), **LATER))
    assert account.balances(account.read_desk(desk.desk.database.conn))["2026-1"].epsilon == Fraction("1.4")


def test_batches_of_other_reports_spend_apart(desk: Publisher) -> None:
    desk.publish(**asked(1.0))
    desk.reports.add(50, ["push"], setting="police", when="2026-09")
    desk.publish("second", **asked(1.0, **SECOND))
    found = account.balances(account.read_desk(desk.desk.database.conn))
    assert {batch: one.epsilon for batch, one in found.items()} == {"2026-1": 1, "other": 1}


def test_epsilon_is_shared_by_the_tables_and_never_overspent(desk: Publisher) -> None:
    desk.publish(**asked(1.0, ("F02", "F03", "F13")))
    (one,) = account.read_desk(desk.desk.database.conn)
    spent = one.drawn["2026-1"]
    assert len(spent.tables) == 5
    assert Fraction("0.99999") < sum(table.epsilon for table in spent.tables.values()) <= 1
    one, many = spent.tables["F13-gender"], spent.tables["F02"]
    assert one.epsilon == spent.tables["F03"].epsilon < many.epsilon
    assert one.scale < many.scale
    assert sum(Fraction(table.sensitivity) / table.scale for table in spent.tables.values()) <= 1


def test_what_was_left_out_of_an_earlier_batch_is_not_asked_for_again(desk: Publisher) -> None:
    desk.publish(**asked(1.0, budget=5.0))
    with pytest.raises(Changed, match='left out of "2026-1" was not counted as F01-channel asks'):
        desk.publish("later", **asked(1.0, ("F01", "F02"), **LATER))


def test_a_campaign_that_is_named_later_does_not_divide_earlier_batches(desk: Publisher) -> None:
    desk.publish(**asked(1.0, budget=5.0))
    with pytest.raises(Changed, match="was counted before the campaign"):
        desk.publish("later", **asked(1.0, ("F17",), campaign="2026-03", **LATER))
    desk.publish("named", **asked(1.0, ("F17",), campaign="2026-09", **SECOND))
    assert desk.table("F17-2026-09").cells


def test_a_release_is_not_published_otherwise_under_its_name(desk: Publisher) -> None:
    desk.publish(**asked())
    for other in (asked(2.0), asked(tables=("F02", "F03")), asked(answers=4), asked(budget=3.0)):
        with pytest.raises(Changed, match='"2026-1" was published otherwise'):
            desk.publish("again", **other)


# Apart from exact numbers


def test_months_with_noise_are_never_published_exactly(desk: Publisher) -> None:
    desk.publish(**asked())
    for settings in ({}, {"release": "x"}, {"release": "x", "period": ("2026-06", "2026-12")}):
        with pytest.raises(Exclusive, match='"2026-1" was published with numbers with noise') as refusal:
            desk.publish("exact", **settings)
        assert "with [privacy]" in str(refusal.value.hint)
    assert not (desk.folder / "exact").exists()


def test_months_with_exact_numbers_never_get_noise(desk: Publisher) -> None:
    desk.publish()
    for settings in (asked(), asked(release="x"), asked(release="x", period=("2025-01", "2026-01"))):
        with pytest.raises(Exclusive, match='"2026-1" was published with exact numbers') as refusal:
            desk.publish("noise", **settings)
        assert "without [privacy]" in str(refusal.value.hint)
    assert len(rows(desk, "SELECT * FROM ledger")) == 1


def test_other_months_may_be_published_the_other_way(desk: Publisher) -> None:
    exact = desk.publish()
    desk.reports.add(90, ["push"], setting="police", when="2026-09")
    noise = desk.publish("noise", **asked(**SECOND))
    desk.reports.add(90, ["push"], setting="police", when="2027-02")
    last = desk.publish("last", release="2027", period=("2027-01", "2027-06"), date="2027-07-15")
    inside = json.loads((last.path / "audit.json").read_bytes())
    assert read_releases([exact.path, last.path]).attack().json == inside
    found = check([exact.path, noise.path])
    assert found
    assert found.exact == 1
    assert check([last.path]) is None


def test_a_report_that_noise_was_spent_on_is_in_no_exact_number(desk: Publisher) -> None:
    desk.reports.add(70, ["shout"], setting="police", when="not_sure")
    exclusions.exclude(desk.desk, range(1, 101), "junk", ANA)
    desk.publish(**asked(9.0))
    exclusions.restore(desk.desk, range(1, 101), ANA)
    desk.reports.add(40, ["push"], setting="police", when="2026-09")
    desk.publish("exact", **SECOND)
    assert desk.last
    assert (desk.last.n.reports, desk.last.flow.received.reports) == (40, 40)


# What is refused


@pytest.mark.parametrize(
    ("privacy", "said"),
    [
        pytest.param({"mode": MODE}, "a mode and an epsilon are needed", id="no epsilon"),
        pytest.param({"epsilon": 1.0}, "a mode and an epsilon are needed", id="no mode"),
        pytest.param({"mode": "k-anonymity", "epsilon": 1.0}, "there is no such mode", id="mode"),
        *(
            pytest.param({"mode": MODE, "epsilon": bad}, "epsilon is a number above 0, 10", id=str(bad))
            for bad in (0, -1, 10.5, 0.0001, "1", True)
        ),
        pytest.param({"mode": MODE, "epsilon": 2.0, "budget": 1.0}, "below epsilon", id="budget"),
        pytest.param({"mode": MODE, "epsilon": 2.0, "budget": 11}, "budget is a number", id="large"),
        pytest.param({"mode": MODE, "epsilon": 1.0, "answers": 0}, "answers is a whole", id="answers"),
        pytest.param({"mode": MODE, "epsilon": 1.0, "delta": 0.1}, 'called "delta"', id="unknown"),
    ],
)
def test_a_part_about_noise_that_breaks_a_rule_is_refused(tmp_path: Path, privacy: Any, said: str) -> None:
    path = write_release_file(tmp_path / "r.toml", **{**asked(), "privacy": privacy})
    with pytest.raises(BadReleaseFile, match=said) as refusal:
        read_release_file(path)
    assert refusal.value.hint


@pytest.mark.parametrize(
    "setting",
    [
        {"k": 10},
        {"insider": 3},
        {"one_arrival": True},
        {"one_site": True},
        {"small_places": {"facility": ["x"]}},
    ],
)
def test_settings_of_exact_numbers_are_refused_beside_noise(desk: Publisher, setting: Any) -> None:
    with pytest.raises(BadReleaseFile, match="numbers with noise are not withheld"):
        desk.file(**{**asked(), **setting})


def test_tables_have_to_be_named_where_there_is_noise(desk: Publisher) -> None:
    with pytest.raises(BadReleaseFile, match="each table makes all others less exact"):
        desk.file(**asked(tables=()))
    with pytest.raises(UnknownTable, match='no table "F99"'):
        desk.publish(**asked(tables=("F99",)))


def test_trackers_are_refused_where_there_is_noise(desk: Publisher) -> None:
    with pytest.raises(BadReleaseFile, match="they would tell how many there are"):
        desk.file(**asked(trackers=True))


def test_a_desk_that_lost_its_batches_takes_no_ledger_with_noise_back(
    desk: Publisher, tmp_path: Path
) -> None:
    folder = desk.publish(**asked()).path
    connection = desk.desk.database.conn
    for table in ("counted_in", "batches", "ledger"):
        connection.execute(f'DELETE FROM "{table}"')  # noqa: S608 - fixed names
    connection.execute('INSERT INTO "ledger_lost" DEFAULT VALUES')
    connection.commit()
    with pytest.raises(LostLedger, match="the ledger was lost"):
        desk.publish("again", **asked())
    with pytest.raises(LostLedger, match="the ledger was lost"):
        list(rehearse(desk.desk, desk.file(**asked()), tmp_path / "x"))
    with pytest.raises(Changed, match='"2026-1" was published with noise: who has spent a budget'):
        recounting.take_back(desk.desk, folder, KEY.verify_key)


def test_quotes_are_left_out_and_named_where_there_is_noise(desk: Publisher) -> None:
    desk.publish(**asked(tables=("F02", "F16", "F09")))
    assert desk.last
    assert desk.last.quotes == ()
    assert desk.last.method.left_out == ("F09", "F16")


# What a stranger can check


def test_the_attack_says_that_there_is_nothing_exact_and_adds_up_the_budget(desk: Publisher) -> None:
    desk.publish(**asked(1.0, budget=2.0))
    folder = desk.publish("later", **asked(0.75, ("F02", "F13"), **LATER)).path
    done = run("attack", folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-5:] == [
        "files that tell what the ledger does not: 0",
        '"2026-2" has noise (differential privacy): there is nothing exact to attack',
        '  "2026-1": epsilon 1.75 of its budget of 2 is spent for each report',
        '  "2026-2": epsilon 0.75 of its budget of 0.75 is spent for each report',
        "budgets overspent: 0",
    ]
    told = run("attack", "--json", folder, desk.folder / "out")
    assert json.loads(told.stdout) == json.loads((folder / "audit.json").read_bytes())


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        pytest.param("tables/F02.csv", b"F02,acts.shout", b"F02,acts.shoot", id="table"),
        pytest.param("method.html", b"epsilon 0.", b"epsilon 0.00", id="epsilon on the page"),
        pytest.param("audit.json", b'"epsilon":"1"', b'"epsilon":"0.1"', id="audit"),
        pytest.param("datapackage.json", b"none is exact", b"all are exact", id="words"),
    ],
)
def test_a_file_that_says_what_the_ledger_does_not_is_found(
    desk: Publisher, path: str, old: bytes, new: bytes
) -> None:
    folder = desk.publish(**asked()).path
    data = (folder / path).read_bytes()
    assert old in data
    (folder / path).write_bytes(data.replace(old, new, 1))
    done = run("attack", folder)
    assert done.returncode == 1
    assert f"{folder / path}, line" in done.stdout
    assert "files that tell what the ledger does not: 1" in done.stdout


def forged(folder: Path, change: Any) -> Path:
    """The ledger of a release with its last line changed, and chained anew."""
    lines = (folder / "ledger.jsonl").read_text().splitlines()
    entry = json.loads(lines[-1])
    change(entry)
    rest = {key: value for key, value in entry.items() if key not in ("prev", "this")}
    line = chain.next_line(lines[:-1], rest)
    (folder / "ledger.jsonl").write_text("".join(f"{one}\n" for one in [*lines[:-1], line]))
    return folder


def _drawn(entry: Any) -> Any:
    return entry["drawn"]["2026-1"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda e: _drawn(e).update(epsilon="1.5"), "spends more than its budget"),
        (lambda e: _drawn(e).update(epsilon="0.1"), "the tables of .* spend more"),
        (lambda e: _drawn(e)["tables"]["F02"].update(scale="1"), "the noise of F02 .* is less"),
        (lambda e: _drawn(e)["tables"]["F02"].update(sensitivity=900), "the noise of F02 .* is less"),
        (lambda e: _drawn(e)["tables"]["F02"].update(scale="0"), "is no release with noise"),
        (lambda e: _drawn(e).update(epsilon="NaN"), "is no release with noise"),
        (lambda e: _drawn(e)["tables"]["F02"]["numbers"].update(x=1.5), "is no release with noise"),
        (lambda e: e.update(drawn=[]), "is no release with noise"),
        (lambda e: e.update(batches=[1]), "is no release with noise"),
    ],
)
def test_a_ledger_that_overspends_or_makes_no_sense_is_refused(
    desk: Publisher, change: Any, said: str
) -> None:
    folder = desk.publish(**asked()).path
    with pytest.raises(BrokenLedger, match=said):
        check([forged(folder, change)])


def test_noise_that_is_drawn_twice_for_the_same_table_is_refused(desk: Publisher) -> None:
    desk.publish(**asked(1.0, budget=9.0))
    folder = desk.publish("later", **asked(1.0, ("F02", "F13"), **LATER)).path

    def twice(entry: Any) -> None:
        tables = _drawn(entry)["tables"]
        tables["F02"] = tables.pop("F13-gender")

    with pytest.raises(BrokenLedger, match='F02 of "2026-1" got noise a second time'):
        check([forged(folder, twice)])


def test_a_budget_that_is_raised_afterwards_is_refused(desk: Publisher) -> None:
    desk.publish(**asked(1.0, budget=2.0))
    folder = desk.publish("later", **asked(1.0, ("F02", "F13"), **LATER)).path
    with pytest.raises(BrokenLedger, match='the budget of "2026-1" was changed'):
        check([forged(folder, lambda entry: _drawn(entry).update(budget="3"))])


def test_another_codebook_than_the_ledger_tells_of_is_refused(desk: Publisher) -> None:
    folder = desk.publish(**asked()).path
    (folder / "codebook.json").write_bytes(b"{}\n")
    with pytest.raises(BadRelease, match="is not the one that the ledger tells of"):
        check([folder])


def test_a_claim_about_numbers_with_noise_is_refused_with_its_reason(desk: Publisher) -> None:
    folder = desk.publish(**asked()).path
    with pytest.raises(BadRelease, match="a release with noise: it has no exact number"):
        read_releases([folder])


def test_a_table_that_crosses_other_questions_by_now_is_refused(tmp_path: Path) -> None:
    def one(*settings: str, version: str) -> Any:
        asks = question("setting", "select_one", [choice(code) for code in settings], required=True)
        return form(asks, question("acts", "select_multiple", [choice("shout")]), version=version)

    made = Publisher(tmp_path, one("police", version="1"))
    made.reports.add(40, ["shout"], setting="police")
    made.publish(**asked())
    made.reports.add_form(one("police", "jail", version="2"))
    made.reports.add(40, ["shout"], setting="jail", when="2026-09")
    with pytest.raises(Changed, match='F02 crosses other questions than when "2026-1" was counted'):
        made.publish("later", **asked(**LATER))
    made.desk.close()
