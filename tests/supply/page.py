"""deploy/DEPENDENCIES.md: every package, for people."""

from tests.supply.locks import Package
from tests.supply.sides import Known, Side

_HEAD = """\
# What Witnessbox is made of

Every library, direct and indirect, on each side, as the locks pin them (by hash, with no address to fetch
them from). "For" names the package that needs it; the others we ask for ourselves, for the reason given.
`python -m tests.supply` writes this page and the bills of materials for machines (`deploy/sbom/`, CycloneDX
1.6) from the locks and `deploy/dependencies.toml`; `tests/test_supply.py` fails when they differ, when a
licence is not the one that the package itself states, and when one is not free.

What is known to be vulnerable changes by the day, so it stands in no file: `make audit` asks the database of
the Open Source Vulnerabilities project, and npm's, about these very versions. It needs a network, and it
fails when it gets no answer.
"""

_DEBIAN = """
## From Debian

Kept up to date by Debian and not pinned by us. On a server: what `deploy/install.sh` or the images install.
Elsewhere: what a desk or the tests need.

| package | where | licence | why it is there |
|---|---|---|---|
"""


def written(sides: list[Side], known: dict[str, dict[str, Known]], debian: dict[str, list[str]]) -> str:
    """The page; `debian` has the places of each of Debian's packages."""
    parts = [_HEAD]
    for side in sides:
        rows = "".join(_row(one, known[one.kind][one.name], side) for one in side.new)
        head = "| package | version | licence | why it is there | inside its wheel |\n|---|---|---|---|---|\n"
        parts.append(f"\n## {side.title}\n\n{side.where}\n\n{head}{rows}")
    rows = "".join(
        f"| {name} | {', '.join(debian[name])} | {one.licence} | {one.why} |\n"
        for name, one in sorted(known["debian"].items())
    )
    return "".join(parts) + _DEBIAN + rows


def _row(package: Package, known: Known, side: Side) -> str:
    names = {one.name for one in side.all}
    wanted_by = [one for one in package.wanted_by if one in names]
    why = known.why if package.direct or not wanted_by else f"for {', '.join(wanted_by)}"
    when = f" (only if `{package.when.replace('|', '')}`)" if package.when else ""
    return f"| {package.name} | {package.version} | {known.licence} | {why}{when} | {known.carries} |\n"
