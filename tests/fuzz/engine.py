"""Runs one target under atheris, in this process: python -m tests.fuzz.engine TARGET FOLDER [option of
libFuzzer ...]

The modules of the target are instrumented as they are imported, so nothing of ours may be imported before.
libFuzzer ends the process at the first finding, and leaves the input in the folder.
"""

import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import atheris

OURS = ["intake", "analysis", "tests.fuzz.targets", "python_multipart", "h11"]
# Instrumented code is slower than the code that people run; the growth check measures that one.
SLOWER = 10
TRIES = 3


def load(name: str) -> Any:
    """The target of that name, with its modules instrumented."""
    with atheris.instrument_imports(include=OURS):
        return import_module(f"tests.fuzz.targets.{name}").TARGET


def bounded(target: Any) -> Any:
    """The target, with a finding for an input that takes more than its time."""
    most = target.seconds * SLOWER

    def run(data: bytes) -> None:
        for _ in range(TRIES):
            start = time.thread_time()
            target.run(data)
            taken = time.thread_time() - start
            if taken <= most:
                return
        raise AssertionError(f"an input of {len(data)} bytes took {taken:.3f} s, more than {most:.3f} s")

    return run


def main(name: str, folder: Path, *options: str) -> None:
    """Writes the seeds and the words of the format, and fuzzes."""
    target = load(name)
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds()):
        (corpus / f"seed-{number:04d}").write_bytes(seed)
    words = folder / "words"
    lines = ("".join(f"\\x{byte:02x}" for byte in token) for token in target.tokens)
    words.write_text("".join(f'"{line}"\n' for line in lines))
    own = [
        f"-max_len={target.longest}",
        f"-dict={words}",
        f"-artifact_prefix={folder}/",
        "-print_final_stats=1",
    ]
    own += ["-timeout=20", "-rss_limit_mb=1024", "-len_control=50"]
    atheris.Setup([sys.argv[0], *own, *options, str(corpus)], bounded(target))
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
