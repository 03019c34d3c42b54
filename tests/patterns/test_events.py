"""Same answers and same events, against weighing that is plain to read."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.patterns import events, traits
from tests.patterns.desks import Desk

MONTHS = (None, "2025", "2025-03", "2025-04")
ROW = st.tuples(
    st.sampled_from(MONTHS),
    st.sampled_from(["", "11", "11|22", "22|33|11"]),
    st.sampled_from(["", "Harbor", "North 7"]),
    st.sampled_from([None, "street", "car"]),
    st.sampled_from([(), ("shout",), ("shout", "push")]),
)
Row = tuple[str | None, str, str, str | None, tuple[str, ...]]


def add(desk: Desk, row: Row, **more: str) -> int:
    when, marks, station, contact, acts = row
    texts = {name: text for name, text in (("marks", marks), ("station", station)) if text}
    one_of = {"contact": contact} if contact else {}
    return desk.add(when=when, texts=texts, ticks={"acts": acts}, **one_of, **more)  # type: ignore[arg-type]


def exact(when: str | None) -> str | None:
    return when if when and "-" in when else None


def bits_by_hand(rows: list[Row], a: Row, b: Row) -> float:
    """Shared answers by their rarity, different ones at a fixed price."""
    total = 0.0
    named = [set(filter(None, row[1].split("|"))) for row in (a, b)]
    for read in (lambda row: exact(row[0]), lambda row: row[2] or None, lambda row: row[3]):
        given_ = Counter(read(row) for row in rows if read(row))
        if read(a) and read(b):
            rarity = -math.log2(given_[read(a)] / given_.total())
            # A place adds nothing where an officer is shared.
            rarity = 0.0 if read(a) == a[2] and named[0] & named[1] else rarity
            total += rarity if read(a) == read(b) else -events.DIFFERENT
    for act in set(a[4]) & set(b[4]):
        total -= math.log2(sum(act in row[4] for row in rows) / len(rows))
    for mark in named[0] & named[1]:
        total -= math.log2(sum(mark in row[1].split("|") for row in rows) / len(rows))
    return total - events.DIFFERENT * bool(named[0] and named[1] and not named[0] & named[1])


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, min_size=2, max_size=9))
def test_pairs_are_weighed_as_by_hand(rows: list[Row]) -> None:
    desk = Desk()
    for row in rows:
        add(desk, row)
    reports = events._read(desk.database)
    two = np.array(list(itertools.combinations(range(len(rows)), 2)), dtype=np.int64)
    pairs = two[:, 0] * len(rows) + two[:, 1]
    named = traits.marks(desk.database, reports)
    once, ticks = (read(desk.database, reports) for read in (events._traits, traits.tick_traits))
    found = events.weigh(reports, once, ticks, named, pairs)
    expected = [bits_by_hand(rows, rows[a], rows[b]) for a, b in two.tolist()]
    assert found.bits.tolist() == pytest.approx(expected)


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, min_size=2, max_size=12))
def test_candidates_are_all_pairs_of_a_month_with_an_officer_or_a_place_and_its_acts(
    rows: list[Row],
) -> None:
    desk = Desk()
    for row in rows:
        add(desk, row)
    reports = events._read(desk.database)
    named, ticks = traits.marks(desk.database, reports), events._sum_ticks(desk.database, reports)
    pairs, complete = events._candidates(desk.database, reports, named, ticks)

    def belong(a: Row, b: Row) -> bool:
        same_month = exact(a[0]) is not None and a[0] == b[0]
        officers = set(filter(None, a[1].split("|"))) & set(filter(None, b[1].split("|")))
        return same_month and bool(officers or (a[2] and a[2] == b[2] and a[4] and a[4] == b[4]))

    expected = [
        one * len(rows) + other
        for one, other in itertools.combinations(range(len(rows)), 2)
        if belong(rows[one], rows[other])
    ]
    assert (pairs.tolist(), complete) == (expected, True)


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, min_size=2, max_size=12), st.floats(0, 30))
def test_no_pair_with_enough_bits_is_left_out_before_ticks_are_weighed(
    rows: list[Row], enough: float
) -> None:
    desk = Desk()
    for row in rows:
        add(desk, row)
    database, reports = desk.database, events._read(desk.database)
    named, ticks = traits.marks(database, reports), events._sum_ticks(database, reports)
    pairs = np.array([a * len(rows) + b for a, b in itertools.combinations(range(len(rows)), 2)])
    whole = (events._traits(database, reports), traits.tick_traits(database, reports), named)
    wanted = pairs[events.weigh(reports, *whole, pairs).bits >= enough]
    likely = events._likely(database, reports, named, ticks, pairs, enough)
    assert set(wanted.tolist()) <= set(likely.tolist())


def crowd(desk: Desk) -> None:
    """Two hundred reports of different months, officers and stations."""
    for number in range(200):
        month = f"{2000 + number // 12}-{number % 12 + 1:02d}"
        add(desk, (month, str(1000 + number), f"Place {number}", None, ("shout",)))


def test_two_reports_of_one_officer_place_and_month_are_one_event() -> None:
    desk = Desk()
    crowd(desk)
    first = add(desk, ("2025-03", "77|88", "Harbor", "street", ("push",)))
    second = add(desk, ("2025-03", "88", "harbor", "car", ("push", "shout")))
    add(desk, ("2025-04", "88", "Harbor", "street", ("push",)))
    (one,) = events.same_event(desk.database).sets
    assert one.reports == (first, second)
    assert {"when", "station", "acts", "marks"} == set(one.why)
    assert one.likeness > traits.by_chance(desk.last)


def test_the_same_answers_throughout_are_a_set_and_common_ones_are_none() -> None:
    desk = Desk()
    crowd(desk)
    for _ in range(5):
        add(desk, (None, "", "", "street", ("push",)))
    rare: Row = ("2025-03", "77", "Harbor", "car", ("push", "arrest"))
    first, second = add(desk, rare), add(desk, rare, channel="paper")
    add(desk, ("2025-03", "77", "Harbor", "car", ("push", "search")))
    (one,) = events.same_answers(desk.database).sets
    assert (one.reports, one.channels) == ((first, second), 2)


def test_a_crowded_month_of_one_officer_is_left_out_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    for _ in range(4):
        add(desk, ("2025-03", "77", "", None, ()))
    assert events.same_event(desk.database).complete
    monkeypatch.setattr(events, "MOST_OF_BLOCK", 3)
    desk.forget()
    assert not events.same_event(desk.database).complete


def test_an_empty_desk_has_no_events() -> None:
    database = Desk().database
    assert events.same_event(database).sets == events.same_answers(database).sets == ()
