"""Prints tables: every number comes out of what the ledger says was printed, and from nowhere else.

A publishing desk and a stranger who checks a release go the same way from here on: neither has a count
that is not printed, so nothing that is made from here on can tell one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from analysis.findings.control.lattice import Cell as Name
from analysis.findings.lines import Planned
from analysis.findings.model import within
from analysis.findings.released import PERCENT_BASE, Axis, Cell, Flow, Status, Table
from analysis.findings.tables import FLOW, FLOW_COUNTED, FLOW_EXCLUDED, FLOW_RECEIVED
from analysis.review.exclusions import REASONS


@dataclass(frozen=True, slots=True)
class Printer:
    """What is printed of one span, by cells with their span in their names."""

    printed: Mapping[Name, int]
    span: str

    def cell(self, cell: Name | None, base: Name | None = None) -> Cell:
        """A cell as it is printed; None is one that no form asks."""
        if cell is None:
            return Cell(Status.NOT_ASKED)
        reports = self.printed.get(within(cell, self.span))
        if reports is None:
            return Cell(Status.WITHHELD)
        of = None if base is None else self.printed.get(within(base, self.span))
        return Cell(Status.SHOWN, reports, of, percent(reports, of))

    def table(self, planned: Planned, axes: tuple[Axis, ...]) -> Table:
        """A table with its numbers; `axes` have the words of the release's languages."""
        cells = {codes: self.cell(cell, planned.bases.get(codes)) for codes, cell in planned.cells.items()}
        if planned.asked is not None:
            n = self.cell(planned.asked).reports
            cells = {codes: replace(cell, lift=_lift(cells, codes, n)) for codes, cell in cells.items()}
        bases = {column: self.cell(base) for column, base in column_bases(planned)}
        return Table(planned.id, planned.finding, planned.kind, axes, cells, bases, planned.multiple)

    @property
    def reports(self) -> Cell:
        """n of the span."""
        return self.cell((), ())

    @property
    def excluded(self) -> Cell:
        """How many reports were received and not counted."""
        return self.cell((f"{FLOW}={FLOW_EXCLUDED}",))

    @property
    def flow(self) -> Flow:
        """The flow of reports; percentages are of those received."""
        received = (f"{FLOW}={FLOW_RECEIVED}",)

        def stage(node: str) -> Cell:
            return self.cell((f"{FLOW}={node}",), received)

        excluded: Mapping[str, Cell] = {reason: stage(f"{FLOW_EXCLUDED}.{reason}") for reason in REASONS}
        return Flow(stage(FLOW_RECEIVED), excluded, stage(FLOW_COUNTED))


def batch_reports(known: Mapping[Name, int], batch: str) -> Cell:
    """n of a batch, where it was ever printed."""
    number = known.get(within((), batch))
    return Cell(Status.WITHHELD) if number is None else Cell(Status.SHOWN, number)


def column_bases(planned: Planned) -> Iterator[tuple[tuple[str, ...], Name]]:
    """What n of each column is of, where all of its rows have the same."""
    found: dict[tuple[str, ...], set[Name]] = {}
    for codes, base in planned.bases.items():
        found.setdefault(codes[1:], set()).add(base)
    for column, bases in found.items():
        if len(bases) == 1:
            yield column, bases.pop()


def _lift(cells: Mapping[tuple[str, ...], Cell], codes: tuple[str, ...], n: int | None) -> int | None:
    """How often two answers come together, in hundredths of how often they would by chance.

    Only of numbers that are printed, and where a report more or less moves none of them by much.
    """
    row, column = codes
    both, one, other = (cells[pair].reports for pair in (codes, (row, row), (column, column)))
    if row == column or both is None or one is None or other is None or n is None:
        return None
    if min(one, other, n) < PERCENT_BASE:
        return None
    return (200 * both * n + one * other) // (2 * one * other)


def percent(reports: int, base: int | None) -> int | None:
    """Whole percent, halves rounded up; none of a base so small that one report moves it by 5."""
    if base is None or base < PERCENT_BASE:
        return None
    return (200 * reports + base) // (2 * base)
