"""What a reviewer decided holds, whatever likeness proposes afterwards."""

import pytest

from analysis.patterns.grouping import SAME, Joined
from analysis.patterns.names import Name, place
from analysis.patterns.settled import Decisions, Member, Set, settle

STATION = "station"


def decisions(groups: dict[str, int] | None = None, alone: tuple[str, ...] = ()) -> Decisions:
    given = groups or {}
    return Decisions(
        {(STATION, name): number for name, number in given.items()},
        frozenset((STATION, name) for name in alone),
        {number: f"group {number}" for number in given.values()},
        {},
    )


def members(*written: str) -> list[Member]:
    return [Member((STATION, one), read(one), Joined(0, 100, SAME)) for one in written]


def read(written: str) -> Name:
    name = place(written)
    assert name
    return name


def sets(found: list[Set]) -> list[tuple[object, set[str], bool]]:
    return [(one.unit, {member.key[1] for member in one.members}, one.waits) for one in found]


def test_without_a_decision_alike_names_wait_and_equal_ones_do_not() -> None:
    found = settle([members("Harbor", "harbour"), members("Main St", "main street")], decisions())
    assert sets(found) == [
        (None, {"Harbor", "harbour"}, True),
        (None, {"Main St", "main street"}, False),
    ]


def test_a_group_gathers_its_names_from_wherever_likeness_has_them() -> None:
    found = settle([members("Harbor"), members("Pier")], decisions({"Harbor": 1, "Pier": 1}))
    assert sets(found) == [(1, {"Harbor", "Pier"}, False)]


def test_a_new_name_that_is_like_a_group_waits_beside_it() -> None:
    found = settle([members("Harbor", "harbour")], decisions({"Harbor": 1}))
    assert sets(found) == [(1, {"Harbor"}, False), (None, {"harbour"}, True)]
    assert found[1].near == {1}


def test_a_new_spelling_that_reads_the_same_follows_the_decision() -> None:
    assert sets(settle([members("Harbor", "HARBOR")], decisions({"Harbor": 1}))) == [
        (1, {"Harbor", "HARBOR"}, False)
    ]


def test_a_spelling_between_two_decisions_waits() -> None:
    found = settle([members("Harbor", "harbor", "HARBOR")], decisions({"Harbor": 1, "harbor": 2}))
    assert sets(found)[2] == (None, {"HARBOR"}, True)
    assert found[2].near == {1, 2}


def test_names_that_were_told_apart_are_not_proposed_together_again() -> None:
    found = settle([members("Harbor", "harbour")], decisions(alone=("Harbor", "harbour")))
    assert [(names, waits) for _, names, waits in sets(found)] == [({"Harbor"}, False), ({"harbour"}, False)]


def test_a_name_told_apart_is_still_proposed_with_a_new_one() -> None:
    found = settle([members("Harbor", "harbour", "Harbr")], decisions(alone=("Harbor", "harbour")))
    assert sets(found)[2] == (None, {"Harbr"}, True)
    assert found[2].near == {read("Harbor"), read("harbour")}


@pytest.mark.parametrize("clusters", [[], [[]]])
def test_a_group_stands_though_no_counted_report_gives_its_names(clusters: list[list[Member]]) -> None:
    assert sets(settle(clusters, decisions({"Harbor": 1}))) == [(1, set(), False)]
