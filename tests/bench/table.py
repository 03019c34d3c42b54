"""Prints figures as a table, keeps them for a file, and says on what machine they were taken."""

import json
import os
import platform
import re
import statistics
import subprocess
import tempfile
import time
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


SYNCS = 100
_shown: list[Table] = []


def machine() -> str:
    """The processor, how many of it, its memory, its disk, Python, the kernel, and how busy it is."""
    kernel = re.match(r"[\d.]*\d", platform.release())
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return (
        f"{names[0] if names else platform.processor()}, {len(os.sched_getaffinity(0))} processors, "
        f"{memory:.0f} GiB, {file_system()}, fdatasync of 4 KB {fdatasync():.2f} ms, "
        f"Python {platform.python_version()}, {platform.system()} {kernel[0] if kernel else ''}, "
        f"load {os.getloadavg()[0]:.1f}"
    )


def file_system() -> str:
    """The kind that temporary files lie on, such as ext4."""
    line = ["df", "--output=fstype", tempfile.gettempdir()]
    return subprocess.run(line, stdout=subprocess.PIPE, text=True, check=True).stdout.split()[-1]


def fdatasync() -> float:
    """Milliseconds until the disk of temporary files has 4 KB more; the middle of a hundred times."""
    times = []
    with tempfile.TemporaryFile() as file:
        for _ in range(SYNCS):
            file.write(bytes(4096))
            file.flush()
            begin = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(1000 * (time.perf_counter() - begin))
    return statistics.median(times)


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


def save(path: Path, part: str, machine: str) -> None:
    """Writes what was shown since the last time as this part's figures; those of other parts stay."""
    kept = json.loads(path.read_text()) if path.exists() else {"parts": {}}
    taken = datetime.now(UTC).isoformat(timespec="seconds")
    kept["parts"][part] = {"machine": machine, "taken": taken, "tables": [asdict(one) for one in _shown]}
    _shown.clear()
    path.write_text(json.dumps(kept, indent=1) + "\n")
