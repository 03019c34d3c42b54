"""Makes a release out of numbers with noise: nothing here can reach a report, or a true count.

A number below none is told as none, and a percentage beyond 100 as 100; nothing else is put right, so that
sums may not agree. A cell that was in no codebook when a batch was counted is none there, without noise.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from analysis.findings.assembly import column_bases, described_axes, percent, printed_axis, worded
from analysis.findings.control.lattice import Cell as Name
from analysis.findings.ledger.entries import NOISED, cell_name
from analysis.findings.lines import Planned
from analysis.findings.privacy import account, amounts
from analysis.findings.privacy.account import Balance, Drawn, Noised, Spent
from analysis.findings.privacy.asking import MODE
from analysis.findings.privacy.design import Design, drawn_tables
from analysis.findings.privacy.keys import COUNTED, FLOW_TABLE, Layout
from analysis.findings.privacy.margins import margin
from analysis.findings.privacy.noise import MECHANISM
from analysis.findings.released import (
    AskedForm,
    Batch,
    Cell,
    Flow,
    Method,
    Noise,
    Privacy,
    Release,
    Span,
    Status,
    Table,
)
from analysis.findings.tables import FLOW, FLOW_COUNTED, FLOW_EXCLUDED, FLOW_RECEIVED
from analysis.review.exclusions import REASONS
from intake.forms.form import canonical
from intake.forms.report import CHANNELS


@dataclass(frozen=True, slots=True)
class Numbers:
    """All that was drawn of a release's batches: by batch and table."""

    drawn: Mapping[str, Mapping[str, Drawn]]

    def cell(self, layout: Layout, cell: Name | None, base: Name | None, batch: str = "") -> Cell:
        """A cell of a table, of one batch or of all."""
        if cell is None:
            return Cell(Status.NOT_ASKED)
        reports, parts = self._sum(layout, cell, batch)
        of = None if base is None else self._sum(layout, base, batch)[0]
        share = percent(reports, of)
        return Cell(Status.SHOWN, reports, of, None if share is None else min(100, share), margin(parts))

    def _sum(self, layout: Layout, cell: Name, batch: str) -> tuple[int, Counter[Fraction]]:
        """The number, none at least, and how many keys of each noise it is the sum of."""
        total, parts = 0, Counter[Fraction]()
        # How many reports there are is told by the table of the flow, whoever asks.
        name, keys = (layout.table, layout.sums[cell]) if cell else (FLOW_TABLE, (COUNTED,))
        for tables in [self.drawn[batch]] if batch else self.drawn.values():
            drawn = tables[name]
            there = [drawn.numbers[key] for key in keys if key in drawn.numbers]
            total += sum(there)
            parts[drawn.scale] += len(there)
        return max(0, total), parts


def gather(design: Design, published: Sequence[Noised]) -> Numbers:
    """The numbers of a release, out of the lines of the ledger up to its own."""
    return Numbers({batch.id: drawn_tables(published, batch.id) for batch in design.batches})


def codebook(design: Design) -> bytes:
    """codebook.json: the words of the codes, and of which drawn numbers each number is the sum."""
    tables = [_described(design, design.plan.tables[name]) for name in design.selection.tables]
    batches = [batch.id for batch in design.batches]
    value = {"v": 1, "release": design.file.release, "mode": MODE, "batches": batches, "tables": tables}
    return canonical(value) + b"\n"


def _described(design: Design, table: Planned) -> dict[str, Any]:
    sums = {(): (COUNTED,), **design.layouts[table.id].sums}
    return {
        "id": table.id,
        "axes": described_axes(table, design.file.languages),
        "cells": {
            "|".join(codes): None if cell is None else [cell_name(key) for key in sums[cell]]
            for codes, cell in table.cells.items()
        },
    }


def entry(design: Design, spent: Mapping[str, Spent], digest: str, software: str) -> dict[str, Any]:
    """What the ledger says of a release with noise; `digest` is the SHA-256 of its codebook."""
    return {
        "kind": NOISED,
        "release": design.file.release,
        "version": design.file.version,
        "day": design.file.date.isoformat(),
        "codebook": digest,
        "batches": [batch.id for batch in design.batches],
        "tables": list(design.selection.tables),
        "campaign": design.file.campaign,
        "mode": MODE,
        "unit": "report",
        "mechanism": MECHANISM,
        "software": software,
        "drawn": account.to_json(spent),
    }


