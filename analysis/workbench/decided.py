"""What organizers decided about reports, as bits beside those of the answers.

    is.excluded   the reason for which a report is left out
    is.label      a label that it carries
    is.assigned   who is to look at it
    is.counted    "yes" for those that patterns and findings count, as the view `counted` does

A dot stands in each name, so no question of a form can have it.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from analysis.bitmaps import Bitmaps, Bits, Value, count
from analysis.patterns.reading import Counted, read_counted
from analysis.review.exclusions import REASONS
from analysis.review.flow import NO_CONSENT, Flow

EXCLUDED, LABEL, ASSIGNED = "is.excluded", "is.label", "is.assigned"
_QUERIES = {
    EXCLUDED: 'SELECT "d"."value", "e"."report" FROM "exclusions" AS "e" '
    'JOIN "decisions" AS "d" ON "d"."id" = "e"."decision"',
    LABEL: 'SELECT "label", "report" FROM "labels"',
    ASSIGNED: 'SELECT "who", "report" FROM "assignments"',
}
COUNTED, YES = "is.counted", "yes"
NAMES = (*_QUERIES, COUNTED)


def flow(every: Bits, able: Counted, excluded: Mapping[Value, Bits]) -> Flow:
    """The flow of reports (`analysis.review.flow`), from the bits: `able` are those that may be counted."""
    given = dict.fromkeys(REASONS, 0) | {str(one): able.among(bits) for one, bits in excluded.items()}
    given[NO_CONSENT] += count(every) - len(able)
    return Flow(count(every), given, count(every) - sum(given.values()))


def column(connection: Any, bits: Bitmaps, name: str) -> Mapping[Value, Bits]:
    """The bits of each value."""
    if name == COUNTED:
        return {YES: read_counted(connection, bits).which}
    found: dict[Value, list[int]] = {}
    for value, report in connection.execute(_QUERIES[name]):
        found.setdefault(value, []).append(report)
    return {value: bits.of_numbers(np.array(reports)) for value, reports in found.items()}
