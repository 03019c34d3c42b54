"""Takes sealed files that came in no bundle: report files, batches, follow-ups, withdrawals, attachments.

Each is opened for its id, which follows from what it says, and archived as it came, in shards of its own:

    archive/file-stage.part               what is being looked at, a lot at a time
    archive/file-<digits>.tar.part        what is new in it, until its rows are there to stay

All is one transaction: an import that is killed leaves nothing but these, and the next command clears them
away. What cannot be taken stays where it lies. No server vouches for the week, so it is that of the import.
"""

import itertools
import os
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeAlias

from analysis import archive, attachments, formfile, loading, renewal, staging
from analysis.archive import PART, ArchivedShard
from analysis.attachments import is_attachment
from analysis.crew import Crew, gather
from analysis.desk import Desk
from analysis.desk_errors import BadForm, Unwritable
from analysis.gathering import Fault
from analysis.loading import BATCH
from analysis.opening import NAMELESS, Coding, Opened, Outcome, Refused, Said, reason_of
from analysis.patterns import making
from analysis.patterns.making import Begin
from analysis.renewal import Written
from analysis.staging import Item, Lot
from analysis.storage import sync_directory
from analysis.threads import arriving, leaving
from analysis.threads.weeks import week_of
from analysis.unseal_errors import UnsealError
from analysis.writing import Writer
from intake.crypto.errors import Malformed
from intake.crypto.shard import Entry, Member, ReportName

# Bundles are counted from 1. Nothing is a spreadsheet's row, of which nobody has a code.
AS_FILES = 0
_AVERAGE = 18_555
FOREIGN_NAME = "named by another id than it has"
UNLIKE = "of the same id as another file, and not the same"


class Filed(NamedTuple):
    """An attachment that opens, under the id that it says it has."""

    name: str


Result: TypeAlias = Outcome | Filed


@dataclass(slots=True)
class Taken:
    """What came of loose files: rows as of a bundle, what was not taken, and lines about new forms."""

    result: loading.Result = field(default_factory=loading.Result)
    faults: list[Fault] = field(default_factory=list)
    news: list[str] = field(default_factory=list)


def length(files: Sequence[Path]) -> int:
    """How many bytes there are to look at, for a progress bar."""
    return sum(map(staging.size_of, files))


