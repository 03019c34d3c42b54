"""Attacks releases as a stranger can: from ledger.jsonl and codebook.json, which tell all numbers.

The ledger of a release goes back to the first, so the newest release is enough; older ones that are given
with it must be beginnings of it. What comes out has to be what the desk found before it published.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

from analysis.findings.control.attack import attack
from analysis.findings.control.audit import Audit
from analysis.findings.control.bounds import Interval
from analysis.findings.control.errors import NotNested
from analysis.findings.control.lattice import Cell
from analysis.findings.control.system import System
from analysis.findings.ledger import chain, entries
from analysis.findings.ledger.errors import BadRelease
from analysis.findings.limits import merged, numbers, within_limits
from analysis.findings.model import Model, Span, system
from analysis.storage import read_file

LEDGER, CODEBOOK = "ledger.jsonl", "codebook.json"
BYTES = 256 * 1024 * 1024
CELLS = 1_000_000


@dataclass(frozen=True, slots=True)
class Public:
    """What everyone knows after some releases, of which `folder` is the newest.

    `limits` are where numbers lie that got out as "at least" or "at most": in `system` they hold, in `bare`
    they do not.
    """

    folder: Path
    bare: System
    limits: Mapping[Cell, Interval]
    system: System
    known: Mapping[Cell, int]
    withheld: tuple[Cell, ...]
    lines: tuple[str, ...]

    def told(self, cell: Cell, interval: Interval) -> "Public":
        """What everyone would know if it got out, too, where the number of a cell lies."""
        if interval.low == interval.high:
            return replace(self, known={**self.known, cell: interval.low})
        # What the ledger tells of a cell already has a name there, under which only the tighter one stands.
        limits = merged([*self.limits.items(), (cell, interval)])
        tighter = within_limits(self.bare, limits)
        return replace(self, system=tighter, known={**self.known, **numbers(limits)}, limits=limits)

    def attack(self) -> Audit:
        """What can be worked out about each withheld cell.

        All that are not certainly 0 count as sensitive: which of them are is nothing that a stranger knows.
        """
        targets = sorted(set(self.withheld) - self.known.keys())
        bounds = attack(self.system, self.known, targets)
        return Audit(bounds, frozenset(cell for cell, one in bounds.items() if one.integer.low))


def read_releases(folders: Sequence[Path]) -> Public:
    """Raises BadRelease, BrokenLedger."""
    ledgers = {folder: read_file(folder / LEDGER, BYTES) for folder in folders}
    newest = max(folders, key=lambda folder: len(ledgers[folder]))
    for folder, data in ledgers.items():
        if not ledgers[newest].startswith(data):
            raise BadRelease(
                f"{folder / LEDGER} is no beginning of {newest / LEDGER}",
                "one of the two was changed, or they are of two desks",
            )
    lines_read = chain.read(ledgers[newest], str(newest / LEDGER))
    if lines_read and lines_read[-1].get("kind") == entries.NOISED:
        raise BadRelease(
            f"{newest} is a release with noise: it has no exact number", "give a release with exact numbers"
        )
    facts = entries.gather(lines_read)
    codebook = read_file(newest / CODEBOOK, BYTES)
    if hashlib.sha256(codebook).hexdigest() != facts.codebook:
        raise BadRelease(
            f"{newest / CODEBOOK} is not the one that the ledger tells of", "get the release again"
        )
    whole, zeros = _read_codebook(newest / CODEBOOK, codebook)
    unknown = [cell for cell in (*facts.printed, *facts.withheld, *facts.limits) if cell not in whole.index]
    if unknown:
        raise BadRelease(
            f"{newest / LEDGER} tells of {len(unknown)} cells that the codebook does not have",
            "get the release again",
        )
    lines = tuple(ledgers[newest].decode().splitlines())
    known = zeros | dict(facts.printed) | numbers(facts.limits)
    limited = within_limits(whole, facts.limits)
    return Public(newest, whole, facts.limits, limited, known, facts.withheld, lines)


def _read_codebook(path: Path, data: bytes) -> tuple[System, dict[Cell, int]]:
    """The system of all cells, and those that cannot be anything but 0."""
    try:
        value = json.loads(data)
        model = Model.from_json(value["model"])
        spans = [Span(name, tuple(batches)) for name, batches in value["spans"]]
        _check_size(model, spans)
        zeros = {entries.parse_cell(name): 0 for name in value["zeros"]}
        whole = system(model, spans)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, NotNested):
        raise BadRelease(f"{path} is no codebook as this version knows it", "use a newer version") from None
    return whole, {cell: 0 for cell in zeros if cell in whole.index}


def _check_size(model: Model, spans: Sequence[Any]) -> None:
    cells = sum(prod(len(model.trees[tree].nodes) for tree in one) for one in model.lattices)
    if cells * len(spans) > CELLS:
        raise ValueError
