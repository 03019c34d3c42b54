"""Which of Debian's packages are installed where: read out of the scripts that install them."""

import re

from tests.supply.locks import ROOT

# In each script, what comes before the names; they end with the line, or at a bracket or a pipe.
_PLACES = {
    "server": ("deploy/install.sh", r"wanted(?:=|\+=)\((?P<names>[^)]*)\)"),
    "images": ("deploy/Containerfile", r"--no-install-recommends (?P<names>[a-z0-9 .-]+)"),
    "desk": ("deploy/desk.sh", r"apt-get install (?P<names>[a-z0-9 .-]+)"),
    "tests": ("Makefile", r"^setup:.*\n\t@bash tests/system-packages\.sh (?P<names>(?:[^\n]|\\\n)*)"),
    "benchmarks": ("Makefile", r"^bench:.*\n\t@bash tests/system-packages\.sh (?P<names>[^\n]*)"),
    "machine tests": ("Makefile", r"^deploy-test:.*\n\t@bash tests/system-packages\.sh (?P<names>[^\n]*)"),
}


def places() -> dict[str, list[str]]:
    """By package, where it is installed."""
    found: dict[str, list[str]] = {}
    for place, (file, before) in _PLACES.items():
        text = (ROOT / file).read_text(encoding="utf-8").replace("\\\n", " ")
        matches = list(re.finditer(before, text, re.MULTILINE))
        if not matches:
            raise ValueError(f"{file}: no package is installed there any more")
        for name in {name for match in matches for name in match["names"].split()}:
            found.setdefault(name, []).append(place)
    return {name: found[name] for name in sorted(found)}
