"""What everyone knows about the numbers of a release before reading one: how they hang together.

    lattice    some trees crossed: each combination of their nodes is a cell
    tie        what forms tie together: a sum of cells with signs that is zero, or not below it
    span       a batch, or batches that were published together: it is the sum of its batches

A cell is named by its nodes, roots left out: "area=north", "batch=2026-1", so that tables which share
a margin share the cell. All of it is public: the desk's audit and a stranger's attack make the same
system out of the same text, and neither sees a report.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, TypeAlias

from analysis.findings.control.lattice import Cell, Tree
from analysis.findings.control.system import SLACK, System

BATCH = "batch"
# Signs and cells: the sum of sign * cell.
Terms: TypeAlias = tuple[tuple[int, Cell], ...]


@dataclass(frozen=True, slots=True)
class Tie:
    """The sum of the terms is 0 where `equal`, else 0 or more; in every group of reports."""

    terms: Terms
    equal: bool


@dataclass(frozen=True, slots=True)
class Span:
    """Batches that are added up under one name; a batch is the span of itself."""

    id: str
    batches: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """Trees, which of them are crossed, and ties. A lattice has the margins of its cells too."""

    trees: Mapping[str, Tree]
    lattices: tuple[tuple[str, ...], ...]
    ties: tuple[Tie, ...]

    def cell(self, nodes: Mapping[str, str]) -> Cell:
        """The one name of the cell with these nodes, by tree."""
        named = ((self.trees[name], node) for name, node in nodes.items())
        return tuple(sorted(f"{tree.name}={node}" for tree, node in named if tree.grows or node != tree.root))

    @property
    def cells(self) -> Iterator[Cell]:
        """Every cell once, of no batch."""
        seen: dict[Cell, None] = {}
        for lattice in self.lattices:
            for nodes in product(*(self.trees[tree].nodes for tree in lattice)):
                seen.setdefault(self.cell(dict(zip(lattice, nodes, strict=True))))
        return iter(seen)

    def to_json(self) -> dict[str, Any]:
        """As it stands in codebook.json."""
        return {
            "trees": {name: _tree_to_json(tree) for name, tree in self.trees.items()},
            "lattices": [list(lattice) for lattice in self.lattices],
            "ties": [
                {"sum": [[sign, list(cell)] for sign, cell in tie.terms], "equal": tie.equal}
                for tie in self.ties
            ],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Model":
        """The same again; NotNested, ValueError, TypeError, KeyError or AttributeError for what is none."""
        trees = {
            name: Tree(
                name,
                one["root"],
                {node: tuple(own) for node, own in one["children"].items()},
                grows=one["root_is_named"],
            )
            for name, one in value["trees"].items()
        }
        ties = tuple(
            Tie(tuple((int(sign), tuple(cell)) for sign, cell in one["sum"]), bool(one["equal"]))
            for one in value["ties"]
        )
        return cls(trees, tuple(tuple(lattice) for lattice in value["lattices"]), ties)


def _tree_to_json(tree: Tree) -> dict[str, Any]:
    children = {node: list(own) for node, own in tree.children.items()}
    return {"root": tree.root, "root_is_named": tree.grows, "children": children}


def within(cell: Cell, span: str) -> Cell:
    """A cell in one span."""
    return tuple(sorted((*cell, f"{BATCH}={span}")))


def system(model: Model, spans: Sequence[Span]) -> System:
    """All cells of all spans, with every equation between them."""
    index: dict[Cell, int] = {}
    rows: dict[tuple[tuple[int, int], ...], None] = {}

    def add(terms: Iterable[tuple[int, Cell]]) -> None:
        rows.setdefault(tuple((index.setdefault(cell, len(index)), sign) for sign, cell in terms))

    known = list(model.cells)
    within_one = list(_relations(model, set(known)))
    for span in spans:
        for cell in known:
            index.setdefault(within(cell, span.id), len(index))
    for span in spans:
        for number, (terms, equal) in enumerate(within_one):
            named = [(sign, within(cell, span.id)) for sign, cell in terms]
            add(named if equal else _with_slack(named, (SLACK, str(number), span.id)))
        if span.batches != (span.id,):
            for cell in known:
                parts = [(-1, within(cell, batch)) for batch in span.batches]
                add([(1, within(cell, span.id)), *parts])
    cells = tuple(index)
    return System(cells, tuple(rows), cells, dict(_below(model, spans)))


def _below(model: Model, spans: Sequence[Span]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each node with all that lie below it."""
    for tree in model.trees.values():
        for node in tree.children:
            inside = (leaf for leaf in tree.nodes if leaf != node and node in tree.path(leaf))
            yield f"{tree.name}={node}", tuple(f"{tree.name}={leaf}" for leaf in inside)
    for span in spans:
        if span.batches != (span.id,):
            yield f"{BATCH}={span.id}", tuple(f"{BATCH}={batch}" for batch in span.batches)


def _with_slack(terms: list[tuple[int, Cell]], slack: Cell) -> list[tuple[int, Cell]]:
    """What an inequality leaves over. Whatever stands first is taken for a whole, and what is taken from
    it for its parts, so that goes for a sum alone.
    """
    first, *rest = terms
    if first[0] == 1 and all(sign == -1 for sign, _ in rest):
        return [*terms, (-1, slack)]
    return [(1, slack), *((-sign, cell) for sign, cell in terms)]


def _relations(model: Model, known: set[Cell]) -> Iterator[tuple[Terms, bool]]:
    """What holds within any one span, each once."""
    seen = set()
    for terms, equal in (*_sums(model), *_tied(model, known)):
        if (key := (frozenset(terms), equal)) not in seen:
            seen.add(key)
            yield terms, equal


def _sums(model: Model) -> Iterator[tuple[Terms, bool]]:
    for lattice in model.lattices:
        for name in lattice:
            others = [other for other in lattice if other != name]
            for context in _combinations(model, others):
                for parent, children in model.trees[name].children.items():
                    parts = tuple((-1, model.cell({**context, name: child})) for child in children)
                    yield ((1, model.cell({**context, name: parent})), *parts), True


def _tied(model: Model, known: set[Cell]) -> Iterator[tuple[Terms, bool]]:
    for tie in model.ties:
        for around in _around(model, tie):
            for context in _combinations(model, around):
                shared = model.cell(context)
                terms = tuple((sign, tuple(sorted((*cell, *shared)))) for sign, cell in tie.terms)
                if all(cell in known for _, cell in terms):
                    yield terms, tie.equal


def _combinations(model: Model, trees: Sequence[str]) -> Iterator[dict[str, str]]:
    for nodes in product(*(model.trees[tree].nodes for tree in trees)):
        yield dict(zip(trees, nodes, strict=True))


def _around(model: Model, tie: Tie) -> Iterator[tuple[str, ...]]:
    """By which trees the cells of a tie may be crossed, besides those that the tie is about."""
    own = {_tree(node) for _, cell in tie.terms for node in cell}
    first = {_tree(node) for node in max((cell for _, cell in tie.terms), key=len)}
    crossed = (lattice for lattice in model.lattices if first <= set(lattice))
    found = [tuple(tree for tree in lattice if tree not in first) for lattice in crossed]
    yield from dict.fromkeys(((), *(trees for trees in found if own.isdisjoint(trees))))


def _tree(node: str) -> str:
    return node.partition("=")[0]
