"""A whole release of many reports, F1 to F17: seconds of the real commands, and the peak memory of each.

python -m tests.bench.release 1000000 DIR     makes the desk in DIR once and uses it again
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.table import machine, show
from tests.bench.workbench import COMMAND, PASSPHRASE, kept

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
        desk = kept(Path(folder or aside) / f"whole-{count}", count, mixed=False)
        # A release stays in a desk for ever, and the next run wants its first again.
        shutil.copytree(desk, Path(aside) / "desk")
        (Path(aside) / "release.toml").write_text(RELEASE)
        command(Path(aside), "release-key", "--desk", "desk")
        rows = [command(Path(aside), "publish", "--desk", "desk", "release.toml", "--out", "findings")]
        rows.append(command(Path(aside), "attack", "findings"))
        tables = len(list((Path(aside) / "findings" / "tables").glob("*.csv")))
    head = ["command", "seconds", "of the processor", "peak MiB"]
    show(f"Release: F1 to F17 of {count:,} reports, {tables} tables", head, rows)


def command(folder: Path, *words: str) -> list[str]:
    """Runs one of the desk's commands to its end: its name, seconds, those of processors, peak MiB."""
    begin = time.perf_counter()
    process = subprocess.Popen([COMMAND, *words], cwd=folder, stdin=subprocess.PIPE, stdout=2, text=True)
    assert process.stdin
    process.stdin.write(f"{PASSPHRASE}\n")
    process.stdin.close()
    # What this one used, and its own children, but none of those that ran before it.
    _, status, used = os.wait4(process.pid, 0)
    took = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{words[0]} ended with status {process.returncode}")
    return [words[0], f"{took:.1f}", f"{used.ru_utime + used.ru_stime:.1f}", f"{used.ru_maxrss / 1024:,.0f}"]


if __name__ == "__main__":
    print(machine())
    run(int(sys.argv[1]), *sys.argv[2:3])
