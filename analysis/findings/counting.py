"""Counts the cells of a plan over reports that are counted together for the first time.

It holds true counts and stays on the desk: what leaves it is what disclosure control lets through. The
unit is the report; one that ticks several answers counts once in each.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from analysis.cipher import Database
from analysis.findings import calendar
from analysis.findings.control.lattice import Cell, Tree
from analysis.findings.dimensions import ASKED, NO, NOT_ASKED, PAGE, YES
from analysis.findings.model import Model
from analysis.findings.naming import OTHER, WORDED, WORDS, Naming
from analysis.findings.plan import Plan
from analysis.findings.questions import BLANK, SETTING, Asked, Page, asks_setting, page_form
from analysis.findings.reviewed import codes_of, named_pools, read_reviewed
from analysis.findings.rows import Column, Numbers, Reports, choices, read_reports, read_ticks
from analysis.findings.tables import CHANNEL, FLOW, LANG

WHEN, WEEK, ASKING = "when", "week", "asking"
# Where a report was filled in, such as a stand or a kiosk: a question of this id says so. Whoever leaves it
# blank, or is not asked, came by no such place.
ENTRY_SITE = "entry_site"
# A landlord of a building with few homes points at its tenants: such a report names no landlord.
SMALL_PLACES: Mapping[str, tuple[str, tuple[str, ...]]] = {"landlord": ("size", ("1_2", "3_9"))}

Counted: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Count:
    """Reports of a cell; how many of them at most came by one channel in one week, and by one entry site."""

    reports: int
    largest: int
    site: int = 0

    def __add__(self, other: "Count") -> "Count":
        # Of batches of other weeks this is too much rather than too little.
        return Count(self.reports + other.reports, self.largest + other.largest, self.site + other.site)


NONE = Count(0, 0)


class Unanswered(ValueError):
    """A report leaves blank what its form requires; no import lets such a one in."""


def select(
    database: Database, months: calendar.Months, *, undated: bool, taken: Numbers, until: str | None = None
) -> Numbers:
    """The counted reports about events in a period that are in no batch yet, and came in a week `until`."""
    reports = read_reports(database, WHEN, WEEK)
    column, weeks = reports.columns[WHEN], reports.columns[WEEK]
    held = [months.holds(value) for value in column.values]
    fits = np.array([undated if one is None else one for one in held], dtype=np.bool_)[column.codes]
    if until is not None:
        fits &= np.array([week <= until for week in weeks.values], dtype=np.bool_)[weeks.codes]
    found: Numbers = reports.ids[fits & ~np.isin(reports.ids, taken)]
    return found


def count(
    database: Database, plan: Plan, chosen: Numbers, tables: Collection[str] | None = None
) -> dict[Cell, Count]:
    """Every cell of the plan's tables, or of some, that a report of the chosen is in; the flow is not."""
    frame = Frame(database, plan, chosen)
    model = plan.model(plan.tables if tables is None else tables)
    found: dict[Cell, Count] = {}
    for lattice in model.lattices:
        if FLOW not in lattice:
            found.update(_count_lattice(model, lattice, frame))
    return found


def _count_lattice(model: Model, lattice: Sequence[str], frame: "Frame") -> Iterator[tuple[Cell, Count]]:
    trees = [model.trees[name] for name in lattice]
    cells = _parted(trees, frame, frame.arrival)
    reports, largest = cells.sum(axis=-1), cells.max(axis=-1)
    # The last part are those that came by no site.
    sites = _parted(trees, frame, frame.site)[..., :-1].max(axis=-1) if frame.site.width > 1 else None
    for place in map(tuple, np.argwhere(reports).tolist()):
        nodes = {tree.name: tree.nodes[at] for tree, at in zip(trees, place, strict=True)}
        site = 0 if sites is None else int(sites[place])
        yield model.cell(nodes), Count(int(reports[place]), int(largest[place]), site)


def _parted(trees: Sequence[Tree], frame: "Frame", parts: "_Parts") -> Counted:
    """Reports by node of each tree, and by part."""
    shape = [len(tree.leaves) for tree in trees]
    codes = np.zeros(len(frame), dtype=np.int64)
    for tree, size in zip(trees, shape, strict=True):
        codes = codes * size + frame.leaves(tree)
    flat = np.bincount(codes * parts.width + parts.codes, minlength=int(np.prod(shape)) * parts.width)
    cells: Counted = flat.reshape(*shape, parts.width)
    for axis, tree in enumerate(trees):
        cells = np.moveaxis(np.tensordot(_membership(tree), cells, axes=(1, axis)), 0, axis)
    return cells


def _membership(tree: Tree) -> Counted:
    """Which node (row) holds which leaf (column)."""
    places = {node: place for place, node in enumerate(tree.nodes)}
    matrix = np.zeros((len(tree.nodes), len(tree.leaves)), dtype=np.int64)
    for column, leaf in enumerate(tree.leaves):
        matrix[[places[node] for node in tree.path(leaf)], column] = 1
    return matrix