def audit(balances: Mapping[str, Balance]) -> dict[str, Any]:
    """What stands in audit.json, and what `attack --json` says: there is nothing exact to attack."""
    spent = {
        batch: {"epsilon": amounts.text(one.epsilon), "budget": amounts.text(one.budget)}
        for batch, one in balances.items()
    }
    return {"cells": {}, "mode": MODE, "batches": spent}


def assemble(design: Design, published: Sequence[Noised], lines: tuple[str, ...]) -> Release:
    """The release; `published` and `lines` are the ledger's up to its own. Raises RefusedRelease."""
    numbers, balances = gather(design, published), account.balances(published)
    file, languages = design.file, design.file.languages
    flow = _flow(design, numbers)
    forms = tuple(
        AskedForm(form.id, form.version, worded(form.title, languages), form.digest)
        for form in design.plan.questions.forms
    )
    return Release(
        organization=file.organization,
        title=file.title,
        id=file.release,
        version=file.version,
        date=file.date,
        closed=file.date,
        licence=file.licence,
        languages=languages,
        contact=file.contact,
        doi=file.doi,
        address=file.address,
        period_events=Span(file.months.first, file.months.last),
        period_received=None,
        k=file.k,
        n=flow.counted,
        excluded=numbers.cell(design.layouts[FLOW_TABLE], (f"{FLOW}={FLOW_EXCLUDED}",), None),
        flow=flow,
        tables=tuple(_table(design, numbers, name) for name in design.selection.tables),
        quotes=(),
        forms=forms,
        method=_method(design, numbers),
        campaign=file.campaign,
        ledger="".join(f"{line}\n" for line in lines).encode(),
        audit=canonical(audit(balances)) + b"\n",
        codebook=codebook(design),
        privacy=_privacy(design, published, balances),
    )


def _privacy(design: Design, published: Sequence[Noised], balances: Mapping[str, Balance]) -> Privacy:
    """The most that was spent, and may be spent, for a report of any batch of the release."""
    own = [batch.id for batch in design.batches]
    answers = [one.drawn[batch].answers for one in published for batch in own if batch in one.drawn]
    return Privacy(
        amounts.text(max(balances[batch].epsilon for batch in own)),
        amounts.text(max(balances[batch].budget for batch in own)),
        max(answers),
        published[-1].software,
    )


def _table(design: Design, numbers: Numbers, name: str) -> Table:
    table, layout = design.plan.tables[name], design.layouts[name]
    cells = {codes: numbers.cell(layout, cell, table.bases.get(codes)) for codes, cell in table.cells.items()}
    bases = {column: numbers.cell(layout, base, None) for column, base in column_bases(table)}
    axes = tuple(printed_axis(axis, design.file.languages) for axis in table.axes)
    noise = _noise(design, numbers, layout, list(cells.values()))
    return Table(table.id, table.finding, table.kind, axes, cells, bases, table.multiple, noise)


def _noise(design: Design, numbers: Numbers, layout: Layout, cells: list[Cell]) -> Noise:
    drawn = [numbers.drawn[batch.id][layout.table] for batch in design.batches]
    margins = [cell.margin for cell in cells if cell.margin] or [0]
    widest = max(drawn, key=lambda one: (one.scale, -one.epsilon))
    return Noise(amounts.text(widest.epsilon), widest.sensitivity, min(margins), max(margins))


def _flow(design: Design, numbers: Numbers) -> Flow:
    layout, received = design.layouts[FLOW_TABLE], (f"{FLOW}={FLOW_RECEIVED}",)

    def stage(node: str) -> Cell:
        return numbers.cell(layout, (f"{FLOW}={node}",), received)

    excluded = {reason: stage(f"{FLOW_EXCLUDED}.{reason}") for reason in REASONS}
    return Flow(stage(FLOW_RECEIVED), excluded, stage(FLOW_COUNTED))


def _method(design: Design, numbers: Numbers) -> Method:
    texts = design.file.texts
    languages = dict.fromkeys(tag for form in design.plan.questions.forms for tag in form.languages)
    return Method(
        batches=tuple(_batches(design, numbers)),
        languages_asked=tuple(languages),
        channels=CHANNELS,
        left_out=design.selection.left_out,
        insider=design.file.insider,
        one_arrival=design.file.one_arrival,
        verification=texts["verification"],
        outreach=texts["outreach"],
        funding=texts["funding"],
        corrections=texts["corrections"],
    )


def _batches(design: Design, numbers: Numbers) -> Iterator[Batch]:
    for batch in design.batches:
        yield Batch(batch.id, batch.day, numbers.cell(design.layouts[FLOW_TABLE], (), None, batch.id))
