"""What is to be protected in a release, and the same made smaller for a large one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from analysis.findings.control.alike import find_alike
from analysis.findings.control.certificate import Need
from analysis.findings.control.compact import compact
from analysis.findings.control.lattice import Cell
from analysis.findings.control.system import System
from analysis.findings.control.unknowns import reduce
from analysis.findings.model import Model


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be protected. Cells have their span in their names.

    `counts` has every cell of the system that is not zero; `printable` what would be printed now;
    `needs` has every cell, printable or not, that must not be learned, and what must stay possible for it;
    `bases` the cells of which percentages are; `known` what got out before and cells that cannot be
    anything but zero; `before` the former of them; `kept` the cells of `printable` that stay whatever it
    costs.
    """

    system: System
    model: Model
    counts: Mapping[Cell, int]
    printable: frozenset[Cell]
    needs: Mapping[Cell, Need]
    bases: frozenset[Cell]
    known: frozenset[Cell]
    before: frozenset[Cell]
    kept: frozenset[Cell]
    insider: int
    key: bytes
    sparse: bool = False

    @property
    def sensitive(self) -> frozenset[Cell]:
        """The cells that must not be learned."""
        return frozenset(self.needs)


def smaller(task: Task) -> tuple[Task, Mapping[Cell, Cell]]:
    """A task with fewer cells that is the same, and what every cell that is not always 0 is called there.

    Categories without a report, of which nothing is printed, may have to take in what others give up: two
    of those that are alike are enough. Cells that are always equal are withheld together.
    """
    system, counts = task.system, task.counts
    there = {cell: number for cell, number in counts.items() if number and cell in system.index}
    known = {cell: counts.get(cell, 0) for cell in task.known}
    spare = find_alike(system, there | known).empty
    bounds = reduce(system, known | {system.cells[i]: 0 for i in spare})
    made = compact(system, [i for i, most in enumerate(bounds.upper.tolist()) if not most])
    needs: dict[Cell, Need] = {}
    for cell, need in task.needs.items():
        other = needs.get(made.names[cell], need)
        needs[made.names[cell]] = Need(min(need.low, other.low), max(need.high, other.high))
    return replace(
        task,
        system=made.system,
        counts={made.names[cell]: number for cell, number in there.items()},
        printable=made.names_of(task.printable),
        needs=needs,
        bases=made.names_of(task.bases),
        known=made.names_of(task.known) | made.zeros,
        before=made.names_of(task.before),
        kept=made.names_of(task.kept),
        sparse=True,
    ), made.names
