"""A release as bare files: a tidy table each, and what is needed to attack it.

Comma, LF, UTF-8, sorted by the codes, so that two releases compare line by line. A number that is withheld is
empty with status "c"; one that was never asked is empty with status "z".
"""

import csv
import hashlib
import io
from collections.abc import Mapping

from analysis.findings.released import Release, Table


def build(release: Release) -> dict[str, bytes]:
    """Path in the release to bytes."""
    files = {
        "audit.json": release.audit,
        "codebook.json": release.codebook,
        "ledger.jsonl": release.ledger,
        **{f"tables/{table.id}.csv": write_csv(table) for table in release.tables},
    }
    return {**files, "SHA256SUMS": _sums(files)}


def write_csv(table: Table) -> bytes:
    """One row a cell; categories stand as the codes that codebook.json explains."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*(axis.id for axis in table.axes), "reports", "base", "percent", "status"])
    for codes, cell in sorted(table.cells.items()):
        # csv writes None as an empty field.
        writer.writerow([*codes, cell.reports, cell.base, cell.percent, cell.status])
    return out.getvalue().encode()


def _sums(files: Mapping[str, bytes]) -> bytes:
    """The format of sha256sum: digest, two spaces, path."""
    lines = (f"{hashlib.sha256(data).hexdigest()}  {path}\n" for path, data in sorted(files.items()))
    return "".join(lines).encode()
