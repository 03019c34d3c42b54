"""How time and memory of each parser grow with its input: worst shapes at one, two, four and eight times a
size.

python -m tests.fuzz.growth [TARGET] prints the table and fails where a shape grows faster than its input, or
takes more than its target's bound. Time is that of the processor, the least of some tries, in code that is
not instrumented.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module

from tests.fuzz.__main__ import NAMES
from tests.fuzz.target import LONGEST, Target, cpu, peak

TIMES = (1, 2, 4, 8)
# Of the longest input; what grows with its square takes 64 times as long for eight times the size.
SMALLEST = LONGEST // 8
FASTEST = 2.0
# Below this, a figure says more about the machine than about the parser.
NOISE_SECONDS = 0.002
NOISE_BYTES = 256 * 1024
TRIES = 4


@dataclass(frozen=True, slots=True)
class Growth:
    """One shape of one target: seconds and bytes for each size, and the target's bounds."""

    target: str
    shape: str
    lengths: tuple[int, ...]
    seconds: tuple[float, ...]
    bytes: tuple[int, ...]
    most_seconds: float
    most_bytes: int

    @property
    def problem(self) -> str:
        """What is out of its bound, or nothing."""
        if self.seconds[-1] > self.most_seconds:
            return f"takes {self.seconds[-1]:.3f} s of {self.most_seconds} s"
        if self.bytes[-1] > self.most_bytes:
            return f"takes {self.bytes[-1] >> 20} MB of {self.most_bytes >> 20} MB"
        grown = TIMES[-1] / TIMES[0] * FASTEST
        if self.seconds[-1] > NOISE_SECONDS and self.seconds[-1] > grown * max(
            self.seconds[0], NOISE_SECONDS / 8
        ):
            return (
                f"grows {self.seconds[-1] / max(self.seconds[0], 1e-9):.0f} times for {grown / FASTEST:.0f}"
            )
        if self.bytes[-1] > NOISE_BYTES and self.bytes[-1] > grown * max(self.bytes[0], NOISE_BYTES / 8):
            return f"takes {self.bytes[-1] / max(self.bytes[0], 1):.0f} times the memory"
        return ""


def grow(target: Target, shape: str) -> Growth:
    """Measures one shape; once more where something is wrong, as something else may have run."""
    inputs = [target.shapes[shape](SMALLEST * times) for times in TIMES]
    for data in inputs:
        target.run(data)
    found = _measure(target, shape, inputs, 2)
    return _measure(target, shape, inputs, TRIES) if found.problem else found


def _measure(target: Target, shape: str, inputs: list[bytes], tries: int) -> Growth:
    return Growth(
        target.name,
        shape,
        tuple(map(len, inputs)),
        tuple(cpu(target.run, data, tries) for data in inputs),
        tuple(peak(target.run, data) for data in inputs),
        target.seconds,
        target.bytes,
    )


def grow_all(names: tuple[str, ...]) -> Iterator[Growth]:
    """All shapes of these targets."""
    for name in names:
        target: Target = import_module(f"tests.fuzz.targets.{name}").TARGET
        for shape in target.shapes:
            yield grow(target, shape)


def main() -> int:
    """Prints the table; 1 where something is out of its bound."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.growth")
    parser.add_argument("target", nargs="?", choices=NAMES)
    asked = parser.parse_args()
    print(f"{'target':<12} {'shape':<36} {'KiB':>5} {'ms':>26} {'KiB held':>30}")
    wrong = 0
    for one in grow_all((asked.target,) if asked.target else NAMES):
        wrong += bool(one.problem)
        seconds = " ".join(f"{1000 * each:6.2f}" for each in one.seconds)
        held = " ".join(f"{each >> 10:6d}" for each in one.bytes)
        print(
            f"{one.target:<12} {one.shape:<36} {one.lengths[-1] >> 10:>5}",
            f"{seconds:>27} {held:>30} {one.problem}",
            flush=True,
        )
    print(f"{wrong} shapes out of their bounds")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
