"""The table as it may leave the desk: no true count of a withheld cell is in it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from analysis.findings.audit import Publication
from analysis.findings.codebook import Codebook, Setting
from analysis.findings.knowledge import BASE

TOTAL = "total"
PERCENT_BASE = 20


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
    """What may be printed: `publications` by the code of a setting, the others are withheld whole.

    `excluded` is the number of reports left out for want of consent, None when it is withheld.
    """

    codebook: Codebook
    publications: Mapping[str, Publication]
    excluded: int | None
    threshold: int

    @property
    def reports(self) -> int:
        """n, the reports counted in the settings that are not withheld whole."""
        return sum(publication.most for publication in self.publications.values())

    @property
    def shown(self) -> tuple[Setting, ...]:
        """The settings that have numbers."""
        return tuple(one for one in self.codebook.settings if one.code in self.publications)

    @property
    def withheld(self) -> tuple[Setting, ...]:
        """The settings that are withheld whole."""
        return tuple(one for one in self.codebook.settings if one.code not in self.publications)

    @property
    def columns(self) -> tuple[str, ...]:
        """Codes of all settings, and TOTAL where it adds up an act of two or more."""
        codes = tuple(setting.code for setting in self.codebook.settings)
        added = (act.key for act in self.codebook.acts if len(self._asking(act.key)) > 1)
        return (*codes, TOTAL) if any(self._total(key).reports for key in added) else codes

    def cell(self, row: str, column: str) -> SafeCell:
        """The cell of an act's key (or BASE) and a setting's code (or TOTAL)."""
        if column == TOTAL:
            return self._total(row)
        if row != BASE and not self.codebook.is_asked(row, column):
            return SafeCell(Status.NOT_ASKED)
        if column not in self.publications or (row, column) in self.publications[column].withheld:
            return SafeCell(Status.WITHHELD)
        return _shown(self.publications[column].shown[row, column], self._base(row, column))

    def count(self, status: Status) -> int:
        """How many cells of the settings have a status; totals are not counted."""
        rows = (BASE, *(act.key for act in self.codebook.acts))
        cells = (self.cell(row, setting.code) for row, setting in product(rows, self.codebook.settings))
        return sum(cell.status is status for cell in cells)

    def _total(self, row: str) -> SafeCell:
        # A sum of numbers that are shown tells nothing more, and any other would tell of its parts.
        parts = [self.cell(row, setting) for setting in self._asking(row)]
        reports = _sum(part.reports for part in parts)
        if reports is None:
            return SafeCell(Status.WITHHELD)
        return _shown(reports, _sum(part.base for part in parts))

    def _asking(self, row: str) -> list[str]:
        return [code for code in self.publications if row == BASE or self.codebook.is_asked(row, code)]

    def _base(self, row: str, column: str) -> int | None:
        # Where only some of a setting's forms ask, the base would tell how many reports came with the
        # other forms.
        if row != BASE and not self.codebook.is_asked_by_all(row, column):
            return None
        return self.publications[column].most


def _shown(reports: int, base: int | None) -> SafeCell:
    return SafeCell(Status.SHOWN, reports, base, _percent(reports, base))


def _percent(reports: int, base: int | None) -> int | None:
    """Whole percent, halves rounded up; none of a base so small that one report moves it by 5."""
    if base is None or base < PERCENT_BASE:
        return None
    return (200 * reports + base) // (2 * base)


def _sum(parts: Iterable[int | None]) -> int | None:
    """None where a part is missing, and where there is none."""
    known = list(parts)
    present = [part for part in known if part is not None]
    return sum(present) if known and len(present) == len(known) else None
