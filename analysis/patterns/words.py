"""Words that are typical of some reports: of an act, an area, a place.

Weighted log-odds with an informative Dirichlet prior: Monroe, Colaresi and Quinn, "Fightin' Words",
Political Analysis 16 (2008), section 3.3, equations 16 and 22. With y the number of stories with word w
in the chosen reports (i) and in the rest (j), n the sums of y over all words, and a the prior, which is
what all stories say, in a fixed weight a0:

    delta = log((y_iw + a_w) / (n_i + a0 - y_iw - a_w)) - log((y_jw + a_w) / (n_j + a0 - y_jw - a_w))
    variance = 1 / (y_iw + a_w) + 1 / (y_jw + a_w)
    z = delta / sqrt(variance)

A story counts once for a word, however often it says it, so that no single one decides. Languages are
kept apart: otherwise the words typical of anything would be those of whoever spoke more of it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.bitmaps import flags
from analysis.patterns.corpus import Corpus, words_of
from analysis.patterns.reading import Counted, Numbers, is_small, read_stories

# Of the chosen reports so many are read where fewer are in the corpus: as many as a page has time for.
MOST_CHOSEN = 1_000
# The weight of the prior, in words: of the size of a few short stories.
PRIOR = 500.0
# A word of fewer stories is a name or a slip, and points to somebody.
FEWEST = 5


@dataclass(frozen=True, slots=True)
class Term:
    """A word: in `n` of the chosen stories and `rest` of the others; z says how typical it is."""

    word: str
    n: int
    rest: int
    delta: float
    z: float
    small: bool


@dataclass(frozen=True, slots=True)
class Typical:
    """The words typical of chosen reports, the most typical first, out of the stories that were read.

    `stories` of the chosen, `others` of the rest. `whole` is False when only a part was read. `newer`
    counted reports in the language came after the words of the rest were read.
    """

    lang: str
    stories: int
    others: int
    whole: bool
    newer: int
    terms: tuple[Term, ...]


def typical(
    database: Counted, corpus: Corpus, chosen: Numbers, *, top: int = 50, fewest: int = FEWEST
) -> Typical:
    """The `top` words typical of the chosen reports (their numbers) against all others in the corpus."""
    which = flags(database.which)
    wanted = flags(database.bits.of_numbers(chosen))
    speaking = which & flags(database.column("lang").get(corpus.lang, database.bits.none()))
    inside = (wanted & which)[corpus.reports]
    rest, others = _counts(corpus, ~inside & which[corpus.reports])
    newer = corpus.newer(speaking)
    whole = not corpus.level and not newer
    if whole or int(inside.sum()) >= MOST_CHOSEN:
        y, stories = _counts(corpus, inside)
    else:
        y, stories, whole = _read_chosen(database, corpus, np.flatnonzero(wanted & speaking))
    terms = _terms(corpus.vocabulary, y, rest, fewest)
    return Typical(corpus.lang, stories, others, whole, newer, tuple(terms[:top]))


def _evenly(reports: Numbers, most: int) -> tuple[Numbers, bool]:
    if len(reports) <= most:
        return reports, True
    return reports[np.arange(most, dtype=np.int64) * len(reports) // most], False


def _counts(corpus: Corpus, stories: NDArray[np.bool_]) -> tuple[Numbers, int]:
    """In how many of these stories (a mask) each word stands, and how many stories they are."""
    lengths = np.diff(corpus.starts)
    words = corpus.words[np.repeat(stories, lengths)]
    return np.bincount(words, minlength=len(corpus.vocabulary)).astype(np.int64), int(stories.sum())


def _read_chosen(database: Counted, corpus: Corpus, chosen: Numbers) -> tuple[Numbers, int, bool]:
    """The same, from stories that are read for it."""
    reports, whole = _evenly(chosen, MOST_CHOSEN)
    counted: Counter[str] = Counter()
    stories = 0
    for _, story in read_stories(database, reports):
        counted.update(words_of(story))
        stories += 1
    # A word that no story of the corpus has is too rare to be told.
    return np.array([counted[word] for word in corpus.vocabulary], dtype=np.int64), stories, whole


def _terms(vocabulary: Sequence[str], y_i: Numbers, y_j: Numbers, fewest: int) -> list[Term]:
    """All words that `fewest` stories have among the chosen, by falling z."""
    total = y_i + y_j
    # One word alone would have all of the weight, and odds against nothing.
    if np.count_nonzero(total) < 2:
        return []
    alpha = np.maximum(PRIOR * total / total.sum(), np.finfo(float).tiny)
    first = np.log((y_i + alpha) / (y_i.sum() + PRIOR - y_i - alpha))
    second = np.log((y_j + alpha) / (y_j.sum() + PRIOR - y_j - alpha))
    delta = first - second
    z = delta / np.sqrt(1 / (y_i + alpha) + 1 / (y_j + alpha))
    kept: Iterable[int] = np.flatnonzero((y_i >= fewest) & (z > 0)).tolist()
    made = [
        Term(vocabulary[w], int(y_i[w]), int(y_j[w]), float(delta[w]), float(z[w]), is_small(int(y_i[w])))
        for w in kept
    ]
    return sorted(made, key=lambda term: (-term.z, term.word))
