"""A whole release of many reports, F1 to F17: seconds of the real command, and its peak memory.

python -m tests.bench.release 1000000 DIR     makes the desk in DIR once and uses it again
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.table import machine, show
from tests.bench.workbench import COMMAND, PASSPHRASE, build

RELEASE = """\
organization = "Bench"
release = "2026-1"
date = 2026-11-01
languages = ["en", "es"]
campaign = "2024-06"
[title]
en = "Bench"
es = "Bench"
[period]
first = "2000-01"
last = "2026-12"
"""


def run(count: int = 100_000, folder: str = "") -> None:
    """Publishes from a copy of the desk, and attacks what came out."""
    with tempfile.TemporaryDirectory(dir=folder or None) as aside:
        kept = Path(folder or aside) / f"whole-{count}"
        if not kept.exists():
            build(kept, count, mixed=False)
        # A release stays in a desk for ever, and the next run wants its first again.
        shutil.copytree(kept, Path(aside) / "desk")
        (Path(aside) / "release.toml").write_text(RELEASE)
        _command(aside, "release-key", "--desk", "desk")
        rows = [_timed(aside, "publish", "--desk", "desk", "release.toml", "--out", "findings")]
        rows.append(_timed(aside, "attack", "findings"))
        tables = len(list((Path(aside) / "findings" / "tables").glob("*.csv")))
    head = ["command", "seconds", "of the processor"]
    show(f"Release: F1 to F17 of {count:,} reports, {tables} tables", head, rows)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"  peak memory: {peak:,.0f} MiB")


def _timed(folder: str, *words: str) -> list[str]:
    begin, before = time.perf_counter(), os.times()
    _command(folder, *words)
    took, after = time.perf_counter() - begin, os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return [words[0], f"{took:.1f}", f"{spent:.1f}"]


def _command(folder: str, *words: str) -> None:
    subprocess.run([COMMAND, *words], cwd=folder, input=f"{PASSPHRASE}\n", text=True, check=True, stdout=2)


if __name__ == "__main__":
    print(machine())
    run(int(sys.argv[1]), *sys.argv[2:3])
