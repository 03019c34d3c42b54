"""Which tables there are: F1 to F17 of DOMAIN.md, as far as the forms ask.

A planned table says of which cell of the model each of its cells is, and of which cell its percentage
is; None where no form asks. It knows no number.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from analysis.findings import calendar, dimensions
from analysis.findings.calendar import Months
from analysis.findings.control.lattice import Cell, Tree
from analysis.findings.dimensions import ALL, ASKED, PAGE, Tick
from analysis.findings.model import Model, Terms, Tie
from analysis.findings.questions import BLANK, SETTING, Asked, Questions, is_about_acts
from analysis.findings.released import TOTAL, Axis, Category, Kind, Words
from analysis.review.exclusions import REASONS
from intake.forms.report import CHANNELS

FLOW, CHANNEL, LANG = "flow", "channel", "lang"
FLOW_RECEIVED, FLOW_COUNTED, FLOW_EXCLUDED = "received", "counted", "excluded"
FINDINGS = tuple(f"F{number:02d}" for number in range(1, 18))
QUOTES = "F16"
# Who reported, one question at a time, and the three of them that acts are crossed with.
WHO = ("age", "gender", "trans", "ethnicity", "housing_now", "groups")
CROSSED = ("gender", "housing_now", "age")
# One answer, or many: a finding, the question, and the end of the table's name.
SIMPLE = (
    ("F05", "place_type", ""),
    ("F08", "grounds", ""),
    ("F08", "shown", "-shown"),
    ("F09", "harm", ""),
    ("F09", "injury", "-injury"),
    ("F10", "told", ""),
    ("F10", "result", "-result"),
    ("F11", "why_not", ""),
    ("F12", "want", ""),
    *(("F13", name, f"-{name}") for name in WHO),
    ("F15", "freq", ""),
)

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


@dataclass(frozen=True, slots=True)
class Plan:
    """All tables that the forms allow, and the trees and ties that they are made of.

    `ticks` are the trees of answers by name, `choices` the questions of one answer.
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

    def model(self, tables: Iterable[str]) -> Model:
        """What is known of these tables together."""
        lattices: list[tuple[str, ...]] = [(PAGE,), (SETTING,), (calendar.MONTH,)]
        for name in tables:
            lattices.extend(self.tables[name].lattices)
        used = {tree for lattice in lattices for tree in lattice}
        ties = tuple(tie for tie in self.ties if _trees(tie.terms) <= used)
        kept = {name: tree for name, tree in self.trees.items() if name in used}
        return Model(kept, tuple(dict.fromkeys(lattices)), ties)


def _trees(terms: Terms) -> set[str]:
    return {node.partition("=")[0] for _, cell in terms for node in cell}


def make_plan(questions: Questions, months: Months, received: Months, campaigns: Sequence[str] = ()) -> Plan:
    """Every table that can be made; raises Unauditable where a question of one cannot be audited."""
    planner = _Planner(questions, months, received, campaigns)
    planner.flow()
    planner.acts()
    planner.time()
    planner.areas()
    for finding, question, end in SIMPLE:
        planner.simple(finding, question, end)
    planner.actors()
    planner.together()
    planner.crossed()
    planner.sides()
    return Plan(
        questions,
        months,
        received,
        tuple(campaigns),
        planner.trees,
        tuple(planner.ties),
        planner.tables,
        planner.ticks,
        planner.choices,
    )


