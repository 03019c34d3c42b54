"""What everyone knows of the numbers: that it is true, and that the attack knows it."""

from random import Random

import numpy as np
import pytest

from analysis.findings.calendar import Months
from analysis.findings.control.attack import attack
from analysis.findings.control.lattice import Cell
from analysis.findings.control.system import is_slack
from analysis.findings.counting import NONE, count, select
from analysis.findings.flow import count_flow
from analysis.findings.model import Model, Span, system, within
from analysis.findings.plan import Plan, make_plan
from analysis.findings.questions import read_questions
from intake.forms.form import Form, shipped
from tests.findings.small_desk import SmallDesk, choice, form, question

YEAR = Months("2026-01", "2026-12")


def _plan(desk: SmallDesk, campaign: str = "2026-03") -> Plan:
    return make_plan(read_questions(desk.database), YEAR, YEAR, (campaign,))


def _counts(desk: SmallDesk, plan: Plan) -> dict[Cell, int]:
    chosen = select(desk.database, YEAR, undated=True, taken=np.zeros(0, dtype=np.int64))
    cells = count(desk.database, plan, chosen) | count_flow(desk.database, plan, undated=True).cells
    return {cell: one.reports for cell, one in cells.items()}


def fill(desk: SmallDesk, asked: Form, reports: int, seed: int) -> None:
    """Reports with any answers that the form lets somebody give, one in three on its short page."""
    draw = Random(seed)
    for _ in range(reports):
        page = [one for one in asked.asked if draw.random() > 0.33 or one.id not in asked.unseen]
        short = draw.random() < 0.33
        given: dict[str, str | list[str]] = {}
        seen = []
        for one in asked.asked if not short else [one for one in page if one.id not in asked.unseen]:
            if one.applies and not one.applies(given):
                continue
            seen.append(one.id)
            codes = [option.code for option in one.choices]
            if one.kind == "select_one" and (one.required or draw.random() < 0.8):
                given[one.id] = draw.choice(codes)
            elif one.kind == "select_multiple":
                ticked = draw.sample(codes, draw.randint(0, 3))
                alone = [code for code in ticked if code in one.exclusive]
                given[one.id] = alone[:1] or sorted(ticked)
        ticks = [f"{name}.{code}" for name, own in given.items() if isinstance(own, list) for code in own]
        single = {name: own for name, own in given.items() if isinstance(own, str) and name != "count"}
        when = draw.choice(("2026-02", "2026-05", "2026", "not_sure"))
        desk.add(1, ticks, when=when, count=draw.choice(("yes", "yes", "no")), asked=seen, **single)


@pytest.mark.parametrize("seed", range(3))
def test_what_everyone_is_told_to_know_holds_for_any_reports(seed: int) -> None:
    desk = SmallDesk(shipped("report"))
    fill(desk, shipped("report"), 60, seed)
    plan = _plan(desk)
    counts = _counts(desk, plan)
    whole = system(plan.model(plan.tables), [Span("a", ("a",))])
    named = {within(cell, "a"): number for cell, number in counts.items()}
    values = whole.complete({cell: named.get(cell, 0) for cell in whole.cells if not is_slack(cell)})
    assert min(values.values()) >= 0
    assert all(sum(sign * values[whole.cells[i]] for i, sign in row) == 0 for row in whole.rows)


def test_a_model_reads_back_as_it_was_written() -> None:
    desk = SmallDesk(shipped("report"))
    model = _plan(desk).model(["F02", "F04", "F07-acts", "F10-result"])
    assert Model.from_json(model.to_json()) == model


def _interval(desk: SmallDesk, known: dict[Cell, int], target: Cell) -> tuple[int, int | None]:
    plan = _plan(desk)
    tables = [name for name in plan.tables if not name.startswith("F01")]
    whole = system(plan.model(tables), [Span("a", ("a",))])
    found = attack(whole, {within(cell, "a"): n for cell, n in known.items()}, [within(target, "a")])
    bounds = found[within(target, "a")].integer
    return bounds.low, bounds.high


