"""`make demo`, which is the first thing that a newcomer sees."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PARTS = (
    "the form",
    "the workbench, without its token",
    "the workbench",
    "the findings",
    "the findings' checksums",
)


def demo(home: Path) -> str:
    """One run that checks each part and ends; what it said."""
    command = [sys.executable, "-m", "tests.demo", "--once", "--home", str(home)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_demo_shows_the_whole_chain_and_shows_the_same_again(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    first = demo(home)
    assert "bundle 1: 500 reports added" in first
    second = demo(home)
    assert "showing the reports of the last demo (remove demo/ to begin anew)" in second
    for said in (first, second):
        assert [line.strip() for line in said.splitlines() if line.endswith(": answers")] == [
            f"{part}: answers" for part in PARTS
        ]
