"""Writes down that a number got out in another way than by a release: in a talk, in the press.

It may have got out as it is, as "at least 12", or as "at most 30". It is a fact that everybody knows from
then on, and so is all that follows from it. So it joins the ledger, every later release is protected
against it, and every later attack knows it.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from analysis.arrivals import standing_still
from analysis.desk import Desk
from analysis.findings import past
from analysis.findings.control.bounds import Interval
from analysis.findings.control.lattice import Cell
from analysis.findings.control.system import is_slack
from analysis.findings.ledger import chain, entries
from analysis.findings.ledger.errors import BadClaim
from analysis.findings.ledger.stranger import Public, read_releases
from analysis.findings.limits import AT_LEAST, AT_MOST
from analysis.findings.model import BATCH


@dataclass(frozen=True, slots=True)
class Claimed:
    """How many withheld cells a claim gives away, itself among them if it was withheld."""

    disclosed: tuple[Cell, ...]


def record(
    desk: Desk, release: Path, name: str, reports: int, day: date, told: str = entries.REPORTS_ARE
) -> Claimed:
    """Adds the claim of a cell, named as ledger.jsonl names it, to the desk's ledger, as it was `told`.

    `release` is the folder of the last release, which knows the cells. Raises BadClaim, LedgerError.
    """
    public = read_releases([release])
    cell = entries.parse_cell(name)
    with standing_still(desk):
        lines = past.read_lines(desk.database.conn)
        interval = _interval(reports, told)
        _check(desk, public, lines, cell, interval)
        line = chain.next_line(lines, entries.claim(cell, reports, day.isoformat(), told))
        past.append_line(desk.database.conn, line)
    before = {one for one, bounds in public.attack().bounds.items() if bounds.exact}
    after = {one for one, bounds in public.told(cell, interval).attack().bounds.items() if bounds.exact}
    claimed = {cell} & set(public.withheld) if interval.low == interval.high else set()
    return Claimed(tuple(sorted((after - before) | claimed)))


def _interval(reports: int, told: str) -> Interval:
    if told == AT_LEAST:
        return Interval(reports, None)
    return Interval(0 if told == AT_MOST else reports, reports)


def _check(desk: Desk, public: Public, lines: tuple[str, ...], cell: Cell, interval: Interval) -> None:
    if lines[: len(public.lines)] != public.lines or not public.lines:
        raise BadClaim("the release is not of this desk", "give the folder of the last release")
    if cell not in public.system.index or is_slack(cell):
        raise BadClaim(
            "no release counts such a cell", 'name it as ledger.jsonl does, such as "area=north|batch=2026-1"'
        )
    if cell in public.known:
        raise BadClaim("the number of this cell is published already", "nothing needs to be done")
    if interval == Interval(0, None):
        raise BadClaim('"at least 0" is true of every cell', "nothing needs to be done")
    count = _count(desk, cell)
    if count < interval.low or (interval.high is not None and count > interval.high):
        # A number that is wrong gives nothing away, and the ledger is public: it would look confirmed.
        raise BadClaim("the desk counts another number for this cell", "a wrong number is not recorded")


def _count(desk: Desk, cell: Cell) -> int:
    """What the desk counted for the cell in the batches of its span."""
    (span,) = (node.removeprefix(f"{BATCH}=") for node in cell if node.startswith(f"{BATCH}="))
    rest = "|".join(node for node in cell if not node.startswith(f"{BATCH}="))
    count = 0
    for batch in span.split("+"):
        rows = desk.database.conn.execute(
            'SELECT "reports" FROM "batch_cells" WHERE "batch" = ? AND "cell" = ?', [batch, rest]
        )
        count += sum(row[0] for row in rows)
    return count
