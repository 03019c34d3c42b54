"""What everyone knows about numbers before any of them is printed: which are sums of which.

A system is a list of cells, whole numbers that are not negative, and of rows: one cell is the sum of
others. A table makes one; tables that share margins make one together, in which the shared cells are
the same. What a form ties together (one answer excludes others, "any of these") becomes rows with a
slack, a cell that is in no table and nobody's target.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from analysis.findings.control.errors import NotNested
from analysis.findings.control.lattice import Cell, Lattice, Tree

# Indices of cells with +1 or -1; the products add up to 0. The whole comes first, with +1.
Row: TypeAlias = tuple[tuple[int, int], ...]
SLACK = "~slack"


@dataclass(frozen=True)
class System:
    """Cells by index, and the rows between them.

    `labels` are the categories of each cell, and `below` all categories under one; no interval
    depends on them, they are where the search for a table looks first.
    """

    cells: tuple[Cell, ...]
    rows: tuple[Row, ...]
    labels: tuple[Cell, ...] = ()
    below: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def index(self) -> Mapping[Cell, int]:
        """The place of each cell."""
        return {cell: i for i, cell in enumerate(self.cells)}

    @property
    def slacks(self) -> tuple[Cell, ...]:
        """The cells that stand for what a row leaves over."""
        return tuple(cell for cell in self.cells if is_slack(cell))

    @cached_property
    def parts(self) -> Mapping[int, tuple[int, ...]]:
        """The cells of which a cell is a sum, of all its rows."""
        found: dict[int, list[int]] = {}
        for (whole, _), *rest in self.rows:
            found.setdefault(whole, []).extend(i for i, sign in rest if sign < 0)
        return {whole: tuple(dict.fromkeys(parts)) for whole, parts in found.items()}

    def complete(self, values: Mapping[Cell, int]) -> dict[Cell, int]:
        """The values with every slack worked out. KeyError where another cell has no value."""
        complete = dict(values)
        for row in self.rows:
            for i, sign in row:
                if is_slack(self.cells[i]):
                    others = sum(s * complete[self.cells[j]] for j, s in row if j != i)
                    complete[self.cells[i]] = -sign * others
        return complete

    @classmethod
    def of(cls, lattice: Lattice) -> "System":
        """The system of one table; its cells are those of the lattice."""
        builder = Builder()
        builder.add_table(lattice)
        return builder.build()

    @classmethod
    def linked(cls, lattices: Iterable[Lattice]) -> "System":
        """The system of several tables; its cells are named by `Lattice.shared_name`. Raises NotNested."""
        builder = Builder()
        for lattice in lattices:
            builder.add_lattice(lattice)
        return builder.build()


def is_slack(cell: Cell) -> bool:
    """Whether it is what a row leaves over, which is in no table."""
    return bool(cell) and cell[0] == SLACK


class Builder:
    """Collects cells and rows; the same row given twice stands once."""

    def __init__(self) -> None:
        self._index: dict[Cell, int] = {}
        self._rows: dict[Row, None] = {}
        self._trees: dict[str, Tree] = {}
        self._labels: dict[Cell, Cell] = {}

    def add_cell(self, cell: Cell) -> int:
        """The place of a cell, new or not."""
        return self._index.setdefault(cell, len(self._index))

    def add_sum(self, whole: Cell, parts: Iterable[Cell]) -> None:
        """whole = sum of parts."""
        terms = ((self.add_cell(whole), 1), *sorted((self.add_cell(part), -1) for part in parts))
        self._rows.setdefault(terms)

    def add_at_most(self, parts: Iterable[Cell], whole: Cell) -> None:
        """Sum of parts <= whole: what is left over is a slack, named by the row itself."""
        parts = tuple(sorted(parts))
        names = ["+".join(_quote(cell) for cell in parts), _quote(whole)]
        self.add_sum(whole, (*parts, (SLACK, *names)))

    def add_any(self, whole: Cell, parts: Iterable[Cell]) -> None:
        """A roll-up "any of these", of answers of which several may be given: each <= any <= their sum."""
        parts = tuple(sorted(parts))
        for part in parts:
            self.add_at_most([part], whole)
        names = [_quote(whole), "+".join(_quote(cell) for cell in parts)]
        slack = self.add_cell((SLACK, *names))
        terms = [(self.add_cell(whole), 1), (slack, 1), *((self.add_cell(part), -1) for part in parts)]
        self._rows.setdefault(tuple(terms))

    def add_lattice(self, lattice: Lattice) -> None:
        """A table beside others. Raises NotNested where another knows a dimension by another tree."""
        for tree in lattice.trees:
            if self._trees.setdefault(tree.name, tree) != tree:
                raise NotNested(
                    f'two tables know the dimension "{tree.name}" by different categories',
                    "use the same categories in every table and every release",
                )
        for cell in lattice.cells:
            name = lattice.shared_name(cell)
            self.add_cell(name)
            self._labels[name] = name
        for whole, parts in lattice.sums:
            self.add_sum(lattice.shared_name(whole), map(lattice.shared_name, parts))

    def add_table(self, lattice: Lattice) -> None:
        """A table by itself, whose cells keep their names."""
        self._trees.update({tree.name: tree for tree in lattice.trees})
        for cell in lattice.cells:
            self.add_cell(cell)
            self._labels[cell] = lattice.shared_name(cell)
        for whole, parts in lattice.sums:
            self.add_sum(whole, parts)

    def build(self) -> System:
        """What was collected."""
        labels = tuple(self._labels.get(cell, ()) for cell in self._index)
        below: dict[str, tuple[str, ...]] = {}
        for tree in self._trees.values():
            # A deep tree has each name at many nodes, so it is made once.
            names = {node: f"{tree.name}={node}" for node in tree.nodes}
            below |= {names[node]: tuple(names[one] for one in tree.below(node)) for node in tree.children}
        return System(tuple(self._index), tuple(self._rows), labels, below)


def _quote(cell: Cell) -> str:
    return "&".join(cell)
