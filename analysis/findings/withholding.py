"""Which cells of a release are withheld: the sensitive ones, and those that would give them away.

Everything is decided together with all that was published before. To be quick with a million cells of
many small tables, numbers that many tables share (n, who was asked, what a table is crossed by) are held
fast at first: the tables then fall into parts that hang together by nothing that is unknown, and each is
solved apart. Where a part cannot be protected so, what blocks it is let go, and all is solved once more.
Fast or slow, the outcome is proven on all cells at once.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import product
from math import sqrt

from analysis.findings.control.errors import PastDiscloses, TooLarge
from analysis.findings.control.lattice import Cell
from analysis.findings.control.protect import protect
from analysis.findings.control.system import System, is_slack
from analysis.findings.control.unknowns import reduce
from analysis.findings.dimensions import PAGE
from analysis.findings.limits import of_no_claim
from analysis.findings.model import BATCH, Model
from analysis.findings.task import Task, smaller

_MARGIN, _BASE = 4.0, 10.0
_NAMED = 4
_REACH = 3
# Every time that something is let go its part is solved anew; after so many times all zeros are.
_PATIENCE = 6
# So large a part takes too long to be solved again and again.
_DEAR = 5000
# So many cells are first made fewer, where most numbers are sensitive. Other releases stay as they were: they
# may have to be made again.
_LARGE = 20_000
# Each sensitive cell of a part is tested against all cells of it, and this is the most that is done: it takes
# two or three minutes. What would take hours is refused before it has begun.
MOST = 200_000_000


def withhold(task: Task) -> frozenset[Cell]:
    """The cells of `printable` to withhold; raises PastDiscloses, Undecided, TooLarge."""
    costs, shared = _costs(task), _shared(task)
    if len(task.system.cells) < _LARGE or 2 * len(task.needs) < len(task.printable):
        return _withhold(task, costs, shared)
    small, names = smaller(task)
    priced: dict[Cell, float] = {}
    for cell, cost in costs.items():
        priced[names[cell]] = priced.get(names[cell], 0) + cost
    found = _withhold(small, priced, frozenset(names[cell] for cell in shared))
    return frozenset(cell for cell in task.printable if names[cell] in found)


def _withhold(task: Task, costs: Mapping[Cell, float], shared: frozenset[Cell]) -> frozenset[Cell]:
    values = {cell: task.counts.get(cell, 0) for cell in task.system.cells if not is_slack(cell)}
    values = task.system.complete(values)
    held = shared | task.kept
    # Masked zeros may stay zero in most tables that protect something, and there are many of them.
    zeros = frozenset(c for c, number in values.items() if not number and not is_slack(c)) - task.known
    around, patience = _Neighbours(task.system), 0 if task.sparse else _PATIENCE
    done: dict[frozenset[int], frozenset[Cell]] = {}
    while True:
        fast = task.known | held | zeros
        known = {cell: values[cell] for cell in fast}
        loose = _hopeless(task, values, zeros, held)
        parts = [] if loose else [model.cells for model in reduce(task.system, known).models]
        found: list[frozenset[Cell]] = []
        for cells in parts:
            part = frozenset(cells.tolist())
            if part not in done:
                try:
                    done[part] = _protect(task, values, costs, fast, part)
                except PastDiscloses as error:
                    patience -= 1
                    loose = _loosened(around, error, zeros, held - task.kept)
                    if patience < 0 or len(part) >= _DEAR:
                        loose |= _met(values, zeros) or zeros
                    if not loose:
                        raise _refusal(task, error.target, error.blocking) from None
                    break
            found.append(done[part])
        if not loose:
            return frozenset().union(*found, task.printable & task.sensitive)
        zeros, held = zeros - loose, held - loose


def _hopeless(
    task: Task, values: Mapping[Cell, int], zeros: frozenset[Cell], held: frozenset[Cell]
) -> frozenset[Cell]:
    """What to let go for cells that plain subtraction bounds too closely, whatever else is withheld.

    Raises PastDiscloses where nothing is left to let go.
    """
    fast = task.known | held
    exposed, loosable = _bounded(task, values, fast), held - task.kept
    if exposed and not loosable:
        raise _refusal(task, exposed[0])
    if exposed:
        return frozenset().union(*(_near(cell, loosable) for cell in exposed)) or loosable
    exposed = _bounded(task, values, fast | zeros) if zeros else []
    return frozenset().union(*(_near(cell, zeros) for cell in exposed)) or (zeros if exposed else frozenset())


def _refusal(task: Task, cell: Cell, found: Iterable[Cell] = ()) -> PastDiscloses:
    """Names what got out before and pins the cell down: what was found to, else what is of the same thing."""
    alike = (one for one in task.before if _elsewhere(one) == _elsewhere(cell))
    blocking = sorted(task.before.intersection(found)) or sorted(alike)
    name, hint = "|".join(cell), "leave its table out, publish it by larger groups, or wait for more reports"
    if not task.before:
        return PastDiscloses(
            f"how the questions hang together gives away the withheld cell {name}, whatever else is withheld",
            hint,
            cell,
            [],
        )
    listed = ", ".join("|".join(one) for one in blocking[:_NAMED])
    more = f" and {len(blocking) - _NAMED} more" if len(blocking) > _NAMED else ""
    said = f"what got out before gives away the withheld cell {name}"
    return PastDiscloses(f"{said}: {listed}{more}" if listed else said, hint, cell, blocking)


def _elsewhere(cell: Cell) -> frozenset[str]:
    return frozenset(node for node in of_no_claim(cell) if not node.startswith(f"{BATCH}="))


def _bounded(task: Task, values: Mapping[Cell, int], fast: frozenset[Cell]) -> list[Cell]:
    """The sensitive cells that cannot be as large as they need, to somebody inside."""
    inside = {
        cell: min(task.insider, count)
        for cell, count in values.items()
        if not is_slack(cell) and cell not in fast
    }
    unknown = reduce(task.system, {cell: values[cell] for cell in fast}, inside)
    return [
        cell
        for cell in sorted(task.sensitive)
        if unknown.upper[task.system.index[cell]] < task.needs[cell].high
    ]


def _near(cell: Cell, cells: Iterable[Cell]) -> frozenset[Cell]:
    """Those that are of the dimensions of a cell alone."""
    own = _trees(cell)
    return frozenset(one for one in cells if _trees(one) <= own)


def _protect(
    task: Task,
    values: Mapping[Cell, int],
    costs: Mapping[Cell, float],
    fast: Collection[Cell],
    part: Collection[int],
) -> frozenset[Cell]:
    """What to withhold in one part of the system, which nothing unknown ties to the rest."""
    rows = [row for row in task.system.rows if any(i in part for i, _ in row)]
    inside = sorted({i for row in rows for i, _ in row} | set(part))
    place = {i: at for at, i in enumerate(inside)}
    cells = tuple(task.system.cells[i] for i in inside)
    moved = tuple(tuple((place[i], sign) for i, sign in row) for row in rows)
    own = {cells[place[i]] for i in part}
    targets = {cell: task.needs[cell] for cell in sorted(own & task.needs.keys())}
    if not targets:
        return frozenset()
    if len(targets) * len(part) > MOST:
        raise TooLarge(
            f"{len(targets):,} numbers would have to be protected among {len(part):,} that hang together:"
            " more than can be worked out",
            "leave the largest table out, or publish it by larger groups",
        )
    known = [cell for cell in cells if cell not in own and not is_slack(cell)]
    return protect(
        System(cells, moved, cells, task.system.below),
        {cell: values[cell] for cell in cells},
        targets,
        costs={cell: cost for cell, cost in costs.items() if cell in own},
        key=task.key,
        printed_before=known,
        insider=task.insider,
        sparse=task.sparse,
    ).withheld


def _loosened(
    around: "_Neighbours", error: PastDiscloses, zeros: frozenset[Cell], held: frozenset[Cell]
) -> frozenset[Cell]:
    """What to let go: zeros near by, then what blocks the cell or is of its own dimensions, then all."""
    return (
        around.nearest(error.target, zeros)
        or (held & set(error.blocking)) | _near(error.target, held)
        or zeros
        or held
    )


def _met(values: Mapping[Cell, int], zeros: frozenset[Cell]) -> frozenset[Cell]:
    """Those that are of no category without a report: what many never meet has nothing to give way with."""
    return frozenset(
        cell
        for cell in zeros
        if all(values.get(tuple(sorted((node, span)))) != 0 for span in _spans(cell) for node in cell)
    )


def _spans(cell: Cell) -> Iterator[str]:
    return (node for node in cell if node.startswith(f"{BATCH}="))


class _Neighbours:
    """Which cells stand in a row together."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._rows: dict[int, list[int]] = {}
        for number, row in enumerate(system.rows):
            for i, _ in row:
                self._rows.setdefault(i, []).append(number)

    def nearest(self, cell: Cell, wanted: frozenset[Cell]) -> frozenset[Cell]:
        """Of some cells those that can be reached over the fewest rows, within a few."""
        seen = {self._system.index[cell]}
        edge = set(seen)
        for _ in range(_REACH):
            rows = {number for i in edge for number in self._rows.get(i, ())}
            edge = {i for number in rows for i, _ in self._system.rows[number]} - seen
            seen |= edge
            if found := frozenset(self._system.cells[i] for i in edge) & wanted:
                return found
        return frozenset()


