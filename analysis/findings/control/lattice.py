"""The cells of a cross-classified table: the product of trees.

Every dimension is a tree of categories (district over precincts, quarter over months), and a cell is
one node of each. A cell is the sum of the cells below it, in each dimension in which it has some; that
is all that a stranger knows about how the numbers hang together, so what does not nest is refused.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod
from typing import TypeAlias

from analysis.findings.control.errors import NotNested

Cell: TypeAlias = tuple[str, ...]


@dataclass(frozen=True)
class Tree:
    """A dimension: every node is the sum of its children. Raises NotNested.

    A parent with one child is allowed, and means that the two are always equal. The root of a
    dimension that grows (all batches so far) means something else in each release, so it is named.
    """

    name: str
    root: str
    children: Mapping[str, tuple[str, ...]]
    grows: bool = False

    def __post_init__(self) -> None:
        reached = [self.root]
        seen = {self.root}
        for node in reached:
            for child in self.children.get(node, ()):
                if child in seen:
                    raise NotNested(f'"{child}" has two places in the dimension "{self.name}"', _HINT)
                seen.add(child)
                reached.append(child)
        for node, below in self.children.items():
            if node not in seen:
                raise NotNested(f'"{node}" is not below the root of the dimension "{self.name}"', _HINT)
            if not below:
                raise NotNested(f'"{node}" of the dimension "{self.name}" has no children', _HINT)

    @classmethod
    def flat(cls, name: str, leaves: Iterable[str], root: str = "Total") -> "Tree":
        """A root over leaves."""
        return cls(name, root, {root: tuple(leaves)})

    @cached_property
    def nodes(self) -> tuple[str, ...]:
        """The root first, parents before their children."""
        found = [self.root]
        for node in found:
            found.extend(self.children.get(node, ()))
        return tuple(found)

    @cached_property
    def leaves(self) -> tuple[str, ...]:
        """The nodes without children."""
        return tuple(node for node in self.nodes if node not in self.children)

    @cached_property
    def known(self) -> frozenset[str]:
        """The nodes as a set."""
        return frozenset(self.nodes)

    @cached_property
    def parents(self) -> Mapping[str, str]:
        """The parent of each node but the root."""
        return {child: node for node, below in self.children.items() for child in below}

    def path(self, node: str) -> tuple[str, ...]:
        """The node and all that are above it, up to the root."""
        found = [node]
        while found[-1] in self.parents:
            found.append(self.parents[found[-1]])
        return tuple(found)

    def below(self, node: str) -> tuple[str, ...]:
        """All nodes under a node."""
        found = list(self.children.get(node, ()))
        for child in found:
            found.extend(self.children.get(child, ()))
        return tuple(found)


_HINT = "recode the dimension so that each category has one parent"


@dataclass(frozen=True)
class Lattice:
    """All cells of a table: tuples of node names, one of each tree, in the order of the trees."""

    trees: tuple[Tree, ...]

    def __post_init__(self) -> None:
        names = [tree.name for tree in self.trees]
        if len(set(names)) != len(names):
            raise NotNested("two dimensions of a table have the same name", "give each its own name")

    def __len__(self) -> int:
        return prod(len(tree.nodes) for tree in self.trees)

    @property
    def cells(self) -> Iterator[Cell]:
        """Every cell, wholes before their parts."""
        return product(*(tree.nodes for tree in self.trees))

    @property
    def leaves(self) -> Iterator[Cell]:
        """The cells of which all others are sums."""
        return product(*(tree.leaves for tree in self.trees))

    @property
    def sums(self) -> Iterator[tuple[Cell, tuple[Cell, ...]]]:
        """Each cell with the cells it is the sum of, once for each dimension in which it has children."""
        for cell in self.cells:
            for i, tree in enumerate(self.trees):
                below = tree.children.get(cell[i])
                if below is not None:
                    yield cell, tuple((*cell[:i], child, *cell[i + 1 :]) for child in below)

    def aggregate(self, leaves: Mapping[Cell, int]) -> dict[Cell, int]:
        """The count of every cell, from the counts of leaves; those that are not given count 0."""
        found = dict(leaves)
        for i, tree in enumerate(self.trees):
            found = _sum_up(found, i, tree)
        counts = dict.fromkeys(self.cells, 0)
        for cell, count in found.items():
            counts[cell] += count
        return counts

    def shared_name(self, cell: Cell) -> Cell:
        """What a cell is called across tables: sorted "dimension=node", roots that do not grow left out.

        Tables that share a margin so share its cells; the number of all reports is the empty tuple.
        """
        named = zip(self.trees, cell, strict=True)
        kept = ((tree, node) for tree, node in named if tree.grows or node != tree.root)
        return tuple(sorted(f"{tree.name}={node}" for tree, node in kept))


def _sum_up(counts: Mapping[Cell, int], i: int, tree: Tree) -> dict[Cell, int]:
    """The same with what lies above in dimension `i`: each node is added to its parent once, however deep."""
    by_node: dict[str, dict[Cell, int]] = {node: {} for node in tree.nodes}
    for cell, count in counts.items():
        by_node[cell[i]][cell] = count
    for node in reversed(tree.nodes[1:]):
        parent = tree.parents[node]
        above = by_node[parent]
        for cell, count in by_node[node].items():
            up = (*cell[:i], parent, *cell[i + 1 :])
            above[up] = above.get(up, 0) + count
    return {cell: count for group in by_node.values() for cell, count in group.items()}
