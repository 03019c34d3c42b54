"""What was published before, read from the ledger's lines at the desk: public facts only."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.findings.control.lattice import Cell
from intake.forms.form import canonical

FIRST = "0" * 64


@dataclass(frozen=True, slots=True)
class Published:
    """One release: its batches, its tables, and its cells, the printed ones with their numbers."""

    release: str
    batches: tuple[str, ...]
    span: str
    tables: tuple[str, ...]
    campaign: str | None
    printed: Mapping[Cell, int]
    withheld: tuple[Cell, ...]


def read_lines(connection: Any) -> tuple[str, ...]:
    """The lines of the ledger at the desk, the oldest first."""
    return tuple(row[0] for row in connection.execute('SELECT "line" FROM "ledger" ORDER BY "number"'))


def append_line(connection: Any, line: str) -> None:
    """Adds a line. Belongs in a transaction of the caller."""
    connection.execute('INSERT INTO "ledger" ("line") VALUES (?)', [line])


def releases(lines: Iterable[str]) -> tuple[Published, ...]:
    """The releases that the lines tell of."""
    entries = (json.loads(line) for line in lines)
    return tuple(_published(entry) for entry in entries if entry["kind"] == "release")


def next_line(lines: Sequence[str], entry: Mapping[str, Any]) -> str:
    """The line of an entry after these: canonical JSON, chained by SHA-256 to the line before it."""
    before = json.loads(lines[-1])["this"] if lines else FIRST
    chained = {**entry, "prev": before}
    return canonical({**chained, "this": hashlib.sha256(canonical(chained)).hexdigest()}).decode()


def cell_name(cell: Cell) -> str:
    """A cell as files name it."""
    return "|".join(cell)


def parse_cell(name: str) -> Cell:
    """The cell of a name."""
    return tuple(name.split("|")) if name else ()


def _published(entry: Mapping[str, Any]) -> Published:
    return Published(
        entry["release"],
        tuple(entry["batches"]),
        entry["span"],
        tuple(entry["tables"]),
        entry["campaign"],
        {parse_cell(name): reports for name, reports in entry["printed"].items()},
        tuple(map(parse_cell, entry["withheld"])),
    )
