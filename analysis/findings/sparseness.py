"""What is said of a release whose tables are too large for so few reports."""

from collections.abc import Sequence

from analysis.findings.control.errors import TooLarge
from analysis.findings.lines import Planned
from analysis.findings.plan import Plan

# A table that crosses two things is chosen by itself from so many times k reports for each of its numbers on.
ROOM = 2


def size(table: Planned) -> int:
    """How many numbers a table has room for, totals among them."""
    return sum(cell is not None for cell in table.cells.values())


def too_large(plan: Plan, tables: Sequence[str], k: int, reports: int) -> TooLarge:
    """Names the largest table, and how many reports one of its size wants."""
    name = max(tables, key=lambda name: size(plan.tables[name]))
    numbers = size(plan.tables[name])
    return TooLarge(
        f"{name} is too large to be protected: it has {numbers:,} numbers, for {reports:,} reports",
        f'leave it out, with without = ["{name}"], put it into larger groups, or wait: it is meant for'
        f" {ROOM * k * numbers:,} reports, {ROOM} times k for each number",
    )
