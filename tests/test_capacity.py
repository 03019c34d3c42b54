"""The page of figures says what was measured; the benchmarks' own sums are right."""

import json
import re
from dataclasses import asdict
from pathlib import Path
from xml.etree import ElementTree

import pytest

from analysis.desk import Desk
from analysis.identity import HybridIdentity, format_identity
from tests.bench import legs, table
from tests.bench.__main__ import PARTS
from tests.bench.aims import AIMS, compare
from tests.bench.capacity import FIGURES, PAGE, PICTURE, picture, written
from tests.bench.curve import draw
from tests.bench.desk import FORM, make_members
from tests.bench.growth import growth, per_report
from tests.bench.legwork import LEGS
from tests.bench.stages import stages

FILE = json.loads(FIGURES.read_text(encoding="utf-8"))["parts"]
COSTS = {"open": {1000: 300.0, 10_000: 310.0}, "export": {1000: 100.0, 10_000: 290.0}}


def test_the_page_of_capacity_says_what_the_committed_figures_say() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert written(page, FILE) == page, "run: python -m tests.bench.capacity"


def test_the_picture_of_growth_is_drawn_from_the_committed_figures() -> None:
    assert PICTURE.read_text(encoding="utf-8") == picture(FILE)


def test_the_page_has_a_place_for_the_figures_of_every_part() -> None:
    marked = re.findall(r"<!-- figures: (\w+) -->", PAGE.read_text(encoding="utf-8"))
    assert len(marked) == len(set(marked))
    assert set(marked) >= {"aims", *PARTS}


def test_every_aim_finds_its_figure_in_the_parts_that_were_measured() -> None:
    rows = dict(zip((aim.what for aim in AIMS), compare(FILE), strict=True))
    lost = [aim.what for aim in AIMS if aim.part in FILE and rows[aim.what][2] == "not measured yet"]
    assert lost == []


def test_an_aim_that_was_missed_is_told_with_its_figure_and_the_load() -> None:
    told = {"title": "Sealing: seconds", "head": ["way", "sealed"], "rows": [["form", "1.50"]], "load": 0.5}
    rows = {row[0]: row for row in compare({"pages": {"tables": [told]}})}
    name = "sealing in the browser, processor slowed six times"
    assert rows[name][1:] == ["at most 1 s", "1.5 s", "**no**", "0.5"]


def test_the_aim_of_sealing_is_for_the_press_of_the_button_alone() -> None:
    rows = [["form, with script", "0.32"], ["whole way, with script", "2.88"]]
    told = {"title": "Sealing: seconds", "head": ["way", "sealed"], "rows": rows, "load": 0.5}
    [found] = [row for row in compare({"pages": {"tables": [told]}}) if row[0].startswith("sealing")]
    assert found[2:4] == ["0.32 s", "yes"]


def test_an_aim_for_a_million_is_not_met_by_fewer_reports() -> None:
    rows = [["publish", "10.0"], ["attack", "5.0"]]
    told = {
        "title": "Release: F1 to F17 of 100,000 reports",
        "head": ["", "seconds"],
        "rows": rows,
        "load": 0.5,
    }
    found = {row[0]: row for row in compare({"release": {"tables": [told]}})}
    assert found["release: F1 to F17, published and attacked"][2:4] == [
        "15 s, with fewer reports than the aim is for",
        "-",
    ]


def test_growth_is_a_rise_towards_more_reports_and_never_a_fall() -> None:
    assert growth({1000: 100, 10_000: 90, 100_000: 117}) == pytest.approx(1.3)
    assert growth({1000: 900, 10_000: 90}) == 1.0


def test_growth_is_told_only_where_there_are_two_costs() -> None:
    assert growth({1000: 100}) is None
    assert growth({}) is None


def test_costs_are_compared_without_what_comes_before_the_first_report() -> None:
    assert per_report({1000: 1.5, 10_000: 6.0}, 0.5) == {1000: 1000.0, 10_000: 550.0}


def test_what_is_within_the_noise_of_the_beginning_is_no_cost() -> None:
    # The first two take no longer than none at all; the last one then has nothing to be compared with.
    costs = per_report({1000: 6.9, 10_000: 7.9, 100_000: 70.0}, 7.5)
    assert costs == {100_000: pytest.approx(625.0)}
    assert growth(costs) is None


