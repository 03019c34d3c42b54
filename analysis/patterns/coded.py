"""What each report ticked and chose, as two numbers that are the same where the answers are.

Kept in parts (analysis.summaries), so that an import reads the answers of its own reports alone. They hold
nothing that people wrote: what stands in words is added when it is asked for.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from analysis import summaries
from analysis.bitmaps import CHUNK, Bits, Value, flags, numbers
from analysis.patterns.reading import Counted, Numbers
from analysis.patterns.sketch import Hashes
from analysis.patterns.traits import asked_many, asked_once, is_told
from analysis.summaries import Summary

CODED = "coded"
COLUMNS = ("reports", "once", "ticks")


@dataclass(frozen=True, slots=True)
class Coded:
    """All reports that may be counted, in rising order, with what they chose of one and ticked of many.

    0 stands for no answer at all.
    """

    reports: Numbers
    once: Hashes
    ticks: Hashes


def hash_of(*what: object) -> np.uint64:
    """A number for an answer, the same in every run."""
    digest = hashlib.blake2b(repr(what).encode("utf-8", "replace"), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


def asked(database: Counted) -> list[list[str]]:
    """The questions whose answers are in the numbers, which are made anew where a form changes them."""
    return [list(asked_once(database)), list(asked_many(database))]


def make_coded(database: Counted, newest: int) -> Iterator[tuple[int, Summary]]:
    """The parts that are missing, that lack the newest reports, or that know other questions."""
    questions = asked(database)
    lacking = {part: (first, last) for part, first, last in summaries.missing(database.conn, CODED, newest)}
    for part in range(newest // CHUNK + 1):
        before = summaries.read(database.conn, CODED, part)
        if before and before.words["asked"] != questions:
            before = None
        elif before and part not in lacking:
            continue
        first, last = part * CHUNK, min(newest, (part + 1) * CHUNK - 1)
        first = before.until + 1 if before else first
        fresh = _coded(database, questions, first, last)
        old = [before.columns[name] for name in COLUMNS] if before else [one[:0] for one in fresh]
        joined = [np.concatenate(two) for two in zip(old, fresh, strict=True)]
        yield part, Summary(last, {"asked": questions}, dict(zip(COLUMNS, joined, strict=True)))


def read_coded(database: Counted) -> Coded:
    """All that is kept."""
    parts = [one.columns for _, one in summaries.read_parts(database.conn, CODED)]
    empty = (np.zeros(0, np.int64), np.zeros(0, np.uint64), np.zeros(0, np.uint64))
    columns = [[one[name] for one in parts] for name in COLUMNS]
    return Coded(*(np.concatenate([none, *some]) for none, some in zip(empty, columns, strict=True)))


def _coded(
    database: Counted, questions: list[list[str]], first: int, last: int
) -> tuple[Numbers, Hashes, Hashes]:
    """The numbers of the reports from `first` to `last`."""
    # Whole bytes of the bits, from a number that eight divides.
    start, end = first // 8, last // 8 + 1
    counted = numbers(database.which[start:end]) + start * 8
    found = [np.zeros((end - start) * 8, np.uint64) for _ in questions]
    for code, names in zip(found, questions, strict=True):
        for name in names:
            for value, bits in _told(database, name):
                code[flags(bits[start:end])] += hash_of(name, value)
    counted = counted[(counted >= first) & (counted <= last)]
    once, ticks = (code[counted - start * 8] for code in found)
    return counted, once, ticks


def _told(database: Counted, question: str) -> Iterator[tuple[Value, Bits]]:
    for value, bits in database.column(question).items():
        if is_told(question, value):
            yield value, bits
