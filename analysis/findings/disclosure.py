"""Decides which numbers of a table may be printed, and withholds a setting where that is not enough.

Every cell under the threshold k is withheld, zeros too: where zeros are shown, a withheld cell
confesses that somebody reported (FINDINGS.md, 2.2). Each setting is then attacked by itself, for
nothing printed ties one to another: a total is a sum of numbers that are shown. A setting whose
withheld cells could be worked out is withheld whole, as is one with fewer than k reports.

Every decision here can be made again from what is printed: none of them looks at a number that is
withheld, so what is left out tells no more than the rest (Kenthapadi, Mishra and Nissim, 2005).
"""

from collections.abc import Iterator

from analysis.findings.audit import Cell, Interval, Publication, intervals
from analysis.findings.codebook import Codebook
from analysis.findings.errors import BadThreshold, Recoverable, TooFewReports
from analysis.findings.knowledge import BASE, relations
from analysis.findings.safe import SafeTable
from analysis.findings.table import Table

THRESHOLD = 10
FLOOR = 5
_REFUSING = 'refusing to publish "acts by setting"'
_NAMED = 3


def check_threshold(k: int) -> None:
    """Raises BadThreshold where k is under the floor."""
    if k < FLOOR:
        raise BadThreshold(
            f"refusing a threshold of {k}: no cell under {FLOOR} reports is ever published", "use --k 10"
        )


def protect(table: Table, k: int = THRESHOLD) -> SafeTable:
    """The table with its small cells withheld, and whole settings where these could be worked out.

    Raises BadThreshold; TooFewReports and Recoverable where no setting is left.
    """
    check_threshold(k)
    settings = [setting.code for setting in table.codebook.settings]
    large = {code: mask(table, code, k) for code in settings if table.counts[BASE, code] >= k}
    if not large:
        raise TooFewReports(
            f"{_REFUSING}: fewer than {k} reports may be counted in each setting", "wait for more reports"
        )
    exposed = {code: tuple(find_exposed(publication, k)) for code, publication in large.items()}
    safe = {code: publication for code, publication in large.items() if not exposed[code]}
    if not safe:
        cells = sum(exposed.values(), ())
        raise Recoverable(
            f"{_REFUSING}: {_plural(len(cells), 'withheld cell')} could be worked out from the numbers"
            f" around them: {_names(table.codebook, cells)}",
            "wait for more reports",
        )
    excluded = sum(table.excluded[code] for code in safe)
    return SafeTable(table.codebook, safe, excluded if excluded >= k else None, k)


def mask(table: Table, setting: str, k: int) -> Publication:
    """What would be printed of a setting if only its cells under k were withheld."""
    column = {cell: reports for cell, reports in table.counts.items() if cell[1] == setting}
    shown = {cell: reports for cell, reports in column.items() if reports >= k}
    withheld = tuple(cell for cell in column if cell not in shown)
    known = tuple(relations(table.codebook, setting))
    return Publication(shown, withheld, known, table.counts[BASE, setting])


def find_exposed(publication: Publication, k: int) -> Iterator[Cell]:
    """Withheld cells of which a stranger learns too much.

    It must remain possible that nobody reported, and that k or more did: more than the true number,
    which is under k (FINDINGS.md, 2.3). A stranger who has read this code also knows that every
    withheld cell is under k; that must not prove that anybody reported, nor tell the number.
    """
    known = intervals(publication)
    insider = intervals(publication, ceiling=k - 1)
    for cell in publication.withheld:
        if not (_is_open(known[cell], k) and _is_open(insider[cell], 1)):
            yield cell


def _is_open(interval: Interval, need: int) -> bool:
    return interval.low == 0 and interval.high >= need


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _names(codebook: Codebook, cells: tuple[Cell, ...]) -> str:
    rows = {act.key: act.label for act in codebook.acts}
    columns = {setting.code: setting.label for setting in codebook.settings}
    named = [f"{rows[row]} ({columns[column]})" for row, column in cells[:_NAMED]]
    rest = [f"and {len(cells) - _NAMED} more"] if len(cells) > _NAMED else []
    return ", ".join(named + rest)
