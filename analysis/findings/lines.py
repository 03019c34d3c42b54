"""Rows and columns of tables, and the cells that they make.

A line is a category with the nodes of the model that it stands for. Whatever tree a line needs is put
into the model, with what the forms tie to it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from analysis.findings import calendar, dimensions
from analysis.findings.calendar import Months
from analysis.findings.control.lattice import Cell, Tree
from analysis.findings.dimensions import ASKED, Tick
from analysis.findings.model import Model, Tie
from analysis.findings.naming import OTHER, WORDED, Naming
from analysis.findings.questions import BLANK, SETTING, Asked, Questions, is_about_acts
from analysis.findings.released import Axis, Category, Kind, Words

Nodes = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """A row or column: its category, its nodes (None: it has no cell), and the nodes of who was asked."""

    category: Category
    nodes: Nodes | None
    base: Nodes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Planned:
    """A table without numbers. `cells` and `bases` are by the codes of all axes."""

    id: str
    finding: str
    kind: Kind
    axes: tuple[Axis, ...]
    cells: Mapping[tuple[str, ...], Cell | None]
    bases: Mapping[tuple[str, ...], Cell]
    multiple: bool
    lattices: tuple[tuple[str, ...], ...]


class Builder:
    """Collects tables, with the trees and ties that they need; the same tree asked twice stands once."""

    def __init__(
        self,
        questions: Questions,
        months: Months,
        received: Months,
        campaigns: Sequence[str],
        naming: Mapping[str, Naming],
    ) -> None:
        self.questions, self.campaigns, self.naming = questions, campaigns, naming
        self.months, self.received = months, received
        self.trees: dict[str, Tree] = {}
        self.ties: list[Tie] = []
        self.tables: dict[str, Planned] = {}
        self.ticks: dict[str, Tick] = {}
        self.choices: dict[str, Asked] = {}
        self._known: set[str] = set()
        for tree in dimensions.page_trees(questions):
            self.add(tree)
        self.add(calendar.tree(calendar.MONTH, months, years_alone=True))
        self.ties.extend(dimensions.setting_ties(questions))

    def add(self, tree: Tree) -> str:
        self.trees.setdefault(tree.name, tree)
        return tree.name

    def question(self, name: str) -> Asked | None:
        """A question with its trees and ties in place."""
        question = self.questions.question(name)
        if question is None or name in self._known:
            return question
        self._known.add(name)
        for before, _ in question.given:
            self.question(before)
        self.ties.extend(dimensions.asking_ties(self.questions, question))
        if question.kind in ("select_one", WORDED):
            self.add(dimensions.choice_tree(question, self.naming.get(name, Naming())))
            self.choices[name] = question
        else:
            self.add(dimensions.base_tree(question))
            self.ties.extend(dimensions.answer_ties(question))
        return question

    def _tick(self, tick: Tick) -> str:
        self.ticks[tick.id] = tick
        return self.add(tick.tree)

    def act_questions(self) -> list[Asked]:
        named = [name for name in self.questions.asked if is_about_acts(name)]
        found = (self.question(name) for name in named)
        return [question for question in found if question and question.kind == "select_multiple"]

    def choice_lines(self, question: Asked) -> list[Line]:
        base = {question.id: ASKED}
        lines = []
        for code, label, parent, level in _answers(question, "in."):
            lines.append(Line(Category(code, label, parent, level), {question.id: code}, base))
            if code == OTHER:
                lines.extend(self._named_lines(question, OTHER, level + 1))
        if question.kind == WORDED:
            lines.extend(self._named_lines(question, None, 0))
        if not question.required or question.kind == WORDED:
            lines.append(Line(Category(BLANK, {}), {question.id: BLANK}, base))
        return lines

    def _named_lines(self, question: Asked, parent: str | None, level: int) -> list[Line]:
        """The places that people named in words, where a release names any."""
        if question.id not in self.naming:
            return []
        languages = tuple(dict.fromkeys(tag for form in self.questions.forms for tag in form.languages))
        rows = self.naming[question.id].categories(parent, level, languages)
        return [Line(row, {question.id: row.code}, {question.id: ASKED}) for row in rows]

    def tick_lines(self, question: Asked) -> list[Line]:
        base = {question.id: ASKED}
        lines = []
        for code, label, parent, level in _answers(question, "any."):
            group = code.removeprefix("any.") if code.startswith("any.") else None
            tick = dimensions.group_tick(question, group) if group else dimensions.code_tick(question, code)
            category = Category(tick.id, label, f"{question.id}.{parent}" if parent else None, level)
            lines.append(Line(category, {self._tick(tick): dimensions.YES}, base))
        return lines

    def coarse_lines(self, question: Asked) -> list[Line]:
        coarse = {self._tick(tick) for tick in dimensions.coarse_ticks(question)}
        own = (line for line in self.tick_lines(question) if line.category.code in coarse)
        return [Line(Category(one.category.code, one.category.label), one.nodes, one.base) for one in own]

    def alone(self, crossed: str) -> list[tuple[str, ...]]:
        """What answers that exclude all others are crossed by, though no table shows it.

        Who gave one gave no other: a table of the others by gender says something of these by gender too.
        """
        options = [
            (question, one.code)
            for question in self.act_questions()
            for one in question.options
            if one.exclusive
        ]
        return [tuple(sorted((self._tick(dimensions.code_tick(*one)), crossed))) for one in options]

    def lines(self, question: Asked) -> list[Line]:
        return self.choice_lines(question) if question.kind == "select_one" else self.tick_lines(question)

    def setting_lines(self) -> list[Line]:
        return [Line(Category(c, label), {SETTING: c}) for c, label in self.questions.settings.items()]

    def table(
        self,
        name: str,
        kind: Kind,
        scales: Sequence[tuple[str, Words, Sequence[Line]]],
        *,
        multiple: bool = False,
        join: Callable[[Sequence[Line]], Nodes | None] | None = None,
        base: Callable[[Sequence[Line]], Nodes] | None = None,
        more: Sequence[tuple[str, ...]] = (),
    ) -> None:
        """Every combination of the lines is a cell; its nodes are theirs together, unless `join` says."""
        axes = tuple(
            Axis(axis, label, tuple(line.category for line in lines)) for axis, label, lines in scales
        )
        cells: dict[tuple[str, ...], Cell | None] = {}
        bases: dict[tuple[str, ...], Cell] = {}
        lattices: dict[tuple[str, ...], None] = {}
        for chosen in _product([lines for _, _, lines in scales]):
            key = tuple(line.category.code for line in chosen)
            nodes = (join or join_nodes)(chosen)
            cells[key] = None
            if nodes is not None:
                asked = (base or _base)(chosen)
                cells[key], bases[key] = self._cell(nodes), self._cell(asked)
                lattices.setdefault(tuple(sorted(nodes)))
                lattices.setdefault(tuple(sorted(asked)))
        self.tables[name] = Planned(name, name[:3], kind, axes, cells, bases, multiple, (*lattices, *more))

    def _cell(self, nodes: Nodes) -> Cell:
        return Model(self.trees, (), ()).cell(nodes)


def _answers(question: Asked, prefix: str) -> list[tuple[str, Words, str | None, int]]:
    """Code, words, parent and level of each line, a group before its answers."""
    found: list[tuple[str, Words, str | None, int]] = []
    done: set[str] = set()
    for option in question.options:
        if not option.rollup:
            found.append((option.code, option.label, None, 0))
        elif option.rollup not in done:
            done.add(option.rollup)
            group = f"{prefix}{option.rollup}"
            found.append((group, question.groups[option.rollup], None, 0))
            own = (other for other in question.options if other.rollup == option.rollup)
            found.extend((other.code, other.label, group, 1) for other in own)
    return found


def _product(scales: Sequence[Sequence[Line]]) -> list[tuple[Line, ...]]:
    found: list[tuple[Line, ...]] = [()]
    for lines in scales:
        found = [(*chosen, line) for chosen in found for line in lines]
    return found


def join_nodes(chosen: Sequence[Line]) -> Nodes | None:
    """The nodes of several lines together; None where one has none."""
    nodes: dict[str, str] = {}
    for line in chosen:
        if line.nodes is None:
            return None
        nodes |= line.nodes
    return nodes


def _base(chosen: Sequence[Line]) -> Nodes:
    """Who was asked the question of the first axis, among those of the others."""
    return {**chosen[0].base, **(join_nodes(chosen[1:]) or {})}
