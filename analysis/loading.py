"""Loads archived shards into the database: each report once, whatever happens on the way.

A transaction is one shard or several, so a killed import leaves whole shards or nothing, and the next
one goes on where it stopped: a name that is known is skipped. What must be held in memory does not
grow with the number of reports.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from analysis import archive, arrivals, attachments, bitmaps, schema
from analysis.archive import ArchivedShard
from analysis.courier import Delivery
from analysis.crew import Batches, Crew, gather
from analysis.desk import Desk
from analysis.opening import Coding, Refused
from analysis.patterns import making
from analysis.patterns.making import Begin
from analysis.threads import arriving, leaving
from analysis.threads.leaving import Left
from analysis.threads.tables import REPORTS, last_number
from analysis.writing import Writer
from intake.crypto.shard import Entry, index_shard
from intake.forms.form import Form

# Few enough to keep every process busy to the end, enough that a pipe's cost disappears.
BATCH = 32
# New names and answers lie all over their indexes, and a transaction writes every page of these that it
# touches: the more is here, the more shards share one. With one each, rows for a report took nearly twice the
# time at 200,000 reports. No more than this waits for a commit, so that a killed import loses little.
SHARE = 4
MOST_IN_A_TRANSACTION = 50_000
REPEATED = "under an id that stands twice in the bundle"


@dataclass(slots=True)
class Result:
    """What an import did: reports added, known before, and set aside by reason; attachments likewise.

    Follow-ups and withdrawals that were added; `left` is what went because it was taken back.

    `checked` counts attachments that now lie beside their report, by the state that they are in, and
    those that still lie here without one.
    """

    added: int = 0
    known: int = 0
    set_aside: Counter[str] = field(default_factory=Counter)
    attachments: int = 0
    known_attachments: int = 0
    checked: Counter[str] = field(default_factory=Counter)
    followups: int = 0
    withdrawals: int = 0
    left: Left = field(default_factory=Left)

    def count(self, writer: Writer) -> None:
        """Adds what a writer has written."""
        self.added += writer.added
        self.followups += writer.followups
        self.withdrawals += writer.withdrawals
        self.set_aside += writer.set_aside


def load_delivery(
    desk: Desk,
    delivery: Delivery,
    *,
    processes: int | None = None,
    progress: Callable[[int], None] = lambda _: None,
    patterns: Begin = making.unseen,
) -> Result:
    """Loads a verified bundle and notes that it arrived; `progress` is told the reports done.

    What is worked out of all reports together is made at the end, and `patterns` is told of that.
    """
    with desk.database.atomic():
        add_forms(desk, delivery.forms)
        arrivals.begin(desk, delivery)
    bundle = delivery.manifest.sequence
    result = load(desk, delivery.shards, bundle=bundle, processes=processes, progress=progress)
    # Before the bundle counts as loaded: what was taken back may then neither be counted nor acknowledged.
    result.left = leaving.settle(desk)
    arrivals.finish(desk, delivery)
    making.refresh(desk.database, patterns)
    return result


def add_forms(desk: Desk, forms: Iterable[Form]) -> None:
    """Adds the forms that are new. Belongs in a transaction of the caller."""
    for form in forms:
        schema.add_form(desk.database, form)


def load(
    desk: Desk,
    shards: Sequence[ArchivedShard],
    *,
    bundle: int | None,
    whole: bool = False,
    processes: int | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Result:
    """Loads archived shards whose reports use forms that the desk knows.

    A `whole` is one transaction. The caller keeps other commands away (`desk.changing`).
    """
    reports = sum(shard.reports for shard in shards)
    result = Result()
    with unchecked(desk):
        codings = read_codings(desk)
        around = desk.database.atomic() if whole else nullcontext()
        with around, gather(desk, codings, processes, reports) as crew:
            for lot in _lots(shards, last_number(desk.database.conn, REPORTS)):
                with desk.database.atomic():
                    for shard in lot:
                        _load_shard(desk, crew, shard, bundle, codings, result, progress)
            with desk.database.atomic():
                index(desk)
        result.checked = attachments.check(desk)
    return result


def _lots(shards: Iterable[ArchivedShard], there: int) -> Iterator[list[ArchivedShard]]:
    """The shards that share a transaction, where so many reports are there before the first."""
    lot: list[ArchivedShard] = []
    for shard in shards:
        lot.append(shard)
        held = sum(one.reports for one in lot)
        if held >= min(there // SHARE, MOST_IN_A_TRANSACTION):
            yield lot
            lot, there = [], there + held
    if lot:
        yield lot


@contextmanager
def unchecked(desk: Desk) -> Iterator[None]:
    """Leaves foreign keys unchecked meanwhile, which the rows that a Writer makes do not need."""
    try:
        desk.database.conn.execute("PRAGMA foreign_keys = OFF")
        yield
    finally:
        desk.database.conn.execute("PRAGMA foreign_keys = ON")


def index(desk: Desk) -> None:
    """Brings what is searched and counted up to the newest report. Belongs in a transaction of the caller."""
    schema.index_texts(desk.database)
    bitmaps.refresh(desk.database)


def read_codings(desk: Desk) -> dict[str, Coding]:
    """How the reports of every form that the desk knows become rows."""
    found = {}
    for digest, text in desk.database.conn.execute('SELECT "digest", "json" FROM "forms"').fetchall():
        data = text.encode("utf-8")
        questions = Form.from_json(data).questions
        found[digest] = Coding(
            json=data,
            columns=_ids(questions, schema.COLUMN_TYPES),
            numbers={
                question: schema.choice_ids(desk.database, question)
                for question in _ids(questions, schema.CHOICE_KINDS)
            },
            ticked=_ids(questions, ("select_multiple",)),
            worded=_ids(questions, schema.TEXT_KINDS),
        )
    return found


def _ids(questions: Iterable[Any], kinds: Iterable[str]) -> tuple[str, ...]:
    wanted = set(kinds)
    return tuple(question.id for question in questions if question.kind in wanted)


def _load_shard(
    desk: Desk,
    crew: Crew,
    shard: ArchivedShard,
    bundle: int | None,
    codings: Mapping[str, Coding],
    result: Result,
    progress: Callable[[int], None],
) -> None:
    archive.note(desk, shard, bundle)
    writer = Writer(desk, bundle, codings)
    known, repeated = 0, list[Refused]()
    large: list[Entry] = []
    with shard.path.open("rb") as file:
        batches = _unknown(desk, attachments.apart(index_shard(file), large), repeated)
        for outcomes, skipped in crew.open(shard.path, batches):
            writer.write(outcomes)
            known += skipped
            progress(len(outcomes) + skipped)
    writer.write(repeated)
    writer.finish()
    arriving.came_again(desk.database.conn, (entry.name.id.hex() for entry in large))
    new, before = attachments.put(desk, bundle, shard.name, large)
    progress(len(large))
    result.attachments += new
    result.known_attachments += before
    result.known += known
    result.count(writer)


def _unknown(desk: Desk, entries: Iterator[Entry], repeated: list[Refused]) -> Batches:
    """Batches of the reports that the desk does not have, each with how many it did have.

    An id that comes again under another week is left out and added to `repeated`.
    """
    seen: set[str] = set()
    connection = desk.database.conn
    query = arriving.known_query(BATCH)
    while batch := list(itertools.islice(entries, BATCH)):
        names = [entry.name.id.hex() for entry in batch]
        known = {row[0] for row in connection.execute(query, names + [""] * (BATCH - len(names)))}
        arriving.came_again(connection, known)
        fresh = []
        for entry, name in zip(batch, names, strict=True):
            if name in known:
                continue
            if name in seen:
                repeated.append(Refused(name, REPEATED))
                continue
            seen.add(name)
            fresh.append(entry)
        yield fresh, sum(name in known for name in names)
