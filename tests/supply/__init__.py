"""What Witnessbox is made of: read out of the locks, written down for people and for machines."""

import tomllib
from pathlib import Path

from tests.supply import bill, debian, page
from tests.supply.locks import ROOT
from tests.supply.sides import known, sides

PAGE = ROOT / "deploy/DEPENDENCIES.md"
BILLS = ROOT / "deploy/sbom"


def everything() -> dict[Path, str]:
    """What each file must hold, by its path."""
    told = known()
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    bills = {BILLS / f"{side.key}.cdx.json": bill.written(side, told, version) for side in sides()}
    return {PAGE: page.written(sides(), told, debian.places()), **bills}
