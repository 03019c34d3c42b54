"""Words typical of some reports, against the paper's formula written out plainly."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.patterns import corpus as corpora
from analysis.patterns import words
from tests.patterns.desks import Desk

STORIES = st.lists(
    st.tuples(st.booleans(), st.lists(st.sampled_from(["bag", "dose", "late", "bin"]), max_size=6)),
    max_size=15,
)


def desk_of(rows: list[tuple[bool, list[str]]], lang: str = "en") -> Desk:
    desk = Desk()
    for shouted, story in rows:
        ticks = {"acts": ["shout"] if shouted else []}
        desk.add(lang=lang, ticks=ticks, texts={"story": " ".join(story)} if story else {})
    return desk


def z_by_hand(word: str, chosen: list[set[str]], rest: list[set[str]]) -> float:
    """Equations 16 and 22, one word at a time."""
    everything = chosen + rest
    a0 = words.PRIOR
    a = a0 * sum(word in story for story in everything) / sum(map(len, everything))
    odds, variance = [], 0.0
    for side in (chosen, rest):
        y, n = sum(word in story for story in side), sum(map(len, side))
        odds.append(math.log((y + a) / (n + a0 - y - a)))
        variance += 1 / (y + a)
    return (odds[0] - odds[1]) / math.sqrt(variance)


@settings(max_examples=60, deadline=None)
@given(STORIES)
def test_typical_words_are_those_of_the_paper(rows: list[tuple[bool, list[str]]]) -> None:
    desk = desk_of(rows)
    chosen = desk.who_ticked("acts", "shout")
    corpus = corpora.read_corpus(desk.database, "en")
    found = words.typical(desk.database, corpus, chosen, fewest=1)
    sides = [[set(story) for shouted, story in rows if shouted is side and story] for side in (True, False)]
    assert (found.stories, found.others, found.whole) == (len(sides[0]), len(sides[1]), True)
    # One word alone has all of the weight on both sides, and odds against nothing.
    told = set().union(*sides[0]) if len(set().union(*sides[0], *sides[1])) > 1 else set()
    expected = {word: z for word in told if (z := z_by_hand(word, *sides)) > 0}
    assert {term.word: term.z for term in found.terms} == pytest.approx(expected)


def test_a_word_repeated_in_one_story_counts_once() -> None:
    desk = desk_of([(True, ["bag"] * 50), (True, ["dose"]), (False, ["dose", "late"])])
    chosen = desk.who_ticked("acts", "shout")
    corpus = corpora.read_corpus(desk.database, "en")
    terms = words.typical(desk.database, corpus, chosen, fewest=1).terms
    assert {term.word: term.n for term in terms} == {"bag": 1}


def test_words_of_few_stories_are_not_told() -> None:
    rows = [(True, ["bag", "late"])] * 5 + [(True, ["smith", "late"])] * 4 + [(False, ["late", "dose"])] * 9
    desk = desk_of(rows)
    chosen = desk.who_ticked("acts", "shout")
    found = words.typical(desk.database, corpora.read_corpus(desk.database, "en"), chosen)
    assert [(term.word, term.small) for term in found.terms] == [("bag", True)]


def test_stories_of_another_language_are_left_out() -> None:
    desk = desk_of([(True, ["bag", "late"]), (False, ["dose"])], lang="es")
    corpus = corpora.read_corpus(desk.database, "en")
    found = words.typical(desk.database, corpus, np.array([1]), fewest=1)
    assert (found.stories, found.others, found.terms) == (0, 0, ())


def test_of_many_stories_a_part_is_read_and_of_few_chosen_ones_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpora, "MOST_STORIES", 10)
    desk = desk_of([(number % 4 == 0, ["bag", "dose" if number % 4 else "late"]) for number in range(40)])
    corpus = corpora.read_corpus(desk.database, "en")
    assert 4 <= len(corpus.reports) <= 16
    assert corpus.level == 2
    chosen = desk.who_ticked("acts", "shout")
    found = words.typical(desk.database, corpus, chosen)
    # Every chosen story was read for it, though the corpus holds a quarter.
    assert (found.stories, found.whole) == (10, True)
    assert [term.word for term in found.terms] == ["late"]


def test_stories_that_came_after_the_words_were_read_are_told() -> None:
    desk = desk_of([(True, ["bag", "late"]), (False, ["dose", "late"])])
    before = corpora.read_corpus(desk.database, "en")
    desk.add(texts={"story": "bag again"})
    found = words.typical(desk.database, before, np.array([1]), fewest=1)
    assert (found.newer, found.stories, found.others) == (1, 1, 1)
