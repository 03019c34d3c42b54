"""Which tables there are, and what is known of their numbers before one is read.

A planned table says of which cell of the model each of its cells is, and of which cell its percentage
is; None where no form asks. It knows no number.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from types import MappingProxyType

from analysis.findings import calendar, tables
from analysis.findings.calendar import Months
from analysis.findings.control.lattice import Tree
from analysis.findings.dimensions import PAGE, Tick
from analysis.findings.lines import Builder, Planned
from analysis.findings.model import Model, Terms, Tie
from analysis.findings.naming import Naming
from analysis.findings.paging import Paging
from analysis.findings.questions import SETTING, Asked, Questions
from analysis.findings.released import MOST_JOINT
from analysis.findings.wholes import Whole

FINDINGS = tuple(f"F{number:02d}" for number in range(1, 18))
QUOTES = "F16"
NOTHING: Mapping[str, Naming] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Plan:
    """All tables that the forms allow, and the trees and ties that they are made of.

    `ticks` are the trees of answers by name, `choices` the questions of one answer, `naming` the places that
    are named of them, `wholes` the trees of whole combinations.
    """

    questions: Questions
    months: Months
    received: Months
    campaigns: tuple[str, ...]
    trees: Mapping[str, Tree]
    ties: tuple[Tie, ...]
    tables: Mapping[str, Planned]
    ticks: Mapping[str, Tick]
    choices: Mapping[str, Asked]
    naming: Mapping[str, Naming]
    wholes: Mapping[str, Whole]

    def model(self, chosen: Iterable[str]) -> Model:
        """What is known of these tables together."""
        lattices: list[tuple[str, ...]] = [(PAGE,), (SETTING,), (calendar.MONTH,)]
        for name in chosen:
            lattices.extend(self.tables[name].lattices)
        lattices.extend(self.joint(lattices))
        paging = Paging(self.questions, self.trees, {**self.ticks, **self.wholes})
        crossed = tuple(dict.fromkeys(lattices))
        lattices.extend(paging.lattices(crossed))
        used = {tree for lattice in lattices for tree in lattice}
        known = dict.fromkeys((*self.ties, *paging.ties(crossed)))
        ties = tuple(tie for tie in known if _trees(tie.terms) <= used)
        kept = {name: tree for name, tree in self.trees.items() if name in used}
        return Model(kept, tuple(dict.fromkeys(lattices)), ties)

    def joint(self, lattices: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
        """What ties pairs of acts to the same acts by something else: whole combinations by that."""
        known = list(dict.fromkeys(lattices))
        found: dict[tuple[str, ...], None] = {}
        for whole in self.wholes.values():
            own = {tree for tree, tick in self.ticks.items() if tick.question.id == whole.question.id}
            by = [tuple(tree for tree in one if tree not in own) for one in known if own & {*one}]
            crossed = dict.fromkeys(one for one in by if one and one != (whole.id,))
            if crossed and any(whole.id in one or len(own & {*one}) > 1 for one in known):
                joint = [(whole.id,), *(tuple(sorted((whole.id, *one))) for one in crossed)]
                # Where a newer form made it leave kinds out, pairs may have come beside others before.
                if whole.is_complete or self._size(joint) <= MOST_JOINT:
                    found |= dict.fromkeys(joint)
        return list(found)

    def _size(self, lattices: Iterable[tuple[str, ...]]) -> int:
        return sum(prod(len(self.trees[tree].nodes) for tree in one) for one in lattices)

    def joint_size(self, names: Iterable[str]) -> int:
        """How many cells that takes, for some tables."""
        lattices = [lattice for name in names for lattice in self.tables[name].lattices]
        return self._size(self.joint(lattices))


def _trees(terms: Terms) -> set[str]:
    return {node.partition("=")[0] for _, cell in terms for node in cell}


def make_plan(
    questions: Questions,
    months: Months,
    received: Months,
    campaigns: Sequence[str] = (),
    naming: Mapping[str, Naming] = NOTHING,
) -> Plan:
    """Every table that can be made; raises Unauditable where a question of one cannot be audited."""
    builder = Builder(questions, months, received, campaigns, naming)
    tables.flow(builder)
    tables.acts(builder)
    tables.time(builder)
    tables.areas(builder)
    for finding, question, end in tables.SIMPLE:
        tables.simple(builder, finding, question, end)
    tables.actors(builder)
    tables.together(builder)
    tables.crossed(builder)
    tables.sides(builder)
    return Plan(
        questions,
        months,
        received,
        tuple(campaigns),
        builder.trees,
        tuple(builder.ties),
        builder.tables,
        builder.ticks,
        builder.choices,
        dict(naming),
        builder.wholes,
    )
