"""Prints tables with noise: every number is a sum of numbers as they were drawn, and of nothing else.

A desk and a stranger who checks its release go the same way from here on, as with exact numbers
(analysis/findings/printing.py): neither has a number here that the ledger does not tell.

A number below none is told as none, and a percentage beyond 100 as 100; nothing else is put right, so that
sums may not agree. A cell that was in no codebook when a batch was counted is none there, without noise.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from analysis.findings.control.lattice import Cell as Name
from analysis.findings.lines import Planned
from analysis.findings.printing import column_bases, percent
from analysis.findings.privacy import amounts
from analysis.findings.privacy.account import Drawn
from analysis.findings.privacy.keys import COUNTED, FLOW_TABLE
from analysis.findings.privacy.margins import margin
from analysis.findings.released import Axis, Cell, Flow, Noise, Status, Table
from analysis.findings.tables import FLOW, FLOW_COUNTED, FLOW_EXCLUDED, FLOW_RECEIVED
from analysis.review.exclusions import REASONS


@dataclass(frozen=True, slots=True)
class NoisePrinter:
    """What was drawn of a release's batches, by batch and table; and the keys that cells add up, by table."""

    drawn: Mapping[str, Mapping[str, Drawn]]
    sums: Mapping[str, Mapping[Name, tuple[Name, ...]]]

    def cell(self, table: str, cell: Name | None, base: Name | None = None, batch: str = "") -> Cell:
        """A cell of a table, of one batch or of all; None is one that no form asks."""
        if cell is None:
            return Cell(Status.NOT_ASKED)
        reports, parts = self._sum(table, cell, batch)
        of, other = (None, None) if base is None else self._sum(table, base, batch)
        share = percent(reports, of)
        return Cell(
            Status.SHOWN,
            reports,
            of,
            None if share is None else min(100, share),
            margin(parts),
            base_margin=margin(other) if other else None,
        )

    def _sum(self, table: str, cell: Name, batch: str) -> tuple[int, Counter[Fraction]]:
        """The number, none at least, and how many keys of each noise it is the sum of."""
        total, parts = 0, Counter[Fraction]()
        # How many reports there are is told by the table of the flow, whoever asks.
        name, keys = (table, self.sums[table][cell]) if cell else (FLOW_TABLE, (COUNTED,))
        for tables in [self.drawn[batch]] if batch else self.drawn.values():
            drawn = tables[name]
            there = [drawn.numbers[key] for key in keys if key in drawn.numbers]
            total += sum(there)
            parts[drawn.scale] += len(there)
        return max(0, total), parts

    def table(self, planned: Planned, axes: tuple[Axis, ...]) -> Table:
        """A table with its numbers; `axes` have the words of the release's languages."""
        name = planned.id
        cells = {
            codes: self.cell(name, cell, planned.bases.get(codes)) for codes, cell in planned.cells.items()
        }
        bases = {column: self.cell(name, base) for column, base in column_bases(planned)}
        noise = self._noise(name, list(cells.values()))
        return Table(name, planned.finding, planned.kind, axes, cells, bases, planned.multiple, noise)

    def _noise(self, table: str, cells: list[Cell]) -> Noise:
        drawn = [tables[table] for tables in self.drawn.values()]
        margins = [cell.margin for cell in cells if cell.margin] or [0]
        widest = max(drawn, key=lambda one: (one.scale, -one.epsilon))
        return Noise(amounts.text(widest.epsilon), widest.sensitivity, min(margins), max(margins))

    @property
    def reports(self) -> Cell:
        """n of the release."""
        return self.flow.counted

    def batch(self, name: str) -> Cell:
        """n of a batch."""
        return self.cell(FLOW_TABLE, (), None, name)

    @property
    def excluded(self) -> Cell:
        """How many reports were received and not counted."""
        return self.cell(FLOW_TABLE, (f"{FLOW}={FLOW_EXCLUDED}",))

    @property
    def flow(self) -> Flow:
        """The flow of reports; percentages are of those received."""
        received = (f"{FLOW}={FLOW_RECEIVED}",)

        def stage(node: str) -> Cell:
            return self.cell(FLOW_TABLE, (f"{FLOW}={node}",), received)

        excluded = {reason: stage(f"{FLOW_EXCLUDED}.{reason}") for reason in REASONS}
        return Flow(stage(FLOW_RECEIVED), excluded, stage(FLOW_COUNTED))
