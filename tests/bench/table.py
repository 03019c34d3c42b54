"""Prints figures as a table, keeps them for a file, and says on what machine they were taken."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Table:
    """Figures as they were shown; the load is that of the machine over the minute before."""

    title: str
    head: list[str]
    rows: list[list[str]]
    load: float


_shown: list[Table] = []


def machine() -> str:
    """The processor, how many of it, its memory, Python and the kernel."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return (
        f"{names[0] if names else platform.processor()}, {len(os.sched_getaffinity(0))} processors, "
        f"{memory:.0f} GiB, Python {platform.python_version()}, {platform.system()} {platform.release()}"
    )


def show(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A title, a head and rows, in columns; all but the first column stand to the right."""
    load = os.getloadavg()[0]
    _shown.append(Table(title, list(head), [list(row) for row in rows], round(load, 1)))
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    print(f"\n{title}; load {load:.1f}")
    for row in [head, *rows]:
        first, *rest = row
        cells = [
            first.ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)),
        ]
        print("  " + "   ".join(cells), flush=True)


def save(path: Path) -> None:
    """Writes all that was shown, as JSON."""
    taken = datetime.now(UTC).isoformat(timespec="seconds")
    whole = {"machine": machine(), "taken": taken, "tables": [asdict(one) for one in _shown]}
    path.write_text(json.dumps(whole, indent=1) + "\n")
