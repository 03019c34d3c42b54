"""Says in words what an import did."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from analysis.acknowledging import Said
from analysis.attachments import ARRIVED
from analysis.courier import Delivery
from analysis.gathering import Fault
from analysis.loading import Result
from analysis.loose import Taken
from analysis.rebuilding import Rebuilt
from analysis.resealing import Resealed
from analysis.spreadsheet import Imported
from analysis.workbench.marks import visible

# Of the files with one fault, so that a thousand do not scroll the rest away.
MOST_NAMED = 10


def describe_delivery(delivery: Delivery, result: Result) -> Iterator[str]:
    """Lines about a bundle: what was added, what was known, what is missing, what was set aside."""
    yield f"bundle {delivery.manifest.sequence}: {_count(result.added, 'report')} added{_known(result)}"
    yield from _attachments(result)
    yield from _threads(result)
    for first, last in delivery.never_arrived:
        yield f"bundle {first} never arrived" if first == last else f"bundles {first} to {last} never arrived"
    yield from (visible(line, keep="") for line in delivery.news)
    yield from _set_aside(result)


def describe_loose(taken: Taken) -> Iterator[str]:
    """Lines about loose files: what was added, what was known, what was not taken and why."""
    result = taken.result
    yield f"files: {_count(result.added, 'report')} added{_known(result)}"
    yield from _attachments(result)
    yield from _threads(result)
    yield from (visible(line, keep="") for line in taken.news)
    said = result.added + result.known + result.followups + result.withdrawals
    if said + result.attachments + result.known_attachments:
        yield "no intake waits for an answer about them: the copies of what is here now may be deleted"


def describe_others(number: int) -> str:
    """A line about files that no import takes."""
    return f"{_count(number, 'other file')} left alone: no bundle, sealed file or batch by name"


def describe_faults(faults: Sequence[Fault]) -> Iterator[str]:
    """Lines about files that were not taken, the first few of each kind by name."""
    if faults:
        yield f"{_count(len(faults), 'file')} with a fault:"
    by_rule: dict[str, list[str]] = {}
    for fault in faults:
        by_rule.setdefault(fault.rule, []).append(fault.place)
    for rule, places in sorted(by_rule.items()):
        yield f"  {len(places)} {rule}:"
        yield from (f"    {visible(place, keep='')}" for place in places[:MOST_NAMED])
        if len(places) > MOST_NAMED:
            yield f"    and {len(places) - MOST_NAMED} more"


def describe_acknowledgement(said: Said) -> Iterator[str]:
    """Lines about an acknowledgement: what the server may delete, and what it may not."""
    yield f"wrote {said.path}: {bundles(said.accepted) if said.accepted else 'no bundle'} accepted"
    if said.accepted:
        yield "carry it to the intake: witnessbox-intake acknowledge; it then deletes what all desks have"
    for sequence in said.unfinished:
        yield f"bundle {sequence} not accepted: its import was cut off; import it again, to its end"


def _left_out(rebuilt: Rebuilt) -> dict[str, list[Path]]:
    """Files of the archive that no report came from, by the reason."""
    return {
        "damaged, and not in the database: bring the archive's copy, or import its files again": (
            rebuilt.damaged
        ),
        "belongs to no bundle that is known; it was left as it is": rebuilt.unnamed,
        "of no name that this version knows, and not in the database: a newer one may read it": (
            rebuilt.unknown
        ),
    }


def describe_rebuild(rebuilt: Rebuilt) -> Iterator[str]:
    """Lines about a database that was made anew, and what is missing in it."""
    yield f"made the database anew: {_count(rebuilt.reports, 'report')} loaded"
    if rebuilt.set_aside:
        yield f"{_count(rebuilt.set_aside, 'report')} set aside"
    for sequence in rebuilt.incomplete:
        yield f"bundle {sequence} does not stand in the archive whole: import it again"
    for key in rebuilt.servers:
        yield f"pinned the server {key}, which only the archive vouches for: compare its digits"
    yield from (f"{path}: {why}" for why, paths in _left_out(rebuilt).items() for path in paths)
    if rebuilt.forgot_releases:
        yield "no ledger of releases came back: if anything was ever published, the next release could tell"
        yield "  of few people by its difference; publish nothing before you rebuild with the last backup, or"
        yield "  take the ledger of the last release back in: witnessbox-analysis restore-ledger"
    if rebuilt.told_until:
        yield f'the backup knows of releases up to "{rebuilt.told_until}": if you published since, take'
        yield "  the ledger of the last release back in: witnessbox-analysis restore-ledger"


def describe_reseal(resealed: Resealed) -> Iterator[str]:
    """Lines about an archive that was sealed anew."""
    yield f"sealed anew: {_count(resealed.members, 'report or attachment', 'reports and attachments')}"
    if resealed.unopened:
        yield f"{resealed.unopened} that do not open stay as they came"


def bundles(numbers: Sequence[int]) -> str:
    """Numbers of bundles that rise, runs of them in short: "bundles 1 to 3, 5"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1] = [runs[-1][0], number]
        else:
            runs.append([number])
    listed = ", ".join(" to ".join(map(str, run)) for run in runs)
    return f"bundle{'' if len(numbers) == 1 else 's'} {listed}"


def describe_spreadsheet(imported: Imported) -> Iterator[str]:
    """Lines about a spreadsheet, and how many cells of each column the map does not name."""
    result = imported.result
    yield f"{_count(imported.rows, 'row')}: {_count(result.added, 'report')} added{_known(result)}"
    if result.known:
        yield "rows known before keep the answers that they were first imported with"
    for column, number in sorted(imported.unmapped.items()):
        yield f'column "{column}": {_count(number, "value")} not in the map'
    yield from _set_aside(result)


def _attachments(result: Result) -> Iterator[str]:
    if result.attachments or result.known_attachments:
        known = f", {result.known_attachments} known before" if result.known_attachments else ""
        yield f"{_count(result.attachments, 'attachment')} added{known}"
    for state, number in sorted(result.checked.items()):
        if state != ARRIVED:
            yield f"{_count(number, 'attachment')}: {state}"


def _threads(result: Result) -> Iterator[str]:
    if result.followups:
        yield f"{_count(result.followups, 'follow-up')} added"
    if result.withdrawals:
        yield f"{_count(result.withdrawals, 'withdrawal')} came"
    left = result.left
    if left.reports or left.followups:
        yield (
            f"taken back by their senders and deleted here: {_count(left.reports, 'report')}, "
            f"{_count(left.followups, 'follow-up')}"
        )
    if left.questions:
        yield f"{_count(left.questions, 'saved question')} deleted, whose search words stood nowhere else"
    if left.members:
        yield f"in the archive: {_count(left.members, 'sealed file')} deleted"
    if left.damaged:
        yield f"{_count(left.damaged, 'file')} of the archive left as it was, because it is damaged"


def _set_aside(result: Result) -> Iterator[str]:
    if result.set_aside:
        yield f"{_count(result.set_aside.total(), 'report')} set aside:"
    for reason, number in sorted(result.set_aside.items()):
        yield f"  {number} {reason}"


def _known(result: Result) -> str:
    return f", {result.known} known before" if result.known else ""


def _count(number: int, thing: str, things: str | None = None) -> str:
    return f"{number} {thing if number == 1 else things or thing + 's'}"
