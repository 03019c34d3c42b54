"""What was published before, read from the ledger's lines at the desk: public facts only."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from analysis.findings.control.bounds import Interval
from analysis.findings.control.lattice import Cell
from analysis.findings.ledger.chain import next_line
from analysis.findings.ledger.entries import (
    CLAIM,
    RELEASE,
    REPORTS_ARE,
    cell_name,
    limit_of,
    parse_cell,
)
from analysis.findings.limits import merged

__all__ = ["Published", "append_line", "cell_name", "next_line", "parse_cell", "read_lines", "releases"]


@dataclass(frozen=True, slots=True)
class Published:
    """One release: its batches, its tables, and its cells, the printed ones with their numbers.

    `claimed` are numbers that got out in another way before the next release, `limits` where numbers lie
    that did so as "at least" or "at most", and `line` is the place of the release in the ledger.
    """

    release: str
    batches: tuple[str, ...]
    span: str
    tables: tuple[str, ...]
    campaign: str | None
    printed: Mapping[Cell, int]
    withheld: tuple[Cell, ...]
    claimed: Mapping[Cell, int]
    line: int
    k: int
    limits: Mapping[Cell, Interval] = field(default_factory=dict)

    @property
    def told(self) -> Mapping[Cell, int]:
        """All numbers that got out by it and after it."""
        return {**self.printed, **self.claimed}


def read_lines(connection: Any) -> tuple[str, ...]:
    """The lines of the ledger at the desk, the oldest first."""
    return tuple(row[0] for row in connection.execute('SELECT "line" FROM "ledger" ORDER BY "number"'))


def append_line(connection: Any, line: str) -> None:
    """Adds a line. Belongs in a transaction of the caller."""
    connection.execute('INSERT INTO "ledger" ("line") VALUES (?)', [line])


def releases(lines: Iterable[str]) -> tuple[Published, ...]:
    """The releases that the lines tell of."""
    found: list[Published] = []
    for number, entry in enumerate(map(json.loads, lines)):
        if entry["kind"] == RELEASE:
            found.append(_published(entry, number))
        elif limit := limit_of(entry):
            found[-1] = replace(found[-1], limits=merged([*found[-1].limits.items(), limit]))
        elif entry["kind"] == CLAIM:
            claimed = {**found[-1].claimed, parse_cell(entry["cell"]): entry[REPORTS_ARE]}
            found[-1] = replace(found[-1], claimed=claimed)
    return tuple(found)


def _published(entry: Mapping[str, Any], line: int) -> Published:
    return Published(
        entry["release"],
        tuple(entry["batches"]),
        entry["span"],
        tuple(entry["tables"]),
        entry["campaign"],
        {parse_cell(name): reports for name, reports in entry["printed"].items()},
        tuple(map(parse_cell, entry["withheld"])),
        {},
        line,
        entry["k"],
    )
