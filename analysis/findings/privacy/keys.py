"""Which numbers of a table get noise, and in how many of them one report can be.

They come from the codebook alone: every combination of answers that a table could count, whether a report
gave it or not. What can be added up is not measured twice: a group is the sum of its answers, a total that
of its columns, so each report is in few numbers and the noise is small.

    grid   some trees crossed: of an answer that may be ticked beside others, "yes" alone; of who was asked a
           question, "asked"; of all other trees, every leaf
    key    a cell of a grid

The sensitivity is the most keys of a table that one report can be in. A question of many answers is asked in
some settings, and a report has one: it is what the fullest setting allows, with so many answers of a
question at most. Counting keeps to it whatever a report holds (analysis/findings/privacy/measuring.py).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import comb

from analysis.findings.control.lattice import Cell, Tree
from analysis.findings.dimensions import ASKED, YES
from analysis.findings.lines import Planned
from analysis.findings.plan import Plan
from analysis.findings.tables import FLOW, FLOW_COUNTED

# The one table that is measured of every batch: it says how many reports there are.
FLOW_TABLE = "F01"
COUNTED: Cell = (f"{FLOW}={FLOW_COUNTED}",)


@dataclass(frozen=True, slots=True)
class Grid:
    """Trees crossed, in the order of their names, with the leaves of each that are counted."""

    trees: tuple[str, ...]
    leaves: tuple[tuple[str, ...], ...]

    @property
    def keys(self) -> Iterator[Cell]:
        """Every combination."""
        for nodes in product(*self.leaves):
            yield name(dict(zip(self.trees, nodes, strict=True)))


@dataclass(frozen=True, slots=True)
class Layout:
    """The grids of a table, the most keys that a report is in, and the keys that each cell is the sum of."""

    table: str
    grids: tuple[Grid, ...]
    sensitivity: int
    sums: Mapping[Cell, tuple[Cell, ...]]

    @property
    def is_flow(self) -> bool:
        """Whether reports that were left out are in it too."""
        return any(FLOW in grid.trees for grid in self.grids)


def name(nodes: Mapping[str, str]) -> Cell:
    """The name of a cell, as ledgers have it."""
    return tuple(sorted(f"{tree}={node}" for tree, node in nodes.items()))


def nodes_of(cell: Cell) -> dict[str, str]:
    """The nodes of a cell by tree."""
    found = (part.partition("=") for part in cell)
    return {tree: node for tree, _, node in found}


def lay_out(plan: Plan, table: Planned, answers: int) -> Layout:
    """What is measured for a table, where a report counts in so many answers of a question at most."""
    cells = {cell for cell in (*table.cells.values(), *table.bases.values()) if cell}
    shapes = sorted({tuple(sorted(nodes_of(cell))) for cell in cells})
    kept = [one for one in shapes if not any(_adds_up(plan, one, other) for other in shapes)]
    grids = {shape: Grid(shape, tuple(_leaves(plan, tree) for tree in shape)) for shape in kept}
    # Few trees first, so that who was asked is counted before what was ticked.
    ordered = tuple(sorted(grids.values(), key=lambda grid: (_ticks(plan, grid) != [], grid.trees)))
    owners = {one: _owner(plan, one, kept) for one in shapes}
    sums = {cell: _parts(plan, cell, grids[owners[tuple(sorted(nodes_of(cell)))]]) for cell in cells}
    return Layout(table.id, ordered, _sensitivity(plan, ordered, answers), sums)


def _adds_up(plan: Plan, one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether cells of some trees are sums of cells of more trees: all that are more hold every report."""
    more = set(other) - set(one)
    return bool(more) and set(one) < set(other) and all(_is_whole(plan, tree) for tree in more)


def _owner(plan: Plan, shape: tuple[str, ...], kept: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    if shape in kept:
        return shape
    fits = [other for other in kept if _adds_up(plan, shape, other)]
    # Of the grids that add up to it, the one of fewest parts has the least noise.
    return min(fits, key=lambda other: (_size(plan, set(other) - set(shape)), other))


def _size(plan: Plan, trees: Iterable[str]) -> int:
    size = 1
    for tree in trees:
        size *= len(plan.trees[tree].leaves)
    return size


def _is_base(plan: Plan, tree: str) -> bool:
    """Whether a tree says who was asked a question of many answers, and no more."""
    return tree in plan.questions.asked and tree not in plan.choices


def _is_whole(plan: Plan, tree: str) -> bool:
    return tree not in plan.ticks and not _is_base(plan, tree)


def _leaves(plan: Plan, tree: str) -> tuple[str, ...]:
    if tree in plan.ticks:
        return (YES,)
    return (ASKED,) if _is_base(plan, tree) else plan.trees[tree].leaves


def _parts(plan: Plan, cell: Cell, grid: Grid) -> tuple[Cell, ...]:
    nodes = nodes_of(cell)
    within = [_below(plan.trees[tree], nodes[tree], own) if tree in nodes else own
              for tree, own in zip(grid.trees, grid.leaves, strict=True)]  # fmt: skip
    return tuple(name(dict(zip(grid.trees, leaves, strict=True))) for leaves in product(*within))


def _below(tree: Tree, node: str, leaves: Sequence[str]) -> tuple[str, ...]:
    inside = {node, *tree.below(node)}
    return tuple(leaf for leaf in leaves if leaf in inside)


def _ticks(plan: Plan, grid: Grid) -> list[str]:
    return [tree for tree in grid.trees if tree in plan.ticks]


def _sensitivity(plan: Plan, grids: Sequence[Grid], answers: int) -> int:
    settings = plan.questions.settings
    return max(_within(plan, grids, answers, setting) for setting in settings)


def _within(plan: Plan, grids: Sequence[Grid], answers: int, setting: str) -> int:
    """The most keys of the grids that a report of one setting is in."""
    alike: Counter[_Kind] = Counter()
    for grid in grids:
        asked = [plan.ticks[tree].question for tree in _ticks(plan, grid)]
        asked += [plan.questions.asked[tree] for tree in grid.trees if _is_base(plan, tree)]
        if all(setting in question.settings for question in asked):
            alike[_kind(plan, grid)] += 1
    return sum(min(number, kind.most(answers)) for kind, number in alike.items())


@dataclass(frozen=True, slots=True)
class _Kind:
    """What grids that only differ in the answer have in common: the questions, and what crosses them."""

    questions: tuple[str, ...]
    groups: tuple[bool, ...]
    crossed: tuple[str, ...]

    def most(self, answers: int) -> int:
        """In how many of such grids a report is: in so many answers, or groups of them, and their pairs."""
        if len(set(self.questions)) == len(self.questions):
            return int(answers ** len(self.questions))
        return comb(answers, len(self.questions))


def _kind(plan: Plan, grid: Grid) -> _Kind:
    ticks = _ticks(plan, grid)
    questions = {tree: plan.ticks[tree].question.id for tree in ticks}
    groups = tuple(tree.startswith(f"{questions[tree]}.any.") for tree in ticks)
    crossed = tuple(tree for tree in grid.trees if tree not in ticks)
    return _Kind(tuple(questions.values()), groups, crossed)
