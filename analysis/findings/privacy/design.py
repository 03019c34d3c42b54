"""A release with noise before a number of it is drawn: what is measured, and what that spends.

Nothing in it is read from reports: not which tables there are, nor which rows, nor whether it is refused. So
it can be rehearsed as often as anybody likes, and that a release exists tells nothing of whom it is about.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from analysis.cipher import Database
from analysis.findings import batches, calendar, past
from analysis.findings.batches import Batch
from analysis.findings.calendar import Months
from analysis.findings.edition import is_covered
from analysis.findings.errors import Changed
from analysis.findings.plan import Plan, make_plan
from analysis.findings.privacy import account, amounts, noise
from analysis.findings.privacy.account import Balance, Noised
from analysis.findings.privacy.asking import Privacy
from analysis.findings.privacy.errors import BudgetSpent
from analysis.findings.privacy.exclusive import check_apart
from analysis.findings.privacy.keys import FLOW_TABLE, Layout, lay_out
from analysis.findings.questions import read_questions
from analysis.findings.releasefile import ReleaseFile
from analysis.findings.selection import Selection, choose_named


@dataclass(frozen=True, slots=True)
class Measuring:
    """Tables to draw of one batch. They spend `shares`; `budget` and `answers` are the batch's own."""

    batch: Batch
    layouts: tuple[Layout, ...]
    epsilon: Fraction
    shares: Mapping[str, Fraction]
    budget: Fraction
    answers: int
    is_new: bool

    def scale(self, layout: Layout) -> Fraction:
        """The noise of a table."""
        return amounts.scale(layout.sensitivity, self.shares[layout.table])


@dataclass(frozen=True, slots=True)
class Design:
    """What a release with noise is made of. `before` are those that it goes on from, itself too if it was
    published already; `batches` are all that it is about, the oldest first.
    """

    file: ReleaseFile
    privacy: Privacy
    plan: Plan
    selection: Selection
    layouts: Mapping[str, Layout]
    batches: tuple[Batch, ...]
    before: tuple[Noised, ...]
    measuring: tuple[Measuring, ...]
    again: Noised | None


def prepare(database: Database, file: ReleaseFile, privacy: Privacy) -> Design:
    """What a release file asks for. Raises FindingsError; MissingExtra where OpenDP is needed."""
    published = account.read_desk(database.conn)
    again = next((one for one in published if one.release == file.release), None)
    before = published[: published.index(again) + 1] if again else published
    frozen = _frozen(database, file, before)
    own = [one for one in frozen if is_covered(file, one)]
    plan = _plan(database, file, frozen, before)
    now = batches.parents(plan.model(plan.tables))
    for batch in own:
        batches.check_places(batch, now)
    selection = choose_named(plan, file)
    measured = dict.fromkeys((FLOW_TABLE, *selection.tables))
    layouts = {name: lay_out(plan, plan.tables[name], privacy.answers) for name in measured}
    design = Design(file, privacy, plan, selection, layouts, tuple(own), before, (), again)
    for batch in own:
        _check_layouts(design, batch)
    if again:
        _check_same(design, again)
        return design
    noise.check_installed()
    batch = Batch(file.release, file.date, file.months, file.undated, now)
    measuring = (*_older(design, account.balances(before)), _new(design, batch))
    return replace(design, batches=(*own, batch), measuring=measuring)


def _frozen(database: Database, file: ReleaseFile, before: Sequence[Noised]) -> list[Batch]:
    """The batches that have noise; raises Exclusive."""
    lines = past.read_lines(database.conn)
    exact = {one.release for one in past.releases(lines)}
    everything = batches.read_batches(database.conn)
    check_apart(file, (one for one in everything if one.id in exact), "exact")
    noised = {batch for one in before for batch in one.drawn}
    return [one for one in everything if one.id in noised]