class _Planner:
    def __init__(
        self, questions: Questions, months: Months, received: Months, campaigns: Sequence[str]
    ) -> None:
        self._questions, self._campaigns = questions, campaigns
        self._months, self._received = months, received
        self.trees: dict[str, Tree] = {}
        self.ties: list[Tie] = []
        self.tables: dict[str, Planned] = {}
        self.ticks: dict[str, Tick] = {}
        self.choices: dict[str, Asked] = {}
        self._known: set[str] = set()
        for tree in dimensions.page_trees(questions):
            self._add(tree)
        self._add(calendar.tree(calendar.MONTH, months, years_alone=True))
        self.ties.extend(dimensions.setting_ties(questions))

    # Dimensions

    def _add(self, tree: Tree) -> str:
        self.trees.setdefault(tree.name, tree)
        return tree.name

    def _question(self, name: str) -> Asked | None:
        """A question with its trees and ties in place."""
        question = self._questions.question(name)
        if question is None or name in self._known:
            return question
        self._known.add(name)
        for before, _ in question.given:
            self._question(before)
        self.ties.extend(dimensions.asking_ties(self._questions, question))
        if question.kind == "select_one":
            self._add(dimensions.choice_tree(question))
            self.choices[name] = question
        else:
            self._add(dimensions.base_tree(question))
            self.ties.extend(dimensions.answer_ties(question))
        return question

    def _tick(self, tick: Tick) -> str:
        self.ticks[tick.id] = tick
        return self._add(tick.tree)

    def _act_questions(self) -> list[Asked]:
        named = [name for name in self._questions.asked if is_about_acts(name)]
        found = (self._question(name) for name in named)
        return [question for question in found if question and question.kind == "select_multiple"]

    # Lines

    def _choice_lines(self, question: Asked) -> list[Line]:
        base = {question.id: ASKED}
        lines = []
        for code, label, parent, level in _answers(question, "in."):
            lines.append(Line(Category(code, label, parent, level), {question.id: code}, base))
        if not question.required:
            lines.append(Line(Category(BLANK, {}), {question.id: BLANK}, base))
        return lines

    def _tick_lines(self, question: Asked) -> list[Line]:
        base = {question.id: ASKED}
        lines = []
        for code, label, parent, level in _answers(question, "any."):
            group = code.removeprefix("any.") if code.startswith("any.") else None
            tick = dimensions.group_tick(question, group) if group else dimensions.code_tick(question, code)
            category = Category(tick.id, label, f"{question.id}.{parent}" if parent else None, level)
            lines.append(Line(category, {self._tick(tick): dimensions.YES}, base))
        return lines

    def _coarse_lines(self, question: Asked) -> list[Line]:
        coarse = {self._tick(tick) for tick in dimensions.coarse_ticks(question)}
        own = (line for line in self._tick_lines(question) if line.category.code in coarse)
        return [Line(Category(one.category.code, one.category.label), one.nodes, one.base) for one in own]

    def _lines(self, question: Asked) -> list[Line]:
        return self._choice_lines(question) if question.kind == "select_one" else self._tick_lines(question)

    def _setting_lines(self) -> list[Line]:
        return [Line(Category(c, label), {SETTING: c}) for c, label in self._questions.settings.items()]

    # Tables

    def _table(
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
            nodes = (join or _join)(chosen)
            cells[key] = None
            if nodes is not None:
                asked = (base or _base)(chosen)
                cells[key], bases[key] = self._cell(nodes), self._cell(asked)
                lattices.setdefault(tuple(sorted(nodes)))
                lattices.setdefault(tuple(sorted(asked)))
        self.tables[name] = Planned(name, name[:3], kind, axes, cells, bases, multiple, (*lattices, *more))

    def _cell(self, nodes: Nodes) -> Cell:
        return Model(self.trees, (), ()).cell(nodes)

    def flow(self) -> None:
        """F01: received, left out by reason, counted; and by channel, language and setting."""
        excluded = tuple(f"{FLOW_EXCLUDED}.{reason}" for reason in REASONS)
        self._add(
            Tree(
                FLOW,
                FLOW_RECEIVED,
                {FLOW_RECEIVED: (FLOW_COUNTED, FLOW_EXCLUDED), FLOW_EXCLUDED: excluded},
                grows=True,
            )
        )
        self._add(Tree(CHANNEL, ALL, {ALL: CHANNELS}))
        languages = dict.fromkeys(tag for form in self._questions.forms for tag in form.languages)
        self._add(Tree(LANG, ALL, {ALL: tuple(languages)}))
        # The reports that are counted are those of all other tables.
        self.ties.append(Tie(((1, (f"{FLOW}={FLOW_COUNTED}",)), (-1, ())), True))
        stages = [
            Line(Category(FLOW_RECEIVED, {}), {FLOW: FLOW_RECEIVED}),
            Line(Category(FLOW_EXCLUDED, {}), {FLOW: FLOW_EXCLUDED}),
            *(Line(Category(name, {}, FLOW_EXCLUDED, 1), {FLOW: name}) for name in excluded),
            Line(Category(FLOW_COUNTED, {}), {FLOW: FLOW_COUNTED}),
        ]
        self._table("F01", Kind.FLOW, [("stage", {}, stages)], base=_received)
        by = {
            CHANNEL: [Line(Category(name, {}), {CHANNEL: name}) for name in CHANNELS],
            LANG: [Line(Category(name, {}), {LANG: name}) for name in languages],
            SETTING: self._setting_lines(),
        }
        coarse = [line for line in stages if line.category.parent is None]
        for name, lines in by.items():
            self._table(
                f"F01-{name}",
                Kind.FLOW,
                [("stage", {}, coarse), (name, {}, lines)],
                base=_received,
                more=[(name,)],
            )

    def acts(self) -> None:
        """F02: acts and groups of acts, by setting."""
        questions = self._act_questions()
        if not questions:
            return
        settings = self._setting_lines()
        many = any(len(question.settings) > 1 for question in questions)
        columns = [*settings, *([Line(Category(TOTAL, {}), {})] if many else [])]
        lines = [line for question in questions for line in self._tick_lines(question)]
        by_line = {line.category.code: q for q in questions for line in self._tick_lines(q)}

        def join(chosen: Sequence[Line], base: Nodes | None = None) -> Nodes | None:
            line, column = chosen
            question = by_line[line.category.code]
            nodes = line.nodes if base is None else base
            inside = question.settings
            if column.category.code == TOTAL or inside == (column.category.code,):
                return nodes
            return {**(nodes or {}), **(column.nodes or {})} if column.category.code in inside else None

        self._table(
            "F02",
            Kind.BARS,
            [("act", {}, lines), (SETTING, {}, columns)],
            multiple=True,
            join=join,
            base=lambda chosen: join(chosen, chosen[0].base) or {},
        )

    def time(self) -> None:
        """F03: by month of the event, and by month of receipt."""
        for name, months, table in (
            (calendar.MONTH, self._months, "F03"),
            (calendar.RECEIVED, self._received, "F03-received"),
        ):
            tree = self._add(calendar.tree(name, months, years_alone=name == calendar.MONTH))
            lines = [
                Line(category, {tree: category.code})
                for category in calendar.categories(self.trees[tree], months)
            ]
            self._table(table, Kind.BARS, [(name, {}, lines)])

    def areas(self) -> None:
        """F04: areas in their districts, by setting."""
        question = self._question("area")
        if question and question.kind == "select_one":
            columns = [*self._setting_lines(), Line(Category(TOTAL, {}), {})]
            if len(columns) == 2:
                columns = columns[1:]
            lines = self._choice_lines(question)
            self._table("F04", Kind.HEAT, [("area", question.label, lines), (SETTING, {}, columns)])

    def simple(self, finding: str, name: str, end: str) -> None:
        """A table of one question."""
        question = self._question(name)
        if question:
            multiple = question.kind == "select_multiple"
            scale = (name, question.label, self._lines(question))
            self._table(f"{finding}{end}", Kind.BARS, [scale], multiple=multiple)

    def actors(self) -> None:
        """F06: agencies, stations, facilities, landlords of the lists, and what is reported of each."""
        roles = {q.id: q.role for form in self._questions.forms for q in form.questions}
        for name in [name for name, role in roles.items() if role == "act" and name in self._questions.asked]:
            actor = self._question(name)
            if actor and actor.kind == "select_one" and not actor.given:
                same = [q for q in self._act_questions() if set(q.settings) & set(actor.settings)]
                acts = [line for question in same for line in self._coarse_lines(question)]
                columns = [Line(Category(TOTAL, {}), {}), *acts]
                self._table(
                    f"F06-{name}",
                    Kind.HEAT,
                    [(name, actor.label, self._choice_lines(actor)), ("act", {}, columns)],
                    multiple=True,
                    base=_base_of_actor,
                )

    def together(self) -> None:
        """F07: pairs of groups of acts in one report."""
        for question in self._act_questions():
            lines = self._coarse_lines(question)
            if len(lines) > 1:
                self.ties.extend(dimensions.pair_ties(question, dimensions.coarse_ticks(question)))
                self._table(
                    f"F07-{question.id}",
                    Kind.PAIRS,
                    [("act", {}, lines), ("with", {}, lines)],
                    multiple=True,
                )

    def crossed(self) -> None:
        """F14: groups of acts by one thing about the reporter at a time."""
        acts = [line for question in self._act_questions() for line in self._coarse_lines(question)]
        for name in CROSSED:
            question = self._question(name)
            if acts and question and question.kind == "select_one":
                columns = [*self._choice_lines(question), Line(Category(TOTAL, {}), {})]
                self._table(
                    f"F14-{name}",
                    Kind.HEAT,
                    [("act", {}, acts), (name, question.label, columns)],
                    multiple=True,
                    base=_base_in_column,
                )

    def sides(self) -> None:
        """F17: groups of acts before a month, and from it on."""
        for campaign in self._campaigns:
            tree = self._add(calendar.side_tree(campaign))
            self.ties.extend(calendar.side_ties(self.trees[calendar.MONTH], campaign))
            acts = [line for question in self._act_questions() for line in self._coarse_lines(question)]
            sides = (calendar.BEFORE, calendar.SINCE, calendar.UNKNOWN)
            columns = [Line(Category(side, {}), {tree: side}) for side in sides]
            if acts:
                self._table(
                    f"F17-{campaign}",
                    Kind.MULTIPLES,
                    [("act", {}, acts), ("side", {}, columns)],
                    multiple=True,
                    base=_base_in_column,
                )


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


def _join(chosen: Sequence[Line]) -> Nodes | None:
    nodes: dict[str, str] = {}
    for line in chosen:
        if line.nodes is None:
            return None
        nodes |= line.nodes
    return nodes


def _base(chosen: Sequence[Line]) -> Nodes:
    """Who was asked the question of the first axis, among those of the others."""
    return {**chosen[0].base, **(_join(chosen[1:]) or {})}


def _base_in_column(chosen: Sequence[Line]) -> Nodes:
    return {**chosen[0].base, **(chosen[1].nodes or {})}


def _base_of_actor(chosen: Sequence[Line]) -> Nodes:
    """What is reported of an actor is of its reports that were asked; its share, of all that were."""
    actor, act = chosen
    return actor.base if act.category.code == TOTAL else {**act.base, **(actor.nodes or {})}


def _received(chosen: Sequence[Line]) -> Nodes:
    return {FLOW: FLOW_RECEIVED, **(_join(chosen[1:]) or {})}
