"""One release in the making: what is counted, what is printed, what is withheld and why.

It holds true counts and stays on the desk. Everything is worked out before anything is written, so a
release that is refused, or only rehearsed, has changed nothing.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from analysis.cipher import Database
from analysis.findings import batches, calendar, limits, named, past
from analysis.findings.batches import Batch
from analysis.findings.calendar import Months
from analysis.findings.control.bounds import Interval
from analysis.findings.control.certificate import Need
from analysis.findings.control.errors import Inconsistent, TooLarge
from analysis.findings.control.lattice import Cell, Tree
from analysis.findings.control.system import System, is_slack
from analysis.findings.control.unknowns import reduce as reduce_system
from analysis.findings.counting import NONE, Count, count, select
from analysis.findings.errors import Changed, Overlaps, TooFewReports
from analysis.findings.flow import count_flow
from analysis.findings.model import Model, Span, system, within
from analysis.findings.naming import Naming
from analysis.findings.past import Published
from analysis.findings.plan import Plan, make_plan
from analysis.findings.primary import LARGE, Reason, Rules
from analysis.findings.privacy.account import noised_batches
from analysis.findings.privacy.exclusive import check_apart
from analysis.findings.questions import Questions, read_questions
from analysis.findings.releasefile import ReleaseFile
from analysis.findings.remembering import remember
from analysis.findings.selection import Selection, choose
from analysis.findings.sparseness import too_large
from analysis.findings.task import Task
from analysis.findings.withholding import withhold
from analysis.patterns.reading import Numbers

_SMALLEST_BATCH = 3


@dataclass(frozen=True, slots=True)
class Counted:
    """A batch with its cells; what is new has the reports that are in it, and those left out of it."""

    batch: Batch
    cells: Mapping[Cell, Count]
    reports: Numbers | None = None
    left_out: Numbers | None = None


@dataclass(frozen=True, slots=True)
class Edition:
    """A release before it is written. `counts` are by cells with their span in their names.

    `needs` has all cells that nobody may learn, between releases too, and what must stay possible for each;
    `primary` why those of its own tables are.
    """

    file: ReleaseFile
    plan: Plan
    selection: Selection
    model: Model
    system: System
    spans: tuple[Span, ...]
    span: Span
    counted: tuple[Counted, ...]
    counts: Mapping[Cell, Count]
    zeros: frozenset[Cell]
    published: tuple[Published, ...]
    primary: Mapping[Cell, Reason]
    needs: Mapping[Cell, Need]
    printed: Mapping[Cell, int]
    withheld: frozenset[Cell]
    roll: named.Roll

    @property
    def new(self) -> Counted | None:
        """The batch that this release counts first."""
        found = [one for one in self.counted if one.reports is not None]
        return found[0] if found else None

    @property
    def own(self) -> list[Counted]:
        """The batches that the release holds."""
        return [one for one in self.counted if one.batch.id in self.span.batches]

    @property
    def sensitive(self) -> frozenset[Cell]:
        """All cells that nobody may learn."""
        return frozenset(self.needs)

    @property
    def known(self) -> dict[Cell, int]:
        """All that everybody knows once it is published."""
        before = (one.told for one in self.published)
        zeros = dict.fromkeys(self.zeros, 0)
        known = reduce(lambda known, more: {**known, **more}, before, zeros) | dict(self.printed)
        return known | limits.numbers(_claimed(self.published))


def prepare(
    database: Database, file: ReleaseFile, published: Sequence[Published], key: bytes, *, again: bool = False
) -> Edition:
    """The release that a file asks for, after those that were `published`.

    `again` makes one that was published already from what was counted then. Raises FindingsError, or
    PastDiscloses where nothing that could be withheld would be enough.
    """
    noised = noised_batches(database.conn)
    check_apart(file, [one for one in batches.read_batches(database.conn) if one.id in noised], "noise")
    there = {one.release for one in published} | ({file.release} if again else set())
    frozen = [one for one in batches.read_batches(database.conn) if one.id in there]
    covered = [one for one in frozen if is_covered(file, one)]
    questions = read_questions(database)
    ids = [one.id for one in frozen]
    roll = named.call(database, questions, file, ids, there, again=again)
    plan = _plan(questions, file, frozen, published, roll.naming)
    counted = [*_frozen(database, plan, frozen), *([] if again else _new(database, file, plan, noised))]
    in_span = [one for one in counted if one.batch in covered or one.reports is not None]
    _check_size(file, in_span)
    span = Span("+".join(one.batch.id for one in in_span), tuple(one.batch.id for one in in_span))
    spans = tuple(_spans([one.batch.id for one in counted], span, published))
    totals = _total(counted, spans)
    own = {
        cell: totals[name]
        for cell in plan.model(plan.tables).cells
        if (name := within(cell, span.id)) in totals
    }
    rules = _rules(file)
    nodes = {f"{row.question}={row.place.code}" for row in roll.fresh}
    counts = {node: own[(node,)] for node in nodes if (node,) in own}
    named.check(database, roll, file, rules, counts, reports_of(database, in_span))
    earlier = {name for one in published for name in one.tables}
    selection = choose(plan, file, own.get((), NONE).reports, earlier)
    tables = dict.fromkeys((*selection.tables, *(name for one in published for name in one.tables)))
    model = plan.model(tables)
    _check_sides(model, counted)
    claimed = _claimed(published)
    _check_claims(claimed, totals)
    whole = limits.within_limits(system(model, spans), claimed)
    totals |= {cell: Count(number, number) for cell, number in limits.numbers(claimed).items()}
    _check_sums(whole, totals)
    edition = Edition(
        file=file,
        plan=plan,
        selection=selection,
        model=model,
        system=whole,
        spans=spans,
        span=span,
        counted=tuple(counted),
        counts=totals,
        zeros=frozenset(_zeros(model, [one.batch for one in counted], spans)),
        published=tuple(published),
        primary={},
        needs={},
        printed={},
        withheld=frozenset(),
        roll=roll,
    )
    return _protected(edition, rules, list(tables), key)


# What is counted


def is_covered(file: ReleaseFile, batch: Batch) -> bool:
    """Whether a release holds a batch; raises Overlaps where its period cuts through it."""
    if file.months.covers(batch.months):
        return True
    if file.months.meets(batch.months):
        raise Overlaps(
            f'the period {file.months.first} to {file.months.last} cuts through that of "{batch.id}",'
            f" {batch.months.first} to {batch.months.last}: the difference would tell of few",
            f"choose a period that holds all of {batch.months.first} to {batch.months.last}, or none of it",
        )
    return False


def reports_of(database: Database, counted: Iterable[Counted]) -> Numbers:
    """The reports that some batches count, as far as they are still here."""
    found = [
        batches.read_counted(database.conn, one.batch.id) if one.reports is None else one.reports
        for one in counted
    ]
    return np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *found]))


def _plan(
    questions: Questions,
    file: ReleaseFile,
    frozen: Sequence[Batch],
    published: Sequence[Published],
    naming: Mapping[str, Naming],
) -> Plan:
    months = calendar.union([file.months, *(one.months for one in frozen)])
    last = max([file.date, *(one.day for one in frozen)]).isoformat()[:7]
    received = Months(months.first, max(months.first, last))
    campaigns = dict.fromkeys(filter(None, [*(one.campaign for one in published), file.campaign]))
    return make_plan(questions, months, received, tuple(campaigns), naming)


def _frozen(database: Database, plan: Plan, frozen: Iterable[Batch]) -> Iterator[Counted]:
    model = plan.model(plan.tables)
    now = batches.parents(model)
    for batch in frozen:
        batches.check_places(batch, now)
        yield Counted(batch, batches.read_cells(database.conn, batch, model, plan.naming))


def _new(database: Database, file: ReleaseFile, plan: Plan, noised: Collection[str]) -> Iterator[Counted]:
    taken = np.union1d(
        batches.read_taken(database.conn, counted_only=True), batches.read_of(database.conn, noised)
    )
    reports = select(database, file.months, undated=file.undated, taken=taken)
    if not len(reports):
        return
    if len(reports) < _SMALLEST_BATCH * file.k:
        raise TooFewReports(
            f"fewer than {_SMALLEST_BATCH * file.k} reports are new in the period, three times the threshold:"
            " a batch so small points at its reporters",
            "wait for more reports, or choose a longer period",
        )
    yield first_counted(
        database, plan, Batch(file.release, file.date, file.months, file.undated, {}), reports
    )


def first_counted(
    database: Database, plan: Plan, batch: Batch, reports: Numbers, *, until: str | None = None
) -> Counted:
    """A batch of these reports, with its trees; of those left out, none that came after the week `until`."""
    own = replace(plan, months=batch.months)
    flow = count_flow(database, own, undated=batch.undated, until=until, spent=noised_batches(database.conn))
    more = remember(database, plan, reports)
    batch = replace(batch, trees={**more.trees, **batches.parents(plan.model(plan.tables))})
    cells = {**more.cells, **count(database, plan, reports), **flow.cells}
    return Counted(batch, cells, reports, flow.left_out)


def _check_size(file: ReleaseFile, counted: Sequence[Counted]) -> None:
    if not counted:
        raise TooFewReports(
            "no report that may be counted is about the period",
            "choose another period, or import the reports first",
        )
    whole = sum((one.cells.get((), NONE) for one in counted), NONE)
    if not file.one_arrival and 2 * whole.largest > whole.reports:
        raise TooFewReports(
            "more than half of all reports came by one channel in one week: one hand may have written them",
            "where they were imported or collected at once, say so in the release file: one_arrival = true",
        )
    if not file.one_site and 2 * whole.site > whole.reports:
        raise TooFewReports(
            "more than half of all reports came by one entry site: one hand may have written them",
            "where there is one site alone, say so in the release file: one_site = true",
        )


# Spans


def _spans(names: Sequence[str], own: Span, published: Sequence[Published]) -> Iterator[Span]:
    """Each batch, each span that was published or is now, and what lies between two of them."""
    found: dict[tuple[str, ...], Span] = {(name,): Span(name, (name,)) for name in names}
    unions = [own, *(Span(one.span, one.batches) for one in published)]
    found |= {span.batches: span for span in unions}
    for larger in unions:
        for smaller in unions:
            rest = tuple(name for name in larger.batches if name not in smaller.batches)
            if rest and len(rest) + len(smaller.batches) == len(larger.batches):
                found.setdefault(rest, Span("+".join(rest), rest))
    yield from found.values()


def _total(counted: Sequence[Counted], spans: Sequence[Span]) -> dict[Cell, Count]:
    by_batch = {one.batch.id: one.cells for one in counted}
    totals: dict[Cell, Count] = {}
    for span in spans:
        for batch in span.batches:
            for cell, one in by_batch[batch].items():
                name = within(cell, span.id)
                totals[name] = totals.get(name, NONE) + one
    return totals


def _zeros(model: Model, counted: Sequence[Batch], spans: Sequence[Span]) -> Iterator[Cell]:
    """Cells that everybody knows to be empty: months outside of a batch's period."""
    months = model.trees[calendar.MONTH]
    empty = {batch.id: set(_empty_nodes(months, batch)) for batch in counted}
    for span in spans:
        nodes = set.intersection(*(empty[batch] for batch in span.batches))
        for cell in model.cells:
            if nodes.intersection(cell):
                yield within(cell, span.id)


