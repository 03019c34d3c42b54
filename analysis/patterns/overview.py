"""What there is: counted reports by week, month, setting, channel and area, and what still waits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.patterns.reading import Choice, Column, Counted, choices, is_small, questions, read_reports

MONTH = "when"
# What an organizer looks at first. Those that no form at the desk asks are left out.
ASKED = ("setting", "area", "count", "quote", "keep")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table; `value` is a week, a month, a channel, a Choice, or None for no answer."""

    value: str | Choice | None
    n: int
    small: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """All tables add up to `n`. `set_aside` counts, by reason, reports that could not be opened.

    `asked` has a table for each question of ASKED that the desk knows, in the order of the form.
    """

    n: int
    weeks: tuple[Row, ...]
    months: tuple[Row, ...]
    channels: tuple[Row, ...]
    languages: tuple[Row, ...]
    asked: Mapping[str, tuple[Row, ...]]
    set_aside: Mapping[str, int]


def overview(database: Counted) -> Overview:
    """Counts everything in one pass over the reports."""
    asked = [name for name in ASKED if questions(database, name)]
    reports = read_reports(database, "week", MONTH, "channel", "lang", *asked)
    tables = {name: _rows(column) for name, column in reports.columns.items()}
    aside = database.conn.execute('SELECT "reason", count(*) FROM "set_aside" GROUP BY 1 ORDER BY 1')
    return Overview(
        len(reports),
        tables["week"],
        tables[MONTH],
        tables["channel"],
        tables["lang"],
        {name: _worded(tables[name], choices(database, name)) for name in asked},
        dict(aside.fetchall()),
    )


def _rows(column: Column) -> tuple[Row, ...]:
    counts = np.bincount(column.codes, minlength=len(column.values)).tolist()
    return tuple(Row(value, n, is_small(n)) for value, n in zip(column.values, counts, strict=True) if n)


def _worded(rows: tuple[Row, ...], known: tuple[Choice, ...]) -> tuple[Row, ...]:
    """In the order of the form, with those that nobody chose; no answer at the end, if there is one."""
    counts: dict[Any, int] = {row.value: row.n for row in rows}
    worded = [(choice, counts.get(choice.id, 0)) for choice in known]
    blank = [(None, counts[None])] if counts.get(None) else []
    return tuple(Row(value, n, is_small(n)) for value, n in [*worded, *blank])
