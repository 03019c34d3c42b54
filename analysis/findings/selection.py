"""Which tables a release has: those that its file names, or all that say something.

A table that crosses two things and has many cells for so few reports says little and costs a lot of others,
so it stays out unless the file names it. That is told by the number of all reports, which is published, and
by the questionnaire: whether a table is there says nothing of what is withheld.

Pairs of answers (F07) and the same answers crossed with something else, such as gender, tell of the pair by
gender together. The attack knows of that by whole combinations of answers by gender, in one release and in
several; where these would be more cells than can be attacked in time, the two are never both published. Where
they would be many for so few reports, pairs stay out unless the file names them, as any crossed table does.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from analysis.findings.errors import BadReleaseFile, UnknownTable
from analysis.findings.lines import Planned
from analysis.findings.plan import FINDINGS, QUOTES, Plan
from analysis.findings.released import MOST_JOINT, Kind
from analysis.findings.releasefile import ReleaseFile
from analysis.findings.sparseness import ROOM, size

_FLOW, _ACTS, _ACTORS, _CAMPAIGN = "F01", "F02", "F06", "F17"


@dataclass(frozen=True, slots=True)
class Selection:
    """The tables of a release in order, whether it has quotes, and what was left out.

    `sparse` are tables that were left out as too large for so few reports, `unasked` findings that no
    form asks, and `apart` tables that would tell too much beside others.
    """

    tables: tuple[str, ...]
    quotes: bool
    sparse: tuple[str, ...]
    unasked: tuple[str, ...]
    apart: tuple[str, ...]

    @property
    def left_out(self) -> tuple[str, ...]:
        """All that a reader might look for and does not find."""
        return (*self.unasked, *self.sparse, *self.apart)


def choose(plan: Plan, file: ReleaseFile, reports: int, earlier: Collection[str]) -> Selection:
    """The tables of a release of so many reports, after the `earlier` ones.

    Raises UnknownTable, BadReleaseFile.
    """
    _check_names(plan, file)
    # A campaign of an earlier release has its table in the plan, and none in this release.
    offered = [name for name in sorted(plan.tables) if not _is_of_another(name, file)]
    # Without the flow nobody can tell what was left out.
    wanted = [name for name in offered if not file.tables or _is_named(name, (*file.tables, _FLOW))]
    kept = [name for name in wanted if not _is_named(name, file.without)]
    named = tuple(dict.fromkeys(f"{_ACTORS}-{one.question}" for one in file.named))
    # What named a place once goes on, so that its row does.
    always = (_ACTS, *file.tables, *(f"{_ACTORS}-{question}" for question in plan.naming))
    crossed = [n for n in kept if not _is_named(n, always) and _is_crossed(plan.tables[n])]
    sparse = [name for name in crossed if reports < ROOM * file.k * size(plan.tables[name])]
    findings = file.tables or tuple(name for name in FINDINGS if name != _CAMPAIGN or file.campaign)
    there = {name[:3] for name in plan.tables} | {QUOTES}
    unasked = sorted({name[:3] for name in findings if name[:3] not in there} - set(file.without))
    quotes = _is_named(QUOTES, findings) and not _is_named(QUOTES, file.without)
    chosen = [name for name in kept if name not in sparse]
    few = [name for name in _thin(plan, chosen, earlier, reports / file.k) if not _is_named(name, always)]
    sparse, chosen = sparse + few, [name for name in chosen if name not in few]
    apart = _apart(plan, chosen, earlier)
    if apart and file.tables:
        raise BadReleaseFile(
            f"{', '.join(apart)} and a table that crosses the same acts with something else would tell too"
            " much together, in this release or with earlier ones",
            f'leave one of them out, such as without = ["{apart[0][:3]}"]',
        )
    tables = tuple(name for name in chosen if name not in apart)
    if lacking := sorted(set(named) - set(tables)):
        raise BadReleaseFile(
            f"named: {lacking[0]} is no table of this release, so no place of it can be named",
            "name the table among tables, or leave the place out",
        )
    return Selection(tables, quotes, tuple(sparse), tuple(unasked), tuple(apart))


def choose_named(plan: Plan, file: ReleaseFile) -> Selection:
    """The tables that a file names, whatever their numbers; raises UnknownTable, BadReleaseFile.

    For numbers with noise: what is left out because of numbers would tell of them.
    """
    _check_names(plan, file)
    offered = [name for name in sorted(plan.tables) if not _is_of_another(name, file)]
    # Of so many combinations most would be noise alone.
    offered = [name for name in offered if plan.tables[name].kind is not Kind.COMBINED]
    chosen = [name for name in offered if name == _FLOW or _is_named(name, file.tables)]
    tables = tuple(name for name in chosen if not _is_named(name, file.without))
    there = {name[:3] for name in tables}
    unasked = sorted({name[:3] for name in file.tables} - there - set(file.without))
    return Selection(tables, quotes=False, sparse=(), unasked=tuple(unasked), apart=())


def _thin(plan: Plan, chosen: Sequence[str], earlier: Collection[str], room: float) -> list[str]:
    """Pairs that are crossed with so much that few reports are in each: they cost more than they tell."""
    before = [name for name in earlier if name in plan.tables]
    everything = {*before, *chosen}
    if room >= ROOM * plan.joint_size(everything):
        return []
    crossing = {question for name in everything for question in _crossing(plan, name)}
    known = crossing & {whole.question.id for whole in plan.wholes.values() if whole.is_complete}
    return [name for name in chosen if name not in before and _paired(plan, name) & known]


def _apart(plan: Plan, chosen: Sequence[str], earlier: Collection[str]) -> list[str]:
    """The tables that are too much beside others: pairs beside crossed ones, unless pairs came first."""
    before = [name for name in earlier if name in plan.tables]
    is_small = plan.joint_size({*before, *chosen}) <= MOST_JOINT
    known = {whole.question.id for whole in plan.wholes.values() if is_small and whole.is_complete}
    paired = {question for name in before for question in _paired(plan, name)} - known
    late = [name for name in chosen if name not in before and _crossing(plan, name) & paired]
    others = {*before, *chosen} - {*late}
    crossing = {question for name in others for question in _crossing(plan, name)} - known
    pairs = [name for name in chosen if name not in before and _paired(plan, name) & crossing]
    return sorted({*late, *pairs})


def _paired(plan: Plan, name: str) -> set[str]:
    """The questions of which a table tells two answers of one report."""
    lattices = plan.tables[name].lattices
    ticks = [[plan.ticks[tree] for tree in one if tree in plan.ticks] for one in lattices]
    whole = {plan.wholes[tree].question.id for one in lattices for tree in one if tree in plan.wholes}
    return whole | {one[0].question.id for one in ticks if len(one) > 1}


def _crossing(plan: Plan, name: str) -> set[str]:
    """The questions of which a table crosses an answer with anything else."""
    return {
        plan.ticks[tree].question.id
        for lattice in plan.tables[name].lattices
        for tree in lattice
        if tree in plan.ticks and any(other not in plan.ticks for other in lattice)
    }


def _check_names(plan: Plan, file: ReleaseFile) -> None:
    for name in (*file.tables, *file.without):
        if name not in (*FINDINGS, *plan.tables):
            raise UnknownTable(
                f'there is no table "{name}" here',
                f"there are {', '.join(FINDINGS)}; and {_list(plan.tables)}",
            )
    if any(name.startswith(_CAMPAIGN) for name in file.tables) and not file.campaign:
        raise BadReleaseFile(f"{_CAMPAIGN} needs the month in which something began", 'campaign = "2026-03"')


def _is_named(name: str, names: Iterable[str]) -> bool:
    return any(
        name in (one, f"{one}{name[len(one) :]}") and name[len(one) :][:1] in ("", "-") for one in names
    )


def _is_of_another(name: str, file: ReleaseFile) -> bool:
    return name.startswith(_CAMPAIGN) and name != f"{_CAMPAIGN}-{file.campaign}"


def _is_crossed(table: Planned) -> bool:
    return table.kind is Kind.COMBINED or any(len(lattice) > 1 for lattice in table.lattices)


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(name for name in names if name not in FINDINGS))
