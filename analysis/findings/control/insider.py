"""What people who reported know besides what is printed: that they themselves are counted.

Whoever is counted in one withheld cell can subtract themselves, and where two small cells hide each other
that is enough to read the other one off. So while a cell is tested, every other cell is known to count
at least `most` reports, or all that it has, beside those it shares with the tested cell. This is more
than any group of so many can know, for it is never in all cells at once (Salazar-Gonzalez 2004).
"""

from collections import ChainMap
from collections.abc import Mapping
from functools import cached_property

from analysis.findings.control.lattice import Cell
from analysis.findings.control.system import System, is_slack

MOST = 3


class Insiders:
    """Lower bounds of all cells for the test of each; see above."""

    def __init__(self, system: System, values: Mapping[Cell, int], most: int = MOST) -> None:
        self._system = system
        self._counts = [values[cell] for cell in system.cells]
        self._most = most
        self._slack = [is_slack(cell) for cell in system.cells]
        self._above = _parents(system)
        # Asked again and again, and short: a cell is a part of few others.
        self._found_above: dict[int, list[int]] = {}

    @cached_property
    def standing(self) -> list[int]:
        """What is known of each cell, by index, if it shares nothing with the tested one."""
        cells = zip(self._slack, self._counts, strict=True)
        return [0 if slack else min(self._most, count) for slack, count in cells]

    def relaxed(self, target: int) -> dict[int, int]:
        """Where the test of a cell leaves less to know: the cells that share reports with it, by index."""
        shared: dict[int, int] = {}
        for cell in _closure(target, self._system.parts):
            if not self._slack[cell]:
                for above in self._all_above(cell):
                    shared[above] = max(shared.get(above, 0), self._counts[cell])
        return {cell: min(self._most, max(0, self._counts[cell] - common)) for cell, common in shared.items()}

    def _all_above(self, cell: int) -> list[int]:
        """The cells that a cell is a part of, itself first, without slacks."""
        if cell not in self._found_above:
            self._found_above[cell] = [one for one in _closure(cell, self._above) if not self._slack[one]]
        return self._found_above[cell]

    def __call__(self, target: Cell) -> Mapping[Cell, int]:
        """What is known of every cell while one is tested."""
        relaxed = self.relaxed(self._system.index[target])
        return ChainMap({self._system.cells[i]: number for i, number in relaxed.items()}, self._named)

    @cached_property
    def _named(self) -> dict[Cell, int]:
        return dict(zip(self._system.cells, self.standing, strict=True))


def _closure(start: int, edges: Mapping[int, tuple[int, ...]]) -> list[int]:
    found = {start: None}
    waiting = [start]
    for cell in waiting:
        new = [one for one in edges.get(cell, ()) if one not in found]
        found.update(dict.fromkeys(new))
        waiting.extend(new)
    return list(found)


def _parents(system: System) -> dict[int, tuple[int, ...]]:
    above: dict[int, list[int]] = {}
    for whole, parts in system.parts.items():
        for part in parts:
            above.setdefault(part, []).append(whole)
    return {part: tuple(wholes) for part, wholes in above.items()}
