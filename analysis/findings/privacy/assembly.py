"""Makes a release out of numbers with noise: nothing here can reach a report, or a true count."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from analysis.findings import wrapping
from analysis.findings.assembly import described_axes, method_of, printed_axis, release_of
from analysis.findings.ledger.entries import NOISED, cell_name
from analysis.findings.lines import Planned
from analysis.findings.privacy import account
from analysis.findings.privacy.account import Noised, Spent
from analysis.findings.privacy.asking import MODE
from analysis.findings.privacy.design import Design
from analysis.findings.privacy.noise import MECHANISM
from analysis.findings.privacy.printing import NoisePrinter
from analysis.findings.released import Batch, Method, Release, Table
from intake.forms.form import canonical


def printer_of(design: Design, published: Sequence[Noised]) -> NoisePrinter:
    """What a release prints, out of the lines of the ledger up to its own."""
    drawn = {batch.id: account.drawn_tables(published, batch.id) for batch in design.batches}
    return NoisePrinter(drawn, {name: layout.sums for name, layout in design.layouts.items()})


def codebook(design: Design) -> bytes:
    """codebook.json: the words of the codes, and of which drawn numbers each number is the sum."""
    value = {
        "v": 1,
        "release": design.file.release,
        "mode": MODE,
        "batches": [batch.id for batch in design.batches],
        "tables": [_described(design, design.plan.tables[name]) for name in design.selection.tables],
        "sums": {
            name: {cell_name(cell): [cell_name(key) for key in keys] for cell, keys in layout.sums.items()}
            for name, layout in design.layouts.items()
        },
    }
    return canonical(value) + b"\n"


def _described(design: Design, table: Planned) -> dict[str, Any]:
    return {
        "id": table.id,
        "axes": described_axes(table, design.file.languages),
        "cells": {
            "|".join(codes): None if cell is None else cell_name(cell) for codes, cell in table.cells.items()
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


def assemble(design: Design, published: Sequence[Noised], lines: tuple[str, ...]) -> Release:
    """The release; `published` and `lines` are the ledger's up to its own. Raises RefusedRelease."""
    printer = printer_of(design, published)
    tables = [design.plan.tables[name] for name in design.selection.tables]
    batches = [batch.id for batch in design.batches]
    release = release_of(
        design.file,
        design.plan,
        printer,
        lines,
        tables=tuple(_table(printer, table, design.file.languages) for table in tables),
        method=_method(design, printer),
        audit=canonical(account.audit(account.balances(published))) + b"\n",
        codebook=codebook(design),
        privacy=account.privacy_of(published, batches),
    )
    return replace(release, words=wrapping.write(release, tables, "+".join(batches)))


def _table(printer: NoisePrinter, table: Planned, languages: tuple[str, ...]) -> Table:
    return printer.table(table, tuple(printed_axis(axis, languages) for axis in table.axes))


def _method(design: Design, printer: NoisePrinter) -> Method:
    batches = tuple(Batch(one.id, one.day, printer.batch(one.id)) for one in design.batches)
    # With noise nothing is withheld, whoever wrote it.
    return method_of(design.file, design.plan, batches, design.selection.left_out, sites="shown")
