"""Acts in one report: whole combinations, pairs and their lift, and both beside the same acts by gender."""

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest

from analysis.findings.ledger import remaking, stranger
from analysis.findings.plan import Plan
from analysis.findings.released import Cell, Release, Status, Table
from tests.findings.microdata import Kind, exposed, holds
from tests.findings.releasing import Publisher
from tests.findings.small_desk import choice, form, question
from tests.findings.test_publish import recovered

KINDS = ("speech", "force", "took")
GENDERS, AGES = ("f", "m", ".blank"), ("y", "o", ".blank")
TABLES = ["F02", "F07", "F13", "F14"]


def _desk(folder: Path) -> Publisher:
    acts = [choice(kind, rollup=kind) for kind in KINDS]
    gender = question("gender", "select_one", [choice("f"), choice("m")])
    age = question("age", "select_one", [choice("y"), choice("o")])
    return Publisher(folder, form(question("acts", "select_multiple", acts), gender, age))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Publisher]:
    made = _desk(tmp_path)
    yield made
    made.desk.close()


def _all_kinds() -> list[Kind]:
    acts = [frozenset(one) for number in range(len(KINDS) + 1) for one in combinations(KINDS, number)]
    return [Kind(one, {"gender": g, "age": a}) for one, g, a in product(acts, GENDERS, AGES)]


def _fill(desk: Publisher, reports: Iterable[tuple[frozenset[str], str, str]]) -> Counter[int]:
    """Adds the reports; how many there are of each kind."""
    kinds, found = _all_kinds(), Counter[int]()
    for (acts, gender, age), number in Counter(reports).items():
        answers = {"gender": gender, "age": age}
        found[kinds.index(Kind(acts, answers))] += number
        given = {name: code for name, code in answers.items() if code != ".blank"}
        desk.reports.add(number, sorted(acts), **given)  # type: ignore[arg-type]
    return found


def _exposed(desk: Publisher, found: Counter[int], *before: Release) -> list[str]:
    """What somebody learns who has the last release, and those before it."""
    kinds = _all_kinds()

    def true(table: Table, codes: tuple[str, ...]) -> int:
        return sum(number for place, number in found.items() if holds(table, codes, kinds[place]))

    assert desk.last
    return exposed([desk.last, *before], kinds, true)


def _some(*acts: str, gender: str = "f", number: int) -> list[tuple[frozenset[str], str, str]]:
    return [(frozenset(acts), gender, "y")] * number


def test_each_report_is_in_one_whole_combination(desk: Publisher) -> None:
    _fill(desk, [*_some("speech", number=40), *_some("speech", "force", number=30), *_some(number=30)])
    made = desk.publish(tables=["F02", "F07"])
    assert desk.cell("F07-acts-whole", "speech") == Cell(Status.SHOWN, 40, 100, 40)
    assert desk.cell("F07-acts-whole", "speech+force") == Cell(Status.SHOWN, 30, 100, 30)
    assert desk.cell("F07-acts-whole", ".only0").reports == 30
    assert desk.cell("F07-acts-whole", "speech+force+took") == Cell(Status.WITHHELD)
    assert desk.table("F07-acts-whole").axes[0].categories[6].label == {"en": "Group speech + Group force"}
    assert recovered(made) == 0


def test_a_pair_has_its_lift_from_printed_numbers(desk: Publisher) -> None:
    both, one = _some("speech", "force", number=40), _some("speech", number=20)
    _fill(desk, [*both, *one, *_some("force", number=20), *_some(number=40)])
    made = desk.publish(tables=["F02", "F07"])
    cell = desk.cell("F07-acts", "acts.any.speech", "acts.any.force")
    assert (cell.reports, cell.base, cell.lift) == (40, 60, 133), "40 of 120, where 30 would be by chance"
    assert desk.cell("F07-acts", "acts.any.speech", "acts.any.speech").lift is None
    assert "lift\N{NO-BREAK SPACE}1.33" in (made.path / "findings" / "F07.html").read_text()
    header, *rows = (made.path / "tables" / "F07-acts.csv").read_text().splitlines()
    assert header.endswith("reports,base,percent,lift,status")
    assert sum(row.endswith("40,60,67,1.33,") for row in rows) == 2
    public = stranger.read_releases([made.path])
    assert not remaking.compare(made.path, public, public.attack()).wrong


@pytest.mark.parametrize(
    ("both", "force"),
    [pytest.param(15, 4, id="of fewer than 20"), pytest.param(0, 40, id="of a withheld number")],
)
def test_a_pair_has_no_lift_of_numbers_that_are_small(desk: Publisher, both: int, force: int) -> None:
    _fill(desk, [*_some("speech", "force", number=both), *_some("force", number=force)])
    _fill(desk, [*_some("speech", number=60), *_some(number=60)])
    desk.publish(tables=["F02", "F07"])
    assert desk.cell("F07-acts", "acts.any.speech", "acts.any.force").lift is None


def _all_but_few_men(desk: Publisher) -> Counter[int]:
    """Everybody names speech or force. Who knows how many men name speech knows who is left."""
    women = [*_some("speech", number=50), *_some("force", number=50), *_some("speech", "force", number=50)]
    men = [("speech",)] * 36 + [("speech", "force")] * 2 + [("force",)] * 2
    return _fill(desk, [*women, *((frozenset(acts), "m", "y") for acts in men)])


def test_acts_by_gender_and_pairs_of_them_expose_nobody_together(desk: Publisher) -> None:
    found = _all_but_few_men(desk)
    made = desk.publish(tables=["F02", "F07", "F14-gender"])
    assert {"F07-acts", "F07-acts-whole", "F14-gender"} <= set(made.edition.selection.tables)
    assert desk.cell("F14-gender", "acts.any.force", "m") == Cell(Status.WITHHELD)
    assert _exposed(desk, found) == []
    assert recovered(made) == 0


def test_without_whole_combinations_by_gender_somebody_would_be_exposed(
    desk: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = _all_but_few_men(desk)
    monkeypatch.setattr(Plan, "joint", lambda self, lattices: [])
    desk.publish(tables=["F02", "F07", "F14-gender"])
    assert any("F14-gender" in one for one in _exposed(desk, found))


@pytest.mark.parametrize("seed", range(3))
def test_an_attack_by_whole_reports_finds_nothing(desk: Publisher, seed: int) -> None:
    draw = random.Random(seed)
    likely = [draw.choice([0.1, 0.3, 0.6]) for _ in KINDS]
    found = _fill(
        desk,
        [
            (
                frozenset(kind for kind, chance in zip(KINDS, likely, strict=True) if draw.random() < chance),
                draw.choice(["f"] * 5 + ["m", ".blank"]),
                draw.choice(["y"] * 4 + ["o"]),
            )
            for _ in range(draw.choice([40, 70, 120]))
        ],
    )
    made = desk.publish(tables=TABLES, k=5)
    assert _exposed(desk, found) == []
    assert recovered(made) == 0


def test_pairs_come_after_acts_by_gender_in_a_later_release(desk: Publisher) -> None:
    found = _all_but_few_men(desk)
    desk.publish(tables=["F02", "F14-gender"])
    first = desk.last
    later: dict[str, Any] = {"release": "2026-2", "tables": ["F02", "F07"], "date": "2026-08-01"}
    made = desk.publish("2", **later)
    assert first
    assert "F07-acts" in made.edition.selection.tables
    assert recovered(made) == 0
    assert _exposed(desk, found, first) == []
