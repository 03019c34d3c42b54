"""Makes a release out of an edition: what is printed, and no number that is not."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from analysis.findings import named, past, wrapping
from analysis.findings.control.attack import attack
from analysis.findings.control.bounds import Bounds
from analysis.findings.control.lattice import Cell as Name
from analysis.findings.counting import ENTRY_SITE
from analysis.findings.edition import Edition
from analysis.findings.errors import Recoverable, RefusedRelease
from analysis.findings.lines import Planned
from analysis.findings.model import within
from analysis.findings.plan import Plan
from analysis.findings.printing import Printer, batch_reports
from analysis.findings.released import (
    AskedForm,
    Axis,
    Batch,
    Category,
    Cell,
    Flow,
    Method,
    Named,
    Privacy,
    Quote,
    Release,
    Span,
    Table,
    Words,
)
from analysis.findings.releasefile import ReleaseFile
from intake.forms.form import canonical
from intake.forms.report import CHANNELS


def assemble(
    edition: Edition, lines: tuple[str, ...], quotes: tuple[Quote, ...], trackers: tuple[str, ...] = ()
) -> Release:
    """The release; `lines` are the ledger's, with its own as the last. Raises RefusedRelease."""
    printer = Printer(edition.printed, edition.span.id)
    tables = [edition.plan.tables[name] for name in edition.selection.tables]
    release = release_of(
        edition.file,
        edition.plan,
        printer,
        lines,
        tables=tuple(_table(edition, printer, table) for table in tables),
        method=_method(edition),
        audit=_audit(edition),
        codebook=codebook(edition),
        quotes=quotes,
        trackers=trackers,
    )
    release = replace(release, named=tuple(_named(edition)))
    return replace(release, words=wrapping.write(release, tables, edition.span.id))


class Printed(Protocol):
    """What a printer says of all reports of a release."""

    @property
    def reports(self) -> Cell: ...
    @property
    def excluded(self) -> Cell: ...
    @property
    def flow(self) -> Flow: ...


def release_of(
    file: ReleaseFile,
    plan: Plan,
    printed: Printed,
    lines: Sequence[str],
    *,
    tables: tuple[Table, ...],
    method: Method,
    audit: bytes,
    codebook: bytes,
    quotes: tuple[Quote, ...] = (),
    trackers: tuple[str, ...] = (),
    privacy: Privacy | None = None,
) -> Release:
    """A release with all that its file says, around what was printed. Raises RefusedRelease."""
    return Release(
        organization=file.organization,
        title=file.title,
        id=file.release,
        version=file.version,
        date=file.date,
        closed=file.date,
        licence=file.licence,
        languages=file.languages,
        contact=file.contact,
        doi=file.doi,
        address=file.address,
        period_events=Span(file.months.first, file.months.last),
        # The first and last week of receipt would tell that somebody reported in each, and that nobody did
        # before and after: such zeros are withheld everywhere else. The day on which data closed is told.
        period_received=None,
        k=file.k,
        n=printed.reports,
        excluded=printed.excluded,
        flow=printed.flow,
        tables=tables,
        quotes=quotes,
        forms=tuple(
            AskedForm(form.id, form.version, worded(form.title, file.languages), form.digest)
            for form in plan.questions.forms
        ),
        method=method,
        campaign=file.campaign,
        ledger="".join(f"{line}\n" for line in lines).encode(),
        audit=audit,
        codebook=codebook,
        trackers=trackers,
        privacy=privacy,
    )


def codebook(edition: Edition) -> bytes:
    """codebook.json: all that is needed to attack the release, and the words of its codes."""
    value = {
        "v": 1,
        "release": edition.file.release,
        "model": edition.model.to_json(),
        "spans": [[span.id, list(span.batches)] for span in edition.spans],
        "zeros": sorted(map(past.cell_name, edition.zeros)),
        "tables": [_described(edition, edition.plan.tables[name]) for name in edition.selection.tables],
    }
    return canonical(value) + b"\n"


def entry(edition: Edition, digest: str) -> dict[str, Any]:
    """What the ledger says of a release; `digest` is the SHA-256 of its codebook."""
    return {
        "kind": "release",
        "release": edition.file.release,
        "version": edition.file.version,
        "day": edition.file.date.isoformat(),
        "codebook": digest,
        "batches": list(edition.span.batches),
        "span": edition.span.id,
        "period": [edition.file.months.first, edition.file.months.last],
        "undated": edition.file.undated,
        "tables": list(edition.selection.tables),
        "campaign": edition.file.campaign,
        "k": edition.file.k,
        "insider": edition.file.insider,
        "printed": {past.cell_name(cell): number for cell, number in sorted(edition.printed.items())},
        "withheld": sorted(map(past.cell_name, edition.withheld)),
    }


