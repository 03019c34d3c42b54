"""Looks for tables near a known one, a few categories at a time.

A box is all cells of some categories of each dimension, margins of just these included: counts can be
exchanged inside it and nothing outside is touched. It is a small problem, fast, and nearly always solved
in whole numbers, where a solver that is given the whole table comes back with fractions. What is not
found in a box may still be there: then the caller asks about the whole table.
"""

from functools import cached_property

import numpy as np

from analysis.findings.control.solver import Floats
from analysis.findings.control.system import System, is_slack
from analysis.findings.control.unknowns import Flags, Ints, Model

# Of each category above so many others are taken in, and of each of these so many below.
_BROAD, _NARROW = 4, 2


class Boxes:
    """The boxes of one model. It keeps nothing between calls, so threads may share it."""

    def __init__(self, system: System, model: Model) -> None:
        self._model = model
        self._below = system.below
        names = system.labels or ((),) * len(system.cells)
        labels = [names[cell] for cell in model.cells]
        self._number = {label: i for i, label in enumerate(sorted(set().union(*labels)))}
        # A cell with fewer categories than others (a margin) is filled up with one that is in every box.
        width = max(1, *map(len, labels)) if labels else 1
        filled = [[*(self._number[label] for label in cell), *[-1] * (width - len(cell))] for cell in labels]
        self._labels = np.array(filled, np.int64)
        self._slack = np.array([is_slack(system.cells[cell]) for cell in model.cells])
        self._above = self._find_above(system)

    def around(self, column: int, size: int, score: Floats, room: Ints, need: int) -> Ints:
        """The columns of the box of a column and, in each of its rows, of others of least score.

        There are `size` of them, and more where these together have less room than is needed.
        """
        chosen = np.zeros(len(self._number) + 1, np.bool_)
        chosen[-1] = True
        chosen[self._labels[column]] = True
        for row in self._rows_of[column]:
            others = self._model.columns[self._model.starts[row] : self._model.starts[row + 1]]
            best = others[np.argsort(score[others], kind="stable")]
            enough = int(np.searchsorted(np.cumsum(room[best]), need)) + 1
            chosen[self._labels[best[: max(size, enough) + 1]]] = True
        return self._inside(column, chosen)

    def climbing(self, column: int, room: Ints) -> Ints:
        """The columns of a box that goes up from a category to all that it lies in.

        At each it goes down again, by the few categories whose cells have most room. It is for what can only
        be exchanged with something far away, such as a station under another command. Of the smaller
        dimensions it takes in everything.
        """
        gives = np.zeros(len(self._number) + 1, np.int64)
        for labels in self._labels.T:
            np.add.at(gives, labels, room)
        mine = set(self._labels[column].tolist())
        own = next((label for label in self._wide if self._number.get(label) in mine), self._root)
        taken: set[str] = set()
        for label in self._wide:
            if label == own or own in self._below.get(label, ()):
                taken.add(label)
                for child in self._most(label, gives, _BROAD):
                    self._descend(child, gives, taken)
        chosen = np.ones(len(self._number) + 1, np.bool_)
        chosen[[self._number[label] for label in self._wide if label in self._number]] = False
        chosen[[self._number[label] for label in taken if label in self._number]] = True
        return self._inside(column, chosen)

    def _descend(self, label: str, gives: Ints, taken: set[str]) -> None:
        taken.add(label)
        for child in self._most(label, gives, _NARROW):
            self._descend(child, gives, taken)

    def _most(self, label: str, gives: Ints, count: int) -> list[str]:
        def room(child: str) -> tuple[int, str]:
            return -int(gives[self._number[child]]) if child in self._number else 0, child

        return sorted(self._wide.get(label, ()), key=room)[:count]

    @cached_property
    def _root(self) -> str:
        """The root of the dimension with the most categories that are left."""
        there = {label: sum(i in self._number for i in own) for label, own in self._below.items()}
        return max(sorted(there), key=lambda label: (there[label], len(self._below[label])), default="")

    @cached_property
    def _wide(self) -> dict[str, list[str]]:
        """All categories of that dimension, with those right below each."""
        found = {}
        for label in (self._root, *self._below.get(self._root, ())):
            own = self._below.get(label, ())
            deeper = {one for i in own for one in self._below.get(i, ())}
            found[label] = [i for i in own if i not in deeper]
        return found

    def _inside(self, column: int, chosen: Flags) -> Ints:
        for label in np.flatnonzero(chosen[:-1]):
            chosen[self._above[label]] = True
        inside = chosen[self._labels].all(axis=1) & ~self._slack
        inside[self._slacks_of(inside)] = True
        inside[column] = True
        return np.flatnonzero(inside)

    def cut(self, columns: Ints) -> Model:
        """What may change within some columns: the rows between them add up to nothing."""
        model = self._model
        inside = np.zeros(len(model.cells), np.bool_)
        inside[columns] = True
        entries = np.flatnonzero(inside[model.columns])
        rows, sizes = np.unique(self._row_of_entry[entries], return_counts=True)
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        places = np.searchsorted(columns, model.columns[entries])
        nothing = np.zeros(len(rows), np.int64)
        bounds = model.lower[columns], model.upper[columns]
        return Model(model.cells[columns], starts, places, model.signs[entries], nothing, *bounds)

    def _slacks_of(self, inside: Flags) -> Ints:
        """What a row leaves over changes with any of its cells."""
        touched = np.zeros(len(self._model.known), np.bool_)
        touched[self._row_of_entry[inside[self._model.columns]]] = True
        reached = touched[self._row_of_entry] & self._slack[self._model.columns]
        return np.asarray(self._model.columns[reached])

    def _find_above(self, system: System) -> list[list[int]]:
        above: list[list[int]] = [[] for _ in self._number]
        for label, number in self._number.items():
            for lower in system.below.get(label, ()):
                if lower in self._number:
                    above[self._number[lower]].append(number)
        return above

    @cached_property
    def _row_of_entry(self) -> Ints:
        return np.repeat(np.arange(len(self._model.known)), np.diff(self._model.starts))

    @cached_property
    def _rows_of(self) -> list[Ints]:
        order = np.argsort(self._model.columns, kind="stable")
        cuts = np.searchsorted(self._model.columns[order], np.arange(1, len(self._model.cells)))
        return np.split(self._row_of_entry[order], cuts)
