"""Tries for one category what worked for another: the same change, with the two in each other's place.

In a sparse table thousands of cells are tested that are alike but for their place. What lets one station
have ten reports more (they come from a number that is withheld and large) lets the next have them as well.
Nothing is believed for it: a change is offered only where every row still adds up, and whether the cells
allow it is for the caller to see.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeAlias

import numpy as np

from analysis.findings.control.lattice import Cell
from analysis.findings.control.system import System, is_slack
from analysis.findings.control.unknowns import Ints, Model

# So many of the last changes of a kind are tried.
_TRIED = 8
# The labels of a cell without its category, how deep that lies, and which end was tested.
_Kind: TypeAlias = tuple[Cell, int, bool]


class Change(NamedTuple):
    """By how much which columns change, in their order."""

    columns: Ints
    by: Ints

    @classmethod
    def of(cls, change: Ints) -> "Change":
        """From the changes of all columns."""
        columns = np.flatnonzero(change)
        return cls(columns, change[columns])


class Transplants:
    """The changes of one model that were found, by what they were found for."""

    def __init__(self, system: System, model: Model) -> None:
        labels = system.labels or ((),) * len(system.cells)
        slack = [is_slack(system.cells[cell]) for cell in model.cells]
        # A slack is of no category, and has no counterpart in another.
        self._names = [None if left else labels[i] for i, left in zip(model.cells, slack, strict=True)]
        self._place = {name: i for i, name in enumerate(self._names) if name is not None}
        self._tree = _widest(self._place)
        self._paths = _paths(system.below)
        self._rows: list[list[tuple[int, int]]] = [[] for _ in self._names]
        rows = np.repeat(np.arange(len(model.known)), np.diff(model.starts)).tolist()
        for row, column, sign in zip(rows, model.columns.tolist(), model.signs.tolist(), strict=True):
            self._rows[column].append((row, sign))
        self._found: dict[_Kind, deque[tuple[str, Change]]] = {}

    def remember(self, column: int, low: bool, change: Change) -> None:
        """Keeps what was found for a column."""
        if (found := self._kind(column, low)) is not None:
            kind, category = found
            self._found.setdefault(kind, deque(maxlen=_TRIED)).appendleft((category, change))

    def offers(self, column: int, low: bool) -> Iterator[Change]:
        """What worked for others of the kind, the last first, where it adds up in the place of this one."""
        if (found := self._kind(column, low)) is not None:
            kind, category = found
            for other, change in self._found.get(kind, ()):
                moved = self._moved(change, self._swap(other, category))
                if moved is not None and self._adds_up(moved):
                    yield moved

    def _kind(self, column: int, low: bool) -> tuple[_Kind, str] | None:
        name = self._names[column] or ()
        own = [label for label in name if _tree_of(label) == self._tree]
        if len(own) != 1:
            return None
        rest = tuple(label for label in name if label != own[0])
        return (rest, len(self._paths.get(own[0], ())), low), own[0]

    def _swap(self, one: str, two: str) -> dict[str, str]:
        """Each in the other's place, and what each lies in."""
        paths = (one, *self._paths.get(one, ())), (two, *self._paths.get(two, ()))
        pairs = [(a, b) for a, b in zip(*paths, strict=True) if a != b]
        return dict(pairs) | {b: a for a, b in pairs}

    def _moved(self, change: Change, swap: Mapping[str, str]) -> Change | None:
        columns = []
        for column in change.columns.tolist():
            own = self._names[column]
            name = None if own is None else tuple(sorted(swap.get(label, label) for label in own))
            if name not in self._place:
                return None
            columns.append(self._place[name])
        # Names that two cells share would make one of two changes: such are no names.
        if len(set(columns)) < len(columns):
            return None
        order = np.argsort(columns)
        return Change(np.array(columns, np.int64)[order], change.by[order])

    def _adds_up(self, change: Change) -> bool:
        sums: dict[int, int] = {}
        for column, by in zip(change.columns.tolist(), change.by.tolist(), strict=True):
            for row, sign in self._rows[column]:
                sums[row] = sums.get(row, 0) + sign * by
        return not any(sums.values())


def _tree_of(label: str) -> str:
    return label.partition("=")[0]


def _widest(names: Mapping[Cell, int]) -> str:
    """The dimension with the most categories."""
    labels = sorted({label for name in names for label in name})
    trees = [_tree_of(label) for label in labels]
    return max(sorted(set(trees)), key=trees.count, default="")


def _paths(below: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """What each category lies in, the nearest first."""
    found: dict[str, list[str]] = {}
    for label in sorted(below, key=lambda label: len(below[label])):
        for lower in below[label]:
            found.setdefault(lower, []).append(label)
    return {label: tuple(path) for label, path in found.items()}
