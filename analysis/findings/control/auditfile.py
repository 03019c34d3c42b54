"""Reads a table that somebody wants attacked: a JSON file, which may be hostile. AUDIT.md says what is in it.

Everything is bounded before it is worked on, and nothing is guessed: what is not exactly as the format says
is refused with the place where it stands, and never quoted.
"""

import json
from codecs import BOM_UTF8
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path

from analysis.findings.control.errors import BadAuditFile, NotNested
from analysis.findings.control.lattice import Cell, Lattice, Tree

BYTES = 32 * 1024 * 1024
CELLS = 200_000
# The solver counts in floats: up to here no whole number is lost.
REPORTS = 1_000_000_000
NAME = 200
# Each level is looked through for all above it. No classification of anyone's has a tenth as many.
LEVELS = 64

_NEEDED = {"dims", "leaf_counts", "hidden"}
_KEYS = _NEEDED | {"lower_bound", "published_before", "sensitive"}
_FORMAT = "analysis/findings/control/AUDIT.md says what is in such a file"


@dataclass(frozen=True, slots=True)
class AuditFile:
    """A table, what of it is hidden, and what everyone knows besides.

    `known` holds the count of every cell that was ever printed; `sensitive` are the hidden cells whose
    disclosure matters.
    """

    lattice: Lattice
    known: Mapping[Cell, int]
    hidden: tuple[Cell, ...]
    lower_bound: int
    sensitive: frozenset[Cell]


def read(path: Path) -> AuditFile:
    """Raises BadAuditFile."""
    try:
        with path.open("rb") as file:
            data = file.read(BYTES + 1)
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise BadAuditFile(f"{path}: {reason}", f"give a table to attack; {_FORMAT}") from None
    if len(data) > BYTES:
        raise BadAuditFile(f"{path} has more than {BYTES // 1024 // 1024} MB", "split it into smaller tables")
    try:
        return _Reader().read(_parse(data))
    except _Wrong as wrong:
        raise BadAuditFile(f"{path}: {wrong}", _FORMAT) from None


class _Wrong(Exception):
    """What is wrong, without the file's name."""


def _parse(data: bytes) -> dict[str, object]:
    if data.startswith(BOM_UTF8):
        raise _Wrong("it begins with a byte-order mark: save it as UTF-8 without one")
    try:
        found = json.loads(
            data.decode("utf-8"), object_pairs_hook=_Objects(), parse_constant=_refuse, parse_float=_refuse
        )
    except RecursionError:
        raise _Wrong("it is nested too deeply") from None
    except UnicodeDecodeError:
        raise _Wrong("it is not text in UTF-8") from None
    except ValueError:
        raise _Wrong("it is not JSON in whole numbers, or a number is too long") from None
    if not isinstance(found, dict):
        raise _Wrong("it is not one JSON object")
    return found


