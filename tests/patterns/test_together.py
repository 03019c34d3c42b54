"""Pairs, combinations and grounds beside acts, against counting that is plain to read."""

import itertools
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.patterns import together
from tests.patterns.desks import ACTS, GROUNDS, Desk

TICKS = st.lists(st.tuples(st.sets(st.sampled_from(ACTS)), st.sets(st.sampled_from(GROUNDS))), max_size=25)


def desk_of(rows: list[tuple[set[str], set[str]]]) -> Desk:
    desk = Desk()
    for acts, grounds in rows:
        desk.add(ticks={"acts": sorted(acts), "grounds": sorted(grounds)})
    return desk


@settings(max_examples=60, deadline=None)
@given(TICKS)
def test_pairs_and_lift_are_those_of_counting_by_hand(rows: list[tuple[set[str], set[str]]]) -> None:
    found = together.together(desk_of(rows).database, "acts")
    answered = [acts for acts, _ in rows if acts]
    assert found.n == len(answered)
    alone = Counter(act for acts in answered for act in acts)
    both = Counter(two for acts in answered for two in itertools.combinations(sorted(acts), 2))
    assert {choice.code: n for choice, n in found.counts} == {act: alone[act] for act in ACTS}
    got = {tuple(sorted((pair.first.code, pair.second.code))): pair for pair in found.pairs}
    assert {codes: pair.n for codes, pair in got.items()} == dict(both)
    for (a, b), pair in got.items():
        assert pair.lift == pytest.approx(both[a, b] * len(answered) / (alone[a] * alone[b]))


@settings(max_examples=60, deadline=None)
@given(TICKS)
def test_combinations_are_exact_sets_and_add_up(rows: list[tuple[set[str], set[str]]]) -> None:
    found = together.together(desk_of(rows).database, "acts")
    expected = Counter(frozenset(acts) for acts, _ in rows if acts)
    got = {frozenset(choice.code for choice in one.choices): one.n for one in found.combinations}
    assert got == dict(expected)
    assert found.distinct == len(expected)
    assert [one.n for one in found.combinations] == sorted(got.values(), reverse=True)


@settings(max_examples=60, deadline=None)
@given(TICKS)
def test_grounds_beside_acts_count_reports_that_answered_both(rows: list[tuple[set[str], set[str]]]) -> None:
    found = together.cross(desk_of(rows).database, "grounds", "acts")
    # "Not sure" excludes every other ground, so it is none.
    both = [(acts, grounds - {"not_sure"}) for acts, grounds in rows if acts and grounds - {"not_sure"}]
    assert found.n == len(both)
    expected = Counter((ground, act) for acts, grounds in both for ground in grounds for act in acts)
    assert {(pair.first.code, pair.second.code): pair.n for pair in found.pairs} == dict(expected)


def test_small_pairs_are_marked_as_not_for_publication() -> None:
    desk = Desk()
    for _ in range(10):
        desk.add(ticks={"acts": ["shout", "push"]})
    desk.add(ticks={"acts": ["shout", "search"]})
    small = {pair.second.code: pair.small for pair in together.together(desk.database, "acts").pairs}
    assert small == {"push": False, "search": True}


def test_rows_of_more_than_forty_choices_keep_apart() -> None:
    import numpy as np

    ticks = np.zeros((4, 90), dtype=np.bool_)
    ticks[0, 3] = ticks[1, 43] = ticks[2, 83] = ticks[3, 43] = True
    codes = together.row_codes(ticks)
    assert codes[1] == codes[3]
    assert len(set(codes.tolist())) == 3


def test_an_empty_desk_has_no_pairs() -> None:
    found = together.together(Desk().database, "acts")
    assert (found.n, found.pairs, found.combinations) == (0, (), ())
    assert together.act_questions(Desk().database) == ("acts",)
