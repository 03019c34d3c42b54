"""Which answers come together: pairs of acts, whole combinations of them, and grounds beside acts.

All of it is descriptive. Lift is how often two acts were ticked in the same report, against how often
they would be if they had nothing to do with each other: n(a,b) * N / (n(a) * n(b)), the "interest" of
Brin, Motwani, Ullman and Tsur, "Dynamic itemset counting and implication rules for market basket
data", SIGMOD 1997. N is the number of reports in which the question was answered at all; those who were
never asked, or skipped it, say nothing about what comes together.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.bitmaps import Bits, Value, count, flags
from analysis.patterns.reading import (
    Choice,
    Counted,
    Ticks,
    choices,
    is_small,
    questions,
)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers in `n` reports; `expected` if they were independent, `lift` = n / expected.

    `residual` is (n - expected) / sqrt(expected): it puts a pair that stands out in many reports before
    one that does so in two. It orders a list and is not a test.
    """

    first: Choice
    second: Choice
    n: int
    expected: float
    lift: float
    residual: float
    small: bool


@dataclass(frozen=True, slots=True)
class Combination:
    """Reports in which these were ticked and nothing else of the question."""

    choices: tuple[Choice, ...]
    n: int
    small: bool


@dataclass(frozen=True, slots=True)
class Together:
    """What comes together within one question.

    `n` reports answered it; `counts` has every choice; `pairs` every pair that occurs, the most
    unexpected first; `combinations` the most frequent ones, out of `distinct`.
    """

    question: str
    n: int
    counts: tuple[tuple[Choice, int], ...]
    pairs: tuple[Pair, ...]
    combinations: tuple[Combination, ...]
    distinct: int


@dataclass(frozen=True, slots=True)
class Cross:
    """What of one question comes with what of another, in the `n` reports that answered both."""

    rows: tuple[tuple[Choice, int], ...]
    columns: tuple[tuple[Choice, int], ...]
    n: int
    pairs: tuple[Pair, ...]


def act_questions(database: Counted) -> tuple[str, ...]:
    """The questions that list acts: `acts`, `health_acts` and the like."""
    return tuple(
        name
        for name, question in questions(database).items()
        if question.kind == "select_multiple" and (name == "acts" or name.endswith("_acts"))
    )


def together(database: Counted, question: str, *, top: int = 30) -> Together:
    """Pairs with lift, and the `top` combinations, of the choices of a question."""
    said = substantive(database, question)
    ticked = _ticked(database, said)
    n = database.among(any_of(database, database.column(question), said))
    alone = [count(bits) for bits in ticked]
    pairs = [
        _pair((said[a], said[b]), both, (alone[a], alone[b]), n)
        for a in range(len(said))
        for b in range(a + 1, len(said))
        if (both := count(ticked[a] & ticked[b]))
    ]
    combinations, distinct = _combinations(database, said, top)
    counts = tuple(zip(said, alone, strict=True))
    return Together(question, n, counts, _ordered(pairs), combinations, distinct)


def cross(database: Counted, rows: str, columns: str) -> Cross:
    """Which choices of the question `rows` come with which of `columns`: grounds and acts."""
    sides = [substantive(database, question) for question in (rows, columns)]
    answered = [
        any_of(database, database.column(question), said)
        for question, said in zip((rows, columns), sides, strict=True)
    ]
    both = database.which & answered[0] & answered[1]
    left, right = ([bits & both for bits in _ticked(database, said)] for said in sides)
    totals = [[count(bits) for bits in side] for side in (left, right)]
    base = count(both)
    pairs = [
        _pair((first, second), n, (totals[0][a], totals[1][b]), base)
        for a, first in enumerate(sides[0])
        for b, second in enumerate(sides[1])
        if (n := count(np.bitwise_and(left[a], right[b])))
    ]
    counted = [tuple(zip(said, total, strict=True)) for said, total in zip(sides, totals, strict=True)]
    return Cross(counted[0], counted[1], base, _ordered(pairs))