def bounds(edition: Edition) -> dict[Name, Bounds]:
    """What a stranger can work out of every withheld cell, of this release and of all before it."""
    before = {cell for one in edition.published for cell in one.withheld}
    known = {cell: number for cell, number in edition.known.items() if cell in edition.system.index}
    targets = sorted((edition.withheld | before) - known.keys())
    return attack(edition.system, known, targets)


def _audit(edition: Edition) -> bytes:
    found = bounds(edition)
    _check(edition, found)
    cells = {
        past.cell_name(cell): {
            "integer": [one.integer.low, one.integer.high],
            "linear": list(one.linear),
            "exact": one.exact,
        }
        for cell, one in found.items()
    }
    return canonical({"cells": cells}) + b"\n"


def _check(edition: Edition, found: Mapping[Name, Bounds]) -> None:
    """What was withheld is believed to protect only after an attack that knows not how it was chosen."""
    for cell in edition.primary.keys() & found.keys():
        need, interval = edition.needs[cell], found[cell].integer
        if interval.low > need.low or (interval.high is not None and interval.high < need.high):
            raise Recoverable(
                f"a withheld number could be worked out from those around it: {past.cell_name(cell)}",
                "leave its table out of the release file, and report this",
            )


def _described(edition: Edition, table: Planned) -> dict[str, Any]:
    return {
        "id": table.id,
        "axes": described_axes(table, edition.file.languages),
        "cells": {
            "|".join(codes): None if cell is None else past.cell_name(within(cell, edition.span.id))
            for codes, cell in table.cells.items()
        },
    }


def described_axes(table: Planned, languages: tuple[str, ...]) -> list[dict[str, Any]]:
    """The codes of a table's axes with their words, as a codebook has them."""
    return [
        {
            "id": axis.id,
            "label": worded(axis.label, languages),
            "categories": [
                {"code": one.code, "label": worded(one.label, languages), "in": one.parent}
                for one in axis.categories
            ],
        }
        for axis in table.axes
    ]


def _table(edition: Edition, printer: Printer, table: Planned) -> Table:
    return printer.table(table, tuple(printed_axis(axis, edition.file.languages) for axis in table.axes))


def printed_axis(axis: Axis, languages: tuple[str, ...]) -> Axis:
    """An axis with the words of some languages. Raises RefusedRelease."""
    categories = tuple(
        Category(one.code, worded(one.label, languages), one.parent, one.level) for one in axis.categories
    )
    return Axis(axis.id, worded(axis.label, languages), categories)


def worded(words: Words, languages: tuple[str, ...]) -> Words:
    """Words in some languages alone. Raises RefusedRelease where one lacks."""
    if not words:
        return {}
    missing = [language for language in languages if language not in words]
    if missing:
        raise RefusedRelease(
            f'a questionnaire has no words in "{missing[0]}"',
            "leave the language out of the release file, or translate the questionnaire",
        )
    return {language: words[language] for language in languages}


def _named(edition: Edition) -> Iterator[Named]:
    """The places of the release's tables that people named in words."""
    told = {(one.question, one.code): one for one in edition.file.named}
    for question, naming in sorted(edition.roll.naming.items()):
        table = f"{named.TABLE}{question}"
        for place in sorted(naming.places, key=lambda one: one.code):
            if table in edition.selection.tables:
                own = told.get((question, place.code))
                yield Named(table, place.code, own.asked if own else None, own.reply if own else {})


def _sites(edition: Edition) -> str:
    """What the method says of entry sites; see Method."""
    if not any(one.id == ENTRY_SITE for form in edition.plan.questions.forms for one in form.questions):
        return "unknown"
    return "shown" if edition.file.one_site else "withheld"


def _method(edition: Edition) -> Method:
    batches = tuple(
        Batch(one.batch.id, one.batch.day, batch_reports(edition.known, one.batch.id))
        for one in edition.counted
        if one.batch.id in edition.span.batches
    )
    return method_of(edition.file, edition.plan, batches, edition.selection.left_out, _sites(edition))


def method_of(
    file: ReleaseFile, plan: Plan, batches: tuple[Batch, ...], left_out: tuple[str, ...], sites: str
) -> Method:
    """What the page on method says, out of the release file and what was counted."""
    languages = dict.fromkeys(tag for form in plan.questions.forms for tag in form.languages)
    return Method(
        batches=batches,
        languages_asked=tuple(languages),
        channels=CHANNELS,
        left_out=left_out,
        insider=file.insider,
        one_arrival=file.one_arrival,
        sites=sites,
        verification=file.texts["verification"],
        outreach=file.texts["outreach"],
        funding=file.texts["funding"],
        corrections=file.texts["corrections"],
    )
