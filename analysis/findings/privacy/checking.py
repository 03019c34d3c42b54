"""What a stranger can check of a release with noise: that no budget was overspent.

There is nothing to attack. That the noise was drawn as the ledger says nobody can see from outside: whoever
publishes is trusted for it, as for the counting.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.findings.ledger import chain
from analysis.findings.ledger.entries import NOISED, RELEASE, parse_cell
from analysis.findings.ledger.errors import BadRelease
from analysis.findings.ledger.stranger import BYTES, CODEBOOK, LEDGER
from analysis.findings.privacy import account, amounts
from analysis.findings.privacy.account import Balance, Noised
from analysis.findings.privacy.printing import NoisePrinter
from analysis.findings.released import Privacy
from analysis.storage import read_file


@dataclass(frozen=True, slots=True)
class Checked:
    """A release with noise whose ledger holds, and what was spent on each batch."""

    folder: Path
    noised: tuple[Noised, ...]
    entry: Mapping[str, Any]
    exact: int

    @property
    def balances(self) -> Mapping[str, Balance]:
        """What was spent on each batch, and may be."""
        return account.balances(self.noised)

    @property
    def privacy(self) -> Privacy:
        """What its pages tell of it."""
        return account.privacy_of(self.noised, self.noised[-1].batches)

    def printer(self, codebook: bytes) -> NoisePrinter:
        """What it prints; KeyError, TypeError, ValueError or AttributeError where the codebook is none."""
        sums = {
            table: {parse_cell(cell): tuple(map(parse_cell, keys)) for cell, keys in cells.items()}
            for table, cells in json.loads(codebook)["sums"].items()
        }
        batches = self.noised[-1].batches
        return NoisePrinter({batch: account.drawn_tables(self.noised, batch) for batch in batches}, sums)

    @property
    def json(self) -> dict[str, Any]:
        """What the release's own audit.json says."""
        return account.audit(self.balances)

    @property
    def lines(self) -> list[str]:
        """The same in words."""
        found = [
            f'"{self.noised[-1].release}" has noise (differential privacy): there is nothing exact to attack'
        ]
        for batch, one in self.balances.items():
            spent, budget = amounts.text(one.epsilon), amounts.text(one.budget)
            found.append(f'  "{batch}": epsilon {spent} of its budget of {budget} is spent for each report')
        if self.exact:
            found.append(
                f"exact releases before it, on other months: {self.exact}; attack the last of them too"
            )
        return [*found, "budgets overspent: 0"]


def check(folders: Sequence[Path]) -> Checked | None:
    """The newest of some releases, where it has noise; None where it is exact. Raises LedgerError."""
    ledgers = {folder: read_file(folder / LEDGER, BYTES) for folder in folders}
    newest = max(folders, key=lambda folder: len(ledgers[folder]))
    entries = chain.read(ledgers[newest], str(newest / LEDGER))
    if not entries or entries[-1].get("kind") != NOISED:
        account.read(entries)
        return None
    for folder, data in ledgers.items():
        if not ledgers[newest].startswith(data):
            raise BadRelease(
                f"{folder / LEDGER} is no beginning of {newest / LEDGER}",
                "one of the two was changed, or they are of two desks",
            )
    noised = account.read(entries)
    digest = hashlib.sha256(read_file(newest / CODEBOOK, BYTES)).hexdigest()
    if digest != noised[-1].codebook:
        raise BadRelease(
            f"{newest / CODEBOOK} is not the one that the ledger tells of", "get the release again"
        )
    exact = sum(entry.get("kind") == RELEASE for entry in entries)
    return Checked(newest, noised, entries[-1], exact)
