"""A release with noise from its file to its line in the ledger; and what is said of it beforehand."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from analysis.cipher import Database
from analysis.findings import past
from analysis.findings.errors import Changed
from analysis.findings.privacy import account, amounts, noise
from analysis.findings.privacy.asking import Privacy
from analysis.findings.privacy.assembly import assemble, codebook, entry
from analysis.findings.privacy.design import Design, Measuring, prepare
from analysis.findings.privacy.drawing import Taken, draw
from analysis.findings.privacy.margins import margin
from analysis.findings.released import Release
from analysis.findings.releasefile import ReleaseFile


@dataclass(frozen=True, slots=True)
class Made:
    """A release, with its line for the ledger and the batch that it takes; None where it has both already."""

    design: Design
    release: Release
    line: str | None
    taken: Taken | None


def make(database: Database, file: ReleaseFile, privacy: Privacy) -> Made:
    """The release that a file asks for. Each call draws other noise, unless it is published already.

    Writes nothing. Raises FindingsError.
    """
    design = prepare(database, file, privacy)
    lines, line, taken = past.read_lines(database.conn), None, None
    digest = hashlib.sha256(codebook(design)).hexdigest()
    if design.again:
        lines = lines[: design.again.line + 1]
        if design.again.codebook != digest:
            raise Changed(
                f'"{file.release}" was published with other tables or words than this desk has now',
                "give the new release a name of its own",
            )
    else:
        spent, taken = draw(database, design)
        line = past.next_line(lines, entry(design, spent, digest, noise.software()))
        lines = (*lines, line)
    # Read back from the ledger, the first time too: so that the second makes the same bytes.
    published = account.read(map(json.loads, lines))
    return Made(design, assemble(design, published, lines), line, taken)


def describe(design: Design) -> Iterator[str]:
    """Lines for organizers about what a release spends. They hold no number, with or without noise."""
    yield f"{len(design.selection.tables)} tables with noise: {', '.join(design.selection.tables)}"
    if design.selection.left_out:
        yield f"left out: {', '.join(design.selection.left_out)}"
    if design.again:
        yield "published already: its numbers come from the ledger, and nothing more is spent"
    balances = account.balances(design.before)
    for one in design.measuring:
        before = balances[one.batch.id].epsilon if one.batch.id in balances else 0
        told, spent, budget = map(amounts.text, (one.epsilon, before + one.epsilon, one.budget))
        yield f'epsilon {told} for each report of "{one.batch.id}": {spent} of its budget of {budget} spent'
        yield from _tables(one)


def _tables(one: Measuring) -> Iterator[str]:
    for layout in one.layouts:
        scale, keys = one.scale(layout), sum(len(list(grid.keys)) for grid in layout.grids)
        yield (
            f"  {layout.table}: {keys} numbers, a report is in {layout.sensitivity} at most;"
            f" 19 of 20 lie within {margin({scale: 1})} of what is counted"
        )
