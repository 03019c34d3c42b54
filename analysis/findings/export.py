"""The table as a tidy CSV file, one row a cell.

UTF-8, comma, LF, sorted by the codes, so that two releases compare line by line. A number that is
withheld is empty with status "c"; one that was never asked is empty with status "z".
"""

import csv
import io

from analysis.findings.safe import SafeTable

COLUMNS = ("act", "setting", "reports", "base", "percent", "status")


def write_csv(table: SafeTable) -> bytes:
    """The bytes of the file; acts and settings stand as the codes that the method page explains."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for act in sorted(act.key for act in table.codebook.acts):
        for column in sorted(table.columns):
            cell = table.cell(act, column)
            # csv writes None as an empty field.
            writer.writerow((act, column, cell.reports, cell.base, cell.percent, cell.status))
    return out.getvalue().encode()
