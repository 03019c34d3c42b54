"""The table of acts by setting (finding F02), counted with SQL from the reports that may be counted.

It holds true counts and stays on the desk: what leaves it is what `analysis.findings.disclosure`
makes of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from analysis.cipher import Database
from analysis.findings.audit import Cell, Relation
from analysis.findings.codebook import Codebook
from analysis.findings.knowledge import BASE, relations
from analysis.findings.scope import scope

TOTAL = "total"


@dataclass(frozen=True, slots=True)
class Table:
    """Numbers of reports by (act's key, setting's code); row BASE is n, column TOTAL adds settings up.

    A report that ticks several acts counts once in each, so rows add up and columns do not. Cells
    that no form asks are absent. `excluded` is the number of reports that may not be counted.
    """

    codebook: Codebook
    columns: tuple[str, ...]
    counts: dict[Cell, int]
    relations: tuple[Relation, ...]
    excluded: int


def count_acts(database: Database, codebook: Codebook) -> Table:
    """Counts the desk's reports in the settings of the codebook; the unit is the report."""
    settings = tuple(setting.code for setting in codebook.settings)
    columns = (*settings, TOTAL) if len(settings) > 1 else settings
    counts = dict.fromkeys(_cells(codebook), 0)
    for cell, reports in (*_bases(database, codebook), *_ticks(database, codebook)):
        # A tick where its form does not ask answers nothing; the import refuses such reports.
        if cell in counts:
            counts[cell] = reports
    if TOTAL in columns:
        counts |= _totals(counts)
    return Table(codebook, columns, counts, tuple(_relations(codebook)), _excluded(database, codebook))


def _cells(codebook: Codebook) -> Iterator[Cell]:
    """The cells that are asked, n first, in the order of the forms."""
    for row in (BASE, *(act.key for act in codebook.acts)):
        for setting in codebook.settings:
            if row == BASE or codebook.is_asked(row, setting.code):
                yield row, setting.code


def _bases(database: Database, codebook: Codebook) -> Iterator[tuple[Cell, int]]:
    query = "select setting, count(*) as reports from scope where counted group by setting"
    for row in scope(database, codebook, query):
        yield (BASE, row["setting"]), row["reports"]


def _ticks(database: Database, codebook: Codebook) -> Iterator[tuple[Cell, int]]:
    query = """select tick.question, tick.code, setting, count(*) as reports
      from scope join answers on answers.report = scope.id join choices tick on tick.id = answers.choice
      where counted group by tick.question, tick.code, setting"""
    for row in scope(database, codebook, query):
        yield (f"{row['question']}.{row['code']}", row["setting"]), row["reports"]


def _excluded(database: Database, codebook: Codebook) -> int:
    rows = scope(database, codebook, "select count(*) as reports from scope where not counted")
    return sum(int(row["reports"]) for row in rows)


def _totals(counts: dict[Cell, int]) -> dict[Cell, int]:
    totals: dict[Cell, int] = {}
    for (row, _), reports in counts.items():
        totals[row, TOTAL] = totals.get((row, TOTAL), 0) + reports
    return totals


def _relations(codebook: Codebook) -> Iterator[Relation]:
    """What a stranger knows of the table: the forms, and that margins add up."""
    settings = [setting.code for setting in codebook.settings]
    for setting in settings:
        yield from relations(codebook, setting)
    if len(settings) > 1:
        for row in (BASE, *(act.key for act in codebook.acts)):
            cells = tuple((row, code) for code in settings if row == BASE or codebook.is_asked(row, code))
            yield Relation(cells, (row, TOTAL), exact=True)