@dataclass(frozen=True, slots=True)
class _Parts:
    """In which of `width` parts each report is."""

    codes: Numbers
    width: int


class Frame:
    """The chosen reports as columns of leaves, each worked out when it is asked for first.

    `limit` may take ticks away from reports: they come as a matrix of reports by answers of one question.
    """

    def __init__(
        self,
        database: Database,
        plan: Plan,
        chosen: Numbers,
        limit: Callable[[NDArray[np.bool_]], NDArray[np.bool_]] | None = None,
    ) -> None:
        self._database, self._plan, self._limit = database, plan, limit
        names = [WHEN, WEEK, CHANNEL, LANG, ASKING, SETTING, ENTRY_SITE, *plan.choices]
        names += [column for column, _ in SMALL_PLACES.values()]
        reports = read_reports(database, *names)
        places = reports.places(chosen)
        columns = {name: _only_used(column, places) for name, column in reports.columns.items()}
        self._reports = Reports(reports.ids[places], columns)
        self._codes = {
            one.id: one.code
            for name in (*plan.choices, SETTING, *(column for column, _ in SMALL_PLACES.values()))
            for one in choices(database, name)
        }
        self._askings = _read_askings(database)
        self._known: dict[str, Numbers] = {}
        self._ticked: dict[str, NDArray[np.uint8]] = {}
        used, arrival = _joined(self._reports.columns[WEEK], self._reports.columns[CHANNEL])
        self.arrival = _Parts(arrival, max(1, len(used)))
        self.site = _sites(self._reports.columns[ENTRY_SITE])

    def __len__(self) -> int:
        return len(self._reports)

    def leaves(self, tree: Tree) -> Numbers:
        """The place of each report's leaf among the leaves of a tree."""
        if tree.name in self._plan.ticks:
            return self._tick(tree)
        if tree.name not in self._known:
            self._known[tree.name] = self._find(tree)
        return self._known[tree.name]

    def _find(self, tree: Tree) -> Numbers:
        places = {leaf: place for place, leaf in enumerate(tree.leaves)}
        if tree.name in self._plan.choices:
            return self._choice(tree.name, places)
        if tree.name in self._plan.questions.asked:
            asked = self._asked(tree.name)
            return np.where(asked, places[ASKED], places[NOT_ASKED])
        if tree.name == PAGE:
            return self._page(places)
        column, leaf_of = self._simple(tree)
        values = [places[leaf_of(value)] for value in column.values]
        return np.array(values, dtype=np.int64)[column.codes]

    def _simple(self, tree: Tree) -> tuple[Column, Callable[[Any], str]]:
        """A column, and what leaf a value of it is."""
        columns = self._reports.columns
        if tree.name in (CHANNEL, LANG):
            return columns[tree.name], str
        if tree.name == calendar.RECEIVED:
            return columns[WEEK], lambda week: calendar.node_of(calendar.month_of_week(week), tree)
        if tree.name == calendar.MONTH:
            return columns[WHEN], lambda when: calendar.node_of(when, tree)
        if tree.name == SETTING:
            return self._settings(), str
        months = self._plan.trees[calendar.MONTH]
        campaign = next(one for one in self._plan.campaigns if calendar.side_name(one) == tree.name)
        return columns[WHEN], lambda when: calendar.side_of(calendar.node_of(when, months), campaign)

    def _settings(self) -> Column:
        """The setting of each report: its answer, or its form where that asks none."""
        alone = {page_form(form): form.id for form in self._plan.questions.forms if not asks_setting(form)}
        used, codes = _joined(self._reports.columns[SETTING], self._reports.columns[ASKING])
        values = []
        for given, asking in used:
            form, _, _ = self._askings[int(asking)]
            values.append(alone.get(form) or (BLANK if given is None else self._codes[given]))
        return Column(tuple(values), codes.astype(np.int32))

    def _page(self, places: Mapping[str, int]) -> Numbers:
        used, codes = _joined(self._settings(), self._reports.columns[ASKING])
        found = []
        for setting, asking in used:
            form, page, _ = self._askings[int(asking)]
            found.append(places[Page(form, page, setting).id])
        return np.array(found, dtype=np.int64)[codes]

    def _asked(self, question: str) -> NDArray[np.bool_]:
        column = self._reports.columns[ASKING]
        holds = [question in self._askings[int(value)][2] for value in column.values if value is not None]
        return np.array(holds, dtype=np.bool_)[column.codes]

    def _choice(self, name: str, places: Mapping[str, int]) -> Numbers:
        column = self._reports.columns[name]
        blank, rest = places.get(BLANK, -1), self._rest(name)
        codes = {value: self._codes[value] for value in column.values if value is not None}
        leaves = {value: rest if code == OTHER else code for value, code in codes.items()}
        values = [blank if value is None else places[leaves[value]] for value in column.values]
        found = self._named(name, places, np.array(values, dtype=np.int64)[column.codes])
        if name in SMALL_PLACES:
            found = np.where(self._is_small(name) & (found != blank), blank, found)
        found = np.where(self._asked(name), found, places[NOT_ASKED])
        if (found < 0).any():
            raise Unanswered(name)
        return found

    def _rest(self, name: str) -> str:
        """The leaf of who names none of the places that have a node."""
        naming = self._plan.naming.get(name)
        words = WORDS if self._plan.choices[name].kind == WORDED else OTHER
        return (naming.rest if naming else "") or words

    def _named(self, name: str, places: Mapping[str, int], found: Numbers) -> Numbers:
        """The leaves of who wrote a name, as organizers put names together."""
        pool = named_pools(self._database).get(name)
        if pool is None or self._rest(name) not in places:
            return found
        reviewed, naming = read_reviewed(self._database, pool), self._plan.naming.get(name, Naming())
        groups, rest = reviewed.of(self._reports.ids), places[self._rest(name)]
        wrote = groups >= 0
        if self._plan.choices[name].kind != WORDED:
            wrote &= found == rest
        listed = codes_of(reviewed) if self._may_be_listed(name) else {}
        for group in np.unique(groups[wrote]).tolist():
            leaf = naming.leaf(group) if group else naming.rest
            if leaf == naming.rest:
                leaf = listed.get(group, leaf)
            found[wrote & (groups == group)] = places.get(leaf, rest)
        return found

    def _may_be_listed(self, name: str) -> bool:
        """Whether a name in words may count with the place of a list that it means: nobody is asked on it."""
        asked = self._plan.questions.asked.values()
        return not any((name, OTHER) in one.given for one in asked)

    def _is_small(self, name: str) -> NDArray[np.bool_]:
        question, small = SMALL_PLACES[name]
        column = self._reports.columns[question]
        values = [value is not None and self._codes[value] in small for value in column.values]
        return np.array(values, dtype=np.bool_)[column.codes]

    def _tick(self, tree: Tree) -> Numbers:
        if tree.name not in self._ticked:
            self._read_ticks(self._plan.ticks[tree.name].question)
        ticked = np.unpackbits(self._ticked[tree.name], count=len(self))
        asked = self._asked(self._plan.ticks[tree.name].question.id)
        places = {leaf: place for place, leaf in enumerate(tree.leaves)}
        return np.where(asked, np.where(ticked, places[YES], places[NO]), places[NOT_ASKED])

    def _read_ticks(self, question: Asked) -> None:
        """All trees of a question at once, a bit for each report."""
        said = choices(self._database, question.id)
        matrix = read_ticks(self._database, self._reports, said) & self._asked(question.id)[:, None]
        if self._limit:
            matrix = self._limit(matrix)
        columns = {one.code: place for place, one in enumerate(said)}
        for name, tick in self._plan.ticks.items():
            if tick.question.id == question.id:
                chosen = [columns[code] for code in tick.codes]
                self._ticked[name] = np.packbits(matrix[:, chosen].any(axis=1))


