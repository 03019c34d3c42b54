"""Which programs are called that no lock pins and no script installs: who builds has them, or gets them."""

import json
import re
from collections.abc import Iterator

from tests.supply.locks import NPM_LOCK, ROOT

# Parts of every Debian, and words of the shell.
_EVERYWHERE = {"bash", "echo", "expand", "find", "grep", "mkdir", "rm", "sed", "touch"}
_SHELL = {"do", "done", "exit", "for", "trap"}
_COMMAND = re.compile(r"(?:^|&& |\|\| |; |\| |\{ )@?(?:! )?([a-z][a-z0-9-]*)(?= )")


def programs() -> set[str]:
    """What the Makefile, the package of the browser and the README call for."""
    return set(_makefile()) | set(_browser()) | set(_readme())


def _makefile() -> Iterator[str]:
    text = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        # A line of a target, or the beginning of one that is given a name.
        if line.startswith("\t"):
            yield from set(_COMMAND.findall(line[1:])) - _EVERYWHERE - _SHELL
        elif named := re.match(r"[A-Z_]+ := ([a-z]+) ", line):
            yield named[1]


def _browser() -> Iterator[str]:
    scripts = json.loads(NPM_LOCK.with_name("package.json").read_text(encoding="utf-8"))["scripts"]
    yield from (line.split()[0] for line in scripts.values())


def _readme() -> Iterator[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"with Python [0-9.]+, (?P<names>.*?)\.", text)
    if not found:
        raise ValueError("README.md: does not say any more what the targets need")
    yield from (name.split()[0].lower() for name in re.split(r", | and ", found["names"]))
