"""Summaries after any series of imports, decisions and purges: the same as those made from nothing."""

from dataclasses import astuple
from random import Random
from typing import Any, TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import summaries
from analysis.cipher import Database
from analysis.patterns import (
    alike,
    behind,
    coded,
    corpus,
    events,
    making,
    places,
    retold,
    shares,
    time,
    together,
    words,
)
from analysis.patterns.ranked import rank_kept
from analysis.patterns.written import find_mark
from analysis.review.log import UNDO, follow, record
from analysis.review.people import Reviewer
from tests.patterns.desks import ACTS, GROUNDS, Desk

ANA = Reviewer.named("Ana")
STATIONS = ("4th District", "4th district", "4th Distrcit", "Harbor", "Harbour", "harbor clinic", "7", "")
LONG = [" ".join(Random(seed).choices([f"word{n}x" for n in "abcdefghij"], k=30)) for seed in range(4)]

Step: TypeAlias = tuple[str, int]
KINDS = ("import", "import", "refresh", "exclude", "restore", "undo", "purge")
STEPS = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 10**6)), min_size=1, max_size=14)


def story(draw: Random) -> str:
    """One of a few stories, or nearly one."""
    told = draw.choice(LONG).split()
    for _ in range(draw.choice((0, 0, 1, 3))):
        told[draw.randrange(len(told))] = draw.choice(("bag", "river", "dogs", "phone"))
    return " ".join(told)


def take(desk: Desk, step: Step) -> None:
    """Does one step, as the desk's commands and pages do it."""
    (what, seed), connection = step, desk.connection
    draw = Random(seed)
    about = draw.sample(range(1, desk.last + 1), min(desk.last, draw.randint(1, 4)))
    if what == "import":
        for _ in range(draw.randint(1, 8)):
            add(desk, draw)
    elif what == "refresh":
        assert len(desk.database) >= 0
    elif what in ("exclude", "restore") and about:
        value = "junk" if what == "exclude" else None
        follow(connection, record(connection, what, ANA, value=value, reports=about))
    elif what == "undo":
        standing = connection.execute('SELECT "id" FROM "standing" ORDER BY "id"').fetchall()
        if standing:
            (number,) = draw.choice(standing)
            record(connection, UNDO, ANA, undoes=number)
            follow(connection, number)
    elif what == "purge" and about:
        connection.execute('DELETE FROM "texts" WHERE "report" = ?', about[:1])
    connection.commit()


def add(desk: Desk, draw: Random) -> None:
    """One report, of which others may be like."""
    texts = {"station": draw.choice(STATIONS), "marks": draw.choice(("12|34", "34", "56", ""))}
    if draw.random() < 0.8:
        texts["story"] = story(draw)
    desk.add(
        week=f"2026-W{draw.randint(10, 14)}",
        channel=draw.choice(("web", "paper")),
        lang=draw.choice(("en", "en", "es")),
        when=draw.choice(("2026-01", "2026-02", "2025", None)),
        ticks={
            "acts": draw.sample(ACTS, draw.randint(0, 3)),
            "grounds": draw.sample(GROUNDS, draw.randint(0, 2)),
        },
        texts={name: text for name, text in texts.items() if text},
        count="yes" if draw.random() < 0.85 else "no",
    )


