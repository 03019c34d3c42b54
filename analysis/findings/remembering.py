"""What a batch remembers of places that no release names yet: the reviewed groups as they stand now.

Which reports name a place is looked up once, when they are first counted. So a place that reaches the
threshold in a later release has its reports of this one too, though words are deleted in between.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from analysis.cipher import Database
from analysis.findings.control.lattice import Cell
from analysis.findings.counting import Count, count
from analysis.findings.named import TABLE
from analysis.findings.naming import OTHER, UNNAMED, WORDED, Naming
from analysis.findings.plan import Plan, make_plan
from analysis.findings.questions import Asked
from analysis.findings.reviewed import named_pools, read_reviewed
from analysis.patterns.reading import Numbers


@dataclass(frozen=True, slots=True)
class Remembered:
    """Cells of a batch beside those of its tables, and the trees that they are of, without their groups."""

    cells: Mapping[Cell, Count]
    trees: Mapping[str, Mapping[str, str]]


def remember(database: Database, plan: Plan, reports: Numbers) -> Remembered:
    """The groups of every kind of name among these reports."""
    naming = {}
    for question, pool in named_pools(database).items():
        if _is_named(plan.questions.asked.get(question)) and question not in plan.questions.refused:
            groups = read_reviewed(database, pool).remembered(reports)
            naming[question] = plan.naming.get(question, Naming()).detailed(groups)
    full = make_plan(plan.questions, plan.months, plan.received, plan.campaigns, naming)
    tables = [f"{TABLE}{question}" for question in naming if f"{TABLE}{question}" in full.tables]
    cells = {
        cell: one
        for cell, one in count(database, full, reports, tables).items()
        if any(node.partition("=")[0] in naming for node in cell)
    }
    trees = full.model(tables).trees
    return Remembered(
        cells,
        {
            name: {node: parent for node, parent in trees[name].parents.items() if node[:1] != UNNAMED}
            for name in naming
            if name in trees
        },
    )


def _is_named(question: Asked | None) -> bool:
    return question is not None and (
        question.kind == WORDED or OTHER in {option.code for option in question.options}
    )
