"""Makes a release out of numbers with noise: nothing here can reach a report, or a true count."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from analysis.findings import wrapping
from analysis.findings.assembly import described_axes, printed_axis, worded
from analysis.findings.ledger.entries import NOISED, cell_name
from analysis.findings.lines import Planned
from analysis.findings.privacy import account
from analysis.findings.privacy.account import Noised, Spent
from analysis.findings.privacy.asking import MODE
from analysis.findings.privacy.design import Design
from analysis.findings.privacy.noise import MECHANISM
from analysis.findings.privacy.printing import NoisePrinter
from analysis.findings.released import AskedForm, Batch, Method, Release, Span, Table
from intake.forms.form import canonical
from intake.forms.report import CHANNELS


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
    file, languages = design.file, design.file.languages
    tables = [design.plan.tables[name] for name in design.selection.tables]
    forms = tuple(
        AskedForm(form.id, form.version, worded(form.title, languages), form.digest)
        for form in design.plan.questions.forms
    )
    batches = [batch.id for batch in design.batches]
    release = Release(
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
        n=printer.reports,
        excluded=printer.excluded,
        flow=printer.flow,
        tables=tuple(_table(printer, table, languages) for table in tables),
        quotes=(),
        forms=forms,
        method=_method(design, printer),
        campaign=file.campaign,
        ledger="".join(f"{line}\n" for line in lines).encode(),
        audit=canonical(account.audit(account.balances(published))) + b"\n",
        codebook=codebook(design),
        privacy=account.privacy_of(published, batches),
    )
    return replace(release, words=wrapping.write(release, tables, "+".join(batches)))


def _table(printer: NoisePrinter, table: Planned, languages: tuple[str, ...]) -> Table:
    return printer.table(table, tuple(printed_axis(axis, languages) for axis in table.axes))


def _method(design: Design, printer: NoisePrinter) -> Method:
    texts = design.file.texts
    languages = dict.fromkeys(tag for form in design.plan.questions.forms for tag in form.languages)
    return Method(
        batches=tuple(Batch(one.id, one.day, printer.batch(one.id)) for one in design.batches),
        languages_asked=tuple(languages),
        channels=CHANNELS,
        left_out=design.selection.left_out,
        insider=design.file.insider,
        one_arrival=design.file.one_arrival,
        # With noise nothing is withheld, whoever wrote it.
        sites="shown",
        verification=texts["verification"],
        outreach=texts["outreach"],
        funding=texts["funding"],
        corrections=texts["corrections"],
    )
