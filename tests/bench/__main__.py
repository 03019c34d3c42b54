"""`make bench`: all benchmarks, one after another."""

import subprocess
import sys

from tests.bench import boxes, control, desk, intake, patterns, workbench
from tests.bench.table import machine, show

# Four times the reports must not take more memory: it may depend on the batch, not on the number.
COUNTS = (3_000, 12_000)


def memory() -> None:
    """Prints the desk's peak memory for two numbers of reports, each in a process of its own."""
    rows = []
    for count in COUNTS:
        command = [sys.executable, "-m", "tests.bench.desk", str(count)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        rows.append([f"{count:,}", *done.stdout.split()])
    show(
        "Desk: peak memory of an import, MiB (the database's cache of 200 MB included)",
        ["reports", "parent", "largest worker"],
        rows,
    )


if __name__ == "__main__":
    print(machine())
    intake.run()
    desk.run()
    memory()
    patterns.run()
    workbench.run()
    control.run()
    boxes.run()
