"""Numbers that got out as "at least 12" or "at most 30", as everybody may reckon with them.

    at least   cell - "12" - what is more  = 0
    at most    "30" - cell - what is less = 0

The number is a cell of its own, which everybody knows; so whatever masks, attacks or proves knows the claim
like any printed number, and a refusal can name it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from analysis.findings.control.bounds import Interval
from analysis.findings.control.certificate import Need
from analysis.findings.control.lattice import Cell
from analysis.findings.control.system import SLACK, Row, System

CLAIM = "claim"
AT_LEAST, AT_MOST = "at_least", "at_most"


def merged(found: Iterable[tuple[Cell, Interval]]) -> dict[Cell, Interval]:
    """All that is known of each cell together; ValueError where two claims cannot both be true."""
    limits: dict[Cell, Interval] = {}
    for cell, one in found:
        other = limits.get(cell, Interval(0, None))
        highs = [end for end in (one.high, other.high) if end is not None]
        both = Interval(max(one.low, other.low), min(highs, default=None))
        if both.high is not None and both.high < both.low:
            raise ValueError
        limits[cell] = both
    return limits


def numbers(limits: Mapping[Cell, Interval]) -> dict[Cell, int]:
    """The cells of what was claimed, which everybody knows."""
    known: dict[Cell, int] = {}
    for cell, one in limits.items():
        if one.low:
            known[_named(cell, AT_LEAST)] = one.low
        if one.high is not None:
            known[_named(cell, AT_MOST)] = one.high
    return known


def within_limits(system: System, limits: Mapping[Cell, Interval]) -> System:
    """The system, in which the claims hold."""
    cells, rows, index = list(system.cells), list(system.rows), dict(system.index)

    def place(cell: Cell) -> int:
        if cell not in index:
            index[cell] = len(cells)
            cells.append(cell)
        return index[cell]

    def row(large: Cell, small: Cell, rest: str) -> Row:
        return (place(large), 1), (place(small), -1), (place((SLACK, rest, *small)), -1)

    for cell, one in limits.items():
        if one.low:
            rows.append(row(cell, _named(cell, AT_LEAST), AT_LEAST))
        if one.high is not None:
            rows.append(row(_named(cell, AT_MOST), cell, AT_MOST))
    more = len(cells) - len(system.cells)
    return replace(system, cells=tuple(cells), rows=tuple(rows), labels=(*system.labels, *((),) * more))


def relaxed(need: Need, limit: Interval | None) -> Need:
    """What can still be asked for of a cell of which something got out."""
    if limit is None:
        return need
    high = need.high if limit.high is None else min(need.high, limit.high)
    return Need(max(need.low, limit.low), high)


def of_no_claim(cell: Cell) -> Cell:
    """The cell that a claim is about, or the cell itself."""
    return tuple(node for node in cell if not node.startswith(f"{CLAIM}="))


def _named(cell: Cell, kind: str) -> Cell:
    return tuple(sorted((*cell, f"{CLAIM}={kind}")))
