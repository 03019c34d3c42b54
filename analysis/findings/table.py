"""The table of acts by setting (finding F02), counted with SQL from the reports that may be counted.

It holds true counts and stays on the desk: what leaves it is what `analysis.findings.disclosure`
makes of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from analysis.cipher import Database
from analysis.findings.audit import Cell, Relation
from analysis.findings.codebook import Act, Codebook
from analysis.findings.scope import scope

BASE = "n"
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
    relations = tuple(_relations(codebook))
    return Table(codebook, columns, counts, relations, _excluded(database, codebook))


def _cells(codebook: Codebook) -> Iterator[Cell]:
    """The cells that are asked, n first, in the order of the forms."""
    for row in (BASE, *(act.key for act in codebook.acts)):
        for setting in codebook.settings:
            if row == BASE or (row, setting.code) in codebook.asked:
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
    """What a stranger knows of the table from the forms: margins add up, and no act exceeds its n."""
    settings = [setting.code for setting in codebook.settings]
    for row in (BASE, *(act.key for act in codebook.acts)):
        cells = tuple((row, code) for code in settings if row == BASE or (row, code) in codebook.asked)
        if len(settings) > 1:
            yield Relation(cells, (row, TOTAL), exact=True)
        if row != BASE:
            yield from (Relation((cell,), (BASE, cell[1]), exact=False) for cell in cells)
    yield from _exclusions(codebook)


def _exclusions(codebook: Codebook) -> Iterator[Relation]:
    """ "None of these" stands alone: all such answers of a question, and any one other, are n at most."""
    for question, setting in product(_questions(codebook), codebook.settings):
        acts = [act for act in question if (act.key, setting.code) in codebook.asked]
        alone = [act for act in acts if act.exclusive]
        for others in [[act] for act in acts if not act.exclusive] or [[]]:
            cells = tuple((act.key, setting.code) for act in (*alone, *others))
            if alone:
                yield Relation(cells, (BASE, setting.code), exact=False)


def _questions(codebook: Codebook) -> list[list[Act]]:
    questions: dict[str, list[Act]] = {}
    for act in codebook.acts:
        questions.setdefault(act.question, []).append(act)
    return list(questions.values())