class _Objects:
    """Makes the objects: each with different keys, and no more than the file and its dimensions can be.

    An object of seven bytes takes forty times as much memory.
    """

    def __init__(self) -> None:
        self._left = CELLS + 1

    def __call__(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        self._left -= 1
        if self._left < 0:
            raise _Wrong("it has more objects than a table can have dimensions")
        if len({name for name, _ in pairs}) != len(pairs):
            raise _Wrong("an object has the same key twice")
        return dict(pairs)


def _refuse(number: str) -> object:
    raise _Wrong("counts are whole numbers: a number in it is none")


class _Reader:
    def read(self, found: dict[str, object]) -> AuditFile:
        if found.keys() - _KEYS:
            right = ", ".join(f'"{key}"' for key in sorted(_KEYS))
            raise _Wrong(f"it has a key that is none of {right}")
        for key in sorted(_NEEDED - found.keys()):
            raise _Wrong(f'the key "{key}" is missing')
        self._lattice = _lattice(found["dims"])
        counts = self._lattice.aggregate(self._counts(found["leaf_counts"]))
        hidden = dict.fromkeys(self._cells(found["hidden"], "hidden"))
        before = self._before(found.get("published_before", []), counts)
        lower = found.get("lower_bound", 0)
        if type(lower) is not int or lower not in (0, 1):
            raise _Wrong('"lower_bound" is neither 0 nor 1')
        if any(counts[cell] < lower for cell in hidden):
            raise _Wrong('a hidden cell counts 0, and "lower_bound" says that zeros are shown')
        known = {cell: count for cell, count in counts.items() if cell not in hidden} | before
        return AuditFile(self._lattice, known, tuple(hidden), lower, self._sensitive(found, hidden, counts))

    def _sensitive(
        self, found: dict[str, object], hidden: Mapping[Cell, None], counts: Mapping[Cell, int]
    ) -> frozenset[Cell]:
        if "sensitive" not in found:
            return frozenset(cell for cell in hidden if counts[cell])
        sensitive = frozenset(self._cells(found["sensitive"], "sensitive"))
        if not sensitive <= hidden.keys():
            raise _Wrong('a row of "sensitive" is not in "hidden"')
        return sensitive

    def _counts(self, rows: object) -> dict[Cell, int]:
        counts = {}
        leaves = [frozenset(tree.leaves) for tree in self._lattice.trees]
        for i, row in enumerate(_list(rows, "leaf_counts"), 1):
            cell, count = self._counted(row, f'row {i} of "leaf_counts"')
            if not all(node in below for node, below in zip(cell, leaves, strict=True)):
                raise _Wrong(f'row {i} of "leaf_counts" names a node that has children')
            if cell in counts:
                raise _Wrong(f'row {i} of "leaf_counts" counts a cell for the second time')
            counts[cell] = count
        if sum(counts.values()) > REPORTS:
            raise _Wrong(f"it counts more than {REPORTS:,} in all")
        return counts

    def _before(self, rows: object, counts: Mapping[Cell, int]) -> dict[Cell, int]:
        before: dict[Cell, int] = {}
        for i, row in enumerate(_list(rows, "published_before"), 1):
            cell, count = self._counted(row, f'row {i} of "published_before"')
            if count != counts[cell]:
                raise _Wrong(f'row {i} of "published_before" does not agree with "leaf_counts"')
            before[cell] = count
        return before

    def _counted(self, row: object, place: str) -> tuple[Cell, int]:
        if not isinstance(row, list) or not row:
            raise _Wrong(f"{place} is not a list of names and a count")
        *names, count = row
        cell = self._cell(names, place)
        # In Python, True is a number.
        if type(count) is not int or not 0 <= count <= REPORTS:
            raise _Wrong(f"{place} has no count from 0 to {REPORTS:,} at its end")
        return cell, count

    def _cells(self, rows: object, key: str) -> Iterable[Cell]:
        return [self._cell(row, f'row {i} of "{key}"') for i, row in enumerate(_list(rows, key), 1)]

    def _cell(self, names: object, place: str) -> Cell:
        trees = self._lattice.trees
        if not isinstance(names, list) or len(names) != len(trees):
            raise _Wrong(f"{place} does not name one node of each of the {len(trees)} dimensions")
        if not all(isinstance(name, str) for name in names):
            raise _Wrong(f"{place} names something that is not a text")
        for i, (name, tree) in enumerate(zip(names, trees, strict=True), 1):
            if name not in tree.known:
                raise _Wrong(f"{place} names a node that dimension {i} does not have")
        return tuple(names)


def _list(found: object, key: str) -> list[object]:
    if not isinstance(found, list):
        raise _Wrong(f'"{key}" is not a list')
    if len(found) > CELLS:
        raise _Wrong(f'"{key}" has more than {CELLS:,} rows')
    return found


def _lattice(found: object) -> Lattice:
    trees = tuple(_tree(one, i) for i, one in enumerate(_list(found, "dims"), 1))
    if not trees:
        raise _Wrong('"dims" is empty')
    if prod(len(tree.nodes) for tree in trees) > CELLS:
        raise _Wrong(f"the table has more than {CELLS:,} cells")
    for number, tree in enumerate(trees, 1):
        if _levels(tree) > LEVELS:
            raise _Wrong(f"dimension {number} has more than {LEVELS} levels")
    return Lattice(trees)


def _tree(found: object, number: int) -> Tree:
    place = f"dimension {number}"
    if not isinstance(found, dict) or not found:
        raise _Wrong(f"{place} is not an object of parents and their children")
    children: dict[str, tuple[str, ...]] = {}
    for parent, below in found.items():
        if not isinstance(below, list) or not all(isinstance(child, str) for child in below):
            raise _Wrong(f"{place} has a parent whose children are not a list of texts")
        if below:
            children[parent] = tuple(below)
    names = {*found, *(child for below in children.values() for child in below)}
    if not all(_is_name(name) for name in names):
        raise _Wrong(f'{place} has a node that is empty, has a "|", is too long or is not printable text')
    roots = found.keys() - {child for below in children.values() for child in below}
    if len(roots) != 1:
        raise _Wrong(f"{place} has {len(roots)} roots instead of 1")
    try:
        return Tree(f"dim{number}", roots.pop(), children)
    except NotNested:
        raise _Wrong(f"{place} is not a tree: some node has two parents, or is below itself") from None


def _levels(tree: Tree) -> int:
    level = {tree.root: 1}
    for node in tree.nodes:
        level.update(dict.fromkeys(tree.children.get(node, ()), level[node] + 1))
    return max(level.values())


def _is_name(name: str) -> bool:
    """Surrogates that stand alone are no text, and a bar parts the names of a cell in what is printed."""
    return 0 < len(name) <= NAME and "|" not in name and name.isprintable()
