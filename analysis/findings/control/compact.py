"""A smaller system that says the same: cells that are always equal become one, and what is always 0 goes.

Pages and questions tie many cells to the same number (a station's reports, those of them that were asked,
those of the only page there is). A solver that is given each by a name of its own works for nothing.

    Two cells are equal where a row says so, once what is 0 is left out of it, or where two rows are sums of
    the same whole and differ in one part. That is said of the reports as well as of their number, so who
    knows of one of them knows of the other, and what is a part of one is a part of both.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from analysis.findings.control.lattice import Cell
from analysis.findings.control.system import Row, System, is_slack

# Longer rows than this are not looked through for pairs that differ in one part.
_SHORT = 4


@dataclass(frozen=True, slots=True)
class Compact:
    """The smaller system; what each cell is called there that is not always 0; what is left that is."""

    system: System
    names: Mapping[Cell, Cell]
    zeros: frozenset[Cell]

    def names_of(self, cells: Iterable[Cell]) -> frozenset[Cell]:
        """What cells are called in the smaller system, without those that are always 0."""
        return frozenset(self.names[cell] for cell in cells if cell in self.names)


def compact(system: System, zeros: Iterable[int]) -> Compact:
    """The system without cells that are 0, by index. It allows the others what the whole system does."""
    search = _Search(system, set(zeros))
    try:
        rows = search.run()
    except _Entangled:
        return Compact(system, {cell: cell for cell in system.cells}, frozenset())
    there = {search.of(i) for i in range(len(system.cells))} - search.empty
    # A row that has lost its whole keeps it: what stands first is taken for one.
    kept = sorted(there | {i for row in rows for i, _ in row})
    place = {i: number for number, i in enumerate(kept)}
    moved = tuple(tuple((place[i], sign) for i, sign in row) for row in rows)
    labels = tuple(system.labels[i] for i in kept) if system.labels else ()
    smaller = System(tuple(system.cells[i] for i in kept), moved, labels, system.below)
    stands = ((cell, search.of(i)) for i, cell in enumerate(system.cells))
    names = {cell: system.cells[i] for cell, i in stands if i in place}
    left = (system.cells[i] for i in kept if i in search.empty)
    return Compact(smaller, names, frozenset(cell for cell in left if not is_slack(cell)))


class _Search:
    """Sets of equal cells, each under its shortest name (a slack only where there is no other)."""

    def __init__(self, system: System, empty: set[int]) -> None:
        self.empty = empty
        self._rows = system.rows
        self._above = list(range(len(system.cells)))
        self._rank = [(is_slack(cell), len(cell), i) for i, cell in enumerate(system.cells)]

    def of(self, cell: int) -> int:
        while self._above[cell] != cell:
            self._above[cell] = self._above[self._above[cell]]
            cell = self._above[cell]
        return cell

    def run(self) -> tuple[Row, ...]:
        """The rows that are left when nothing more is found."""
        rows: Iterable[Row] = self._rows
        while True:
            before = len(self.empty)
            rows = dict.fromkeys(row for one in rows if (row := self._rewritten(one)))
            joined = [self._join(one, two) for one, two in _pairs(rows)]
            if not any(joined) and len(self.empty) == before:
                return tuple(rows)

    def _join(self, one: int, two: int) -> bool:
        """Whether that was new. What is 0 is joined to nothing: it would stand for itself no more."""
        first, second = sorted((self.of(one), self.of(two)), key=self._rank.__getitem__)
        if first == second or first in self.empty or second in self.empty:
            return False
        self._above[second] = first
        return True

    def _rewritten(self, row: Row) -> Row | None:
        """A row in terms of what stands for each cell, its whole first; None where it says nothing more."""
        (whole, sign), *rest = row
        first = self.of(whole)
        terms = {first: sign}
        for i, one in rest:
            if (name := self.of(i)) not in self.empty:
                terms[name] = terms.get(name, 0) + one
        own = terms.pop(first)
        others = {i: number for i, number in terms.items() if number}
        if (not own or (own > 0 and first in self.empty)) and all(number < 0 for number in others.values()):
            # Of a whole that is one of its parts the others are 0, and of one that is 0 all.
            self.empty.update(others)
            return None
        if not others:
            self.empty.add(first)
            return None
        if {abs(own), *map(abs, others.values())} != {1}:
            raise _Entangled
        return ((first, own), *others.items())


class _Entangled(Exception):
    """Equal cells stand in a row so that their terms do not simply vanish."""


def _pairs(rows: Iterable[Row]) -> Iterator[tuple[int, int]]:
    """Cells that rows make equal."""
    parts: dict[Row, int] = {}
    for row in rows:
        (whole, sign), *rest = row
        if sign != 1 or any(one != -1 for _, one in rest):
            continue
        if len(rest) == 1:
            yield whole, rest[0][0]
        elif len(row) <= _SHORT:
            for term in rest:
                others = (row[0], *sorted(one for one in rest if one != term))
                yield parts.setdefault(others, term[0]), term[0]
