import pytest

from analysis.desk import Desk
from analysis.patterns.settled import read_decisions
from analysis.review import names
from analysis.review.errors import BadName, UnknownName
from analysis.review.log import history, undo
from analysis.review.names import read_groups, reports_of
from tests.review.conftest import ANA, BEN, Bring

STATION = "station"
SPELLINGS = ("4th District", "District 4", "dist. four", "5th District")


@pytest.fixture
def reports(bring: Bring) -> list[int]:
    """One report for each spelling, and another for the first."""
    return bring(*({STATION: [name]} for name in (*SPELLINGS, SPELLINGS[0])))


def groups(desk: Desk) -> dict[str, set[str]]:
    return {group.label: set(group.names) for group in read_groups(desk.database.conn, STATION)}


def test_names_that_were_accepted_as_one_count_as_one(desk: Desk, reports: list[int]) -> None:
    group = names.accept(desk, STATION, SPELLINGS[:2], "District 4", ANA, remark="same house")
    assert groups(desk) == {"District 4": set(SPELLINGS[:2])}
    assert set(reports_of(desk.database.conn, group)) == {reports[0], reports[1], reports[4]}
    assert history(desk.database.conn)[0].remark == "same house"


def test_a_group_is_split_and_the_rest_stands_alone(desk: Desk, reports: list[int]) -> None:
    group = names.accept(desk, STATION, SPELLINGS, "Districts", ANA)
    names.split(desk, group, {"Four": SPELLINGS[:2], "Five": SPELLINGS[3:]}, BEN)
    assert groups(desk) == {"Four": set(SPELLINGS[:2]), "Five": set(SPELLINGS[3:])}
    with pytest.raises(UnknownName, match=f"group {group} does not stand"):
        names.split(desk, group, {"Again": SPELLINGS[:1]}, BEN)


def test_groups_are_merged_and_the_merging_is_undone(desk: Desk, reports: list[int]) -> None:
    one = names.accept(desk, STATION, SPELLINGS[:2], "Four", ANA)
    other = names.accept(desk, STATION, SPELLINGS[2:3], "Fourth", ANA)
    names.merge(desk, [one, other], "District 4", BEN)
    assert groups(desk) == {"District 4": set(SPELLINGS[:3])}
    undo(desk, history(desk.database.conn)[0].id, BEN)
    assert groups(desk) == {"Four": set(SPELLINGS[:2]), "Fourth": set(SPELLINGS[2:3])}


def test_undoing_an_earlier_decision_leaves_the_later_one_as_it_is(desk: Desk, reports: list[int]) -> None:
    names.accept(desk, STATION, SPELLINGS[:3], "Four", ANA)
    first = history(desk.database.conn)[0].id
    names.accept(desk, STATION, SPELLINGS[2:], "Others", BEN)
    undo(desk, first, ANA)
    assert groups(desk) == {"Others": set(SPELLINGS[2:])}


def test_a_proposal_that_was_rejected_is_remembered(desk: Desk, reports: list[int]) -> None:
    decision = names.reject(desk, STATION, [SPELLINGS[0], SPELLINGS[3]], ANA)
    alone = {(STATION, SPELLINGS[0]), (STATION, SPELLINGS[3])}
    assert read_decisions(desk.database.conn, STATION).alone == alone
    undo(desk, decision, BEN)
    assert read_decisions(desk.database.conn, STATION).alone == frozenset()


def test_decisions_about_names_that_nobody_wrote_are_refused(desk: Desk, reports: list[int]) -> None:
    group = names.accept(desk, STATION, SPELLINGS[:2], "Four", ANA)
    refused = [
        lambda: names.accept(desk, STATION, ["6th District"], "Six", ANA),
        lambda: names.accept(desk, "story", SPELLINGS[:1], "Four", ANA),
        lambda: names.accept(desk, STATION, [], "None", ANA),
        lambda: names.split(desk, group, {"Five": SPELLINGS[3:]}, ANA),
        lambda: names.split(desk, group, {"a": SPELLINGS[:1], "b": SPELLINGS[:1]}, ANA),
        lambda: names.merge(desk, [group], "One", ANA),
        lambda: names.merge(desk, [group, 99], "One", ANA),
    ]
    for decide in refused:
        with pytest.raises(UnknownName, match=r"name|group"):
            decide()
    with pytest.raises(BadName, match="a group's name"):
        names.accept(desk, STATION, SPELLINGS[2:3], " ", ANA)
    assert groups(desk) == {"Four": set(SPELLINGS[:2])}
    assert len(history(desk.database.conn)) == 1
