"""Which numbers get noise comes from the codebook; no report is in more of them than is said."""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from random import Random

import numpy as np
import pytest

from analysis.findings.counting import NONE, count
from analysis.findings.privacy.design import Design
from analysis.findings.privacy.keys import lay_out
from analysis.findings.privacy.measuring import draw_by_lot, frame_of, measure
from analysis.findings.rows import read_reports
from intake.forms.form import shipped
from tests.findings.privacy.desks import asked, design_of, drawn_keys, two_settings
from tests.findings.releasing import Publisher

ALL = ("F02", "F03", "F07", "F13", "F14")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Publisher]:
    made = Publisher(tmp_path, two_settings())
    yield made
    made.desk.close()


def contributions(desk: Publisher, design: Design, answers: int) -> Iterator[tuple[str, int, int]]:
    """For each table and report, how many keys it is in, and how many it may be in."""
    database = desk.desk.database
    for row in database.query("select id from reports"):
        frame = frame_of(database, design.plan, np.array([row["id"]]), answers)
        for layout in design.layouts.values():
            if not layout.is_flow:
                counts = measure(frame, design.plan, layout).values()
                assert set(counts) <= {0, 1}, "a report counts once in a number"
                yield layout.table, sum(counts), layout.sensitivity


@pytest.mark.parametrize("answers", [1, 2, 3, 10])
def test_no_report_is_in_more_numbers_than_the_sensitivity_says(desk: Publisher, answers: int) -> None:
    acts = ("acts.shout", "acts.push", "acts.grab", "acts.never")
    for number in range(len(acts) + 1):
        for some in combinations(acts, number):
            desk.reports.add(1, some, setting="police", gender="f")
    desk.reports.add(1, ["health_acts.refused", "health_acts.mocked"], setting="health", gender="m")
    desk.reports.add(1, ["health_acts.refused"], setting="health")
    # As no form asks it: acts of both settings at once, and all questions.
    both = [*acts, "health_acts.refused", "health_acts.mocked"]
    desk.reports.add(1, both, setting="health", asked=["setting", "acts", "health_acts", "gender"])
    design = design_of(desk, desk.file(**asked(tables=ALL, answers=answers)))
    found = list(contributions(desk, design, answers))
    assert len(found) == 19 * sum(not one.is_flow for one in design.layouts.values())
    assert not [one for one in found if one[1] > one[2]]
    # And the bound is reached by some report in every table, so it is no larger than needed.
    for table in {name for name, _, _ in found}:
        if answers <= 2:
            assert max(used for name, used, _ in found if name == table) == next(
                most for name, _, most in found if name == table
            )


def test_reports_of_the_form_that_ships_keep_to_the_sensitivity(tmp_path: Path) -> None:
    made = Publisher(tmp_path, shipped("report"))
    draw = Random(5)
    questions = {one.id: [c.code for c in one.choices] for one in shipped("report").questions}
    settings = {"police": "acts", "health": "health_acts", "housing": "housing_acts"}
    for _ in range(25):
        setting = draw.choice(list(settings))
        own = questions[settings[setting]]
        ticks = [f"{settings[setting]}.{code}" for code in draw.sample(own, draw.randint(0, len(own)))]
        ticks += [f"harm.{code}" for code in draw.sample(questions["harm"], 4)]
        made.reports.add(1, ticks, setting=setting, gender=draw.choice(questions["gender"]))
    tables = tuple(name for name in (f"F{n:02d}" for n in range(2, 16)))
    design = design_of(made, made.file(**asked(tables=tables, languages=["en"])))
    found = list(contributions(made, design, 5))
    assert len({name for name, _, _ in found}) > 20
    assert not [one for one in found if one[1] > one[2]]
    made.desk.close()


def test_the_keys_are_the_same_whatever_was_reported(tmp_path: Path) -> None:
    found = []
    for name in ("none", "one", "many"):
        (tmp_path / name).mkdir()
        desk = Publisher(tmp_path / name, two_settings())
        if name != "none":
            desk.reports.add(1, ["shout"], setting="police", gender="f")
        if name == "many":
            desk.reports.add(60, ["push", "grab"], setting="police", when="2026-02", lang="es")
            desk.reports.add(70, ["health_acts.mocked"], setting="health", count="no")
        design = design_of(desk, desk.file(**asked(tables=("F01", *ALL))))
        found.append(drawn_keys(desk.desk.database, design))
        desk.desk.close()
    assert found[0] == found[1] == found[2]
    assert ("acts.never=yes", "setting=police") not in found[0]["F02"]
    assert ("acts.never=yes",) in found[0]["F02"]


def test_totals_and_groups_are_added_up_and_not_measured_twice(desk: Publisher) -> None:
    design = design_of(desk, desk.file(**asked(tables=("F03", "F14"))))
    crossed, months = design.layouts["F14-gender"], design.layouts["F03"]
    assert {len(grid.trees) for grid in crossed.grids} == {2}
    genders = ("f", "m", ".blank", ".not_asked")
    total = {("acts.any.force=yes", f"gender={one}") for one in genders}
    assert set(crossed.sums["acts.any.force=yes",]) == total
    assert months.sensitivity == 1
    assert len(months.sums["month=2026-Q1",]) == 3


def test_the_keys_add_up_to_the_exact_number_of_every_cell(desk: Publisher) -> None:
    draw = Random(3)
    acts = ("shout", "push", "grab", "never")
    for _ in range(40):
        when = draw.choice(["2026-02", "2026-05", "2026-06", "not_sure"])
        if draw.random() < 0.7:
            some = draw.sample(acts, draw.randint(0, 4))
            desk.reports.add(1, some, setting="police", gender=draw.choice("fm"), when=when)
        else:
            desk.reports.add(1, ["health_acts.refused"], setting="health", when=when)
    design = design_of(desk, desk.file(**asked(tables=ALL, answers=10)))
    database = desk.desk.database
    chosen = read_reports(database).ids
    exact = count(database, design.plan, chosen)
    frame = frame_of(database, design.plan, chosen, 10)
    compared = 0
    for layout in design.layouts.values():
        if not layout.is_flow:
            counts = measure(frame, design.plan, layout)
            for cell, keys in layout.sums.items():
                assert sum(counts[key] for key in keys) == exact.get(cell, NONE).reports, cell
                compared += 1
    assert compared > 60


def test_a_report_with_many_answers_counts_in_some_that_are_drawn_by_lot() -> None:
    ticks = np.zeros((3000, 10), dtype=np.bool_)
    ticks[:, :8] = True
    ticks[0, 2:] = False
    kept = draw_by_lot(ticks, 2)
    assert kept[0].tolist() == ticks[0].tolist(), "who gives no more keeps all"
    assert set(kept[1:].sum(axis=1).tolist()) == {2}
    assert not kept[:, 8:].any()
    # Each of the eight is as often drawn as any other: 750 times, 24 more or less.
    assert all(620 < number < 880 for number in kept[1:, :8].sum(axis=0).tolist())


def test_fewer_answers_make_less_noise(desk: Publisher) -> None:
    plan = design_of(desk, desk.file(**asked(tables=("F02", "F07")))).plan
    found = [lay_out(plan, plan.tables["F02"], answers).sensitivity for answers in (1, 2, 3, 9)]
    # Who was asked; so many answers, and so many of the two groups.
    assert found == [3, 5, 6, 7]