def _empty_nodes(months: Tree, batch: Batch) -> Iterator[str]:
    for node in calendar.outside(months, batch.months, undated=batch.undated):
        yield f"{calendar.MONTH}={node}"


def _check_sides(model: Model, counted: Iterable[Counted]) -> None:
    """The acts before and after a month are not known of a batch that was counted before it was named."""
    for tree in filter(calendar.is_side, model.trees):
        for one in counted:
            there = one.reports is not None or tree in one.batch.trees
            if not there and batches.side_then(one.cells, model, tree) is None:
                raise Changed(
                    f'"{one.batch.id}" was counted before the campaign of {calendar.campaign_of(tree)} was'
                    " named, and lies on both sides of it or has reports without a month",
                    'leave its table out of the release file, with without = ["F17"]',
                )


def _check_sums(whole: System, totals: Mapping[Cell, Count]) -> None:
    """Reports that contradict their forms would make the attack meaningless."""
    values = {cell: totals.get(cell, NONE).reports for cell in whole.cells if not is_slack(cell)}
    complete = whole.complete(values)
    fits = all(not sum(sign * complete[whole.cells[i]] for i, sign in row) for row in whole.rows)
    if not fits or min(complete.values(), default=0) < 0:
        raise Inconsistent(
            "the reports do not add up as their questionnaires say",
            "rebuild the desk from its archive: witnessbox-analysis rebuild",
        )


