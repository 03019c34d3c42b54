"""Publishes: works a release out, writes it down at the desk for ever, and then the folder.

The desk comes first: a folder that no ledger knows of could be shown to somebody, and the next release
would tell the difference. A release that is written down already is made again, to the same bytes.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from analysis.arrivals import standing_still
from analysis.desk import Desk
from analysis.findings import batches, named, past, recounting, trackers
from analysis.findings.assembly import assemble, codebook, entry
from analysis.findings.edition import Edition, prepare, reports_of
from analysis.findings.errors import Changed, RefusedRelease
from analysis.findings.past import Published
from analysis.findings.primary import Reason
from analysis.findings.privacy import making
from analysis.findings.privacy.design import Design
from analysis.findings.privacy.design import prepare as prepare_noised
from analysis.findings.quoting import read_quotes
from analysis.findings.released import Release
from analysis.findings.releasefile import ReleaseFile
from analysis.findings.trackers import Drawn
from analysis.review import retention
from analysis.storage import built_aside, sync_directory, write_file
from analysis.threads import messages, room
from analysis.threads.weeks import week_of

SUMS = "SHA256SUMS"
_PUBLIC_DIRECTORY, _PUBLIC_FILE = 0o755, 0o644
_PURPOSE = b"withholding"


@dataclass(frozen=True, slots=True)
class Written:
    """Where the release is, and the SHA-256 of its SHA256SUMS file; a design is that of one with noise."""

    path: Path
    edition: Edition | Design
    digest: str


@dataclass(frozen=True, slots=True)
class Made:
    """A release that is not written yet; `line` is None where the ledger has it already."""

    edition: Edition
    release: Release
    line: str | None
    drawn: Drawn | None


def make(desk: Desk, file: ReleaseFile) -> Made:
    """The release that a file asks for.

    Writes nothing. Raises FindingsError, ControlError, TooManyReaders; LostLedger first of all.
    """
    connection = desk.database.conn
    recounting.check_past(connection)
    lines = past.read_lines(connection)
    published = past.releases(lines)
    places = [number for number, one in enumerate(published) if one.release == file.release]
    before = published[: places[0]] if places else published
    edition = prepare(desk.database, file, before, _key(desk), again=bool(places))
    digest = hashlib.sha256(codebook(edition)).hexdigest()
    quotes = read_quotes(desk.database, edition)
    drawn = trackers.draw(connection, edition, again=bool(places))
    listed = drawn.listed if drawn else ()
    if places:
        _check_same(edition, published[places[0]])
        lines = lines[: published[places[0]].line + 1]
        return Made(edition, assemble(edition, lines, quotes, listed), None, drawn)
    line = past.next_line(lines, entry(edition, digest))
    if drawn:
        room.check(connection, [thread for thread, _ in drawn.owned], week_of(date.today()), room.WITHOUT)
    return Made(edition, assemble(edition, (*lines, line), quotes, listed), line, drawn)


def publish(
    desk: Desk, file: ReleaseFile, out: Path, build: Callable[[Release], Mapping[str, bytes]]
) -> Written:
    """Publishes into the new folder `out` what `build` makes of the release.

    Raises FindingsError, ControlError, TooManyReaders, Busy, Unfinished: nothing was written then. Raises
    Unwritable where the disk refuses the folder, which the same command makes another time.
    """
    check_new(out)
    edition: Edition | Design
    with standing_still(desk):
        if file.privacy:
            recounting.check_past(desk.database.conn)
            noised = making.make(desk.database, file, file.privacy)
            edition, files = noised.design, build(noised.release)
            if noised.line is not None:
                _remember_noised(desk, noised, noised.line)
        else:
            made = make(desk, file)
            edition, files = made.edition, build(made.release)
            if made.line is not None:
                _remember(desk, made.edition, made.line, made.drawn)
    _write(out, files)
    return Written(out, edition, hashlib.sha256(files[SUMS]).hexdigest())


def check_new(out: Path) -> None:
    """Refuses to write over anything."""
    # A rename would silently replace an empty folder, so this is asked before anything is written.
    if os.path.lexists(out):
        raise RefusedRelease(
            f"{out}: exists already", "a release is never overwritten: choose another folder"
        )


def describe(edition: Edition | Design) -> Iterator[str]:
    """Lines for organizers about what a release prints and withholds. They hold true counts of nothing."""
    if isinstance(edition, Design):
        yield from making.describe(edition)
        return
    reasons = list(edition.primary.items())
    own = [(cell, why) for cell, why in reasons if cell in edition.withheld]
    yield f"{len(edition.selection.tables)} tables: {', '.join(edition.selection.tables)}"
    if edition.selection.left_out:
        yield f"left out: {', '.join(edition.selection.left_out)}"
    yield f"{len(edition.printed)} numbers shown, {len(edition.withheld)} withheld"
    words = {
        Reason.FEW: f"under {edition.file.k} reports",
        Reason.ARRIVAL: "more than half by one channel in one week",
        Reason.SITE: "more than half by one entry site",
        Reason.PLACE: "of a place with too few people",
        Reason.PROMISED: "under the threshold of an earlier release, which withheld them",
    }
    for reason, said in words.items():
        number = sum(why is reason for _, why in own)
        if number:
            yield f"  {number} are {said}"
    counts = edition.counts
    more = [cell for cell in edition.withheld if cell in counts and cell not in edition.primary]
    yield f"  {len(edition.withheld) - len(own) - len(more)} are of no report, {len(more)} protect the others"


def rehearse(desk: Desk, file: ReleaseFile, out: Path) -> Iterator[str]:
    """What would be withheld, why, and what it costs, cell by cell of those that only protect others.

    It is for the organizers alone: it holds true counts. Raises as `publish` does, and writes nothing.
    """
    check_new(out)
    if file.privacy:
        # Noise is drawn once, when it is published: who could draw it again could choose.
        with standing_still(desk):
            recounting.check_past(desk.database.conn)
            yield from making.describe(prepare_noised(desk.database, file, file.privacy))
        return
    with standing_still(desk):
        edition = make(desk, file).edition
        reports = reports_of(desk.database, edition.own)
        could_be_named = list(named.nameable(desk.database, edition.roll, file, reports))
    yield from describe(edition)
    costs = sorted(
        (
            (edition.counts[cell].reports, past.cell_name(cell))
            for cell in edition.withheld
            if cell in edition.counts and cell not in edition.primary
        ),
        reverse=True,
    )
    if costs:
        yield f"{sum(number for number, _ in costs)} counts of reports are withheld to protect others:"
        for number, name in costs[:_LISTED]:
            yield f"  {number:>8}  {name}"
        if len(costs) > _LISTED:
            yield f"  and {len(costs) - _LISTED} more"
    if could_be_named:
        yield "places that people named, and that [[named]] could print:"
        yield from could_be_named


_LISTED = 40


def _key(desk: Desk) -> bytes:
    """What ties are broken by: known to who can open the desk, and to nobody else."""
    return hashlib.blake2b(desk.database_key, person=_PURPOSE, digest_size=32).digest()


def _check_same(edition: Edition, before: Published) -> None:
    if dict(before.printed) != dict(edition.printed) or set(before.withheld) != edition.withheld:
        raise Changed(
            f'"{edition.file.release}" was published otherwise than this file says',
            "give the new release a name of its own",
        )


def _remember(desk: Desk, edition: Edition, line: str, drawn: Drawn | None) -> None:
    connection = desk.database.conn
    new = edition.new
    if new is not None and new.reports is not None and new.left_out is not None:
        batches.freeze(connection, new.batch, new.cells, new.reports, new.left_out)
    if drawn is not None:
        trackers.keep(connection, drawn)
        messages.tell_counted(connection, edition.file.release, drawn.owned)
    named.keep(connection, edition.roll)
    past.append_line(connection, line)
    retention.note_release(connection, edition.file.release, edition.file.date)


def _remember_noised(desk: Desk, made: making.Made, line: str) -> None:
    """Which reports the batch has, and no count of them: the numbers with noise stand in the line."""
    connection, taken = desk.database.conn, made.taken
    if taken is not None:
        batches.freeze(connection, taken.batch, {}, taken.reports, taken.left_out)
    past.append_line(connection, line)
    retention.note_release(connection, made.design.file.release, made.design.file.date)


def _write(out: Path, files: Mapping[str, bytes]) -> None:
    # The desk's own files are for its owner alone; these are for everybody.
    with built_aside(out) as aside:
        for path, data in sorted(files.items()):
            folder = (aside / path).parent
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(_PUBLIC_DIRECTORY)
            write_file(aside / path, data)
            (aside / path).chmod(_PUBLIC_FILE)
        for folder in {(aside / path).parent for path in files}:
            sync_directory(folder)
