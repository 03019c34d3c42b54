"""Counts the keys of a batch. It holds true counts: nothing leaves it but through noise.

A report counts in so many answers of one question at most; where it gives more, so many are drawn by lot, for
the first ones of a form would be told too often otherwise. And it counts in no more keys of a table than the
sensitivity says, whatever it holds: the promise stands on this, and not on reports being as forms are.
"""

import secrets
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from analysis.cipher import Database
from analysis.findings.control.lattice import Cell
from analysis.findings.counting import NONE, Count, Frame
from analysis.findings.plan import Plan
from analysis.findings.privacy.keys import Grid, Layout
from analysis.findings.rows import Numbers, read_reports


def measure(frame: Frame, plan: Plan, layout: Layout) -> dict[Cell, int]:
    """Every key of a table, with how many reports are in it."""
    found: dict[Cell, int] = {}
    room = np.full(len(frame), layout.sensitivity, dtype=np.int64)
    for grid in layout.grids:
        found.update(_measure_grid(frame, plan, grid, room))
    return found


def _measure_grid(frame: Frame, plan: Plan, grid: Grid, room: NDArray[np.int64]) -> dict[Cell, int]:
    codes = np.zeros(len(frame), dtype=np.int64)
    fits = room > 0
    for tree, leaves in zip(grid.trees, grid.leaves, strict=True):
        known = {leaf: place for place, leaf in enumerate(leaves)}
        places = np.array([known.get(leaf, -1) for leaf in plan.trees[tree].leaves], dtype=np.int64)
        own = places[frame.leaves(plan.trees[tree])]
        fits &= own >= 0
        codes = codes * len(leaves) + own
    room[fits] -= 1
    keys = list(grid.keys)
    counts = np.bincount(codes[fits], minlength=len(keys))
    return dict(zip(keys, counts.tolist(), strict=True))


def measure_flow(layout: Layout, cells: Mapping[Cell, Count]) -> dict[Cell, int]:
    """The keys of a table of the flow: each report, counted or left out, is in one of them."""
    return {key: cells.get(key, NONE).reports for grid in layout.grids for key in grid.keys}


def frame_of(database: Database, plan: Plan, chosen: Numbers, answers: int) -> Frame:
    """The chosen reports that may still be counted, each with so many answers of a question at most."""
    present = np.intersect1d(chosen, read_reports(database).ids)
    return Frame(database, plan, present, lambda ticks: draw_by_lot(ticks, answers))


def draw_by_lot(ticks: NDArray[np.bool_], most: int) -> NDArray[np.bool_]:
    """The ticks of each report (row), so many at most; which, depends on nothing but chance."""
    heavy = np.flatnonzero(ticks.sum(axis=1) > most)
    if not len(heavy):
        return ticks
    lots = np.random.default_rng(secrets.randbits(128)).random((len(heavy), ticks.shape[1]))
    lots[~ticks[heavy]] = 2
    kept = np.zeros_like(ticks[heavy])
    np.put_along_axis(kept, np.argsort(lots, axis=1)[:, :most], True, axis=1)
    found = ticks.copy()
    found[heavy] = kept
    return found