def any_of(database: Counted, column: Mapping[Value, Bits], among: Iterable[Choice] | None = None) -> Bits:
    """The bits of the reports that gave any answer to a question, or any among some; counted or not."""
    found = database.bits.none()
    for value in column if among is None else (choice.id for choice in among):
        if value in column:
            found |= column[value]
    return found


def _ticked(database: Counted, said: Sequence[Choice]) -> list[Bits]:
    """For each choice the counted reports that ticked it."""
    none = database.bits.none()
    return [database.column(one.question).get(one.id, none) & database.which for one in said]


def substantive(database: Counted, question: str) -> tuple[Choice, ...]:
    """The choices of a question but for those that exclude all others, such as "not sure"."""
    asked = questions(database, question)
    exclusive = {one.code for one in asked[question].choices if one.exclusive} if asked else set()
    return tuple(choice for choice in choices(database, question) if choice.code not in exclusive)


def _pair(two: tuple[Choice, Choice], n: int, alone: tuple[int, int], base: int) -> Pair:
    expected = alone[0] * alone[1] / base
    return Pair(*two, n, expected, n / expected, (n - expected) / math.sqrt(expected), is_small(n))


def _ordered(pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    return tuple(sorted(pairs, key=lambda pair: (-pair.residual, pair.first.id, pair.second.id)))


def _combinations(database: Counted, said: Sequence[Choice], top: int) -> tuple[tuple[Combination, ...], int]:
    """Exact sets with their numbers, as in an UpSet picture: Lex and others, IEEE TVCG 20 (2014)."""
    counted = flags(database.which)
    words = [_word(database, said[start : start + 64])[counted] for start in range(0, len(said), 64)]
    if len(words) == 1:
        codes, counts = np.unique(words[0], return_counts=True)
        codes = codes[:, np.newaxis]
    else:
        codes, counts = np.unique(np.stack(words, axis=1), axis=0, return_counts=True)
    rows = [
        (int(n), ticked)
        for code, n in zip(codes.tolist(), counts, strict=True)
        if (ticked := tuple(place for place in range(len(said)) if code[place // 64] >> place % 64 & 1))
    ]
    rows.sort(key=lambda row: (-row[0], row[1]))
    made = (Combination(tuple(said[one] for one in ticked), n, is_small(n)) for n, ticked in rows[:top])
    return tuple(made), len(rows)


def _word(database: Counted, said: Sequence[Choice]) -> NDArray[np.uint64]:
    """For each report a number whose bits are the choices that it ticked, of at most 64."""
    found = np.zeros((database.which.size * 8, 8), dtype=np.uint8)
    for start in range(0, len(said), 8):
        # Eight at a time: whatever has more bytes takes as many times longer.
        byte = np.zeros(len(found), dtype=np.uint8)
        for place, choice in enumerate(said[start : start + 8]):
            if (bits := database.column(choice.question).get(choice.id)) is not None:
                byte |= flags(bits).view(np.uint8) << np.uint8(place)
        found[:, start // 8] = byte
    return found.view("<u8")[:, 0]


def row_codes(ticks: Ticks) -> NDArray[np.uint64]:
    """A number for each row, the same where the rows are the same, and only there."""
    codes = np.zeros(len(ticks), dtype=np.uint64)
    for start in range(0, ticks.shape[1], 32):
        word = np.zeros((len(ticks), 4), dtype=np.uint8)
        packed = np.packbits(ticks[:, start : start + 32].T, axis=0, bitorder="little")
        word[:, : len(packed)] = packed.T
        if start > 32:
            # 32 bits beside the codes so far, of which there are as many as reports at most.
            codes = np.unique(codes, return_inverse=True)[1].astype(np.uint64)
        codes = (codes << np.uint64(32)) | word.view(np.uint32)[:, 0]
    return codes
