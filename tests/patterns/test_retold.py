"""Nearly the same stories: found, compared exactly, and short ones left alone."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.patterns import ranked, retold, sketch
from analysis.patterns.alike import STORY
from analysis.patterns.reading import read_reports
from tests.patterns.desks import Desk

WORDS = [f"word{number}" for number in range(400)]


def story(seed: int, length: int = 60) -> list[str]:
    return random.Random(seed).choices(WORDS, k=length)


def changed(words: list[str], seed: int, times: int = 1) -> list[str]:
    """The same with some words replaced by new ones."""
    draw, copy = random.Random(seed), list(words)
    for place in draw.sample(range(len(copy)), times):
        copy[place] = f"other{seed}"
    return copy


def desk_of(*stories: str, **more: str) -> Desk:
    desk = Desk()
    for text in stories:
        desk.add(texts={"story": text}, **more)  # type: ignore[arg-type]
    return desk


def plain_shingles(text: str) -> set[tuple[str, ...]]:
    words = text.split()
    return {tuple(words[place : place + 3]) for place in range(len(words) - 2)}


def plain_similarity(a: str, b: str) -> float:
    first, second = plain_shingles(a), plain_shingles(b)
    return len(first & second) / len(first | second)


def test_a_story_told_again_in_other_case_and_commas_is_the_same() -> None:
    words = story(1)
    desk = desk_of(" ".join(words), ", ".join(words).upper(), " ".join(story(2)))
    (one,) = retold.stories(desk.database).sets
    assert (one.reports, one.likeness, one.why, one.kind) == ((1, 2), 1.0, ("story",), STORY)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.integers(1, 3))
def test_a_story_with_some_words_changed_is_found(seed: int, times: int) -> None:
    first = story(seed)
    second = changed(first, seed, times)
    others = [" ".join(story(seed + number)) for number in range(1, 20)]
    desk = desk_of(" ".join(first), *others, " ".join(second))
    (one,) = retold.stories(desk.database).sets
    assert one.reports == (1, 21)
    assert one.likeness == pytest.approx(plain_similarity(" ".join(first), " ".join(second)))
    assert one.likeness >= retold.ENOUGH


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(0, 10_000))
def test_stories_that_share_too_little_are_not_linked(seed: int) -> None:
    first = story(seed)
    second = changed(first, seed, 20)
    assert plain_similarity(" ".join(first), " ".join(second)) < retold.ENOUGH
    assert retold.stories(desk_of(" ".join(first), " ".join(second)).database).sets == ()


def test_short_stories_are_alike_by_chance_and_left_alone() -> None:
    desk = desk_of(*["They took my bag outside the clinic."] * 5)
    assert retold.stories(desk.database).sets == ()


def test_a_crowd_of_near_copies_is_one_set() -> None:
    words = story(5, 80)
    desk = desk_of(*(" ".join(changed(words, number)) for number in range(60)), " ".join(story(6)))
    (one,) = retold.stories(desk.database).sets
    assert one.reports == tuple(range(1, 61))
    assert (one.weeks, one.channels, one.largest) == (1, 1, 60)
    (flood,) = ranked.floods(desk.database, ranked.rank(desk.database, STORY))
    assert (flood.week, flood.channel, flood.alike, flood.n) == ("2026-W21", "web", 60, 61)


def test_a_bound_that_is_reached_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = desk_of(*(" ".join(changed(story(7), number)) for number in range(20)))
    assert retold.stories(desk.database).complete
    monkeypatch.setattr(retold, "MOST_OF_ONE", 0)
    desk.forget()
    assert not retold.stories(desk.database).complete


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.sampled_from(["a", "b", "ñ", "жук", "12"]), max_size=20), max_size=12))
def test_shingles_are_those_of_plain_counting(stories: list[list[str]]) -> None:
    sketcher = sketch.Sketcher()
    for words in stories:
        assert len(sketcher.shingles(" ".join(words))) == len(plain_shingles(" ".join(words)))


def test_sketches_do_not_depend_on_the_lot_they_were_made_in() -> None:
    told = [" ".join(story(number, number % 40)) for number in range(30)]
    whole = sketch.Sketcher().sketches(told)
    for place, text in enumerate(told):
        alone = sketch.Sketcher().sketches([text])
        for part, one in zip(whole, alone, strict=True):
            assert np.array_equal(part[place], one[0])


def test_a_desk_without_stories_has_no_sets() -> None:
    desk = desk_of()
    assert retold.stories(desk.database).sets == ()
    desk.add()
    assert retold.stories(desk.database).sets == ()
    assert len(read_reports(desk.database)) == 1