def take(
    desk: Desk,
    files: Sequence[Path],
    *,
    processes: int | None = None,
    progress: Callable[[int], None] = lambda _: None,
    patterns: Begin = making.unseen,
    today: Callable[[], date] = date.today,
) -> Taken:
    """Takes what is new in these files and batches; `progress` is told the bytes that were looked at.

    The caller keeps other commands away. Raises Unwritable, LostWorker, or what the database says.
    """
    taken = Taken()
    loader = _Loader(desk, week_of(today()), taken, progress, processes, length(files) // _AVERAGE)
    leaving.overwrite(desk)
    try:
        with loading.unchecked(desk), desk.database.atomic():
            loader.load(files)
            loading.index(desk)
            # Nothing that was taken back may be counted, even if this is killed before the rest is done.
            leaving.delete(desk, taken.result.left)
    except OSError as error:
        raise Unwritable(f"{desk.archive}: {(error.strerror or 'cannot be written').lower()}") from None
    finally:
        # They get their names when the rows that were made of them are there to stay.
        archive.sweep(desk)
    taken.result.checked = attachments.check(desk)
    leaving.settle(desk, left=taken.result.left)
    making.refresh(desk.database, patterns)
    return taken


@dataclass(slots=True)
class _Loader:
    """One import of loose files, lot by lot.

    `seen` says where lies what was new in it, by its id; `unfit` are forms that nothing can make known.
    """

    desk: Desk
    week: str
    taken: Taken
    progress: Callable[[int], None]
    processes: int | None
    expected: int
    seen: dict[str, tuple[Path, Entry]] = field(default_factory=dict)
    unfit: set[str] = field(default_factory=set)

    def load(self, files: Sequence[Path]) -> None:
        """Opens all, archives what is new and writes its rows."""
        stage = self.desk.archive / f"file-stage{PART}"
        lots = staging.lots(stage, self.week, files, self.progress)
        lot = next(lots, None)
        while lot:
            codings = loading.read_codings(self.desk)
            with gather(self.desk, codings, self.processes, self.expected) as crew:
                # A crew that lacks a form is sent home, and another begins the same lot.
                while lot and (opened := self._open(crew, lot)) is not None:
                    self._keep(lot, opened, codings)
                    lot = next(lots, None)
        stage.unlink(missing_ok=True)
        # Before the rows that are made of them, the shards are on the disk under names that a sweep knows.
        sync_directory(self.desk.archive)

    def _open(self, crew: Crew, lot: Lot) -> list[tuple[Item, Result]] | None:
        """What every file of a lot says; None when a form is known now that the crew does not have."""
        small = [item for item in lot.items if not is_attachment(item.entry)]
        entries = (item.entry for item in small)
        batches = iter(lambda: (list(itertools.islice(entries, BATCH)), 0), ([], 0))
        found: list[tuple[Item, Result]] = []
        for outcomes, _ in crew.open(lot.path, batches):
            if self._learn_forms(outcomes):
                return None
            of = small[len(found) : len(found) + len(outcomes)]
            found += zip(of, outcomes, strict=True)
            self.progress(sum(item.entry.size for item in of))
        with lot.path.open("rb") as file:
            for item in (item for item in lot.items if is_attachment(item.entry)):
                found.append((item, self._file(file, item)))
                self.progress(item.entry.size)
        return found

    def _file(self, file: BinaryIO, item: Item) -> Result:
        try:
            return Filed(attachments.read_id(file, item.entry, self.desk.identities).hex())
        except (UnsealError, Malformed) as failure:
            return Refused("", reason_of(failure))

    def _learn_forms(self, outcomes: Sequence[Outcome]) -> bool:
        """Whether a form that ships with this program was wanted, and is known from now on."""
        wanted = {one.form for one in outcomes if isinstance(one, Refused) and one.form} - self.unfit
        if not wanted:
            return False
        forms = [form for form in formfile.all_shipped() if form.digest in wanted]
        try:
            self.taken.news += formfile.add(self.desk, forms)
        except BadForm:
            # It does not fit the forms before it, so its reports are told of as those of any other.
            forms = []
        if not forms:
            self.unfit |= wanted
        return bool(forms)

    def _keep(self, lot: Lot, opened: Sequence[tuple[Item, Result]], codings: Mapping[str, Coding]) -> None:
        """Archives what is new in a lot and writes its rows; counts the rest."""
        self.taken.faults += lot.faults
        with lot.path.open("rb") as file:
            # In the order of ids, which says nothing, as the reports of a bundle.
            found = sorted(self._new(file, opened), key=lambda one: one[1].name)
            new = {result.name: (item, result) for item, result in found}
            if not new:
                return
            written = self._archive(file, lot, {name: item.entry for name, (item, _) in new.items()})
        self.seen |= {entry.name.id.hex(): (written.path, entry) for entry in written.entries}
        shard = ArchivedShard(written.path, len(new), written.sha256)
        archive.note(self.desk, shard, AS_FILES)
        writer = Writer(self.desk, AS_FILES, codings)
        writer.write([result for _, result in new.values() if not isinstance(result, Filed)])
        writer.finish()
        self.taken.result.count(writer)
        large = [entry for entry in written.entries if is_attachment(entry)]
        attachments.make_room(self.desk, (entry.name.id.hex() for entry in large))
        self.taken.result.attachments += attachments.put(self.desk, AS_FILES, shard.name, large)[0]

    def _new(
        self, file: BinaryIO, opened: Sequence[tuple[Item, Result]]
    ) -> Iterator[tuple[Item, Opened | Said | Filed]]:
        """What the desk does not have yet; the rest is counted, or told of."""
        known = self._known([result.name for _, result in opened if isinstance(result, Opened | Said)])
        for item, result in opened:
            if isinstance(result, Refused):
                self._fault(item, result.reason)
            elif item.stated not in (NAMELESS, bytes.fromhex(result.name)):
                self._fault(item, FOREIGN_NAME)
            elif (here := self._is_here(file, item, result, known)) is None:
                yield item, result
            elif not here:
                self._fault(item, UNLIKE)
            elif isinstance(result, Filed):
                self.taken.result.known_attachments += 1
            else:
                self.taken.result.known += 1

    def _is_here(self, file: BinaryIO, item: Item, result: Result, known: Container[str]) -> bool | None:
        """Whether the desk has this very file; None for neither it nor another of its id."""
        if before := self.seen.get(result.name):
            with before[0].open("rb") as held:
                return _read(held, before[1]) == _read(file, item.entry)
        if isinstance(result, Filed):
            here = attachments.is_here(self.desk, result.name, file, item.entry)
        else:
            # Nobody but who sealed a report can seal another of its id, so there is nothing to compare.
            here = True if result.name in known else None
        if here is None:
            self.seen[result.name] = (Path(file.name), item.entry)
        return here

    def _known(self, names: Sequence[str]) -> set[str]:
        connection, query = self.desk.database.conn, arriving.known_query(BATCH)
        rows = (
            connection.execute(query, (*some, *[""] * (BATCH - len(some)))).fetchall()
            for some in (names[start : start + BATCH] for start in range(0, len(names), BATCH))
        )
        return {name for found in rows for (name,) in found}

    def _fault(self, item: Item, rule: str) -> None:
        self.taken.faults.append(Fault(item.place, rule))

    def _archive(self, file: BinaryIO, lot: Lot, entries: Mapping[str, Entry]) -> Written:
        """A new shard of these, which has no name yet."""
        if lot.is_shard and len(entries) == len(lot.items):
            written = renewal.finish(lot.path)
        else:
            members = (
                Member(ReportName(self.week, bytes.fromhex(name)), _read(file, entry))
                for name, entry in entries.items()
            )
            written = renewal.write(self.desk.archive / f"file-shard{PART}", members)
        path = self.desk.archive / f"file-{written.sha256[:32]}.tar{PART}"
        os.replace(written.path, path)
        return replace(written, path=path)


def _read(file: BinaryIO, entry: Entry) -> bytes:
    file.seek(entry.offset)
    return file.read(entry.size)