def _check_same(design: Design, again: Noised) -> None:
    spent, asked = again.drawn[design.file.release], design.privacy
    told = (spent.epsilon, spent.budget, spent.answers)
    if again.tables != design.selection.tables or told != (asked.epsilon, asked.budget, asked.answers):
        raise Changed(
            f'"{design.file.release}" was published otherwise than this file says',
            "give the new release a name of its own",
        )


def _plan(database: Database, file: ReleaseFile, frozen: Iterable[Batch], before: Iterable[Noised]) -> Plan:
    frozen = list(frozen)
    months = calendar.union([file.months, *(one.months for one in frozen)])
    last = max([file.date, *(one.day for one in frozen)]).isoformat()[:7]
    campaigns = dict.fromkeys(filter(None, [*(one.campaign for one in before), file.campaign]))
    received = Months(months.first, max(months.first, last))
    return make_plan(read_questions(database), months, received, tuple(campaigns))


def _older(design: Design, balances: Mapping[str, Balance]) -> Iterator[Measuring]:
    """What earlier batches have to be asked again for; raises BudgetSpent, Changed."""
    for batch in design.batches:
        there = account.drawn_tables(design.before, batch.id)
        missing = [name for name in design.layouts if name not in there]
        if missing:
            _check_flow(design, batch, missing)
            _check_sides(batch, missing)
            yield _again(design, batch, missing, balances[batch.id])


def _again(design: Design, batch: Batch, missing: Sequence[str], balance: Balance) -> Measuring:
    epsilon = design.privacy.epsilon
    if balance.epsilon + epsilon > balance.budget:
        spent, budget, more = map(amounts.text, (balance.epsilon, balance.budget, epsilon))
        raise BudgetSpent(
            f'"{batch.id}" has spent {spent} of its budget of {budget}, and {", ".join(missing)} would spend'
            f" {more} more",
            "leave out the tables that no release had about it, or spend less: a budget is never raised",
        )
    (answers,) = {one.drawn[batch.id].answers for one in design.before if batch.id in one.drawn}
    layouts = tuple(lay_out(design.plan, design.plan.tables[name], answers) for name in missing)
    shares = _shares(epsilon, layouts)
    return Measuring(batch, layouts, epsilon, shares, balance.budget, answers, is_new=False)


def _new(design: Design, batch: Batch) -> Measuring:
    privacy, layouts = design.privacy, tuple(design.layouts.values())
    epsilon, shares = privacy.epsilon, _shares(privacy.epsilon, layouts)
    return Measuring(batch, layouts, epsilon, shares, privacy.budget, privacy.answers, is_new=True)


def _shares(epsilon: Fraction, layouts: Iterable[Layout]) -> dict[str, Fraction]:
    return amounts.shares(epsilon, {layout.table: layout.sensitivity for layout in layouts})


def _check_flow(design: Design, batch: Batch, missing: Sequence[str]) -> None:
    """What was received and left out is counted once, with the batch."""
    for name in missing:
        if design.layouts[name].is_flow:
            raise Changed(
                f'what was left out of "{batch.id}" was not counted as {name} asks',
                f'leave the table out of the release file, with without = ["{name}"]',
            )


def _check_sides(batch: Batch, missing: Iterable[str]) -> None:
    """Reports are divided by a campaign that was named when they were counted, or not at all."""
    for name in missing:
        side = calendar.side_name(name.partition("-")[2])
        if name.startswith("F17") and side not in batch.trees:
            raise Changed(
                f'"{batch.id}" was counted before the campaign of {name} was named',
                'leave its table out of the release file, with without = ["F17"]',
            )


def _check_layouts(design: Design, batch: Batch) -> None:
    """A table that is laid out otherwise by now has other keys, of which the old noise says nothing."""
    there = account.drawn_tables(design.before, batch.id)
    for name, layout in design.layouts.items():
        if name not in there:
            continue
        for grid in layout.grids:
            known = all(tree in batch.trees for tree in grid.trees)
            if known and grid.trees not in there[name].grids:
                raise Changed(
                    f'{name} crosses other questions than when "{batch.id}" was counted',
                    f'leave the table out, with without = ["{name}"], or choose a period without that batch',
                )
