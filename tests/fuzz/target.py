"""What a fuzz target is, and what is asserted of every parser that one drives.

Whatever comes in: only the documented error class comes out, and its text quotes nothing of the input. What
is taken is written again and must be the same bytes, or is held to what the target itself says. Time and
memory are bounded elsewhere, each as README.md says: by the engine, by the growth check, and for megabytes.
"""

import functools
import re
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
# No input of the engine is longer.
LONGEST = 64 * 1024
# An error's text and the input have no more letters in a row in common, but for words of our own source.
MOST_IN_COMMON = 7
# More different texts than a parser has rules: then they hold something of what was read.
MOST_SAYINGS = 60


class Sayings:
    """The error texts of one parser. They are few, and none quotes what was read."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def check(self, error: BaseException, data: bytes) -> None:
        """AssertionError where the text of an error, or its hint, holds something of `data`."""
        said = f"{error} {getattr(error, 'hint', '')}"
        if (shape := re.sub(r"\d+", "#", said)) in self._known:
            return
        text = data.decode("latin-1")
        for start in range(len(said) - MOST_IN_COMMON):
            part = said[start : start + MOST_IN_COMMON + 1]
            # No part of the text in the assertion: it may be shown.
            assert part not in text or part in _source(), "an error's text holds bytes of the input"
        self._known.add(shape)
        assert len(self._known) <= MOST_SAYINGS, "a parser has more error texts than rules"


@functools.cache
def _source() -> str:
    """All of our own words, which a fuzzer that reads constants puts into its inputs."""
    parts = [path for name in ("intake", "analysis", "tests/fuzz") for path in (ROOT / name).rglob("*.py")]
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(parts))


@dataclass(frozen=True)
class Target:
    """One parser and how it is fuzzed.

    `run` takes any bytes and raises for a finding alone. `seeds` are real inputs, made when asked for.
    `shapes` make worst cases of about the size that is asked for. At 64 KiB each takes `seconds` of the
    processor at most, and `bytes` of memory that Python counts: `growth.py` holds these shapes to that. The
    engine holds every input to ten times `seconds`, and its whole process to a gigabyte, and to nothing less.
    `tokens` are words that the format is made of. `open` says that anybody can send it something, without
    being known to the server; `longest`, how long an input of the engine is at most.
    """

    name: str
    run: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]
    shapes: Mapping[str, Callable[[int], bytes]] = field(default_factory=dict)
    tokens: tuple[bytes, ...] = ()
    open: bool = False
    seconds: float = 0.05
    bytes: int = 20 * 1024 * 1024
    longest: int = LONGEST


@contextmanager
def only(
    expected: type[Exception] | tuple[type[Exception], ...], data: bytes, sayings: Sayings
) -> Iterator[None]:
    """What a parser may do with bytes that it does not take. All else is a finding, and leaves as it is."""
    try:
        yield
    except expected as error:
        sayings.check(error, data)


def cpu(run: Callable[[bytes], None], data: bytes, times: int = 3) -> float:
    """Seconds of the processor, the least of so many tries: whoever else uses it does not count."""
    found = []
    for _ in range(times):
        start = time.thread_time()
        run(data)
        found.append(time.thread_time() - start)
    return min(found)


def peak(run: Callable[[bytes], None], data: bytes) -> int:
    """The most bytes that Python held at once more than before."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        run(data)
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def fill(piece: bytes, size: int) -> bytes:
    """A piece again and again, up to a size."""
    return (piece * (size // max(len(piece), 1) + 1))[:size]
