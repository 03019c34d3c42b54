"""An attack that knows nothing of the model: whole reports, each of one kind, that give all printed numbers.

A kind of report is what it ticks and what else it answers. How many there are of each is any whole number;
every printed cell says what some of them add up to. What a withheld cell can be is asked of those numbers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import highspy

from analysis.findings.released import TOTAL, Release, Status, Table


@dataclass(frozen=True)
class Kind:
    """Reports that are alike: the groups of acts that they name, and their other answers."""

    acts: frozenset[str]
    answers: Mapping[str, str]


def holds(table: Table, codes: Sequence[str], kind: Kind) -> bool:
    """Whether reports of a kind are in a cell of a table."""
    return all(_fits(axis.id, code, kind) for axis, code in zip(table.axes, codes, strict=True))


def _is_asked(table: Table, codes: Sequence[str], kind: Kind) -> bool:
    """Whether reports of a kind are in n of a column; all were asked everything."""
    return all(_fits(axis.id, code, kind) for axis, code in zip(table.axes[1:], codes, strict=True))


def _fits(axis: str, code: str, kind: Kind) -> bool:
    if code == TOTAL:
        return True
    if axis == "whole":
        size = code.removeprefix(".only")
        return len(kind.acts) == int(size) if size != code else frozenset(code.split("+")) == kind.acts
    if axis in ("act", "with"):
        return code.rpartition(".")[2] in kind.acts
    return kind.answers.get(axis, "small") == code


def exposed(
    releases: Sequence[Release], kinds: Sequence[Kind], true: Callable[[Table, tuple[str, ...]], int]
) -> list[str]:
    """The small cells of which somebody learns that a report, or that few, are behind.

    The releases are all of the same reports.
    """
    release = releases[0]
    tables = [table for one in releases for table in one.tables if not table.id.startswith("F01")]
    attacker = _Attacker(len(kinds))
    attacker.learn([True] * len(kinds), release.n.reports)
    for table in tables:
        attacker.read(table, kinds)
    found = []
    for table in tables:
        for codes, cell in table.cells.items():
            count = true(table, codes)
            if cell.status is Status.WITHHELD and 0 < count < release.k:
                low, high = attacker.interval([holds(table, codes, kind) for kind in kinds])
                if low > 0 or high < max(release.k, count + 1):
                    found.append(f"{table.id} {codes}: {count} in {low} to {high}")
    return found


class _Attacker:
    """Whole numbers of reports of each kind, and what sums of them are known to be."""

    def __init__(self, kinds: int) -> None:
        self._solver = highspy.Highs()  # type: ignore[no-untyped-call]
        self._solver.silent()
        self._kinds = self._solver.addIntegrals(kinds, lb=0)

    def learn(self, inside: Sequence[bool], reports: int | None) -> None:
        """The reports of the kinds that are inside add up to a number."""
        self._solver.addConstr(self._sum(inside) == reports)

    def read(self, table: Table, kinds: Sequence[Kind]) -> None:
        """All numbers of a table."""
        for codes, cell in table.cells.items():
            if cell.status is Status.SHOWN:
                self.learn([holds(table, codes, kind) for kind in kinds], cell.reports)
        for codes, base in table.bases.items():
            if base.status is Status.SHOWN:
                self.learn([_is_asked(table, codes, kind) for kind in kinds], base.reports)

    def interval(self, inside: Sequence[bool]) -> tuple[int, int]:
        """The least and the most that the kinds inside can add up to."""
        self._solver.minimize(self._sum(inside))
        low = self._solver.getObjectiveValue()
        self._solver.maximize(self._sum(inside))
        return round(low), round(self._solver.getObjectiveValue())

    def _sum(self, inside: Sequence[bool]) -> Any:
        return sum(self._kinds[place] for place, own in enumerate(inside) if own) + 0
