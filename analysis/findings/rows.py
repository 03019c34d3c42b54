"""Reads the counted reports for a release, from the rows and the view `counted` themselves.

The bits that pages count on (analysis/bitmaps.py) are quicker, and one step further from what was reported:
a number that is printed for ever is not taken from them.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from analysis.cipher import Database
from analysis.patterns.reading import (
    RELATION,
    Choice,
    Codes,
    Column,
    Numbers,
    Reports,
    Ticks,
    choices,
    parse,
    questions,
)

__all__ = ["Column", "Numbers", "Reports", "choices", "read_reports", "read_ticks"]

# Reports whose numbers are joined to one text.
LOT = 100_000


def read_reports(database: Database, *columns: str) -> Reports:
    """The counted reports with these columns of `reports`; one that no form asks is None throughout."""
    known = {row[1] for row in database.conn.execute(f'PRAGMA table_info("{RELATION}")')}
    present = [column for column in dict.fromkeys(columns) if column in known]
    ids: list[Numbers] = []
    seen: dict[str, dict[str, int]] = {column: {} for column in present}
    codes: dict[str, list[Codes]] = {column: [] for column in present}
    for numbers, *texts in _lots(database, present):
        ids.append(parse(numbers))
        for column, text in zip(present, texts, strict=True):
            codes[column].append(_coded(text.split(","), seen[column]))
    joined = np.concatenate(ids) if ids else np.zeros(0, dtype=np.int64)
    numeric = {name for name, question in questions(database).items() if question.kind != "month"}
    found = {column: _sorted(seen[column], codes[column], is_number=column in numeric) for column in present}
    absent = Column((None,), np.zeros(len(joined), dtype=np.int32))
    return Reports(joined, {column: found.get(column, absent) for column in columns})


def _lots(database: Database, columns: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The numbers of a lot of reports, then each column, as texts with commas.

    Weeks, months, channels and numbers hold no comma: the import takes no others.
    """
    joined = "".join(f""", group_concat(coalesce("{column}", ''))""" for column in columns)
    named = "".join(f', "{column}"' for column in columns)
    # Names of columns stand in the query, from forms whose ids are checked; values never do.
    query = (
        f'SELECT max("id"), group_concat("id"){joined} FROM (SELECT "id"{named} FROM "{RELATION}" '  # noqa: S608
        'WHERE "id" > ? ORDER BY "id" LIMIT ?)'
    )
    last = 0
    while True:
        newest, *texts = database.conn.execute(query, [last, LOT]).fetchone()
        if newest is None:
            return
        last = newest
        yield tuple(texts)


def _coded(values: Sequence[str], seen: dict[str, int]) -> Codes:
    for value in dict.fromkeys(values):
        seen.setdefault(value, len(seen))
    return np.array([seen[value] for value in values], dtype=np.int32)


def _sorted(seen: dict[str, int], codes: Sequence[Codes], *, is_number: bool) -> Column:
    values = [(int(text) if is_number else text) if text else None for text in seen]
    order = sorted(range(len(values)), key=lambda place: (values[place] is not None, values[place]))
    # The key's second part is never compared with None: that one alone has a False before it.
    rank = np.empty(max(len(order), 1), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    joined = np.concatenate(codes) if codes else np.zeros(0, dtype=np.int32)
    return Column(tuple(values[place] for place in order) or (None,), rank[joined])


def read_ticks(database: Database, reports: Reports, ticked: Sequence[Choice]) -> Ticks:
    """Which report (row) ticked which choice (column): a byte each."""
    matrix = np.zeros((len(ticked), len(reports)), dtype=np.bool_)
    for row, choice in zip(matrix, ticked, strict=True):
        for numbers in _ticking(database, choice.id):
            row[reports.places(numbers)] = True
    return matrix.T


def _ticking(database: Database, choice: int) -> Iterator[Numbers]:
    query = (
        'SELECT max("report"), group_concat("report") FROM (SELECT "report" FROM "answers" '
        'WHERE "choice" = ? AND "report" > ? ORDER BY "report" LIMIT ?)'
    )
    last = 0
    while True:
        newest, numbers = database.conn.execute(query, [choice, last, LOT]).fetchone()
        if newest is None:
            return
        last = newest
        yield parse(numbers)
