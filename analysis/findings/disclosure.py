"""Decides which numbers of a table may be printed, and refuses the table when hiding is not enough.

Every cell under the threshold k is withheld, zeros too: where zeros are shown, a withheld cell
confesses that somebody reported (FINDINGS.md, 2.2). Nothing else is withheld yet to keep those cells
from being worked out, so a table where that would be needed is refused.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from analysis.findings.audit import Cell, Interval, Publication, intervals
from analysis.findings.codebook import Codebook
from analysis.findings.errors import BadThreshold, Recoverable, TooFewReports
from analysis.findings.table import BASE, TOTAL, Table

THRESHOLD = 10
FLOOR = 5
PERCENT_BASE = 20
_REFUSING = 'refusing to publish "acts by setting"'
_NAMED = 3


class Status(StrEnum):
    """What is printed in the place of a number: nothing, "[c]" or "[z]"."""

    SHOWN = ""
    WITHHELD = "c"
    NOT_ASKED = "z"


@dataclass(frozen=True, slots=True)
class SafeCell:
    """A cell as it is published; numbers that are not given are None. Withheld cells are all equal."""

    status: Status
    reports: int | None = None
    base: int | None = None
    percent: int | None = None


@dataclass(frozen=True, slots=True)
class SafeTable:
    """What may leave the desk: no true count of a withheld cell is in it.

    `excluded` is the number of reports left out for want of consent, None when it is withheld.
    """

    codebook: Codebook
    columns: tuple[str, ...]
    publication: Publication
    excluded: int | None
    threshold: int

    def cell(self, row: str, column: str) -> SafeCell:
        """The cell of an act's key (or BASE) and a setting's code (or TOTAL)."""
        if (row, column) in self.publication.withheld:
            return SafeCell(Status.WITHHELD)
        if (row, column) not in self.publication.shown:
            return SafeCell(Status.NOT_ASKED)
        reports, base = self.publication.shown[row, column], self._base(row, column)
        return SafeCell(Status.SHOWN, reports, base, _percent(reports, base))

    def _base(self, row: str, column: str) -> int | None:
        """How many reports were asked about an act, where that follows from what is shown."""
        shown = self.publication.shown
        settings = [setting.code for setting in self.codebook.settings]
        asked = [code for code in settings if (row, code) in self.codebook.asked]
        if column != TOTAL or row == BASE or asked == settings:
            return shown[BASE, column]
        bases = [shown.get((BASE, code)) for code in asked]
        return None if None in bases else sum(base for base in bases if base)


def _percent(reports: int, base: int | None) -> int | None:
    """Whole percent, halves rounded up; none of a base so small that one report moves it by 5."""
    if base is None or base < PERCENT_BASE:
        return None
    return (200 * reports + base) // (2 * base)


def check_threshold(k: int) -> None:
    """Raises BadThreshold where k is under the floor."""
    if k < FLOOR:
        raise BadThreshold(
            f"refusing a threshold of {k}: no cell under {FLOOR} reports is ever published", "use --k 10"
        )


def protect(table: Table, k: int = THRESHOLD) -> SafeTable:
    """The table with its small cells withheld; raises BadThreshold, TooFewReports, Recoverable."""
    check_threshold(k)
    publication = mask(table, k)
    exposed = tuple(find_exposed(publication, table.counts, k))
    if exposed:
        raise Recoverable(
            f"{_REFUSING}: {_plural(len(exposed), 'withheld cell')} could be worked out from the row totals"
            f" and the n around them: {_names(table.codebook, exposed)}",
            "wait for more reports, or leave small settings out: --setting names those that stay",
        )
    excluded = table.excluded if table.excluded >= k else None
    return SafeTable(table.codebook, table.columns, publication, excluded, k)


def mask(table: Table, k: int) -> Publication:
    """What would be printed if only cells under k were withheld; raises TooFewReports."""
    whole = table.counts[BASE, table.columns[-1]]
    if whole < k:
        raise TooFewReports(f"{_REFUSING}: fewer than {k} reports may be counted", "wait for more reports")
    shown = {cell: reports for cell, reports in table.counts.items() if reports >= k}
    withheld = tuple(cell for cell in table.counts if cell not in shown)
    return Publication(shown, withheld, table.relations, whole)


def find_exposed(publication: Publication, counts: Mapping[Cell, int], k: int) -> Iterator[Cell]:
    """Withheld cells of which a stranger learns too much, given their true counts.

    With a reports in a cell it must remain possible that nobody reported, and that max(k, a + 1) or
    more did (FINDINGS.md, 2.3). A stranger who has read this code also knows that every withheld cell
    is under k; that must not prove that anybody reported, nor tell the number.
    """
    known = intervals(publication)
    insider = intervals(replace(publication, most=k - 1))
    for cell in publication.withheld:
        if not (_is_open(known[cell], max(k, counts[cell] + 1)) and _is_open(insider[cell], 1)):
            yield cell


def _is_open(interval: Interval, need: int) -> bool:
    return interval.low == 0 and interval.high >= need


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _names(codebook: Codebook, cells: tuple[Cell, ...]) -> str:
    rows = {act.key: act.label for act in codebook.acts} | {BASE: "n"}
    columns = {setting.code: setting.label for setting in codebook.settings} | {TOTAL: "total"}
    named = [f"{rows[row]} ({columns[column]})" for row, column in cells[:_NAMED]]
    rest = [f"and {len(cells) - _NAMED} more"] if len(cells) > _NAMED else []
    return ", ".join(named + rest)