def _trees(cell: Cell) -> frozenset[str]:
    return frozenset(node.partition("=")[0] for node in cell)


def _costs(task: Task) -> dict[Cell, float]:
    """What it costs to withhold each cell: large numbers, margins and bases are dear."""
    crossed = _crossed(task.model)
    return {
        cell: (sqrt(task.counts.get(cell, 0)) + 0.1)
        * _MARGIN ** min(crossed[cell], 3)
        * (_BASE if cell in task.bases else 1.0)
        for cell in task.printable
    }


def _shared(task: Task) -> frozenset[Cell]:
    """What several tables share, and is not sensitive."""
    crossed = _crossed(task.model)
    free = task.printable - task.sensitive - task.known
    return frozenset(cell for cell in free if crossed[cell] or cell in task.bases)


def _crossed(model: Model) -> "_Crossed":
    return _Crossed(model)


class _Crossed:
    """In how many lattices a cell is a margin: 0 where it lies inside a single one."""

    def __init__(self, model: Model) -> None:
        self._found: Counter[frozenset[str]] = Counter()
        for lattice in model.lattices:
            # No table shows what the pages are crossed by.
            if PAGE in lattice and len(lattice) > 1:
                continue
            for kept in product((True, False), repeat=len(lattice)):
                trees = frozenset(tree for tree, keep in zip(lattice, kept, strict=True) if keep)
                self._found[trees] += 1

    def __getitem__(self, cell: Cell) -> int:
        return max(0, self._found[_trees(cell) - {BATCH}] - 1)


def printed(task: Task, withheld: Collection[Cell]) -> dict[Cell, int]:
    """What is printed now, with its numbers."""
    return {cell: task.counts.get(cell, 0) for cell in sorted(task.printable - set(withheld))}