def test_answers_that_exclude_another_bound_it_together() -> None:
    acts = [choice("none", exclusive=True), choice("not_said", exclusive=True), choice("shout")]
    desk = SmallDesk(form(question("acts", "select_multiple", acts), name="clinic"))
    known = {(): 100, ("acts.none=yes",): 60, ("acts.not_said=yes",): 36}
    assert _interval(desk, known, ("acts.shout=yes",)) == (0, 4)


def test_a_group_is_at_least_each_of_its_acts_and_at_most_their_sum() -> None:
    acts = [choice("hit", rollup="force"), choice("push", rollup="force")]
    desk = SmallDesk(form(question("acts", "select_multiple", acts), name="clinic"))
    known = {(): 100, ("acts.any.force=yes",): 40, ("acts.hit=yes",): 35}
    assert _interval(desk, known, ("acts.push=yes",)) == (5, 40)


def test_acts_that_no_form_asks_together_add_up_to_all_reports_at_most() -> None:
    desk = SmallDesk(form(question("acts", "select_multiple", [choice("shout")]), name="clinic"))
    desk.add_form(
        form(question("more_acts", "select_multiple", [choice("push")]), name="clinic", version="2")
    )
    known = {(): 100, ("acts.shout=yes",): 95}
    assert _interval(desk, known, ("more_acts.push=yes",)) == (0, 5)


def test_an_act_that_a_newer_form_asks_is_at_most_what_that_was_asked() -> None:
    desk = SmallDesk(form(question("acts", "select_multiple", [choice("shout")]), name="clinic"))
    newer = [choice("shout"), choice("push")]
    desk.add_form(form(question("acts", "select_multiple", newer), name="clinic", version="2"))
    plan = _plan(desk)
    old, new = (f"page={page.id}" for page in plan.questions.pages)
    assert _interval(desk, {(): 100, (old,): 90}, ("acts.push=yes",)) == (0, 10)
    assert new.startswith("page=clinic-2-")


def test_who_is_asked_what_came_of_it_is_who_told_somebody() -> None:
    desk = SmallDesk(
        form(
            question("told", "select_multiple", [choice("no_one", exclusive=True), choice("boss")]),
            question("result", "select_one", [choice("fixed")], relevant=["selected", "told", "boss"]),
        )
    )
    known = {(): 100, ("told.boss=yes",): 30}
    assert _interval(desk, known, ("result=.asked",)) == (30, 30)
    assert _interval(desk, known, ("result=fixed",)) == (0, 30)


def test_two_acts_that_nearly_all_told_of_were_told_together() -> None:
    acts = [choice("hit"), choice("push")]
    desk = SmallDesk(form(question("acts", "select_multiple", acts), name="clinic"))
    known = {(): 100, ("acts.hit=yes",): 80, ("acts.push=yes",): 70}
    assert _interval(desk, known, ("acts.hit=yes", "acts.push=yes")) == (50, 70)


def test_three_pairs_of_acts_bound_each_other() -> None:
    acts = [choice("hit"), choice("push"), choice("kick")]
    desk = SmallDesk(form(question("acts", "select_multiple", acts), name="clinic"))
    known: dict[Cell, int] = {(): 100, **{(f"acts.{act}=yes",): 50 for act in ("hit", "push", "kick")}}
    known |= {("acts.hit=yes", "acts.push=yes"): 45, ("acts.hit=yes", "acts.kick=yes"): 45}
    assert _interval(desk, known, ("acts.kick=yes", "acts.push=yes")) == (40, 50)


def test_a_blank_is_told_from_a_question_that_was_not_asked() -> None:
    desk = SmallDesk(
        form(
            question("gender", "select_one", [choice("woman"), choice("man")]),
            question("setting", "select_one", [choice("police")], required=True, short=True),
        )
    )
    desk.add(12, setting="police", gender="woman")
    desk.add(7, setting="police")
    desk.add(5, setting="police", asked=["setting", "count"])
    counts = _counts(desk, _plan(desk))
    assert (counts[("gender=.asked",)], counts[("gender=.blank",)]) == (19, 7)
    assert counts[("gender=.not_asked",)] == 5
    assert counts.get((), NONE) == 24
