"""The flow of reports (finding F1): received, left out for which reason, counted.

Every report is in one place of it: who did not say that it may be counted is not asked whether it
is also a duplicate. Sealed reports that could not be opened stand before it, in `set_aside`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

NO_CONSENT = "no_consent"


@dataclass(frozen=True, slots=True)
class Flow:
    """Numbers of reports: received is counted and all of `excluded`, which has every reason."""

    received: int
    excluded: Mapping[str, int]
    counted: int