def everything(desk: Desk) -> list[Any]:
    """What the pages of patterns show."""
    database = desk.database
    corpora = [corpus.read_corpus(database, lang) for lang in ("en", "es")]
    chosen = np.array([1, 2, 3])
    return [
        time.by_week(database),
        together.together(database, "acts"),
        [places.places(database, pool) for pool in places.pools(database)],
        [words.typical(database, one, chosen, fewest=1) for one in corpora],
        retold.stories(database),
        events.same_answers(database),
        events.same_event(database),
    ]


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_summaries_say_after_every_series_what_those_made_from_nothing_say(steps: list[Step]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        # So that a part of the stories is passed over, and more of them with every import.
        patch.setattr(corpus, "MOST_STORIES", 6)
        # So that shares stand still while some reports come, and crowded months come to be so.
        patch.setattr(shares, "EXACT", 4)
        patch.setattr(shares, "KEPT_BITS", 1)
        patch.setattr(events, "MOST_OF_BLOCK", 4)
        desk = Desk()
        for step in steps:
            take(desk, step)
        kept = everything(desk)
        desk.forget()
        assert everything(desk) == kept


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=12))
def test_answers_in_many_parts_are_those_that_are_read_at_once(seeds: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for module in (summaries, coded):
            patch.setattr(module, "CHUNK", 8)
        desk, found = Desk(), list[list[Any]]()
        for seed in seeds:
            take(desk, ("import", seed))
            found.append([one.tolist() for one in astuple(coded.read_coded(desk.database))])
        desk.forget()
        assert [one.tolist() for one in astuple(coded.read_coded(desk.database))] == found[-1]


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_numbers_are_those_of_the_counted_rows_after_every_series(steps: list[Step]) -> None:
    desk = Desk()
    for step in steps:
        take(desk, step)
        database = desk.database
        run = database.conn.execute
        weeks = dict(run('SELECT "week", count(*) FROM "counted" GROUP BY 1').fetchall())
        assert {one.name: one.n for one in time.by_week(database) if one.n} == weeks
        (pool,) = (one for one in places.pools(database) if one.id == "station")
        named = run(
            """SELECT "text", count(*) FROM "texts" WHERE "question" = 'station'
            AND "report" IN (SELECT "id" FROM "counted") GROUP BY 1"""
        ).fetchall()
        groups = places.places(database, pool).groups
        shown = {one.written: one.n for group in groups for one in group.spellings}
        assert shown == dict(named)
        counted = {row[0] for row in run('SELECT "id" FROM "counted"')}
        for find in (retold.stories, events.same_answers, events.same_event):
            for one in find(database).sets:
                assert counted.issuperset(one.reports)
                assert one.n > 1


def held(desk: Desk) -> str:
    """Every word that stands in a summary."""
    parts = desk.connection.execute('SELECT "name", "part" FROM "summaries"').fetchall()
    return str([summaries.read(desk.connection, name, part) for name, part in parts])


def desk_of(*stories: str) -> Desk:
    desk = Desk()
    for number, told in enumerate(stories):
        desk.add(texts={"story": told, "station": f"quokka {number}"})
    assert len(desk.database) == len(stories)
    return desk


def test_a_deleted_text_leaves_no_word_in_a_summary_even_before_they_are_made_again() -> None:
    desk = desk_of("wallaby wombat " * 10, "dingo wombat " * 10)
    for word in ("wallaby", "wombat", "quokka 0"):
        assert word in held(desk)
    desk.connection.execute('DELETE FROM "texts" WHERE "report" = 1')
    assert "wombat" not in held(desk)
    assert "quokka" not in held(desk)
    assert not making.is_true(desk.connection)
    assert len(desk.database) == 2
    assert "dingo" in held(desk)
    assert "quokka 1" in held(desk)
    assert not any(word in held(desk) for word in ("wallaby", "quokka 0"))


def test_a_decision_leaves_every_summary_as_it_is() -> None:
    desk = desk_of(*LONG, LONG[0])
    query = 'SELECT * FROM "summaries"'
    before = desk.connection.execute(query).fetchall()
    assert [one.reports for one in retold.stories(desk.database).sets] == [(1, 5)]
    follow(desk.connection, record(desk.connection, "exclude", ANA, value="junk", reports=[5]))
    assert retold.stories(desk.database).sets == ()
    assert desk.connection.execute(query).fetchall() == before


def test_a_part_that_was_made_of_older_reports_is_not_written() -> None:
    desk = desk_of(*LONG)
    desk.forget()
    first = next(making.make(desk.connection))
    desk.connection.execute('DELETE FROM "texts" WHERE "report" = 1')
    desk.connection.commit()
    with Database(desk.connection).atomic():
        assert not making.write(desk.connection, first)
    assert "quokka" not in held(desk)


def test_what_is_not_made_yet_is_told_and_never_waited_for() -> None:
    desk = desk_of(*LONG, LONG[0])
    database = desk.database
    desk.forget()
    database.bits.forget()
    (pool,) = (one for one in places.pools(database) if one.id == "station")
    assert retold.stories(database).newer is None
    assert places.places(database, pool).newer is None


def read_kept(desk: Desk) -> summaries.Summary:
    """The sets of nearly the same story, as they are kept by now."""
    kept = summaries.read(desk.database.conn, alike.STORY)
    assert kept
    return kept


def test_reports_that_are_newer_than_a_summary_are_counted_as_such() -> None:
    desk = desk_of(*LONG, LONG[0])
    before = read_kept(desk)
    desk.add(texts={"story": LONG[0]})
    newer = [rank_kept(desk.database, alike.STORY, one).newer for one in (before, read_kept(desk))]
    assert newer == [1, 0]


def test_a_mark_leads_to_the_reports_that_the_tables_have_for_it() -> None:
    desk = desk_of(*LONG)
    for marks in ("12|34", "34", "badge 12", "1234"):
        desk.add(texts={"marks": marks})
    database = desk.database
    for written in ("12", "34", "badge 12", "1234", "nobody"):
        found = find_mark(database, written)
        assert found is not None
        assert found.tolist() == list(behind.with_mark(database, "marks", written))
    older = database.bits.keep
    desk.add(texts={"marks": "12"})
    late = desk.database
    late.bits.keep(("names:marks",), lambda: older(("names:marks",), lambda: None))
    assert find_mark(late, "12") is None
