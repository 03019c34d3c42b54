"""The words of stories, kept as numbers, so that no page has to read ten thousand stories.

A story counts once for a word. Of a language with more than MOST_STORIES reports every second one is
kept, or every fourth: those whose number, well mixed, ends in so many zeros. Which ones those are does
not depend on when they came, and not on what was decided about them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis import summaries
from analysis.bitmaps import CHUNK, flags, numbers
from analysis.patterns.reading import Codes, Counted, Numbers, read_consenting, read_stories, story_questions
from analysis.patterns.sketch import MULTIPLIER, mixed
from analysis.summaries import Summary

MOST_STORIES = 40_000
WORDS = "words"
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_LONGEST_WORD = 40


@dataclass(frozen=True, slots=True)
class Corpus:
    """The words of one language's stories.

    `reports` are those whose stories were read; the words of story i are `words[starts[i]:starts[i + 1]]`,
    each once, as places in `vocabulary`. `level` is 0 where no story was passed over; `until` has the
    last report that each part covers.
    """

    lang: str
    vocabulary: tuple[str, ...]
    reports: Numbers
    starts: Numbers
    words: Codes
    level: int
    until: dict[int, int]

    def newer(self, speaking: NDArray[np.bool_]) -> int:
        """How many of these reports (a mask) came later than what was read."""
        n = 0
        for start in range(0, len(speaking), CHUNK):
            last = self.until.get(start // CHUNK, start - 1)
            n += int(speaking[last + 1 : start + CHUNK].sum())
        return n


def words_of(story: str) -> set[str]:
    """The different words of a story."""
    return {word for word in _WORD.findall(story.casefold()) if 1 < len(word) <= _LONGEST_WORD}


def read_corpus(database: Counted, lang: str) -> Corpus:
    """The words of a language's stories, of all reports that may be counted."""
    found: Corpus = database.bits.keep(("corpus", lang), lambda: _read(database, lang))
    return found


def _read(database: Counted, lang: str) -> Corpus:
    speaking = _wanted(database).get(lang, np.zeros(0, dtype=np.bool_))
    places: dict[str, int] = {}
    lengths, words = [np.zeros(0, np.int64)], [np.zeros(0, np.int32)]
    reports, until = [np.zeros(0, np.int64)], {}
    for part, one in summaries.read_parts(database.conn, WORDS):
        until[part] = one.until
        if not len(speaking):
            continue
        mine = speaking[one.columns["reports"]]
        told = one.columns["words"][np.repeat(mine, one.columns["lengths"])]
        # Words of the other languages come with them: those stand in no story here, and are told of none.
        known = [places.setdefault(word, len(places)) for word in one.words["vocabulary"]]
        words.append(np.array(known, np.int32)[told])
        reports.append(one.columns["reports"][mine])
        lengths.append(one.columns["lengths"][mine])
    starts = np.concatenate([[0], np.cumsum(np.concatenate(lengths))])
    level = _level(_speaking(database).get(lang, 0))
    return Corpus(lang, tuple(places), np.concatenate(reports), starts, np.concatenate(words), level, until)


def make_words(database: Counted, newest: int) -> Iterator[tuple[int, Summary]]:
    """The parts that lack reports, or hold twice what they should, since there are so many more by now."""
    asked, wanted = story_questions(database), _wanted(database)
    every = np.logical_or.reduce([np.zeros_like(flags(database.which)), *wanted.values()])
    lacking = {part: (first, last) for part, first, last in summaries.missing(database.conn, WORDS, newest)}
    for part in range(newest // CHUNK + 1):
        before = summaries.read(database.conn, WORDS, part)
        kept = int(every[before.columns["reports"]].sum()) if before else 0
        if part not in lacking and before and len(before.columns["reports"]) <= 2 * kept:
            continue
        first, last = lacking.get(part, (0, -1))
        fresh = np.flatnonzero(every[first : last + 1]) + first
        until = last if part in lacking or not before else before.until
        made = _Part(before, every)
        for report, story in read_stories(database, fresh, asked):
            made.add(report, story)
        yield part, made.summary(until)


class _Part:
    """The words of some stories, as they are gathered."""

    def __init__(self, before: Summary | None, every: NDArray[np.bool_]) -> None:
        self._places: dict[str, int] = {}
        self._reports, self._lengths, self._words = list[int](), list[int](), list[int]()
        if before:
            vocabulary, ends = before.words["vocabulary"], np.cumsum(before.columns["lengths"])
            rows = zip(*(before.columns[name].tolist() for name in ("reports", "lengths")), ends, strict=True)
            for report, length, end in rows:
                if every[report]:
                    told = before.columns["words"][end - length : end].tolist()
                    self._put(report, [vocabulary[word] for word in told])

    def add(self, report: int, story: str) -> None:
        """Adds a story."""
        self._put(report, sorted(words_of(story)))

    def _put(self, report: int, words: list[str]) -> None:
        places = self._places
        self._words += [places.setdefault(word, len(places)) for word in words]
        self._reports.append(report)
        self._lengths.append(len(words))

    def summary(self, until: int) -> Summary:
        """As it is kept."""
        columns: dict[str, NDArray[Any]] = {
            "reports": np.array(self._reports, np.int64),
            "lengths": np.array(self._lengths, np.int64),
            "words": np.array(self._words, np.int32),
        }
        return Summary(until, {"vocabulary": list(self._places)}, columns)


def _speaking(database: Counted) -> dict[str, int]:
    """How many reports that may be counted are in each language."""
    able = read_consenting(database.conn, database.bits)
    return {str(lang): able.among(bits) for lang, bits in able.column("lang").items()}


def _level(reports: int) -> int:
    level = 0
    while reports >> level > MOST_STORIES:
        level += 1
    return level


def _wanted(database: Counted) -> dict[str, NDArray[np.bool_]]:
    """For each language a mask of the reports whose stories are to be read."""
    able = read_consenting(database.conn, database.bits)
    found = {}
    for lang, bits in able.column("lang").items():
        reports = numbers(bits & able.which)
        ends = np.uint64((1 << _level(len(reports))) - 1)
        kept = reports[mixed(reports.astype(np.uint64) * MULTIPLIER) & ends == 0]
        found[str(lang)] = flags(database.bits.of_numbers(kept))
    return found
