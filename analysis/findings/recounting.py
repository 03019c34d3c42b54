"""Takes the ledger back in from the last release, where the desk's own was lost with its database.

What was counted in each batch is lost too. It is counted once more from the reports at the desk, as far as
they had come by then; and unless every number that was ever printed comes out again, nothing is taken in:
who was counted then would not be known, and the next release could tell of few by its difference.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from analysis.arrivals import standing_still
from analysis.cipher import Database
from analysis.desk import Desk
from analysis.findings import batches, calendar, named, past
from analysis.findings.calendar import Months
from analysis.findings.control.lattice import Cell
from analysis.findings.counting import select
from analysis.findings.edition import Counted, first_counted
from analysis.findings.errors import Changed, LostLedger
from analysis.findings.ledger import chain, entries
from analysis.findings.ledger.errors import BadRelease
from analysis.findings.model import BATCH, within
from analysis.findings.plan import Plan, make_plan
from analysis.findings.questions import read_questions
from analysis.findings.site import minisign
from analysis.findings.site.site import SIGNATURE, SUMS
from analysis.storage import read_file
from intake.crypto.errors import WrongSignature
from intake.crypto.signing import VerifyKey

LEDGER = "ledger.jsonl"
_BYTES = 256 * 1024 * 1024
_BACKUP = "rebuild with the backup that was made after the last release; without it, publish nothing more"


@dataclass(frozen=True, slots=True)
class Taken:
    """What came back: lines of the ledger, batches counted once more, and the last release."""

    lines: int
    batches: tuple[str, ...]
    last: str


def check_past(connection: Any) -> None:
    """Raises LostLedger where nobody knows what was published before."""
    if connection.execute('SELECT 1 FROM "ledger_lost"').fetchone():
        raise LostLedger(
            "the ledger was lost when the desk was rebuilt: nobody knows what the next release would be"
            " held against",
            "give the folder of the last release, or say that there is none: witnessbox-analysis"
            " restore-ledger",
        )


def forget_nothing(desk: Desk) -> None:
    """Takes the organizers' word that nothing was ever published. Raises BadRelease where it was."""
    with standing_still(desk):
        if past.read_lines(desk.database.conn):
            raise BadRelease(
                "the desk's ledger tells of a release: something was published", "give the last release"
            )
        desk.database.conn.execute('DELETE FROM "ledger_lost"')


def take_back(desk: Desk, folder: Path, key: VerifyKey) -> Taken:
    """Takes in the ledger of the release in `folder`, which the desk's own `key` has to have signed.

    Raises BadRelease, BrokenLedger, Changed: nothing was taken in then.
    """
    data = _signed(folder, key)
    told = chain.read(data, str(folder / LEDGER))
    if not entries.gather(told).codebook and not any(one["kind"] == entries.NOISED for one in told):
        raise BadRelease(f"{folder / LEDGER} tells of no release", "give the folder of the last release")
    lines = tuple(data.decode().splitlines())
    with standing_still(desk):
        connection = desk.database.conn
        here = past.read_lines(connection)
        if lines[: len(here)] != here:
            raise BadRelease(
                f"{folder / LEDGER} does not go on from the desk's own ledger",
                "give the folder of the last release",
            )
        for line in lines[len(here) :]:
            past.append_line(connection, line)
        counted = _recount(desk.database, told)
        connection.execute('DELETE FROM "ledger_lost"')
    last = [entry["release"] for entry in told if entry["kind"] in (entries.RELEASE, entries.NOISED)][-1]
    return Taken(len(lines) - len(here), counted, last)


def _signed(folder: Path, key: VerifyKey) -> bytes:
    data, sums = (read_file(folder / name, _BYTES) for name in (LEDGER, SUMS))
    try:
        minisign.verify(key, sums, read_file(folder / SIGNATURE, _BYTES))
    except (WrongSignature, ValueError):
        raise BadRelease(
            f"{folder / SIGNATURE}: the desk's release key did not sign {SUMS}", "give a release of this desk"
        ) from None
    listed = f"{hashlib.sha256(data).hexdigest()}  {LEDGER}".encode()
    if listed not in sums.split(b"\n"):
        raise BadRelease(f"{folder / LEDGER} is not the one that was signed", "get the release again")
    return data


