"""`python -m tests.supply.asked FOLDER`: what `make audit` asks the databases about.

Every version that any lock pins. pip-audit passes in silence over what is taken only on another system or
another Python, so the conditions are left out; and it refuses two versions of one package, so the second
stands in a file of its own.
"""

import sys
from pathlib import Path

from tests.supply.locks import REQUIREMENTS, Package, requirements


def files() -> list[list[Package]]:
    """The packages of each file: all that is pinned, no name twice in a file."""
    pinned = {
        (one.name, one.version): one
        for path in sorted(REQUIREMENTS.glob("*.txt"))
        for one in requirements(path.stem)
    }
    found: list[dict[str, Package]] = []
    for _, one in sorted(pinned.items()):
        free = next((held for held in found if one.name not in held), None)
        if free is None:
            found.append(free := {})
        free[one.name] = one
    return [list(held.values()) for held in found]


def write(folder: Path) -> None:
    """Writes them as requirements with hashes."""
    for number, held in enumerate(files(), 1):
        lines = (
            f"{one.name}=={one.version} " + " ".join(f"--hash=sha256:{value}" for value in one.hashes)
            for one in held
        )
        (folder / f"asked-{number}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
