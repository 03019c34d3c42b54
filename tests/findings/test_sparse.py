"""A table that a release file asks for though its numbers are nearly all too small to be shown."""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.findings import withholding
from analysis.findings.assembly import bounds
from analysis.findings.control.attack import attack
from analysis.findings.control.errors import TooLarge
from analysis.findings.edition import prepare
from analysis.findings.ledger.stranger import read_releases
from analysis.findings.publish import Written
from tests.findings.releasing import Publisher
from tests.findings.small_desk import choice, form, question

COMMANDS, STATIONS = 5, 8
ACTS = {"force": ("hit", "held"), "abuse": ("search", "stop"), "words": ("slur",)}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Publisher]:
    stations = [choice(f"p{i}_{j}", rollup=f"c{i}") for i in range(COMMANDS) for j in range(STATIONS)]
    acts = [choice(code, rollup=group) for group, codes in ACTS.items() for code in codes]
    area = question("area", "select_one", stations, role="act")
    made = Publisher(tmp_path, form(area, question("acts", "select_multiple", acts)))
    yield made
    made.desk.close()


def report(desk: Publisher, seed: int, reports: int, month: str) -> None:
    """Most are of the first two commands, and of a few stations there."""
    draw = random.Random(seed)
    codes = [code for own in ACTS.values() for code in own]
    for _ in range(reports):
        command = draw.choices(range(COMMANDS), [8, 5, 1, 1, 1])[0]
        station = min(draw.randrange(STATIONS), draw.randrange(STATIONS), draw.randrange(STATIONS))
        ticked = draw.sample(codes, draw.randint(0, 2))
        desk.reports.add(1, ticked, when=month, area=f"p{command}_{station}")


def exposed(made: Written) -> int:
    """How many sensitive cells are learned more of than may be, by an attack that spares nothing."""
    edition = made.edition
    known = {cell: number for cell, number in edition.known.items() if cell in edition.system.index}
    targets = sorted(edition.sensitive - known.keys())
    found = attack(replace(edition.system, labels=(), below={}), known, targets)
    ends = [(found[cell].integer, edition.needs[cell]) for cell in targets]
    return sum(one.low > need.low or (one.high is not None and one.high < need.high) for one, need in ends)


@pytest.mark.parametrize("seed", range(2))
def test_two_large_releases_give_nothing_away_to_an_attack_that_spares_nothing(
    seed: int, desk: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So small a release is otherwise not made smaller first.
    monkeypatch.setattr(withholding, "_LARGE", 0)
    report(desk, seed, 90, "2026-02")
    first = desk.publish("one", tables=["F06"], k=5, period=("2026-01", "2026-03"))
    assert exposed(first) == 0
    report(desk, seed + 100, 110, "2026-05")
    made = desk.publish("two", tables=["F06"], k=5, release="2026-2", date="2026-08-01")
    assert made.edition.printed
    assert exposed(made) == 0
    inside = {cell: one.integer for cell, one in bounds(made.edition).items()}
    stranger = read_releases([first.path, made.path]).attack().bounds
    assert {cell: one.integer for cell, one in stranger.items()} == inside


def test_a_release_costs_about_the_same_whether_it_was_made_smaller(
    desk: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    report(desk, 7, 200, "2026-02")
    file = desk.file(tables=["F06"], k=5)
    desk.desk.database.conn.commit()
    shown = []
    for large in (withholding._LARGE, 0):
        monkeypatch.setattr(withholding, "_LARGE", large)
        made = prepare(desk.desk.database, file, [], b"one key for both")
        shown.append(sum(made.printed.values()))
    assert abs(shown[0] - shown[1]) < max(shown) / 20


def test_a_table_that_would_take_hours_is_refused_and_told_its_size(
    desk: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    report(desk, 1, 90, "2026-02")
    monkeypatch.setattr(withholding, "MOST", 1000)
    numbers = (COMMANDS + COMMANDS * STATIONS + 1) * (1 + len(ACTS))
    said = f"F06-area is too large to be protected: it has {numbers} numbers, for 90 reports"
    with pytest.raises(TooLarge, match=said) as refused:
        desk.publish(tables=["F06"], k=5)
    assert "without" in str(refused.value.hint)
    assert f"{2 * 5 * numbers:,} reports" in str(refused.value.hint)
    assert not (desk.folder / "out").exists()
