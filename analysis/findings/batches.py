"""Batches: the reports that were first counted together, frozen as numbers when they were.

What a batch counts never changes: later decisions, withdrawals and corrections change no number of it,
for two numbers of the same thing would differ by the few reports that they tell of. `counted_in` says
which report went into which batch, so that none is counted twice; also which were left out there.
"""

import datetime
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.findings import calendar
from analysis.findings.calendar import Months
from analysis.findings.control.lattice import Cell
from analysis.findings.counting import NONE, Count
from analysis.findings.dimensions import ALL, ASKED, NO, NOT_ASKED
from analysis.findings.errors import Changed
from analysis.findings.model import Model
from analysis.findings.naming import Naming
from analysis.findings.recoding import recode
from analysis.patterns.reading import Numbers


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch: the release that counted it first, its day, and the months of its events.

    `undated` says whether reports without a date were let in. `trees` has the parent of each node as the
    batch was counted, by tree.
    """

    id: str
    day: datetime.date
    months: Months
    undated: bool
    trees: Mapping[str, Mapping[str, str]]


def read_batches(connection: Any) -> tuple[Batch, ...]:
    """All batches, the oldest first."""
    rows = connection.execute('SELECT * FROM "batches" ORDER BY rowid').fetchall()
    return tuple(
        Batch(name, datetime.date.fromisoformat(day), Months(first, last), bool(undated), json.loads(trees))
        for name, day, first, last, undated, trees in rows
    )


def freeze(
    connection: Any,
    batch: Batch,
    cells: Mapping[Cell, Count],
    counted: Numbers,
    left_out: Numbers,
) -> None:
    """Writes a batch down for ever. Belongs in a transaction of the caller."""
    connection.execute(
        'INSERT INTO "batches" VALUES (?, ?, ?, ?, ?, ?)',
        [
            batch.id,
            batch.day.isoformat(),
            batch.months.first,
            batch.months.last,
            int(batch.undated),
            json.dumps(batch.trees, sort_keys=True, separators=(",", ":")),
        ],
    )
    connection.executemany(
        'INSERT INTO "batch_cells" VALUES (?, ?, ?, ?, ?)',
        ((batch.id, "|".join(cell), one.reports, one.largest, one.site) for cell, one in cells.items()),
    )
    for reports, is_counted in ((counted, 1), (left_out, 0)):
        connection.executemany(
            'INSERT INTO "counted_in" VALUES (?, ?, ?)',
            ((report, batch.id, is_counted) for report in reports.tolist()),
        )


def read_taken(connection: Any, *, counted_only: bool) -> Numbers:
    """The reports that are in a batch: counted there, or left out of it as well."""
    rows = connection.execute(
        'SELECT DISTINCT "report" FROM "counted_in" WHERE "counted" >= ? ORDER BY 1', [int(counted_only)]
    )
    return np.array([row[0] for row in rows], dtype=np.int64)


def read_of(connection: Any, names: Collection[str]) -> Numbers:
    """The reports that some batches counted or left out."""
    rows = connection.execute('SELECT "report", "batch" FROM "counted_in"').fetchall()
    return np.array(sorted({report for report, batch in rows if batch in names}), dtype=np.int64)


def read_counted(connection: Any, batch: str) -> Numbers:
    """The reports that one batch counted."""
    rows = connection.execute(
        'SELECT "report" FROM "counted_in" WHERE "batch" = ? AND "counted" ORDER BY 1', [batch]
    )
    return np.array([row[0] for row in rows], dtype=np.int64)


def read_cells(
    connection: Any, batch: Batch, model: Model, naming: Mapping[str, Naming]
) -> dict[Cell, Count]:
    """The cells of a batch as a model of today names them, and the places of today's `naming`.

    A question that was asked later was not asked then, so all reports lie in its ".not_asked".
    """
    rows = connection.execute(
        'SELECT "cell", "reports", "largest", "site" FROM "batch_cells" WHERE "batch" = ?', [batch.id]
    )
    counted = {_parse(name): Count(*numbers) for name, *numbers in rows}
    frozen = recode(counted, batch.id, batch.trees, model.trees, naming)
    new = frozenset(model.trees.keys() - batch.trees.keys())
    if not new:
        return frozen
    return frozen | dict(_completed(frozen, model, new))


def _completed(
    frozen: Mapping[Cell, Count], model: Model, new: frozenset[str]
) -> Iterable[tuple[Cell, Count]]:
    sides = {tree: side_then(frozen, model, tree) for tree in new if calendar.is_side(tree)}
    for cell in model.cells:
        nodes = dict(node.split("=", 1) for node in cell)
        if not new.isdisjoint(nodes):
            fits = all(sides[tree] == node for tree, node in nodes.items() if tree in sides)
            others = {tree: node for tree, node in nodes.items() if tree not in sides}
            then = _as_then(others, new) if fits else None
            yield cell, NONE if then is None else frozen.get(model.cell(then), NONE)


def side_then(frozen: Mapping[Cell, Count], model: Model, tree: str) -> str | None:
    """On which side of a month that was named later a batch lies; None where on more than one."""
    months = model.trees[calendar.MONTH]
    there = [leaf for leaf in months.leaves if frozen.get((f"{calendar.MONTH}={leaf}",), NONE).reports]
    found = {calendar.side_of(leaf, calendar.campaign_of(tree)) for leaf in there}
    return found.pop() if len(found) == 1 else None


def _as_then(nodes: Mapping[str, str], new: frozenset[str]) -> dict[str, str] | None:
    """The nodes of the same reports before some trees were known; None where there are none.

    Of a question that is new, nobody was asked. Of an answer that is new, nobody ticked it whom the
    question was asked.
    """
    then = {tree: node for tree, node in nodes.items() if tree not in new}
    for tree in new & nodes.keys():
        question, _, answer = tree.partition(".")
        was_asked = {NO: ASKED, ASKED: ASKED, NOT_ASKED: NOT_ASKED, ALL: ALL}.get(nodes[tree])
        if was_asked is None or (was_asked == ASKED and (not answer or question in new)):
            return None
        if was_asked == ALL or question in new:
            continue
        if then.setdefault(question, was_asked) != was_asked:
            return None
    # That a question was asked goes without saying where an answer to it is told.
    told = {tree.partition(".")[0] for tree, node in then.items() if "." in tree and node != NOT_ASKED}
    return {tree: node for tree, node in then.items() if not (tree in told and node == ASKED)}


def parents(model: Model) -> dict[str, dict[str, str]]:
    """The parent of each node, by tree: what may not change from batch to batch."""
    return {name: dict(tree.parents) for name, tree in model.trees.items()}


def check_places(batch: Batch, now: Mapping[str, Mapping[str, str]]) -> None:
    """Raises Changed where a category lies elsewhere than when a batch was counted."""
    for tree, nodes in batch.trees.items():
        moved = [node for node, parent in nodes.items() if now.get(tree, nodes).get(node) != parent]
        if moved:
            raise Changed(
                f'"{moved[0]}" of "{tree}" lies elsewhere than when "{batch.id}" was counted',
                "a category keeps its place for ever: give the new one a code of its own",
            )


def _parse(name: str) -> Cell:
    return tuple(name.split("|")) if name else ()
