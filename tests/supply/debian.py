"""Which of Debian's packages are installed where: read out of what installs them, or tells people to."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.supply.locks import ROOT

_NAMES = r"(?P<names>[a-z0-9][a-z0-9 .+-]*)"
# By the target of the Makefile that asks for them.
_TARGETS = {"setup": "tests", "bench": "benchmarks", "deploy-test": "machine tests", "soak": "soak"}
# The names end with the line, or at a bracket, a comma or a pipe.
_SERVER = re.compile(r"wanted(?:=|\+=)\((?P<names>[^)]*)\)")
_CALLED = re.compile(rf"apt(?:-get)? install(?: --[a-z-]+)* {_NAMES}")
_ASKED = re.compile(rf"system-packages\.sh\"? {_NAMES}")


def places() -> dict[str, list[str]]:
    """By package, where it is installed."""
    found: dict[str, set[str]] = {}
    for place, names in _all():
        for name in names.split():
            found.setdefault(name, set()).add(place)
    return {name: sorted(found[name]) for name in sorted(found)}


def _all() -> Iterator[tuple[str, str]]:
    yield from _in(_SERVER, "server", "deploy/install.sh")
    yield from _in(_CALLED, "images", "deploy/Containerfile")
    yield from _in(_CALLED, "desk", "deploy/desk.sh")
    for path in sorted((ROOT / "tests").glob("*.sh")):
        for found in _ASKED.finditer(_text(path)):
            yield "tests", found["names"]
    for path in sorted((ROOT / "deploy").glob("*.md")):
        for found in _CALLED.finditer(_text(path)):
            yield path.name, found["names"]
    yield from _makefile()


def _in(pattern: re.Pattern[str], place: str, file: str) -> Iterator[tuple[str, str]]:
    matches = list(pattern.finditer(_text(ROOT / file)))
    if not matches:
        raise ValueError(f"{file}: no package is installed there any more")
    yield from ((place, one["names"]) for one in matches)


def _makefile() -> Iterator[tuple[str, str]]:
    target = ""
    for line in _text(ROOT / "Makefile").splitlines():
        if head := re.match(r"([a-z.-]+):", line):
            target = head[1]
        if found := _ASKED.search(line):
            yield _TARGETS[target], found["names"]


def _text(path: Path) -> str:
    return re.sub(r"\\\n\s*", "", path.read_text(encoding="utf-8"))
