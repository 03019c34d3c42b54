"""Attacks the table of an audit file and says what was found, in the shape that AUDIT.md describes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from analysis.findings.control import auditfile
from analysis.findings.control.attack import attack
from analysis.findings.control.bounds import Bounds
from analysis.findings.control.lattice import Cell
from analysis.findings.control.system import System


@dataclass(frozen=True, slots=True)
class Audit:
    """The intervals of all hidden cells, in the order of the file."""

    bounds: Mapping[Cell, Bounds]
    sensitive: frozenset[Cell]

    @property
    def disclosed(self) -> tuple[Cell, ...]:
        """The sensitive cells of which only one number is possible."""
        return tuple(cell for cell in self.bounds if cell in self.sensitive and self.bounds[cell].exact)

    @property
    def json(self) -> dict[str, object]:
        """See AUDIT.md; the end of an interval is null where there is none."""
        cells = {
            "|".join(cell): {
                "integer": [bounds.integer.low, bounds.integer.high],
                "linear": list(bounds.linear),
                "exact": bounds.exact,
            }
            for cell, bounds in self.bounds.items()
        }
        return {"cells": cells}

    @property
    def lines(self) -> Iterator[str]:
        """The same for people."""
        for cell, bounds in self.bounds.items():
            low, high = bounds.integer.low, bounds.integer.high
            end = "or more" if high is None else f"to {high}"
            said = f"{low}, disclosed" if bounds.exact else f"{low} {end}"
            yield f"{'|'.join(cell)}: {said}"
        disclosed, sensitive = len(self.disclosed), len(self.sensitive)
        yield f"{len(self.bounds)} hidden cells, {sensitive} of them sensitive; disclosed: {disclosed}"


def audit(path: Path) -> Audit:
    """Raises BadAuditFile; Undecided."""
    file = auditfile.read(path)
    system = System.of(file.lattice)
    bounds = attack(system, file.known, file.hidden, lower=file.lower_bound)
    return Audit(bounds, file.sensitive)
