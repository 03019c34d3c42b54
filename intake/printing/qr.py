"""A QR code as black runs, for a page to draw: ISO/IEC 18004, by segno."""

from dataclasses import dataclass
from itertools import groupby

from intake.printing.errors import PrintingError

# Printed, folded, copied and wet: a quarter of it may be lost (level Q).
LEVEL = "q"
QUIET = 4
INSTALL = "pip install 'witnessbox[print]'"


@dataclass(frozen=True, slots=True)
class Code:
    """The side in modules, with the quiet zone, and runs of black modules as (x, y, length)."""

    side: int
    runs: tuple[tuple[int, int, int], ...]


def draw(text: str) -> Code:
    """The code of an address. It is the same on every flyer, so it tells nothing about where one lay."""
    try:
        # An extra: whoever only takes reports has no need of it.
        import segno
    except ModuleNotFoundError:
        raise PrintingError("segno is not installed, which draws QR codes", INSTALL) from None
    rows = tuple(segno.make_qr(text, error=LEVEL, boost_error=False).matrix)
    runs = tuple(
        (start + QUIET, y + QUIET, length)
        for y, row in enumerate(rows)
        for start, length in _black(bytes(row))
    )
    return Code(len(rows) + 2 * QUIET, runs)


def _black(row: bytes) -> list[tuple[int, int]]:
    found, place = [], 0
    for black, group in groupby(row):
        length = len(list(group))
        if black:
            found.append((place, length))
        place += length
    return found
