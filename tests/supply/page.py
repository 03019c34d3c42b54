"""deploy/DEPENDENCIES.md: every package, for people."""

from tests.supply.locks import Package
from tests.supply.sides import Known, Side

_HEAD = """\
# What Witnessbox is made of

Every library, direct and indirect, on each side, as the locks pin them (by hash, with no address to fetch
them from). "For" names the package that needs it; the others we ask for ourselves, for the reason given.
`python -m tests.supply` writes this page and the bills of materials for machines (`deploy/sbom/`, CycloneDX
1.6) from the locks and `deploy/dependencies.toml`.

What the tests check (`tests/test_supply.py`, `tests/test_licences.py`):

- This page and the bills are what the locks make; nothing that a lock pins is missing; each lock has what
  `pyproject.toml` asks for, and each side what its extras ask for.
- A Python package that is installed where the tests run states the licence that stands here: word for word
  where it names one; by its classifiers, all of them, where it is older; by the text of its licence for the
  kind of BSD, and where it says nothing. What only other systems, other Pythons, fuzzing or `make audit` take
  is checked where it is installed, and nowhere else.
- An npm package has the licence that npm's lock states; a package of Debian the one that its own copyright
  file has for most of its files, where it is installed, its copyright file is one for machines, and the
  test does not name it as read by people.
- Each licence of a Python or npm package, of what it carries, and in the bill that a wheel brings itself, is
  on the test's list of free licences; of several to choose from, one has to be. People made the list.
- What an installed wheel carries as `*.libs` or `_vendor` is named here. What is linked into a program is as
  its makers tell it, and no test looks for it. Of Debian's packages and of programs no test asks whether they
  are free.

What is known to be vulnerable changes by the day, so it stands in no file: `make audit` asks the database of
the Open Source Vulnerabilities project, and npm's, about these very versions, those for other systems and
other Pythons and its own among them. It needs a network, and it fails when it gets no answer.
"""

_PROGRAMS = """
## Programs that nothing here installs

Called by the Makefile or needed to build; no version is pinned (Node: 20 or newer). They are in no bill.

| program | licence | why it is there |
|---|---|---|
"""

_DEBIAN = """
## From Debian

Kept up to date by Debian and not pinned by us; in no bill. On a server: what `deploy/install.sh` or the
images install. Elsewhere: what a desk or the tests need, or the guide that tells people to install it. The
licence is that of most of its files.

| package | where | licence | why it is there |
|---|---|---|---|
"""


def written(sides: list[Side], known: dict[str, dict[str, Known]], debian: dict[str, list[str]]) -> str:
    """The page; `debian` has the places of each of Debian's packages."""
    parts = [_HEAD]
    for side in sides:
        rows = "".join(_row(one, known[one.kind][one.name], side) for one in side.new)
        head = "| package | version | licence | why it is there | what it carries |\n|---|---|---|---|---|\n"
        parts.append(f"\n## {side.title}\n\n{side.where}\n\n{head}{rows}")
    programs = "".join(f"| {name} | {one.licence} | {one.why} |\n" for name, one in known["program"].items())
    rows = "".join(
        f"| {name} | {', '.join(debian[name])} | {one.licence} | {one.why} |\n"
        for name, one in sorted(known["debian"].items())
    )
    return "".join(parts) + _PROGRAMS + programs + _DEBIAN + rows


def _row(package: Package, known: Known, side: Side) -> str:
    names = {one.name for one in side.all}
    wanted_by = [one for one in package.wanted_by if one in names]
    why = known.why if package.direct or not wanted_by else f"for {', '.join(wanted_by)}"
    when = f" (only if `{package.when.replace('|', '')}`)" if package.when else ""
    return f"| {package.name} | {package.version} | {known.licence} | {why}{when} | {known.carries} |\n"
