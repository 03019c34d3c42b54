"""Which answers come together: pairs of acts, whole combinations of them, and grounds beside acts.

All of it is descriptive. Lift is how often two acts were ticked in the same report, against how often
they would be if they had nothing to do with each other: n(a,b) * N / (n(a) * n(b)), the "interest" of
Brin, Motwani, Ullman and Tsur, "Dynamic itemset counting and implication rules for market basket
data", SIGMOD 1997. N is the number of reports in which the question was answered at all; those who were
never asked, or skipped it, say nothing about what comes together.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.cipher import Database
from analysis.patterns.reading import (
    Choice,
    Numbers,
    Ticks,
    choices,
    is_small,
    questions,
    read_reports,
    read_ticks,
)

# Rows multiplied at once; a sum of so many ones is still exact in single precision.
CHUNK = 1 << 16


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


def act_questions(database: Database) -> tuple[str, ...]:
    """The questions that list acts: `acts`, `health_acts` and the like."""
    return tuple(
        name
        for name, question in questions(database).items()
        if question.kind == "select_multiple" and (name == "acts" or name.endswith("_acts"))
    )


def together(database: Database, question: str, *, top: int = 30) -> Together:
    """Pairs with lift, and the `top` combinations, of the choices of a question."""
    said = substantive(database, question)
    ticks = read_ticks(database, read_reports(database), said)
    ticks = ticks[ticks.any(axis=1)]
    matrix = product(ticks, ticks)
    alone = np.diagonal(matrix)
    pairs = [
        _pair((said[a], said[b]), int(matrix[a, b]), (int(alone[a]), int(alone[b])), len(ticks))
        for a in range(len(said))
        for b in range(a + 1, len(said))
        if matrix[a, b]
    ]
    combinations, distinct = _combinations(ticks, said, top)
    counts = tuple(zip(said, alone.tolist(), strict=True))
    return Together(question, len(ticks), counts, _ordered(pairs), combinations, distinct)


def cross(database: Database, rows: str, columns: str) -> Cross:
    """Which choices of the question `rows` come with which of `columns`: grounds and acts."""
    reports = read_reports(database)
    sides = [substantive(database, question) for question in (rows, columns)]
    left, right = (read_ticks(database, reports, said) for said in sides)
    both = left.any(axis=1) & right.any(axis=1)
    left, right = left[both], right[both]
    totals = [side.sum(axis=0).tolist() for side in (left, right)]
    matrix = product(left, right)
    pairs = [
        _pair((first, second), int(matrix[a, b]), (totals[0][a], totals[1][b]), len(left))
        for a, first in enumerate(sides[0])
        for b, second in enumerate(sides[1])
        if matrix[a, b]
    ]
    counted = [tuple(zip(said, total, strict=True)) for said, total in zip(sides, totals, strict=True)]
    return Cross(counted[0], counted[1], len(left), _ordered(pairs))


def substantive(database: Database, question: str) -> tuple[Choice, ...]:
    """The choices of a question but for those that exclude all others, such as "not sure"."""
    asked = questions(database, question)
    exclusive = {one.code for one in asked[question].choices if one.exclusive} if asked else set()
    return tuple(choice for choice in choices(database, question) if choice.code not in exclusive)


def product(left: Ticks, right: Ticks) -> Numbers:
    """In how many reports each choice of `left` was ticked with each of `right`."""
    total = np.zeros((left.shape[1], right.shape[1]), dtype=np.int64)
    for start in range(0, len(left), CHUNK):
        part = slice(start, start + CHUNK)
        total += (left[part].astype(np.float32).T @ right[part].astype(np.float32)).astype(np.int64)
    return total


def _pair(two: tuple[Choice, Choice], n: int, alone: tuple[int, int], base: int) -> Pair:
    expected = alone[0] * alone[1] / base
    return Pair(*two, n, expected, n / expected, (n - expected) / math.sqrt(expected), is_small(n))


def _ordered(pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    return tuple(sorted(pairs, key=lambda pair: (-pair.residual, pair.first.id, pair.second.id)))


def _combinations(ticks: Ticks, said: Sequence[Choice], top: int) -> tuple[tuple[Combination, ...], int]:
    """Exact sets with their numbers, as in an UpSet picture: Lex and others, IEEE TVCG 20 (2014)."""
    if not len(ticks):
        return (), 0
    firsts, counts = distinct_rows(ticks)
    rows = [
        (int(n), tuple(np.flatnonzero(ticks[first]).tolist()))
        for first, n in zip(firsts, counts, strict=True)
    ]
    rows.sort(key=lambda row: (-row[0], row[1]))
    made = (Combination(tuple(said[one] for one in ticked), n, is_small(n)) for n, ticked in rows[:top])
    return tuple(made), len(rows)


def distinct_rows(ticks: Ticks) -> tuple[Numbers, Numbers]:
    """For each different row: where it stands first, and how many are the same."""
    _, firsts, counts = np.unique(row_codes(ticks), return_index=True, return_counts=True)
    return firsts.astype(np.int64), counts.astype(np.int64)


def row_codes(ticks: Ticks) -> Numbers:
    """A number for each row, the same where the rows are the same, and only there."""
    codes = np.zeros(len(ticks), dtype=np.int64)
    # 40 bits at a time beside the codes so far, of which there are fewer than 2**23 in a desk's rows.
    for start in range(0, ticks.shape[1], 40):
        part = ticks[:, start : start + 40]
        word = np.zeros(len(ticks), dtype=np.int64)
        for bit in range(part.shape[1]):
            word |= part[:, bit].astype(np.int64) << bit
        if start:
            codes = np.unique(codes, return_inverse=True)[1].astype(np.int64)
        codes = (codes << 40) | word
    return codes