# What is withheld


def _rules(file: ReleaseFile) -> Rules:
    return Rules(file.k, file.one_arrival, file.one_site, _small_nodes(file))


def _small_nodes(file: ReleaseFile) -> frozenset[str]:
    return frozenset(f"{name}={code}" for name, codes in file.small_places.items() for code in codes)


def _protected(edition: Edition, rules: Rules, tables: Sequence[str], key: bytes) -> Edition:
    before = {cell: n for one in edition.published for cell, n in one.told.items()}
    for cell, reports in before.items():
        if edition.counts.get(cell, NONE).reports != reports:
            raise Changed(
                f"{past.cell_name(cell)} was published as another number than the desk's batches give",
                "bring back the backup that belongs to the ledger",
            )
    cells, bases = _table_cells(edition.plan, tables)
    own_cells, own_bases = _table_cells(edition.plan, edition.selection.tables)
    own = {within(cell, edition.span.id) for cell in {*own_cells, *own_bases, ()}}
    everywhere = {within(cell, span.id) for cell in {*cells, *bases} for span in edition.spans}
    primary = dict(_reasons(edition, rules, everywhere - before.keys(), before))
    printable = frozenset(
        cell for cell in own if edition.counts.get(cell, NONE).reports and cell not in before
    )
    claimed = _claimed(edition.published)
    before = before | limits.numbers(claimed)
    known = edition.zeros | before.keys()
    task = Task(
        system=edition.system,
        model=edition.model,
        counts={cell: one.reports for cell, one in edition.counts.items()},
        printable=printable,
        needs=dict(_needs(edition, primary, before, claimed)),
        bases=frozenset(within(cell, edition.span.id) for cell in own_bases),
        known=frozenset(known & set(edition.system.cells)),
        before=frozenset(before),
        # That a place is named says that enough reports name it, so its number is told.
        kept=frozenset({within(cell, edition.span.id) for cell in ((), *_fresh(edition))} - before.keys()),
        insider=edition.file.insider,
        key=key,
    )
    try:
        withheld = withhold(task)
    except TooLarge:
        reports = edition.counts[within((), edition.span.id)].reports
        raise too_large(edition.plan, tables, edition.file.k, reports) from None
    shown = {cell: edition.counts[cell].reports for cell in sorted(printable - withheld)}
    again = {cell: before[cell] for cell in own & before.keys()}
    masked = frozenset(own - shown.keys() - again.keys() - edition.zeros)
    return replace(
        edition,
        primary={cell: why for cell, why in primary.items() if cell in masked},
        needs=task.needs,
        printed={**shown, **again},
        withheld=masked,
    )


