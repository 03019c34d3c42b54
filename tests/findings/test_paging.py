"""What falls out by subtraction where one setting asks of some acts and another of others."""

import json
from pathlib import Path
from typing import Any

import pytest

from analysis.findings.control.attack import attack
from analysis.findings.publish import Written
from tests.findings.releasing import Publisher
from tests.findings.small_desk import choice, form, question

POLICE, HEALTH = (["=", ["answer", "setting"], code] for code in ("police", "health"))


def publisher(folder: Path, acts: Any = POLICE) -> Publisher:
    """Health has acts of its own; agencies are asked about the police alone."""
    return Publisher(
        folder,
        form(
            question(
                "setting", "select_one", [choice("police"), choice("health"), choice("home")], required=True
            ),
            question("acts", "select_multiple", [choice("shout"), choice("push")], relevant=acts),
            question("health_acts", "select_multiple", [choice("refuse"), choice("gossip")], relevant=HEALTH),
            question(
                "agency",
                "select_one",
                [choice(code) for code in ("city", "county", "rail", "park")],
                relevant=POLICE,
                role="act",
            ),
            question("gender", "select_one", [choice("f"), choice("m")]),
        ),
    )


def printed(release: Written) -> dict[str, Any]:
    """Every number that the release tells."""
    last = (release.path / "ledger.jsonl").read_text(encoding="utf-8").splitlines()[-1]
    found: dict[str, Any] = json.loads(last)["printed"]
    return found


@pytest.mark.parametrize("few", [1, 4, 9])
def test_one_gender_is_not_told_by_the_acts_of_another_setting(tmp_path: Path, few: int) -> None:
    desk = publisher(tmp_path)
    for gender in ("f", "m"):
        desk.reports.add(30, ["shout"], setting="police", gender=gender)
        desk.reports.add(20, ["push"], setting="police", gender=gender)
    desk.reports.add(40, ["health_acts.refuse"], setting="health", gender="f")
    desk.reports.add(few, ["health_acts.gossip"], setting="health", gender="m")
    told = printed(desk.publish(tables=["F02", "F13-gender", "F14-gender"]))
    assert "batch=2026-1|gender=m|health_acts=.asked" not in told
    assert not {"batch=2026-1|gender=m", "acts=.asked|batch=2026-1|gender=m"} <= told.keys()


def test_reports_of_an_agency_are_one_number_under_both_of_their_names(tmp_path: Path) -> None:
    desk = publisher(tmp_path, ["or", POLICE, ["=", ["answer", "setting"], "home"]])
    for agency, reports in (("city", 31), ("county", 24), ("rail", 15), ("park", 12)):
        desk.reports.add(reports, ["shout"], setting="police", agency=agency)
    desk.reports.add(18, ["push"], setting="home")
    desk.reports.add(23, ["health_acts.refuse"], setting="health")
    system = desk.publish(tables=["F02", "F06-agency"], k=5).edition.system
    named = ("agency=rail", "batch=2026-1")
    found = attack(system, {("acts=.asked", *named): 15}, [named])
    assert found[named].exact


def test_who_gave_an_answer_that_excludes_others_gave_none_of_them(tmp_path: Path) -> None:
    acts = [choice("shout"), choice("push"), choice("none", exclusive=True)]
    gender = question("gender", "select_one", [choice("f"), choice("m")], required=True)
    desk = Publisher(tmp_path, form(question("acts", "select_multiple", acts), gender))
    for code in ("f", "m"):
        desk.reports.add(30, ["shout", "push"], gender=code)
        desk.reports.add(15, ["none"], gender=code)
    system = desk.publish(tables=["F02", "F14-gender"], k=5).edition.system
    numbers = {("acts.none=yes",): 30, ("acts=.asked", "gender=f"): 45, ("gender=m",): 45, (): 90}
    known = {tuple(sorted((*cell, "batch=2026-1"))): number for cell, number in numbers.items()}
    known["acts.shout=yes", "batch=2026-1", "gender=f"] = 40
    target = ("acts.shout=yes", "batch=2026-1", "gender=m")
    assert attack(system, known, [target])[target].integer.high == 20


def test_what_few_ticked_among_many_is_withheld_and_not_refused(tmp_path: Path) -> None:
    acts = [choice("shout"), choice("push"), choice("take"), choice("none", exclusive=True)]
    desk = Publisher(tmp_path, form(question("acts", "select_multiple", acts)))
    desk.reports.add(16, ["shout", "push"])
    desk.reports.add(2, ["shout", "push", "take"])
    desk.reports.add(2, ["shout", "take"])
    desk.reports.add(7, ["shout"])
    desk.reports.add(6, ["push"])
    desk.reports.add(2)
    desk.reports.add(5, ["none"])
    told = printed(desk.publish(k=5))
    assert told["batch=2026-1"] == 40
    assert "acts.take=yes|batch=2026-1" not in told