def _recount(database: Database, told: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Counts the batches that the desk lost. Raises Changed where a printed number is another now."""
    releases = [entry for entry in told if entry["kind"] == entries.RELEASE]
    counts = _frozen(database)
    there = {batch.id for batch in batches.read_batches(database.conn)}
    _check_noised(told, there)
    lost = [one for one in releases if one["release"] in one["batches"] and one["release"] not in there]
    if lost and not all("period" in one for one in releases):
        raise Changed("an older version wrote this ledger, which does not tell the periods", _BACKUP)
    plan = _plan(database, releases) if lost else None
    for entry in releases:
        if plan and entry in lost:
            _freeze_again(database, plan, entry, counts)
        elif _differing(entry["printed"], counts):
            raise _changed(entry)
    claims = {entry["cell"]: entry[entries.REPORTS_ARE] for entry in told if entries.REPORTS_ARE in entry}
    if _differing(claims, counts):
        raise Changed("the desk does not count what the ledger's claims tell", _BACKUP)
    return tuple(entry["release"] for entry in lost)


def _check_noised(told: Sequence[Mapping[str, Any]], there: Collection[str]) -> None:
    """Raises Changed where nobody knows who is in a batch with noise: no number of it comes out again."""
    noised = {batch for entry in told if entry["kind"] == entries.NOISED for batch in entry["drawn"]}
    if missing := sorted(noised - set(there)):
        raise Changed(
            f'"{missing[0]}" was published with noise: who has spent a budget in it cannot be told from the'
            " archive",
            _BACKUP,
        )


def _changed(entry: Mapping[str, Any]) -> Changed:
    return Changed(
        f'the numbers of "{entry["release"]}" do not come out again: who was counted then cannot be told from'
        " the archive alone",
        _BACKUP,
    )


def _plan(database: Database, releases: Sequence[Mapping[str, Any]]) -> Plan:
    months = calendar.union([Months(*entry["period"]) for entry in releases])
    last = max(entry["day"] for entry in releases)[:7]
    campaigns = tuple(dict.fromkeys(filter(None, (entry["campaign"] for entry in releases))))
    received = Months(months.first, max(months.first, last))
    told = {entry["release"] for entry in releases}
    naming = named.naming_of([row for row in named.read_rows(database.conn) if row.release in told])
    return make_plan(read_questions(database), months, received, campaigns, naming)


def _freeze_again(
    database: Database, plan: Plan, entry: Mapping[str, Any], counts: dict[tuple[str, str], int]
) -> None:
    """Counts a batch of the reports that had come by some week: the latest that gives all printed numbers."""
    name, months = entry["release"], Months(*entry["period"])
    batch = batches.Batch(name, date.fromisoformat(entry["day"]), months, entry["undated"], {})
    others = [one for one in entry["batches"] if one != name]
    reports = entry["printed"].get(entries.cell_name(within((), entry["span"])), -1)
    reports -= sum(counts.get((one, ""), 0) for one in others)
    taken = batches.read_taken(database.conn, counted_only=True)
    # The day of a release is what its file says: it may lie before the last reports came.
    weeks = database.conn.execute('SELECT DISTINCT "week" FROM "reports" ORDER BY 1 DESC').fetchall()
    for (week,) in weeks:
        chosen = select(database, months, undated=batch.undated, taken=taken, until=week)
        if len(chosen) < reports:
            break
        if len(chosen) == reports:
            new = first_counted(database, plan, batch, chosen, until=week)
            own = {(name, entries.cell_name(cell)): one.reports for cell, one in new.cells.items()}
            if not _differing(entry["printed"], counts | own):
                counts |= own
                _freeze(database, new)
                return
    raise _changed(entry)


def _freeze(database: Database, new: Counted) -> None:
    if new.reports is not None and new.left_out is not None:
        batches.freeze(database.conn, new.batch, new.cells, new.reports, new.left_out)


def _frozen(database: Database) -> dict[tuple[str, str], int]:
    rows = database.conn.execute('SELECT "batch", "cell", "reports" FROM "batch_cells"')
    return {(batch, cell): reports for batch, cell, reports in rows}


def _differing(printed: Mapping[str, int], counts: Mapping[tuple[str, str], int]) -> bool:
    return any(_total(counts, entries.parse_cell(name)) != number for name, number in printed.items())


def _total(counts: Mapping[tuple[str, str], int], cell: Cell) -> int:
    (span,) = (node.removeprefix(f"{BATCH}=") for node in cell if node.startswith(f"{BATCH}="))
    rest = "|".join(node for node in cell if not node.startswith(f"{BATCH}="))
    return sum(counts.get((batch, rest), 0) for batch in span.split("+"))