def _fresh(edition: Edition) -> Iterator[Cell]:
    """The numbers of reports that name a new place."""
    return ((f"{row.question}={row.place.code}",) for row in edition.roll.fresh)


def _reasons(
    edition: Edition, rules: Rules, cells: Iterable[Cell], before: Collection[Cell]
) -> Iterator[tuple[Cell, Reason]]:
    """Why cells are sensitive; one that an earlier release withheld for its threshold stays so."""
    for one in edition.published:
        for cell in one.withheld:
            if 0 < edition.counts.get(cell, NONE).reports < one.k and cell not in before:
                yield cell, Reason.PROMISED
    for cell in cells:
        if reason := rules.reason(cell, edition.counts.get(cell, NONE)):
            yield cell, reason


def _needs(
    edition: Edition,
    primary: Mapping[Cell, Reason],
    before: Mapping[Cell, int],
    claimed: Mapping[Cell, Interval],
) -> Iterator[tuple[Cell, Need]]:
    """What must stay possible for each cell; a release that withheld one under a higher threshold goes on.

    A large number of which one hand may have written most is no secret as far as a part of it was printed.
    """
    promised: dict[Cell, int] = {}
    for one in edition.published:
        for cell in one.withheld:
            promised[cell] = max(one.k, promised.get(cell, 0))
    known = {cell: number for cell, number in before.items() if cell in edition.system.index}
    known |= dict.fromkeys(edition.zeros, 0)
    large = bool(before) and any(why in LARGE for why in primary.values())
    told = reduce_system(edition.system, known).lower if large else None
    for cell, why in primary.items():
        if cell in known:
            continue
        k = max(edition.file.k, promised.get(cell, 0))
        need = limits.relaxed(Need.of(edition.counts[cell].reports, k), claimed.get(cell))
        if told is not None and why in LARGE:
            need = replace(need, low=max(need.low, int(told[edition.system.index[cell]])))
        yield cell, need


def _claimed(published: Iterable[Published]) -> dict[Cell, Interval]:
    """Where numbers lie that got out as "at least" or "at most"."""
    return limits.merged(limit for one in published for limit in one.limits.items())


def _check_claims(claimed: Mapping[Cell, Interval], totals: Mapping[Cell, Count]) -> None:
    for cell, one in claimed.items():
        reports = totals.get(cell, NONE).reports
        if reports < one.low or (one.high is not None and reports > one.high):
            raise Changed(
                f"{past.cell_name(cell)} was claimed otherwise than the desk's batches give",
                "bring back the backup that belongs to the ledger",
            )


def _table_cells(plan: Plan, tables: Iterable[str]) -> tuple[set[Cell], set[Cell]]:
    cells: set[Cell] = set()
    bases: set[Cell] = set()
    for name in tables:
        cells |= {cell for cell in plan.tables[name].cells.values() if cell is not None}
        bases |= set(plan.tables[name].bases.values())
    return cells, bases
