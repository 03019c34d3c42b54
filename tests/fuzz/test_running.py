"""What the table of `make fuzz` says of an engine that found nothing because it did nothing.

Small programs stand for the engine here, which `make test` does not install; they say what it says.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.running import LEAST, Plan, Run, fuzz_all
from tests.fuzz.target import ROOT

# The last lines of a run, as libFuzzer prints them.
STATISTICS = "Done {0} runs in 3 second(s)\nstat::number_of_executed_units: {0}\nstat::peak_rss_mb: 55\n"
SPEAKING = "import sys; print({!r})"
SLEEPING = "import sys, time; sys.argv[1] == 'slow' and time.sleep(60); print({!r})"


def runs(folder: Path, program: str, *names: str, patience: float = 120) -> dict[str, Run]:
    plan = Plan((), 0, patience=patience, engine=(sys.executable, "-c", program))
    return {run.target: run for run in fuzz_all(names, folder, plan, 2)}


@pytest.mark.parametrize("said", ["", STATISTICS.format(0), STATISTICS.format(LEAST - 1)])
def test_a_target_that_tried_next_to_nothing_is_a_finding(tmp_path: Path, said: str) -> None:
    (finding,) = runs(tmp_path, SPEAKING.format(said), "header")["header"].findings
    assert f"and {LEAST} are the least" in finding


def test_a_target_that_tried_enough_is_no_finding(tmp_path: Path) -> None:
    run = runs(tmp_path, SPEAKING.format(STATISTICS.format(LEAST)), "header")["header"]
    assert (run.inputs, run.seconds, run.megabytes, run.findings) == (LEAST, 3, 55, ())


def test_a_target_that_never_ends_does_not_lose_the_others(tmp_path: Path) -> None:
    # On a machine that is busy the quick one may be given up too; it is in the table all the same.
    found = runs(tmp_path, SLEEPING.format(STATISTICS.format(5_000)), "slow", "quick", patience=3)
    assert found.keys() == {"slow", "quick"}
    assert found["slow"].findings == (f"did not end in 3 seconds: {tmp_path / 'slow' / 'log'}",)


def test_a_row_of_an_export_is_read_when_it_is_the_first_input_of_all() -> None:
    program = (
        "from tests.fuzz.targets.spreadsheet import exported_head, exported_row, mapping, read\n"
        "print(len(read(mapping(1), exported_head() + b'\\n' + exported_row() + b'\\n')))"
    )
    line = [sys.executable, "-c", program]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout == "1\n"
