"""make fuzz: every target with a bounded number of inputs, a table of what came of it, and failure for any
finding, and for a target that tried too few inputs to have shown anything.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from tests.fuzz import targets
from tests.fuzz.running import LEAST, Plan, Run, fuzz_all

NAMES = tuple(sorted(module.name for module in iter_modules(targets.__path__)))
_ROW = "{:<16} {:>11} {:>9} {:>7} {:>7} {:>6} {:>8}"


def main() -> int:
    """Prints the table; 1 when there is a finding."""
    asked = _arguments()
    names = [name for name in NAMES if asked.target in (None, name)]
    if asked.open:
        names = [name for name in names if import_module(f"tests.fuzz.targets.{name}").TARGET.open]
    if not names:
        print(f"no such target: choose one of {', '.join(NAMES)}", file=sys.stderr)
        return 2
    folder = Path(asked.folder or tempfile.mkdtemp(prefix="witnessbox-fuzz-"))
    print(_ROW.format("target", "inputs", "seconds", "per s", "edges", "MB", "findings"), flush=True)
    runs = []
    plan = Plan(_options(asked), asked.seconds, min(asked.inputs, LEAST))
    for run in fuzz_all(names, folder, plan, asked.jobs):
        runs.append(run)
        print(_ROW.format(*_row(run)), flush=True)
    return _end(runs, asked.json, folder, keep=bool(asked.folder))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=20_000, help="inputs for each target")
    parser.add_argument("--seconds", type=int, default=120, help="the most seconds for each target")
    parser.add_argument("--target", help="this one alone")
    parser.add_argument("--open", action="store_true", help="those alone that anybody can reach")
    parser.add_argument("--seed", type=int, default=1, help="another number, other inputs")
    parser.add_argument("--longest", type=int, help="the most bytes of an input; short ones are fast")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many at once")
    parser.add_argument("--folder", help="keep corpora, logs and findings here")
    parser.add_argument("--json", type=Path, help="save the table too")
    return parser.parse_args()


def _options(asked: argparse.Namespace) -> list[str]:
    """What the engine is told."""
    options = [f"-runs={asked.inputs}", f"-max_total_time={asked.seconds}", f"-seed={asked.seed}"]
    return [*options, f"-max_len={asked.longest}"] if asked.longest else options


def _row(run: Run) -> tuple[str, ...]:
    counts = (run.inputs, run.seconds, run.rate, run.edges, run.megabytes, len(run.findings))
    return (run.target, *(f"{one:,}" for one in counts))


def _end(runs: list[Run], file: Path | None, folder: Path, *, keep: bool) -> int:
    found = [run for run in runs if run.findings]
    print(f"{sum(run.inputs for run in runs):,} inputs, {len(found)} targets with findings")
    for run in found:
        print(f"{run.target}: {run.said}\n  " + "\n  ".join(run.findings))
    if file:
        file.write_text(
            json.dumps([run.to_json() for run in sorted(runs, key=lambda one: one.target)], indent=1)
        )
    if not found and not keep:
        shutil.rmtree(folder)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
