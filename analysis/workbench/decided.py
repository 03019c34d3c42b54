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

from analysis.bitmaps import Bitmaps, Bits, Value
from analysis.patterns.reading import read_counted

EXCLUDED, LABEL, ASSIGNED = "is.excluded", "is.label", "is.assigned"
_QUERIES = {
    EXCLUDED: 'SELECT "d"."value", "e"."report" FROM "exclusions" AS "e" '
    'JOIN "decisions" AS "d" ON "d"."id" = "e"."decision"',
    LABEL: 'SELECT "label", "report" FROM "labels"',
    ASSIGNED: 'SELECT "who", "report" FROM "assignments"',
}
COUNTED, YES = "is.counted", "yes"
NAMES = (*_QUERIES, COUNTED)


def column(connection: Any, bits: Bitmaps, name: str) -> Mapping[Value, Bits]:
    """The bits of each value."""
    if name == COUNTED:
        return {YES: read_counted(connection, bits).which}
    found: dict[Value, list[int]] = {}
    for value, report in connection.execute(_QUERIES[name]):
        found.setdefault(value, []).append(report)
    return {value: bits.of_numbers(np.array(reports)) for value, reports in found.items()}
