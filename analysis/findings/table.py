"""The table of acts by setting (finding F02), counted with SQL from the reports that may be counted.

It holds true counts and stays on the desk: what leaves it is what `analysis.findings.disclosure`
makes of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from analysis.cipher import Database
from analysis.findings.audit import Cell
from analysis.findings.codebook import Codebook
from analysis.findings.knowledge import BASE
from analysis.findings.scope import scope


@dataclass(frozen=True, slots=True)
class Table:
    """Numbers of reports by (act's key, setting's code); row BASE is n.

    A report that ticks several acts counts once in each, so columns do not add up. Cells that no form
    asks are absent. `excluded` is the number of reports whose senders do not allow it, by setting.
    """

    codebook: Codebook
    counts: dict[Cell, int]
    excluded: dict[str, int]


def count_acts(database: Database, codebook: Codebook) -> Table:
    """Counts the desk's reports in the settings of the codebook; the unit is the report."""
    counts = dict.fromkeys(_cells(codebook), 0)
    for cell, reports in (*_bases(database, codebook), *_ticks(database, codebook)):
        # A tick where its form does not ask answers nothing; the import refuses such reports.
        if cell in counts:
            counts[cell] = reports
    excluded = dict.fromkeys((setting.code for setting in codebook.settings), 0)
    return Table(codebook, counts, excluded | dict(_excluded(database, codebook)))


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


def _excluded(database: Database, codebook: Codebook) -> Iterator[tuple[str, int]]:
    query = "select setting, count(*) as reports from scope where not allowed group by setting"
    for row in scope(database, codebook, query):
        yield row["setting"], row["reports"]
