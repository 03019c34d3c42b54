"""make mutants: changes the code in small ways, one at a time, and looks whether a test fails each time.

    python -m tests.mutation crypto
    python -m tests.mutation control --sample 400 --seed 1

mutmut makes the changes and tries them. Here stands what is changed, and which tests judge it. Where all
would take hours, a part is drawn by a seed: of every module the same share, and the same changes each time.
Of the tests that reach a change the quickest are run, for so many seconds together, until one fails.

What was tried stays in mutants/ until another subject is. `mutmut show NAME` prints a change.
"""

import argparse
import os
import random
import shutil
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from mutmut import __main__ as mutmut
from mutmut import stats
from mutmut.configuration import config
from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.state import reset_state, state
from mutmut.utils import file_utils


@dataclass(frozen=True, slots=True)
class Subject:
    """Patterns of what is changed, and the tests that judge it."""

    changed: tuple[str, ...]
    tests: tuple[str, ...]


_FINDINGS = "analysis/findings"
# What decides which numbers a table may tell, beside the search for the cells to withhold.
_DECIDING = (
    *("assembly", "dimensions", "edition", "limits", "model", "paging", "past", "primary", "quoting"),
    *("recoding", "recounting", "selection", "sparseness", "task", "wholes", "withholding"),
)
_JUDGING = (
    *("ledger", "test_limits.py", "test_model.py", "test_named.py", "test_over_time.py", "test_paging.py"),
    *("test_primary.py", "test_publish.py", "test_quoting.py", "test_recounting.py", "test_sparse.py"),
    *("test_wholes.py", "test_withholding.py"),
)
SUBJECTS = {
    "crypto": Subject(("intake/crypto/*.py",), ("tests/crypto", "tests/vectors")),
    "control": Subject((f"{_FINDINGS}/control/*.py",), ("tests/findings/control",)),
    "findings": Subject(
        (*(f"{_FINDINGS}/{name}.py" for name in _DECIDING), f"{_FINDINGS}/ledger/*.py"),
        (
            *(f"tests/findings/{name}" for name in _JUDGING),
            # It starts changed code in a folder of its own, where mutmut's settings are not found.
            "--deselect=tests/findings/test_publish.py::test_a_release_is_the_same_in_another_place_and_time_zone",
        ),
    ),
}
FOLDER = Path("mutants")
SECONDS = 20.0
_KILLED, _NOT_TRIED, _SURVIVED = "killed", "not checked", "survived"
_ROW = "{:<44} {:>7} {:>7} {:>7} {:>8} {:>9} {:>8}"


def main() -> None:
    """Tries the changes, and prints a table of what came of them and each that no test noticed."""
    asked = _arguments()
    subject = SUBJECTS[asked.subject]
    settings = config()
    settings.only_mutate = list(subject.changed)
    settings.pytest_add_cli_args_test_selection = list(subject.tests)
    _begin(asked.subject)
    _prepare(asked.jobs)
    names = sorted(name for one in _changed() for name in one.exit_code_by_key)
    # What a name stands for is tried again; without one, only what was not tried yet.
    chosen = _drawn(names, asked.sample, asked.seed) if asked.sample else []
    mutmut._run(chosen, asked.jobs)
    _report(set(chosen or names))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("subject", choices=SUBJECTS)
    parser.add_argument("--sample", type=int, help="so many changes instead of all")
    parser.add_argument("--seed", type=int, default=1, help="another number, other changes")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many at once")
    return parser.parse_args()


def _begin(subject: str) -> None:
    """An empty folder, unless the same was tried before."""
    # What mutmut did not change for one subject it takes for changed in the next.
    mark = FOLDER / "subject"
    if not mark.is_file() or mark.read_text() != subject:
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir()
        mark.write_text(subject)


def _prepare(jobs: int) -> None:
    """Makes the changes, and finds the tests that reach each function."""
    set_mutant_under_test("mutant_generation")
    with mutmut.CatchOutput(spinner_title="Generating mutants"):
        file_utils.copy_src_dir()
        file_utils.copy_also_copy_files()
        file_utils.setup_source_paths()
        mutmut.create_mutants(jobs)
    mutmut.collect_or_load_stats(mutmut.get_mutant_runner(jobs), apply_config_invalidation=True)
    reached, seconds = state().tests_by_mangled_function_name, state().duration_by_test
    for function, tests in reached.items():
        reached[function] = set(_quickest(sorted(tests, key=lambda test: (seconds[test], test))))
    stats.save_stats()
    reset_state()


def _quickest(tests: list[str]) -> Iterator[str]:
    seconds = 0.0
    for test in tests:
        seconds += state().duration_by_test[test]
        if seconds <= SECONDS or test == tests[0]:
            yield test


def _changed() -> Iterator[SourceFileMutationData]:
    for path in sorted(file_utils.walk_mutatable_files()):
        one = SourceFileMutationData(path=path)
        one.load()
        yield one


def _drawn(names: list[str], sample: int, seed: int) -> list[str]:
    """The same share of every module: what is drawn is spread evenly over the names in their order."""
    draw, step = random.Random(seed), max(1.0, len(names) / sample)
    starts = (number * step for number in range(min(sample, len(names))))
    return sorted({names[int(start + draw.random() * step) % len(names)] for start in starts})


def _report(names: Collection[str]) -> None:
    print(_ROW.format("", "changes", "tried", _KILLED, "timeout", _SURVIVED, "no test"))
    left = []
    for one in _changed():
        own = {name: stats.status_by_exit_code[code] for name, code in one.exit_code_by_key.items()}
        found = Counter(status for name, status in own.items() if name in names)
        tried = sum(found.values()) - found[_NOT_TRIED]
        ends = (found[status] for status in (_KILLED, "timeout", _SURVIVED, "no tests"))
        print(_ROW.format(str(one.path), len(own), tried, *ends))
        others = (_KILLED, "timeout", _NOT_TRIED)
        left += [(one.path, name, own[name]) for name in own if name in names and own[name] not in others]
    for path, name, status in left:
        print(f"\n# {status}: {name}\n{mutmut.get_diff_for_mutant(name, path=path)}")


if __name__ == "__main__":
    main()
