"""Draws the noise of a release: the one place where true counts become numbers that may leave the desk."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from analysis.cipher import Database
from analysis.findings import batches
from analysis.findings.batches import Batch
from analysis.findings.control.lattice import Cell
from analysis.findings.counting import Frame, select
from analysis.findings.flow import Flowing, count_flow
from analysis.findings.privacy import noise
from analysis.findings.privacy.account import Drawn, Spent
from analysis.findings.privacy.design import Design, Measuring
from analysis.findings.privacy.keys import Layout
from analysis.findings.privacy.measuring import frame_of, measure, measure_flow
from analysis.findings.rows import Numbers

_NOTHING = Flowing({}, np.zeros(0, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class Taken:
    """The reports of a new batch, and those left out of it; neither is ever counted again."""

    batch: Batch
    reports: Numbers
    left_out: Numbers


def draw(database: Database, design: Design) -> tuple[dict[str, Spent], Taken | None]:
    """What a release spends, batch by batch, with its numbers; and what its new batch takes."""
    found, taken = {}, None
    noised = {batch for one in design.before for batch in one.drawn}
    for one in design.measuring:
        flow = _NOTHING
        if one.is_new:
            spent = batches.read_of(database.conn, noised)
            chosen = np.union1d(batches.read_taken(database.conn, counted_only=True), spent)
            file = design.file
            reports = select(database, file.months, undated=file.undated, taken=chosen)
            own = replace(design.plan, months=file.months)
            flow = count_flow(database, own, undated=file.undated, spent=noised)
            taken = Taken(one.batch, reports, flow.left_out)
        else:
            reports = batches.read_counted(database.conn, one.batch.id)
        frame = frame_of(database, design.plan, reports, one.answers)
        found[one.batch.id] = _spend(design, one, frame, flow)
    return found, taken


def _spend(design: Design, one: Measuring, frame: Frame, flow: Flowing) -> Spent:
    tables = {}
    for layout in one.layouts:
        true = measure_flow(layout, flow.cells) if layout.is_flow else measure(frame, design.plan, layout)
        tables[layout.table] = _noised(one, layout, true)
    return Spent(one.epsilon, one.budget, one.answers, tables)


def _noised(one: Measuring, layout: Layout, true: Mapping[Cell, int]) -> Drawn:
    scale, share = one.scale(layout), one.shares[layout.table]
    # What OpenDP proves must be what the ledger says; if it were more, nothing is published.
    if not noise.keeps(layout.sensitivity, scale, share):
        raise ArithmeticError(layout.table)
    numbers = dict(zip(true, noise.add_noise(list(true.values()), scale), strict=True))
    trees = tuple(grid.trees for grid in layout.grids)
    return Drawn(share, layout.sensitivity, scale, trees, numbers)
