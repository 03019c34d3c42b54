"""The real command, which kills itself at its n-th call of the system for something that changes the disk."""

import subprocess
import sys
from pathlib import Path

_CODE = """
import os, signal, sys
from analysis.main import main
step, left, arguments = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
real = getattr(os, step)

def dying(*given, **named):
    global left
    if not str(given[0]).endswith("/desk.db-journal"):
        left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*given, **named)

setattr(os, step, dying)
sys.argv = ["witnessbox-analysis", *arguments]
main()
"""


def dying(
    environment: dict[str, str], step: str, number: int, *arguments: str
) -> "subprocess.CompletedProcess[bytes]":
    """Runs a command that dies at the `number`-th call of `step`: replace, unlink or fsync."""
    line = [sys.executable, "-c", _CODE, step, str(number), *arguments]
    root = Path(__file__).parents[2]
    return subprocess.run(line, env=environment, capture_output=True, check=False, cwd=root, timeout=60)
