"""Small tables for the tests of disclosure control, and every table of whole numbers by brute force."""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from analysis.findings.control.attack import attack
from analysis.findings.control.bounds import Bounds, Interval
from analysis.findings.control.lattice import Cell, Lattice, Tree
from analysis.findings.control.system import System


def lattice(*sizes: int) -> Lattice:
    """A table of so many rows, columns, ..., with its margins; the root of each dimension is T."""
    names = [(letter, size) for letter, size in zip("abcd", sizes, strict=False)]
    return Lattice(tuple(Tree.flat(x, [f"{x}{i}" for i in range(n)], root="T") for x, n in names))


def fill(table: Lattice, counts: Iterable[int]) -> dict[Cell, int]:
    """The counts of all cells, from those of the leaves in their order."""
    return table.aggregate(dict(zip(table.leaves, counts, strict=True)))


def named(rows: Mapping[str, Mapping[str, int]], totals: str = "Total") -> tuple[Lattice, dict[Cell, int]]:
    """A two-way table as books print it, without its margins."""
    columns = tuple(next(iter(rows.values())))
    table = Lattice((Tree.flat("row", rows, root=totals), Tree.flat("column", columns, root=totals)))
    return table, table.aggregate({(row, c): n for row, cells in rows.items() for c, n in cells.items()})


def attack_hidden(
    table: Lattice, counts: Mapping[Cell, int], hidden: Iterable[Cell], lower: int = 0
) -> dict[Cell, Bounds]:
    """What is known of hidden cells when all others are printed."""
    hidden = list(dict.fromkeys(hidden))
    known = {cell: count for cell, count in counts.items() if cell not in hidden}
    return attack(System.of(table), known, hidden, lower=lower)


def brute_force(table: Lattice, counts: Mapping[Cell, int], hidden: Iterable[Cell]) -> dict[Cell, Interval]:
    """The same by trying every table with the same number of reports in all, which must be printed."""
    cells = list(table.cells)
    hidden = list(hidden)
    tables = _tables(table, counts[cells[0]])
    shown = [i for i, cell in enumerate(cells) if cell not in hidden]
    fits = tables[(tables[:, shown] == [counts[cells[i]] for i in shown]).all(axis=1)]
    ends = {cell: fits[:, cells.index(cell)] for cell in hidden}
    return {cell: Interval(int(column.min()), int(column.max())) for cell, column in ends.items()}


def _tables(table: Lattice, total: int) -> NDArray[np.int64]:
    sizes = tuple(len(tree.leaves) for tree in table.trees)
    return _all_tables(sizes, total)


@lru_cache
def _all_tables(sizes: tuple[int, ...], total: int) -> NDArray[np.int64]:
    table = lattice(*sizes)
    leaves = list(table.leaves)
    inside = np.array([[_below(table, leaf, cell) for cell in table.cells] for leaf in leaves], np.int64)
    return np.array(list(_splits(total, len(leaves))), np.int64) @ inside


def _below(table: Lattice, leaf: Cell, cell: Cell) -> bool:
    return all(node in tree.path(one) for tree, one, node in zip(table.trees, leaf, cell, strict=True))


def _splits(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in _splits(total - first, parts - 1):
            yield (first, *rest)


def subsets(cells: Iterable[Cell]) -> Iterator[list[Cell]]:
    """Every set of cells but the empty one."""
    cells = list(cells)
    for chosen in product((False, True), repeat=len(cells)):
        if any(chosen):
            yield [cell for cell, one in zip(cells, chosen, strict=True) if one]