def test_the_table_of_growth_shows_no_figure_where_there_is_none_to_tell(
    capsys: pytest.CaptureFixture[str],
) -> None:
    alike = {leg: {"seconds": 7.5, "processor": 7.0} for leg in LEGS}
    legs._show_growth({1000: alike, 10_000: {**alike, "publish": {"seconds": 77.5, "processor": 7.0}}}, alike)
    publish = capsys.readouterr().out.splitlines()[-1].split()
    assert publish == ["publish", "-", "7,000", "-", "-", "-", "-"]
    parts = {"legs": {"tables": [asdict(table._shown.pop())], "taken": "2026-11-23T12:00"}}
    drawn = picture(parts)
    assert drawn
    assert "too little to draw: seal, intake" in drawn


def test_the_aim_of_growth_names_the_worst_leg_the_most_reports_and_the_silent() -> None:
    head = ["leg", "1,000", "1,000,000", "CPU 1,000", "CPU 1,000,000", "growth", "CPU growth"]
    told = [["open", "1", "2", "1", "1", "1.20", "1.00"], ["export", "1", "1", "1", "1", "1.10", "1.00"]]
    silent = [["publish", "-", "2", "-", "1", "-", "-"]]
    shown = {"title": "Growth: us", "head": head, "rows": [*told, *silent], "load": 0.5}
    [found] = [row for row in compare({"legs": {"tables": [shown]}}) if row[0].startswith("growth")]
    said = "1.2 times (open, up to 1,000,000 reports); nothing can be said of: publish"
    assert found[2:4] == [said, "yes"]


def test_the_curve_names_every_leg_and_marks_the_one_that_grows() -> None:
    root = ElementTree.fromstring(draw(COSTS, "a note"))  # noqa: S314 - our own
    texts = root.findall("{http://www.w3.org/2000/svg}text")
    said = {text.text.split(":")[0]: text for text in texts if text.text}
    assert said["open"].get("fill") != said["export"].get("fill")
    places = [float(said[leg].get("y", "")) for leg in COSTS]
    assert abs(places[0] - places[1]) >= 15


def test_sizes_are_powers_of_ten_and_the_last_that_was_asked_for() -> None:
    assert legs.sizes(1000) == [1000]
    assert legs.sizes(30_000) == [1000, 10_000, 30_000]
    assert legs.sizes(1_000_000) == [1000, 10_000, 100_000, 1_000_000]


def test_a_leg_that_was_cut_off_begins_again_where_nothing_was_spoilt(tmp_path: Path) -> None:
    state = legs.State.read(tmp_path / "run")
    for leg in list(LEGS)[:6]:
        state.begin(leg)
        state.end(leg, {"seconds": 1.0})
    state.begin("patterns")
    assert list(legs.State.read(tmp_path / "run").done) == list(LEGS)[: list(LEGS).index("open")]


def test_figures_of_parts_that_were_not_run_again_stay(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "figures.json"
    for part in ("one", "two"):
        table.show(part, ["a"], [["1"]])
        table.save(file, part, "a machine")
    assert [part["tables"][0]["title"] for part in json.loads(file.read_text())["parts"].values()] == [
        "one",
        "two",
    ]
    assert "one; load" in capsys.readouterr().out


def test_the_first_legs_carry_a_few_reports_from_sealing_to_the_index(tmp_path: Path) -> None:
    found = legs.measure(tmp_path / "legs", 3, list(LEGS)[:6])
    assert all(took["seconds"] > 0 and took["peak"] > 0 for took in found.values())
    assert [path.name for path in (tmp_path / "legs").iterdir()] == [legs.STATE]


def test_the_stages_of_the_desk_end_with_rows_that_are_found(tmp_path: Path) -> None:
    identity = HybridIdentity.generate()
    Desk.create(tmp_path / "desk", format_identity(identity), None)
    with Desk.unlocked(tmp_path / "desk", lambda: "") as desk:
        found = stages(identity, desk, FORM, make_members(identity, 3), bare=1e-4)
        counted = [
            desk.database.conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - constants
            for table in ("reports", "texts", "texts_fts")
        ]
    assert all(took >= 0 for name, took in found if not name.startswith("the rest"))
    assert counted[0] == 3
    assert counted[1] == counted[2] > 0
