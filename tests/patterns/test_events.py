"""Same answers and same events, against weighing that is plain to read."""

import itertools
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import summaries
from analysis.patterns import events, shares, traits, weighing
from analysis.patterns.alike import ANSWERS, EVENT
from analysis.patterns.reading import Numbers
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


def every_pair(rows: list[Row]) -> Numbers:
    """All pairs of the reports, as they are weighed; the first row is report 1."""
    two = np.array(list(itertools.combinations(range(1, len(rows) + 1), 2)), dtype=np.int64)
    return np.sort(weighing.pack(two[:, 0], two[:, 1]))


def by_report(pairs: Numbers) -> list[tuple[int, int]]:
    first, second = weighing.unpack(pairs)
    return list(zip(first.tolist(), second.tolist(), strict=True))


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
            total += rarity if read(a) == read(b) else -weighing.DIFFERENT
    for act in set(a[4]) & set(b[4]):
        total -= math.log2(sum(act in row[4] for row in rows) / len(rows))
    for mark in named[0] & named[1]:
        total -= math.log2(sum(mark in row[1].split("|") for row in rows) / len(rows))
    return total - weighing.DIFFERENT * bool(named[0] and named[1] and not named[0] & named[1])


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, min_size=2, max_size=9))
def test_pairs_are_weighed_as_by_hand(rows: list[Row]) -> None:
    desk = Desk()
    for row in rows:
        add(desk, row)
    database, pairs = desk.database, every_pair(rows)
    found = weighing.weigh(weighing.Told.by(database, database, weighing.ends(pairs)), pairs)
    expected = [bits_by_hand(rows, rows[a - 1], rows[b - 1]) for a, b in by_report(pairs)]
    assert found.bits.tolist() == pytest.approx(expected)


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, min_size=2, max_size=12))
def test_candidates_are_all_pairs_of_a_month_with_an_officer_or_a_place_and_its_acts(
    rows: list[Row],
) -> None:
    desk = Desk()
    for row in rows:
        add(desk, row)
    found = events.find_candidates(desk.database)

    def belong(a: Row, b: Row) -> bool:
        same_month = exact(a[0]) is not None and a[0] == b[0]
        officers = set(filter(None, a[1].split("|"))) & set(filter(None, b[1].split("|")))
        return same_month and bool(officers or (a[2] and a[2] == b[2] and a[4] and a[4] == b[4]))

    expected = [(a, b) for a, b in by_report(every_pair(rows)) if belong(rows[a - 1], rows[b - 1])]
    assert (by_report(found.pairs), found.whole, found.all) == (expected, True, True)


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, min_size=2, max_size=12), st.floats(0, 30))
def test_no_pair_with_enough_bits_is_left_out_before_ticks_are_weighed(
    rows: list[Row], enough: float
) -> None:
    desk = Desk()
    for row in rows:
        add(desk, row)
    database, pairs = desk.database, every_pair(rows)
    told = weighing.Told.by(database, database, weighing.ends(pairs))
    wanted = pairs[weighing.weigh(told, pairs).bits >= enough]
    likely = events.likely(database, database, pairs, enough)
    assert set(wanted.tolist()) <= set(likely.tolist())


@settings(max_examples=80, deadline=None)
@given(st.lists(st.lists(ROW, min_size=1, max_size=5), min_size=1, max_size=7))
def test_events_of_many_imports_are_those_that_are_found_at_once(imports: list[list[Row]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        # So that shares stand still for some imports, months get crowded, and little is enough.
        patch.setattr(shares, "EXACT", 4)
        patch.setattr(shares, "KEPT_BITS", 1)
        patch.setattr(events, "MOST_OF_BLOCK", 3)
        patch.setattr(events, "by_chance", lambda _: 1.0)
        desk = Desk()
        for rows in imports:
            for row in rows:
                add(desk, row)
            assert desk.database.conn
        kept = [told(desk, kind) for kind in (ANSWERS, EVENT)]
        desk.forget()
        assert [told(desk, kind) for kind in (ANSWERS, EVENT)] == kept


def test_a_pair_that_was_weighed_is_not_weighed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "EXACT", 4)
    monkeypatch.setattr(shares, "KEPT_BITS", 1)
    weighed, likely = list[int](), events.likely
    monkeypatch.setattr(events, "likely", lambda d, a, p, e: weighed.append(len(p)) or likely(d, a, p, e))
    desk = Desk()
    for _ in range(9):
        add(desk, ("2025-03", "77", "Harbor", None, ("shout",)))
    told(desk, EVENT)
    add(desk, ("2025-03", "77", "Harbor", None, ("shout",)))
    told(desk, EVENT)
    assert weighed == [36, 9]


def told(desk: Desk, kind: str) -> list[Any]:
    """All that a summary says."""
    kept = summaries.read(desk.database.conn, kind)
    assert kept
    return [kept.until, kept.words, {name: one.tolist() for name, one in kept.columns.items()}]


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
