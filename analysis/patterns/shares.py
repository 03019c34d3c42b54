"""Among which reports it is counted how rare an answer is.

A weight that changed with every report would have all pairs of a million reports weighed again after each
import. So shares are those among the first reports of the desk: all of them while there are few, and later
eight in nine of them or more, up to a number of which nothing but the first four bits are set. It
depends on nothing but the newest report's number: whoever imports in many steps finds what one finds who
imports at once.
"""

import numpy as np

from analysis.bitmaps import CHUNK
from analysis.patterns.reading import Counted

# Up to so many reports all of them are counted.
EXACT = CHUNK // 4
KEPT_BITS = 4


def until(newest: int) -> int:
    """The last report that is counted for the shares, at a desk with so many."""
    if newest <= EXACT:
        return newest
    dropped = max(0, newest.bit_length() - KEPT_BITS)
    return max(EXACT, newest >> dropped << dropped)


def among(database: Counted, newest: int) -> Counted:
    """The reports among which shares are counted."""
    last = until(newest)
    first = np.zeros(database.which.size * 8, dtype=np.bool_)
    first[: last + 1] = True
    return Counted(database.conn, database.bits, database.which & np.packbits(first, bitorder="little"))
