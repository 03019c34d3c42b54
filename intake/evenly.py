"""Answers after a time that says nothing of what was found.

All that is found takes the same work, but not to the last microsecond: a page with an answer has more
words to write. So nobody is answered before the next of a row of even moments, and whoever watches the
line sees those alone.
"""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

SECONDS = 0.25


@asynccontextmanager
async def evenly(seconds: float = SECONDS) -> AsyncIterator[None]:
    """Ends, with or without an error, a whole number of times `seconds` after it began."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    try:
        yield
    finally:
        rounds = math.ceil((loop.time() - start) / seconds)
        await asyncio.sleep(start + rounds * seconds - loop.time())
