"""How long it takes to protect a large table and to attack what is printed of it.

`python -m tests.bench.control` prints it for the table that the speed is promised for. The attack is on
every hidden cell, to exact intervals; the protection is against reporters among the readers too.
"""

import os
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from analysis.findings.control.attack import attack
from analysis.findings.control.certificate import Need, verify
from analysis.findings.control.insider import Insiders
from analysis.findings.control.lattice import Cell, Lattice, Tree
from analysis.findings.control.protect import protect
from analysis.findings.control.system import System
from tests.bench.table import machine, show

SIZES, REPORTS, K = (10, 12, 20), 5000, 5


@dataclass(frozen=True)
class Run:
    """Seconds, and what came out."""

    cells: int
    targets: int
    withheld: int
    hidden: int
    recovered: int
    protecting: float
    verifying: float
    attacking: float
    processor: float


def draw_table(sizes: Sequence[int], reports: int, seed: int = 1) -> tuple[Lattice, dict[Cell, int]]:
    """Reports over a table of independent dimensions, some categories much more frequent than others."""
    draw = random.Random(seed)
    trees = [Tree.flat(f"d{i}", [f"{i}.{j}" for j in range(size)], "T") for i, size in enumerate(sizes)]
    weights = [list(accumulate(draw.gammavariate(1.5, 1) for _ in tree.leaves)) for tree in trees]
    counts: dict[Cell, int] = {}
    for _ in range(reports):
        choices = zip(trees, weights, strict=True)
        leaf = tuple(draw.choices(tree.leaves, cum_weights=own)[0] for tree, own in choices)
        counts[leaf] = counts.get(leaf, 0) + 1
    table = Lattice(tuple(trees))
    return table, table.aggregate(counts)


def measure(sizes: Sequence[int], reports: int, k: int) -> Run:
    """One table from its counts to the last interval."""
    table, counts = draw_table(sizes, reports)
    system = System.of(table)
    targets = {cell: Need.of(count, k) for cell, count in counts.items() if 0 < count < k}
    costs = {cell: (n**0.5 + 0.1) * 4.0 ** cell.count("T") for cell, n in counts.items() if n >= k}
    began, processor = time.monotonic(), time.process_time()
    protection = protect(system, counts, targets, costs=costs, key=b"bench")
    protected = time.monotonic()
    printed = {cell: counts[cell] for cell in costs.keys() - protection.withheld}
    verify(system, counts, printed, targets, protection.witnesses, Insiders(system, counts))
    verified = time.monotonic()
    bounds = attack(system, printed)
    ended = time.monotonic()
    recovered = sum(
        bounds[cell].integer.low > need.low or not _reaches(bounds[cell].integer.high, need.high)
        for cell, need in targets.items()
    )
    return Run(
        len(counts),
        len(targets),
        len(protection.withheld),
        len(bounds),
        recovered,
        protected - began,
        verified - protected,
        ended - verified,
        time.process_time() - processor,
    )


def _reaches(high: int | None, need: int) -> bool:
    return high is None or high >= need


def run() -> None:
    """Prints the figures."""
    load = os.getloadavg()[0]
    found = measure(SIZES, REPORTS, K)
    head = ["cells", "sensitive", "withheld besides", "hidden in all", "too narrow"]
    numbers = [found.cells, found.targets, found.withheld, found.hidden, found.recovered]
    title = (
        f"Disclosure control: {' x '.join(map(str, SIZES))} with its margins, {REPORTS:,} reports, k = {K}"
    )
    show(title, head, [[f"{number:,}" for number in numbers]])
    seconds = [found.protecting, found.verifying, found.attacking, found.processor]
    head = ["protect, s", "verify, s", "attack, s", "processor time, s", "load before"]
    show("Time", head, [[*(f"{second:.1f}" for second in seconds), f"{load:.1f}"]])


if __name__ == "__main__":
    print(machine())
    run()
