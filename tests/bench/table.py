"""Prints figures as a table, and says on what machine they were taken."""

import os
import platform
from collections.abc import Sequence
from pathlib import Path


def machine() -> str:
    """The processor, how many of it, Python and the kernel."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return (
        f"{names[0] if names else platform.processor()}, {len(os.sched_getaffinity(0))} processors, "
        f"Python {platform.python_version()}, {platform.system()} {platform.release()}"
    )


def show(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A title, a head and rows, in columns; all but the first column stand to the right."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    print(f"\n{title}")
    for row in [head, *rows]:
        first, *rest = row
        cells = [
            first.ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)),
        ]
        print("  " + "   ".join(cells))
