"""Which numbers are sensitive by themselves, before any other number is looked at.

    few      fewer than k reports, and not none
    arrival  more than half of it came by one channel in one week: one hand may have written it
    site     more than half of it came by one entry site, such as one stand or one kiosk
    place    of a place that too few people can be behind, as the release file says
    promised fewer than the threshold of an earlier release, which withheld it

None at all is withheld like a small number, and is not sensitive: where zeros are shown, a withheld cell
confesses that somebody reported. Of entry sites nothing is known unless a form asks `entry_site`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from analysis.findings.control.lattice import Cell
from analysis.findings.counting import Count


class Reason(StrEnum):
    """Why a number is sensitive by itself."""

    FEW = "few"
    ARRIVAL = "arrival"
    SITE = "site"
    PLACE = "place"
    PROMISED = "promised"


# Reasons for which numbers are sensitive that may be large.
LARGE = frozenset({Reason.ARRIVAL, Reason.SITE, Reason.PLACE})


@dataclass(frozen=True, slots=True)
class Rules:
    """The threshold, whether one week of one channel or one site may be most of a number, small places."""

    k: int
    one_arrival: bool
    one_site: bool
    small_places: Collection[str]

    def reason(self, cell: Cell, count: Count) -> Reason | None:
        """Why a cell is sensitive; None where it is not, and where it is of no report."""
        if not count.reports:
            return None
        if count.reports < self.k:
            return Reason.FEW
        if any(node in self.small_places for node in cell):
            return Reason.PLACE
        if not self.one_arrival and 2 * count.largest > count.reports:
            return Reason.ARRIVAL
        if not self.one_site and 2 * count.site > count.reports:
            return Reason.SITE
        return None