def _only_used(column: Column, places: Numbers) -> Column:
    """The column of the chosen reports, with their values alone: others may have no leaf here."""
    used, codes = np.unique(column.codes[places], return_inverse=True)
    return Column(tuple(column.values[code] for code in used.tolist()), codes.astype(np.int32))


def _joined(first: Column, second: Column) -> tuple[list[tuple[Any, Any]], Numbers]:
    """The pairs of values that two columns have together, and which of them each report has."""
    width = len(second.values)
    pairs = first.codes.astype(np.int64) * width + second.codes
    used, codes = np.unique(pairs, return_inverse=True)
    return [(first.values[pair // width], second.values[pair % width]) for pair in used.tolist()], codes


def _sites(column: Column) -> _Parts:
    """The entry site of each report; the last part is none."""
    named = [place for place, value in enumerate(column.values) if value is not None]
    places = np.full(len(column.values), len(named), dtype=np.int64)
    places[named] = np.arange(len(named))
    return _Parts(places[column.codes], len(named) + 1)


def _read_askings(database: Database) -> dict[int, tuple[str, str, frozenset[str]]]:
    """The form as its pages name it, the page, and the questions of each set that was asked."""
    rows = database.query(
        'select a."id", a."page", a."questions", f."name", f."version", f."digest" from "askings" a '
        'join "forms" f on f."id" = a."form"'
    )
    return {
        row["id"]: (
            f"{row['name']}-{row['version']}-{row['digest'][:8]}",
            row["page"],
            frozenset(row["questions"].split()),
        )
        for row in rows
    }
