"""Which numbers are sensitive by themselves, before any other number is looked at.

    few      fewer than k reports, and not none
    arrival  more than half of it came by one channel in one week: one hand may have written it
    place    of a place that too few people can be behind, as the release file says
    promised fewer than the threshold of an earlier release, which withheld it

None at all is withheld like a small number, and is not sensitive: where zeros are shown, a withheld cell
confesses that somebody reported. Entry sites would be looked at as channels are, if reports held any.
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
    PLACE = "place"
    PROMISED = "promised"


@dataclass(frozen=True, slots=True)
class Rules:
    """The threshold, whether one week of one channel may be most of a number, and nodes of small places."""

    k: int
    one_arrival: bool
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
        return None
