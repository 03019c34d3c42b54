"""What a batch says of places that got their names after it was counted.

A batch remembers the groups of spellings as they stood when it was counted: which reports named one is never
looked up again. So a place that is named later has its true number there, unless its group was another one
then, and what was printed keeps its meaning.
"""

from collections.abc import Collection, Mapping, Sequence

from analysis.findings.control.lattice import Cell, Tree
from analysis.findings.counting import Count
from analysis.findings.naming import UNNAMED, Naming


def recode(
    frozen: Mapping[Cell, Count],
    batch: str,
    known: Mapping[str, Collection[str]],
    trees: Mapping[str, Tree],
    naming: Mapping[str, Naming],
) -> dict[Cell, Count]:
    """The cells of a batch as they were counted, with those of places that were named since.

    `known` are the nodes of its trees then, `trees` those of today.
    """
    cells = dict(frozen)
    for question, own in naming.items():
        later = _later(known.get(question, ()), trees.get(question))
        cells = _recoded(cells, question, own, batch, later)
    return cells


def _later(known: Collection[str], tree: Tree | None) -> dict[str, list[str]]:
    """Of each leaf, itself and what is above it, as far as the batch does not know it."""
    if tree is None:
        return {}
    return {
        leaf: [node for node in tree.path(leaf) if node != tree.root and node not in known]
        for leaf in tree.leaves
    }


def _recoded(
    frozen: Mapping[Cell, Count],
    question: str,
    naming: Naming,
    batch: str,
    later: Mapping[str, Sequence[str]],
) -> dict[Cell, Count]:
    found: dict[Cell, Count] = {}
    mark = f"{question}={UNNAMED}"
    for cell, count in frozen.items():
        own = next((node for node in cell if node.startswith(mark)), None)
        if own is None:
            found[cell] = count
            continue
        others = [node for node in cell if node != own]
        for node in later.get(naming.leaf_then(own.partition("=")[2], batch), ()):
            name = tuple(sorted((*others, f"{question}={node}")))
            found[name] = found[name] + count if name in found else count
    return found
