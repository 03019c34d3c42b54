"""Categories of which nothing was ever printed, and that hang together alike: two of them stand for all.

In a sparse table most stations are withheld whole. What a stranger can learn of one of them is what can be
learned of every other under the same district: whatever the others have together, one of them could
have alone. So all but two are taken to have no report. No interval changes, of no other cell either:

    A block is all cells of a category (and of those below it), and what rows of these alone leave over. Its
    own rows add up to 0, its cells are 0 at least and have no upper bound of their own, so blocks of the
    same rows can be added up, cell by cell, into one; and every row that they have with the rest, they have
    with the same terms, so the sum goes on adding up. Two are needed: one that is asked about, and one
    that has all that the others have.

Names say where to look, and nothing is believed for them: two blocks are alike where their rows, written
out, are the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from analysis.findings.control.lattice import Cell
from analysis.findings.control.system import System, is_slack

# A cell of a block, by what it would be called in any block alike.
_Key: TypeAlias = tuple[str, ...]
_Terms: TypeAlias = tuple[tuple[_Key, int], ...]
# All keys of a block, and its rows: each with its number where cells outside take part in it, else -1.
_Shape: TypeAlias = tuple[tuple[_Key, ...], tuple[tuple[int, _Terms], ...]]
_LOCAL = -1
# So many blocks of a kind are kept.
_KEPT = 2


@dataclass(frozen=True, slots=True)
class Alike:
    """`empty` are cells that may be taken to be 0; a cell has the interval of its twin. By index."""

    empty: frozenset[int]
    twins: Mapping[int, int]

    def twin(self, cell: int) -> int:
        """The cell that stands for a cell: itself where none does."""
        while cell in self.twins:
            cell = self.twins[cell]
        return cell


def find_alike(
    system: System,
    known: Mapping[Cell, int],
    lower: Mapping[Cell, int] | int = 0,
    upper: Mapping[Cell, int] | int | None = None,
) -> Alike:
    """What need not be attacked; the arguments are those of `reduce`."""
    if isinstance(upper, int) or (isinstance(lower, int) and lower > 0):
        return Alike(frozenset(), {})
    bounded = {system.index[cell] for cell in upper or ()}
    if not isinstance(lower, int):
        bounded |= {system.index[cell] for cell, number in lower.items() if number}
    return _Search(system, {system.index[cell]: n for cell, n in known.items()}, bounded).find()


class _Search:
    def __init__(self, system: System, known: Mapping[int, int], bounded: set[int]) -> None:
        self._system, self._labels = system, system.labels
        # What is known to be 0 takes part in nothing.
        self._empty = {cell for cell, number in known.items() if not number}
        # What is known otherwise takes part in rows, and can be in no block.
        self._fast = {cell for cell, number in known.items() if number} | bounded
        self._rows_of: list[list[int]] = [[] for _ in system.cells]
        for number, row in enumerate(system.rows):
            for cell, _ in row:
                self._rows_of[cell].append(number)
        self._slack = [is_slack(cell) for cell in system.cells]
        self._cells_of: dict[str, list[int]] = {}
        for cell, labels in enumerate(self._labels):
            for label in labels:
                self._cells_of.setdefault(label, []).append(cell)
        self._children = dict(_children(system.below))

    def find(self) -> Alike:
        dropped: set[int] = set()
        twins: dict[int, int] = {}
        # Those below come first: what is left of two categories is then the more often alike.
        for node in sorted(self._children, key=lambda node: len(self._system.below[node])):
            kinds: dict[_Shape, list[dict[_Key, int]]] = {}
            taken: set[int] = set()
            for child in self._children[node]:
                for shape, cells in self._block(child):
                    if taken.isdisjoint(cells.values()):
                        kinds.setdefault(shape, []).append(cells)
                    taken.update(cells.values())
            for first, *others in kinds.values():
                for number, block in enumerate(others, 1):
                    twins.update((cell, first[key]) for key, cell in block.items())
                    if number >= _KEPT:
                        dropped.update(block.values())
                        self._empty.update(block.values())
        return Alike(frozenset(dropped), twins)

    def _block(self, node: str) -> Iterator[tuple[_Shape, dict[_Key, int]]]:
        """The shape of a category's block and its cells by key; nothing where it can be no such block."""
        codes = self._codes(node)
        inside: dict[int, _Key] = {}
        for label in codes:
            for cell in self._cells_of.get(label, ()):
                if cell in self._fast:
                    return
                if cell not in self._empty:
                    inside[cell] = tuple(sorted(codes.get(one, one) for one in self._labels[cell]))
        rows = [self._row(number, inside) for number in dict.fromkeys(self._touched(inside))]
        cells = {key: cell for cell, key in inside.items()}
        # Blocks of different keys only would be compared wrongly, so those with a key twice are left alone.
        if cells and len(cells) == len(inside):
            yield (tuple(sorted(cells)), tuple(sorted(rows))), cells

    def _touched(self, inside: Mapping[int, _Key]) -> Iterator[int]:
        return (row for cell in list(inside) for row in self._rows_of[cell])

    def _row(self, number: int, inside: dict[int, _Key]) -> tuple[int, _Terms]:
        """A row as it is seen from a block, to which what it leaves over is added."""
        there = [(cell, sign) for cell, sign in self._system.rows[number] if cell not in self._empty]
        own = sorted((inside[cell], sign) for cell, sign in there if cell in inside)
        others = [(cell, sign) for cell, sign in there if cell not in inside]
        if len(others) == 1 and self._is_left_over(others[0][0]):
            ((slack, sign),) = others
            inside[slack] = ("~", repr((own, sign)))
            return _LOCAL, (*own, (inside[slack], sign))
        return number if others else _LOCAL, tuple(own)

    def _is_left_over(self, cell: int) -> bool:
        return self._slack[cell] and len(self._rows_of[cell]) == 1 and cell not in self._fast

    def _codes(self, node: str) -> dict[str, str]:
        """What a category and those left below it are called in any block: by their places."""
        codes, waiting = {node: "*"}, [node]
        for label in waiting:
            left = [one for one in self._children.get(label, ()) if self._is_left(one)]
            codes.update((one, f"{codes[label]}.{place}") for place, one in enumerate(left))
            waiting.extend(left)
        return codes

    def _is_left(self, node: str) -> bool:
        return any(cell not in self._empty for cell in self._cells_of.get(node, ()))


def _children(below: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, tuple[str, ...]]]:
    parents: dict[str, str] = {}
    # Of all that a category lies in, its parent has the fewest below it, and comes last.
    for node in sorted(below, key=lambda node: len(below[node]), reverse=True):
        parents.update(dict.fromkeys(below[node], node))
    for node, under in below.items():
        yield node, tuple(label for label in under if parents[label] == node)
