"""Exact numbers and numbers with noise of the same reports: never both.

The exact ones would make the noise useless, and the noise would be one more thing to attack the withheld ones
by. So a period that was published in one way is never published in the other.
"""

from collections.abc import Iterable

from analysis.findings.batches import Batch
from analysis.findings.privacy.errors import Exclusive
from analysis.findings.releasefile import ReleaseFile

_WAYS = {
    "noise": ("numbers with noise", "with [privacy]"),
    "exact": ("exact numbers", "without [privacy]"),
}


def check_apart(file: ReleaseFile, batches: Iterable[Batch], way: str) -> None:
    """Raises Exclusive where a release is about the months of batches that were published the other way."""
    told, setting = _WAYS[way]
    for batch in batches:
        months = f"{batch.months.first} to {batch.months.last}"
        if batch.id == file.release:
            raise Exclusive(f'"{batch.id}" was published with {told}', f"publish it {setting}, as it was")
        if file.months.meets(batch.months):
            raise Exclusive(
                f'"{batch.id}" was published with {told}, and has months of the period',
                f"publish it {setting}, or choose a period without {months}",
            )
