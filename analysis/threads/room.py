"""What goes to many is refused where the box would grow so large that nobody could carry it.

A box has places for twice or four times the messages in it, so that nobody sees how many there are. A
small server keeps two of them while it takes a new one, and the stick one for each time. What is said to
one reporter is never refused: somebody typed it.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from analysis import boxes
from analysis.threads.errors import TooManyReaders

LARGEST_BOX = 1024 * 1024 * 1024
FEWER = "choose fewer by --area, --since and --until, or wait until earlier messages have ended"
WITHOUT = "publish without them (trackers = false), or wait until earlier messages have ended"
_MIB = 1024 * 1024


def check(connection: Any, threads: Iterable[str], week: str, hint: str) -> None:
    """That one more message to each of these reports leaves a box that can be carried.

    Raises TooManyReaders with the way out. Writes nothing.
    """
    new = _tags(connection, threads)
    if not new:
        return
    counts = Counter(one.tag for one in boxes.read_letters(connection, week))
    counts.update(new)
    addressed = [tag for tag, many in counts.items() for _ in range(min(many, boxes.MOST_MESSAGES))]
    size = boxes.length(boxes.read_tags(connection), addressed)
    if size > LARGEST_BOX:
        raise TooManyReaders(
            f"messages to {len(new):,} reporters would make a box of {size // _MIB:,} MiB, "
            f"and {LARGEST_BOX // _MIB:,} is the most",
            hint,
        )


def _tags(connection: Any, threads: Iterable[str]) -> list[bytes]:
    wanted = set(threads)
    rows = connection.execute("""SELECT "name", "box" FROM "reports" JOIN "receipts" ON "report" = "id"
        WHERE "bundle" IS NOT NULL""")
    return [bytes.fromhex(box) for name, box in rows if name in wanted]
