"""What a stranger can check of a release with noise: that no budget was overspent.

There is nothing to attack. That the noise was drawn as the ledger says nobody can see from outside: whoever
publishes is trusted for it, as for the counting.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.findings.ledger import chain
from analysis.findings.ledger.entries import NOISED, RELEASE
from analysis.findings.ledger.errors import BadRelease
from analysis.findings.ledger.stranger import BYTES, CODEBOOK, LEDGER
from analysis.findings.privacy import account, amounts
from analysis.findings.privacy.account import Balance
from analysis.findings.privacy.assembly import audit
from analysis.storage import read_file


@dataclass(frozen=True, slots=True)
class Checked:
    """A release with noise whose ledger holds, and what was spent on each batch."""

    release: str
    balances: Mapping[str, Balance]
    exact: int

    @property
    def json(self) -> dict[str, Any]:
        """What the release's own audit.json says."""
        return audit(self.balances)

    @property
    def lines(self) -> list[str]:
        """The same in words."""
        found = [f'"{self.release}" has noise (differential privacy): there is nothing exact to attack']
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
    return Checked(noised[-1].release, account.balances(noised), exact)
